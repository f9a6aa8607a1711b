/* SPDX-License-Identifier: GPL-2.0-only */
/* A set of small numbers that finds the next one in a few steps, however sparse it is. */
#ifndef _MMS_BITSET_H
#define _MMS_BITSET_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define MMS_BITSET_LEVELS 6 /* 64^6 > 2^32 */

/* Bit i of level n + 1 is set if word i of level n is not 0. */
struct mms_bitset {
	uint64_t *level[MMS_BITSET_LEVELS];
	uint32_t size;
	uint32_t levels;
};

static inline uint64_t mms_bitset_words(uint32_t size)
{
	uint64_t words = 0, bits = size;

	do {
		bits = (bits + 63) / 64;
		words += bits;
	} while (bits > 1);
	return words;
}

/* False: no memory. */
static inline bool mms_bitset_init(struct mms_bitset *b, uint32_t size)
{
	uint64_t bits = size;
	uint64_t *word = calloc(mms_bitset_words(size), sizeof(*word));

	b->size = size;
	b->levels = 0;
	b->level[0] = word;
	if (!word)
		return false;
	do {
		bits = (bits + 63) / 64;
		b->level[b->levels++] = word;
		word += bits;
	} while (bits > 1);
	return true;
}

static inline void mms_bitset_set(struct mms_bitset *b, uint32_t i)
{
	uint32_t l;
	uint64_t was;

	for (l = 0; l < b->levels; l++, i /= 64) {
		was = b->level[l][i / 64];
		b->level[l][i / 64] = was | 1ull << i % 64;
		if (was)
			return;
	}
}

static inline void mms_bitset_clear(struct mms_bitset *b, uint32_t i)
{
	uint32_t l;

	for (l = 0; l < b->levels; l++, i /= 64) {
		b->level[l][i / 64] &= ~(1ull << i % 64);
		if (b->level[l][i / 64])
			return;
	}
}

/* The smallest of them that is at least @from; none: the size. */
static inline uint32_t mms_bitset_next(const struct mms_bitset *b, uint32_t from)
{
	uint64_t i = from, bits = b->size, left;
	uint32_t l;

	for (l = 0; l < b->levels && i < bits; l++) {
		left = b->level[l][i / 64] >> i % 64;
		if (left) {
			i += __builtin_ctzll(left);
			for (; l; l--)
				i = i * 64 + __builtin_ctzll(b->level[l - 1][i]);
			return i;
		}
		i = i / 64 + 1;
		bits = (bits + 63) / 64;
	}
	return b->size;
}

#endif
