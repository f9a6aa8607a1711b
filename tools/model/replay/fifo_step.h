/* SPDX-License-Identifier: GPL-2.0-only */
/* References of mms_fifo_curve; included once for each set of instructions. */
#ifndef _MMS_FIFO_STEP_H
#define _MMS_FIFO_STEP_H

#include "model/replay/lanes.h"

enum { FIFO_AHEAD = 8 };

static inline void fifo_steps(struct mms_fifo_curve *c, const uint32_t *page, uint64_t nr)
{
	for (uint64_t i = 0; i < nr; i++) {
		uint32_t *stamp = c->stamp + page[i] * (uint64_t)c->width;

		if (i + FIFO_AHEAD < nr)
			for (size_t s = 0; s < c->width; s += 16)
				__builtin_prefetch(
					c->stamp + page[i + FIFO_AHEAD] * (uint64_t)c->width + s,
					1);
		for (size_t s = 0; s < c->width; s += 16)
			fifo16(stamp + s, c->faults + s, c->size + s);
	}
}

#endif
