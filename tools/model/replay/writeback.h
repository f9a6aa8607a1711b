/* SPDX-License-Identifier: GPL-2.0-only */
/* Write-backs of LRU for every size, in one pass. */
#ifndef _MMS_WRITEBACK_H
#define _MMS_WRITEBACK_H

#include "model/replay/refs.h"

struct mms_writeback_curve;

/* Memory it takes, in bytes, an upper bound. */
uint64_t mms_writeback_curve_bytes(uint32_t nr_pages);
/**
 * mms_writeback_curve_open() - no references yet
 * @nr_pages: of the string
 * Return: for mms_writeback_curve_finish() or _abort(); NULL without memory.
 */
struct mms_writeback_curve *mms_writeback_curve_open(uint32_t nr_pages);
/**
 * mms_writeback_curve_feed() - the references that follow those fed before
 * @r: a chunk, or all; pages below nr_pages; need not stay after the call
 */
void mms_writeback_curve_feed(struct mms_writeback_curve *c, const struct mms_refs *r);
/**
 * mms_writeback_curve_finish() - the curve; frees
 * @writebacks: of nr_pages + 1 slots: [m] = dirty pages that LRU with m frames evicts, m > 0;
 *              [0]: one per entry that writes. Pages that are still resident at the end are
 *              not written
 *
 * A page that is written twice needs one write-back instead of two where it stayed resident in
 * between: where no reference between them, the second write included, had a larger stack
 * distance than there are frames. Thompson and Smith, Efficient (stack) algorithms for analysis
 * of write-back and sector memories, ACM TOCS 1989.
 */
void mms_writeback_curve_finish(struct mms_writeback_curve *c, uint64_t *writebacks);
/* Frees without a result; NULL is fine. */
void mms_writeback_curve_abort(struct mms_writeback_curve *c);

#endif
