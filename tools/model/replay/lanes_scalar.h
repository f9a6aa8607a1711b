/* SPDX-License-Identifier: GPL-2.0-only */
/* lanes.h in plain C: what each of the operations is. */
#ifndef _MMS_LANES_SCALAR_H
#define _MMS_LANES_SCALAR_H

#include <stdint.h>

#include "model/replay/curve_impl.h"

/* Bits set in the @words first of 8. */
static inline uint32_t count_words(const uint64_t *v, unsigned int words)
{
	uint32_t n = 0;

	for (unsigned int i = 0; i < words; i++)
		n += (uint32_t)__builtin_popcountll(v[i]);
	return n;
}

/* One less in all of 64 after @i. */
static inline void dec64_u16(uint16_t *v, unsigned int i)
{
	while (++i < 64)
		v[i]--;
}

/* The same in 16, after @i, which may be -1: in all. */
static inline void dec16_u32(uint32_t *v, int i)
{
	while (++i < 16)
		v[i]--;
}

/* The first of 16 that is no more than @x, or 16. */
static inline unsigned int first_le(const uint32_t *v, uint32_t x)
{
	unsigned int i;

	for (i = 0; i < 16 && v[i] > x; i++)
		;
	return i;
}

static inline uint32_t least(const uint32_t *v)
{
	uint32_t m = v[0];

	for (unsigned int i = 1; i < 16; i++)
		m = v[i] < m ? v[i] : m;
	return m;
}

/* Which of 64 are 0. */
static inline uint64_t zeros64(const int8_t *v)
{
	uint64_t z = 0;

	for (unsigned int i = 0; i < 64; i++)
		z |= (uint64_t)!v[i] << i;
	return z;
}

/* Adds @add to those from @from to @to - 1, then takes the largest from all. Return: it. */
static inline int add64(int8_t *v, unsigned int from, unsigned int to, int add)
{
	int m = INT8_MIN;

	for (unsigned int i = from; i < to; i++)
		v[i] = (int8_t)(v[i] + add);
	for (unsigned int i = 0; i < 64; i++)
		m = v[i] > m ? v[i] : m;
	for (unsigned int i = 0; m && i < 64; i++)
		v[i] = (int8_t)(v[i] - m);
	return m;
}

static inline unsigned int zeros16(const int32_t *v)
{
	unsigned int z = 0;

	for (unsigned int i = 0; i < 16; i++)
		z |= (unsigned int)!v[i] << i;
	return z;
}

static inline int32_t add16(int32_t *v, unsigned int from, unsigned int to, int add)
{
	int32_t m;

	for (unsigned int i = from; i < to; i++)
		v[i] += add;
	m = v[0];
	for (unsigned int i = 1; i < 16; i++)
		m = v[i] > m ? v[i] : m;
	for (unsigned int i = 0; m && i < 16; i++)
		v[i] -= m;
	return m;
}

/* 16 queues: where the stamp is not above the faults, it is a fault, with a new stamp. */
static inline void fifo16(uint32_t *stamp, uint32_t *faults, const uint32_t *size)
{
	for (unsigned int i = 0; i < 16; i++)
		if (stamp[i] <= faults[i])
			stamp[i] = ++faults[i] + size[i];
}

#endif
