// SPDX-License-Identifier: GPL-2.0-only
/*
 * tables: page tables counted as a walk in order of address meets them. Pure.
 *
 * A table is known by the slot that points to it. The walk comes by the same
 * slot again when several VMAs or several holds of the lock share it; as it goes
 * upwards, it is enough to know the latest slot of each level.
 */
#include "tables.h"

static void close_table(struct mms_tables *t, unsigned int level)
{
	unsigned int bin = 0, used = t->now[level];

	if (!t->open[level])
		return;
	for (; used; used >>= 1)
		bin++;
	t->fill[level][bin < MMS_TABLES_BINS ? bin : MMS_TABLES_BINS - 1]++;
	t->open[level] = false;
}

static void open_table(struct mms_tables *t, unsigned int level)
{
	close_table(t, level);
	t->count.nr[level]++;
	t->now[level] = 0;
	t->open[level] = true;
}

/**
 * mms_tables_init - begin, with the top table alone
 * @t: all of it is written
 * @top: level of the top table's entries
 */
void mms_tables_init(struct mms_tables *t, unsigned int top)
{
	*t = (struct mms_tables){};
	open_table(t, top);
}

/**
 * mms_tables_slot - a slot above the ptes that is not empty
 * @t: the counts
 * @addr: an address that it covers; never below one given before
 * @level: its level
 * @table: it points to a table
 */
void mms_tables_slot(struct mms_tables *t, __u64 addr, unsigned int level, bool table)
{
	__u64 slot = (addr >> mms_entry_shift(level)) + 1;

	if (t->slot[level] != slot) {
		t->slot[level] = slot;
		t->used[level]++;
		t->now[level]++;
	}
	if (table && t->table[level] != slot) {
		t->table[level] = slot;
		open_table(t, level - 1);
	}
}

/**
 * mms_tables_ptes - ptes of the table met last, each of them given once
 * @t: the counts
 * @slot: the first; others may write to them meanwhile
 * @nr: how many
 */
void mms_tables_ptes(struct mms_tables *t, const __u64 *slot, unsigned int nr)
{
	const volatile __u64 *p = slot;
	unsigned int i, used = 0;

	/* what an erratum may leave in an empty one does not count */
	for (i = 0; i < nr; i++)
		used += !!(p[i] & ~(__u64)(MMS_FLAG_A | MMS_FLAG_D));
	t->used[MMSCOPE_LEVEL_PTE] += used;
	t->now[MMSCOPE_LEVEL_PTE] += used;
}

/**
 * mms_tables_end - the walk is over: count the tables that it ended in
 * @t: the counts
 */
void mms_tables_end(struct mms_tables *t)
{
	unsigned int level;

	for (level = 0; level < MMS_TABLES_LEVELS; level++)
		close_table(t, level);
}
