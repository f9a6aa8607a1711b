// SPDX-License-Identifier: GPL-2.0-only
/* Numbers from planes of their bytes; 16 at a time where the CPU has SSE2. Pure. */
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "store/refs_planes.h"

#define BLOCK 64 /* ids that are looked at together */

#ifdef __SSE2__
static void join_16(uint32_t *to, const uint8_t *planes, uint32_t nr, unsigned int bytes)
{
	__m128i b[4], low[2], high[2];
	unsigned int k;

	for (k = 0; k < 4; k++)
		b[k] = k < bytes ? _mm_loadu_si128((const __m128i *)(planes + (size_t)k * nr))
				 : _mm_setzero_si128();
	low[0] = _mm_unpacklo_epi8(b[0], b[1]);
	low[1] = _mm_unpackhi_epi8(b[0], b[1]);
	high[0] = _mm_unpacklo_epi8(b[2], b[3]);
	high[1] = _mm_unpackhi_epi8(b[2], b[3]);
	for (k = 0; k < 2; k++) {
		_mm_storeu_si128((__m128i *)to + 2 * k, _mm_unpacklo_epi16(low[k], high[k]));
		_mm_storeu_si128((__m128i *)to + 2 * k + 1, _mm_unpackhi_epi16(low[k], high[k]));
	}
}
#endif

void mms_refs_join(uint32_t *to, const uint8_t *planes, uint32_t nr, unsigned int bytes)
{
	uint32_t i = 0;
	unsigned int k;

	if (!bytes) {
		memset(to, 0, nr * sizeof(*to));
		return;
	}
#ifdef __SSE2__
	for (; i + 16 <= nr; i += 16)
		join_16(to + i, planes + i, nr, bytes);
#endif
	for (; i < nr; i++) {
		to[i] = 0;
		for (k = 0; k < bytes; k++)
			to[i] |= (uint32_t)planes[(size_t)k * nr + i] << 8 * k;
	}
}

void mms_refs_join_u64(uint64_t *to, const uint8_t *planes, uint32_t nr, uint64_t before)
{
	uint32_t i;

	for (i = 0; i < nr; i++) {
		uint64_t d = 0;
		unsigned int k;

		for (k = 0; k < 8; k++)
			d |= (uint64_t)planes[(size_t)k * nr + i] << 8 * k;
		before += d >> 1 ^ -(d & 1);
		to[i] = before;
	}
}

static bool ordered_slow(const uint32_t *page, uint32_t nr, uint32_t *next)
{
	uint32_t i;

	for (i = 0; i < nr; i++) {
		if (page[i] > *next || page[i] == UINT32_MAX)
			return false;
		*next += page[i] == *next;
	}
	return true;
}

bool mms_refs_ordered(const uint32_t *page, uint32_t nr, uint32_t *next)
{
	uint32_t i = 0, k;

	for (; i + BLOCK <= nr; i += BLOCK) {
		uint32_t beyond = 0;

		/* Sums of comparisons: what compilers turn into vectors. */
		for (k = 0; k < BLOCK; k++)
			beyond += page[i + k] >= *next;
		if (beyond && !ordered_slow(page + i, BLOCK, next))
			return false;
	}
	return ordered_slow(page + i, nr - i, next);
}
