/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tables: page tables counted as a walk in order of address meets them. Pure.
 */
#ifndef _MMS_TABLES_H
#define _MMS_TABLES_H

#include "entry.h"

#define MMS_TABLES_LEVELS (MMSCOPE_LEVEL_PGD + 1)
#define MMS_TABLES_BINS	  11 /* slots used: 0, 1, 2-3, 4-7 ... 256-511, 512 */

/**
 * struct mms_tables_count - how many tables there are
 * @nr: by enum mmscope_level of their entries
 * @deposited: kept by the kernel to split huge pages
 */
struct mms_tables_count {
	__u64 nr[MMS_TABLES_LEVELS];
	__u64 deposited;
};

/**
 * struct mms_tables - what is known of the tables met so far
 * @count: their numbers
 * @used: slots that are not empty, by level
 * @fill: tables by slots used, by level; those that mms_tables_end() closed too
 *
 * private:
 * @slot: the slot counted last, by level, plus one
 * @table: the slot that pointed to the table counted last, by level, plus one
 * @now: slots used of the table that the walk is in, by level
 * @open: there is one
 */
struct mms_tables {
	struct mms_tables_count count;
	__u64 used[MMS_TABLES_LEVELS];
	__u64 fill[MMS_TABLES_LEVELS][MMS_TABLES_BINS];
	/* private: */
	__u64 slot[MMS_TABLES_LEVELS];
	__u64 table[MMS_TABLES_LEVELS];
	__u32 now[MMS_TABLES_LEVELS];
	bool open[MMS_TABLES_LEVELS];
};

void mms_tables_init(struct mms_tables *t, unsigned int top);
void mms_tables_slot(struct mms_tables *t, __u64 addr, unsigned int level, bool table);
void mms_tables_ptes(struct mms_tables *t, const __u64 *slot, unsigned int nr);
void mms_tables_end(struct mms_tables *t);

#endif /* _MMS_TABLES_H */
