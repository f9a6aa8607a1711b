// SPDX-License-Identifier: GPL-2.0-only
/* Which instructions the curves use. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/replay/curve_impl.h"

static const char *const names[] = {
	[MMS_SIMD_SCALAR] = "scalar", [MMS_SIMD_AVX2] = "avx2", [MMS_SIMD_AVX512] = "avx512"};
static int in_use = -1;

const char *mms_simd_name(enum mms_simd level)
{
	return names[level];
}

enum mms_simd mms_simd_best(void)
{
#ifdef __x86_64__
	if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("popcnt") ||
	    !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("bmi2"))
		return MMS_SIMD_SCALAR;
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
	    __builtin_cpu_supports("avx512vpopcntdq"))
		return MMS_SIMD_AVX512;
	return MMS_SIMD_AVX2;
#else
	return MMS_SIMD_SCALAR;
#endif
}

int mms_simd_use(enum mms_simd level)
{
	if (level > mms_simd_best())
		return -EOPNOTSUPP;
	in_use = (int)level;
	return 0;
}

void mms_simd_use_named(const char *word)
{
	for (int i = 0; word && i <= (int)mms_simd_best(); i++)
		if (!strcmp(word, names[i]))
			in_use = i;
}

enum mms_simd mms_simd(void)
{
	if (in_use < 0)
		in_use = (int)mms_simd_best();
	return (enum mms_simd)in_use;
}

const struct mms_steps *mms_steps(void)
{
#ifdef __x86_64__
	switch (mms_simd()) {
	case MMS_SIMD_AVX512:
		return &mms_steps_avx512;
	case MMS_SIMD_AVX2:
		return &mms_steps_avx2;
	case MMS_SIMD_SCALAR:
		break;
	}
#endif
	return &mms_steps_scalar;
}

void *mms_lines_alloc(uint64_t nr, size_t size)
{
	uint64_t bytes;
	void *p;

	if (__builtin_mul_overflow(nr, size, &bytes) || bytes > SIZE_MAX - 127)
		return NULL;
	bytes = (bytes + 127) & ~63ULL;
	p = aligned_alloc(64, bytes);
	if (p)
		memset(p, 0, bytes);
	return p;
}
