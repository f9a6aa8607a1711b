// SPDX-License-Identifier: GPL-2.0-only
/*
 * walk_tables: counts page tables. Every slot that a VMA touches is looked at;
 * the kernel keeps no table that none touches.
 */
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include "rules.h"
#include "walk.h"
#include "walker.h"

/**
 * struct tables_walker - tables being counted
 * @w: the walker
 * @out: the counts
 */
struct tables_walker {
	struct mms_walker w;
	struct mms_table_walk *out;
};

static struct mms_table_walk *tables_out(struct mms_walker *w)
{
	return container_of(w, struct tables_walker, w)->out;
}

static bool tables_vma(struct mms_walker *w)
{
	struct mms_table_walk *out = tables_out(w);

	mms_vma_note(&out->vma, w->vma, out->path);
	return true;
}

static bool tables_table(struct mms_walker *w, u64 *slot, u64 raw, u64 addr, unsigned int level)
{
	mms_tables_slot(&tables_out(w)->tables, addr, level, true);
	return true;
}

static u64 tables_ptes(struct mms_walker *w, u64 *slot, u64 addr, u64 end, unsigned int rights)
{
	mms_tables_ptes(&tables_out(w)->tables, slot, (end - addr) >> PAGE_SHIFT);
	return end;
}

/*
 * Behind a huge page of anonymous memory, the huge zero page too, the kernel
 * deposits a table; behind those of files and of hugetlb it does not on x86.
 */
static void tables_slot(struct mms_walker *w, u64 *slot, u64 addr, u64 end, unsigned int level,
			unsigned int rights)
{
	struct mms_tables *t = &tables_out(w)->tables;
	struct mms_entry e;

	mms_entry_decode(&mms_rules, READ_ONCE(*slot), level, &e);
	if (e.kind == MMS_KIND_NONE)
		return;
	mms_tables_slot(t, addr, level, false);
	if (level == MMSCOPE_LEVEL_PMD && vma_is_anonymous(w->vma) && !is_vm_hugetlb_page(w->vma))
		t->count.deposited++;
}

static const struct mms_walk_ops tables_ops = {
	.batch = PTRS_PER_PTE,
	.vma = tables_vma,
	.table = tables_table,
	.ptes = tables_ptes,
	.slot = tables_slot,
};

/**
 * mms_walk_tables_begin - forget what was counted
 * @t: counts the top table alone; @t->path stays
 */
void mms_walk_tables_begin(struct mms_table_walk *t)
{
	t->next = 0;
	mms_tables_init(&t->tables, mms_rules.levels == 5 ? MMSCOPE_LEVEL_PGD : MMSCOPE_LEVEL_P4D);
}

/**
 * mms_walk_tables - count the tables of the next part of a VMA
 * @t: goes on from @t->next; @t->start, @t->vma and, with @t->path, @t->name become those
 *	of the part
 * @mm: pinned by mm_count
 *
 * Sleeps.
 *
 * Return: 1 with a part, 0 past the last VMA, -ESRCH if the mm is gone, -EINTR
 * on a fatal signal.
 */
int mms_walk_tables(struct mms_table_walk *t, struct mm_struct *mm)
{
	struct tables_walker k = {.w = {.ops = &tables_ops, .mm = mm}, .out = t};
	int ret;

	ret = mms_walker_run(&k.w, t->next);
	t->start = k.w.start;
	t->next = k.w.next;
	if (ret > 0 && t->path)
		t->name = mms_vma_name(&t->vma, t->path, PATH_MAX);
	return ret;
}
