/* SPDX-License-Identifier: GPL-2.0-only */
/* lanes.h in two vectors of 256 bits; lanes_scalar.h says what each does. */
#ifndef _MMS_LANES_AVX2_H
#define _MMS_LANES_AVX2_H

#ifdef __AVX2__
#include <immintrin.h>
#include <stdint.h>

#include "model/replay/curve_impl.h"

static const int32_t lanes_steps[32] = {[16 ... 31] = -1};

static inline __m256i load(const void *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

static inline void store(void *p, __m256i v)
{
	_mm256_storeu_si256((__m256i *)p, v);
}

/* The lanes from @from on, of those that begin at @first. */
static inline __m256i lanes_from(unsigned int from, unsigned int first)
{
	return load(lanes_steps + 16 - from + first);
}

static inline unsigned int lanes_mask(__m256i a, __m256i b)
{
	return (unsigned int)_mm256_movemask_ps(_mm256_castsi256_ps(a)) |
	       (unsigned int)_mm256_movemask_ps(_mm256_castsi256_ps(b)) << 8;
}

static inline uint32_t count_words(const uint64_t *v, unsigned int words)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < 8; i++)
		n += (uint64_t)_mm_popcnt_u64(i < words ? v[i] : 0);
	return (uint32_t)n;
}

static const int16_t lanes_steps16[128] = {[64 ... 127] = -1};

static inline void dec64_u16(uint16_t *v, unsigned int i)
{
	for (unsigned int k = 0; k < 64; k += 16)
		store(v + k, _mm256_add_epi16(load(v + k), load(lanes_steps16 + 63 - i + k)));
}

static inline void dec16_u32(uint32_t *v, int i)
{
	unsigned int from = (unsigned int)(i + 1);

	store(v, _mm256_add_epi32(load(v), lanes_from(from, 0)));
	store(v + 8, _mm256_add_epi32(load(v + 8), lanes_from(from, 8)));
}

static inline unsigned int first_le(const uint32_t *v, uint32_t x)
{
	__m256i y = _mm256_set1_epi32((int)x), a = load(v), b = load(v + 8);

	a = _mm256_cmpeq_epi32(_mm256_min_epu32(a, y), a);
	b = _mm256_cmpeq_epi32(_mm256_min_epu32(b, y), b);
	return (unsigned int)__builtin_ctz(lanes_mask(a, b) | 1U << 16);
}

static inline uint32_t least(const uint32_t *v)
{
	__m256i m = _mm256_min_epu32(load(v), load(v + 8));
	__m128i n = _mm_min_epu32(_mm256_castsi256_si128(m), _mm256_extracti128_si256(m, 1));

	n = _mm_min_epu32(n, _mm_shuffle_epi32(n, 0x4e));
	n = _mm_min_epu32(n, _mm_shuffle_epi32(n, 0xb1));
	return (uint32_t)_mm_cvtsi128_si32(n);
}

static inline uint64_t zeros64(const int8_t *v)
{
	__m256i z = _mm256_setzero_si256();
	uint32_t a = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(load(v), z));
	uint32_t b = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(load(v + 32), z));

	return a | (uint64_t)b << 32;
}

/* The bytes from @from to @to - 1, of the 32 that begin at @first. */
static inline __m256i bytes_between(unsigned int from, unsigned int to, int first)
{
	const __m256i at =
		_mm256_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18,
				 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31);
	__m256i i = _mm256_add_epi8(at, _mm256_set1_epi8((char)first));

	return _mm256_andnot_si256(_mm256_cmpgt_epi8(_mm256_set1_epi8((char)from), i),
				   _mm256_cmpgt_epi8(_mm256_set1_epi8((char)to), i));
}

static inline int add64(int8_t *v, unsigned int from, unsigned int to, int add)
{
	__m256i d = _mm256_set1_epi8((char)add);
	__m256i a = _mm256_add_epi8(load(v), _mm256_and_si256(bytes_between(from, to, 0), d));
	__m256i b = _mm256_add_epi8(load(v + 32), _mm256_and_si256(bytes_between(from, to, 32), d));
	__m256i m = _mm256_max_epi8(a, b);
	__m128i n = _mm_max_epi8(_mm256_castsi256_si128(m), _mm256_extracti128_si256(m, 1));
	int largest;

	/* The least unsigned of 127 - x is the largest x. */
	n = _mm_sub_epi8(_mm_set1_epi8(127), n);
	n = _mm_min_epu8(n, _mm_srli_epi16(n, 8));
	n = _mm_minpos_epu16(_mm_and_si128(n, _mm_set1_epi16(255)));
	largest = 127 - _mm_extract_epi16(n, 0);
	m = _mm256_set1_epi8((char)largest);
	store(v, _mm256_sub_epi8(a, m));
	store(v + 32, _mm256_sub_epi8(b, m));
	return largest;
}

static inline unsigned int zeros16(const int32_t *v)
{
	__m256i z = _mm256_setzero_si256();

	return lanes_mask(_mm256_cmpeq_epi32(load(v), z), _mm256_cmpeq_epi32(load(v + 8), z));
}

static inline int32_t add16(int32_t *v, unsigned int from, unsigned int to, int add)
{
	__m256i d = _mm256_set1_epi32(add);
	__m256i in_a = _mm256_andnot_si256(lanes_from(to, 0), lanes_from(from, 0));
	__m256i in_b = _mm256_andnot_si256(lanes_from(to, 8), lanes_from(from, 8));
	__m256i a = _mm256_add_epi32(load(v), _mm256_and_si256(in_a, d));
	__m256i b = _mm256_add_epi32(load(v + 8), _mm256_and_si256(in_b, d));
	__m256i m = _mm256_max_epi32(a, b);
	__m128i n = _mm_max_epi32(_mm256_castsi256_si128(m), _mm256_extracti128_si256(m, 1));

	n = _mm_max_epi32(n, _mm_shuffle_epi32(n, 0x4e));
	n = _mm_max_epi32(n, _mm_shuffle_epi32(n, 0xb1));
	m = _mm256_broadcastd_epi32(n);
	store(v, _mm256_sub_epi32(a, m));
	store(v + 8, _mm256_sub_epi32(b, m));
	return _mm_cvtsi128_si32(n);
}

static inline void fifo8(uint32_t *stamp, uint32_t *faults, const uint32_t *size)
{
	__m256i s = load(stamp), f = load(faults);
	__m256i fault = _mm256_cmpeq_epi32(_mm256_max_epu32(s, f), f);

	if (!_mm256_movemask_epi8(fault))
		return;
	f = _mm256_sub_epi32(f, fault);
	store(faults, f);
	store(stamp, _mm256_blendv_epi8(s, _mm256_add_epi32(f, load(size)), fault));
}

static inline void fifo16(uint32_t *stamp, uint32_t *faults, const uint32_t *size)
{
	fifo8(stamp, faults, size);
	fifo8(stamp + 8, faults + 8, size + 8);
}
#endif

#endif
