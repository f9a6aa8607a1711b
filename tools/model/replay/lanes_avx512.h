/* SPDX-License-Identifier: GPL-2.0-only */
/* lanes.h in one vector of 512 bits; lanes_scalar.h says what each does. */
#ifndef _MMS_LANES_AVX512_H
#define _MMS_LANES_AVX512_H

#ifdef __AVX512F__
#include <immintrin.h>
#include <stdint.h>

#include "model/replay/curve_impl.h"

static inline uint32_t count_words(const uint64_t *v, unsigned int words)
{
	__m512i w = _mm512_maskz_loadu_epi64((__mmask8)((1U << words) - 1), v);

	return (uint32_t)_mm512_reduce_add_epi64(_mm512_popcnt_epi64(w));
}

static inline void dec64_u16(uint16_t *v, unsigned int i)
{
	const __m512i one = _mm512_set1_epi16(1);
	uint64_t after = ~1ULL << i;
	__m512i a = _mm512_loadu_si512(v), b = _mm512_loadu_si512(v + 32);

	_mm512_storeu_si512(v, _mm512_mask_sub_epi16(a, (__mmask32)after, a, one));
	_mm512_storeu_si512(v + 32, _mm512_mask_sub_epi16(b, (__mmask32)(after >> 32), b, one));
}

static inline void dec16_u32(uint32_t *v, int i)
{
	__m512i a = _mm512_loadu_si512(v);

	a = _mm512_mask_sub_epi32(a, (__mmask16)(0xffffU << (i + 1)), a, _mm512_set1_epi32(1));
	_mm512_storeu_si512(v, a);
}

static inline unsigned int first_le(const uint32_t *v, uint32_t x)
{
	unsigned int m = _mm512_cmple_epu32_mask(_mm512_loadu_si512(v), _mm512_set1_epi32((int)x));

	return (unsigned int)__builtin_ctz(m | 1U << 16);
}

static inline uint32_t least(const uint32_t *v)
{
	return _mm512_reduce_min_epu32(_mm512_loadu_si512(v));
}

static inline uint64_t zeros64(const int8_t *v)
{
	__m512i a = _mm512_loadu_si512(v);

	return _mm512_testn_epi8_mask(a, a);
}

/* Bits @from to @to - 1, both up to 64. */
static inline uint64_t bits_between(unsigned int from, unsigned int to)
{
	return _bzhi_u64(~0ULL, to) & ~_bzhi_u64(~0ULL, from);
}

static inline int add64(int8_t *v, unsigned int from, unsigned int to, int add)
{
	__m512i a = _mm512_loadu_si512(v);
	__m256i m;
	__m128i n;
	int largest;

	a = _mm512_mask_add_epi8(a, bits_between(from, to), a, _mm512_set1_epi8((char)add));
	m = _mm256_max_epi8(_mm512_castsi512_si256(a), _mm512_extracti64x4_epi64(a, 1));
	n = _mm_max_epi8(_mm256_castsi256_si128(m), _mm256_extracti128_si256(m, 1));
	/* The least unsigned of 127 - x is the largest x. */
	n = _mm_sub_epi8(_mm_set1_epi8(127), n);
	n = _mm_min_epu8(n, _mm_srli_epi16(n, 8));
	n = _mm_minpos_epu16(_mm_and_si128(n, _mm_set1_epi16(255)));
	largest = 127 - _mm_extract_epi16(n, 0);
	_mm512_storeu_si512(v, _mm512_sub_epi8(a, _mm512_set1_epi8((char)largest)));
	return largest;
}

static inline unsigned int zeros16(const int32_t *v)
{
	__m512i a = _mm512_loadu_si512(v);

	return _mm512_testn_epi32_mask(a, a);
}

static inline int32_t add16(int32_t *v, unsigned int from, unsigned int to, int add)
{
	__m512i a = _mm512_loadu_si512(v);
	int32_t largest;

	a = _mm512_mask_add_epi32(a, (__mmask16)bits_between(from, to), a, _mm512_set1_epi32(add));
	largest = _mm512_reduce_max_epi32(a);
	_mm512_storeu_si512(v, _mm512_sub_epi32(a, _mm512_set1_epi32(largest)));
	return largest;
}

static inline void fifo16(uint32_t *stamp, uint32_t *faults, const uint32_t *size)
{
	__m512i s = _mm512_loadu_si512(stamp), f = _mm512_loadu_si512(faults);
	__mmask16 fault = _mm512_cmple_epu32_mask(s, f);

	if (!fault)
		return;
	f = _mm512_mask_add_epi32(f, fault, f, _mm512_set1_epi32(1));
	_mm512_storeu_si512(faults, f);
	s = _mm512_mask_add_epi32(s, fault, f, _mm512_loadu_si512(size));
	_mm512_storeu_si512(stamp, s);
}
#endif

#endif
