/* SPDX-License-Identifier: GPL-2.0-only */
/* A first-in first-out queue of pages in an array that goes round. */
#ifndef _MMS_QUEUE_H
#define _MMS_QUEUE_H

#include <stdint.h>

/**
 * struct mms_queue - pages in the order in which they came
 * @slot: @size of them, owned by the caller
 * @size: the most it can hold
 * @first: slot of the oldest
 * @nr: how many there are
 */
struct mms_queue {
	uint32_t *slot;
	uint32_t size;
	uint32_t first;
	uint32_t nr;
};

/* The slot @i after the oldest, @i <= size. */
static inline uint32_t mms_queue_slot(const struct mms_queue *q, uint32_t i)
{
	uint64_t at = (uint64_t)q->first + i;

	return at < q->size ? at : at - q->size;
}

/* There must be room. */
static inline void mms_queue_push(struct mms_queue *q, uint32_t page)
{
	q->slot[mms_queue_slot(q, q->nr++)] = page;
}

/* There must be one. */
static inline uint32_t mms_queue_pop(struct mms_queue *q)
{
	uint32_t page = q->slot[q->first];

	q->first = q->first + 1 < q->size ? q->first + 1 : 0;
	q->nr--;
	return page;
}

/* The newest first. Return: how many. */
static inline uint32_t mms_queue_list(const struct mms_queue *q, uint32_t *pages)
{
	uint32_t i;

	for (i = 0; i < q->nr; i++)
		pages[i] = q->slot[mms_queue_slot(q, q->nr - 1 - i)];
	return q->nr;
}

#endif
