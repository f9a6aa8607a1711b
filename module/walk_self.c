// SPDX-License-Identifier: GPL-2.0-only
/*
 * walk_self: follows the page tables of current for one address, from any
 * context, without a lock: with interrupts off, on the CPU that runs them. Who
 * frees a table or a page first takes it out of the tables and flushes, which
 * waits for this CPU to take an interrupt, or waits for all readers of RCU, and
 * a CPU with interrupts off is either. walk.c reads others' tables and cannot.
 */
#include <linux/cpumask.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include "cow_rule.h"
#include "page.h"
#include "rules.h"
#include "walk_self.h"

/*
 * A word read twice may differ: each is read once and followed from the copy,
 * but that of the pgd with 4 levels, which p4d_offset() hands back as it is.
 */
static unsigned int follow(struct mm_struct *mm, u64 addr, u64 *raw, u64 **slot)
{
	pgd_t *pgdp = pgd_offset(mm, addr);
	p4d_t p4d, *p4dp;
	pud_t pud, *pudp;
	pmd_t pmd, *pmdp;
	pte_t *ptep;

	if (mms_rules.levels == 5) {
		*slot = (u64 *)pgdp;
		raw[MMSCOPE_LEVEL_PGD] = READ_ONCE(pgdp->pgd);
		if (!mms_raw_table(raw[MMSCOPE_LEVEL_PGD], MMSCOPE_LEVEL_PGD))
			return MMSCOPE_LEVEL_PGD;
	}
	p4dp = p4d_offset(pgdp, addr);
	*slot = (u64 *)p4dp;
	p4d = READ_ONCE(*p4dp);
	raw[MMSCOPE_LEVEL_P4D] = p4d_val(p4d);
	if (!mms_raw_table(p4d_val(p4d), MMSCOPE_LEVEL_P4D))
		return MMSCOPE_LEVEL_P4D;
	pudp = pud_offset(&p4d, addr);
	*slot = (u64 *)pudp;
	pud = READ_ONCE(*pudp);
	raw[MMSCOPE_LEVEL_PUD] = pud_val(pud);
	if (!mms_raw_table(pud_val(pud), MMSCOPE_LEVEL_PUD))
		return MMSCOPE_LEVEL_PUD;
	pmdp = pmd_offset(&pud, addr);
	*slot = (u64 *)pmdp;
	pmd = READ_ONCE(*pmdp);
	raw[MMSCOPE_LEVEL_PMD] = pmd_val(pmd);
	if (!mms_raw_table(pmd_val(pmd), MMSCOPE_LEVEL_PMD))
		return MMSCOPE_LEVEL_PMD;
	ptep = pte_offset_kernel(&pmd, addr);
	*slot = (u64 *)ptep;
	raw[MMSCOPE_LEVEL_PTE] = READ_ONCE(ptep->pte);
	return MMSCOPE_LEVEL_PTE;
}

/* In the midst of a task switch or an exec the CPU is not told of what is freed. */
static bool runs_here(const struct mm_struct *mm)
{
	return mm && !(current->flags & PF_KTHREAD) &&
	       cpumask_test_cpu(raw_smp_processor_id(), mm_cpumask((struct mm_struct *)mm));
}

/**
 * mms_walk_self - the raw entries of an address of current, from the top down
 * @addr: below TASK_SIZE_MAX
 * @raw: by level; of the levels above the one returned
 *
 * Context: any, also NMI.
 * Return: enum mmscope_level of the last entry, 0 if this CPU does not run
 * current's page tables.
 */
unsigned int mms_walk_self(u64 addr, u64 raw[MMSCOPE_LEVEL_PGD + 1])
{
	unsigned int level = 0;
	unsigned long flags;
	u64 *slot;

	local_irq_save(flags);
	if (runs_here(current->mm))
		level = follow(current->mm, addr, raw, &slot);
	local_irq_restore(flags);
	return level;
}

/*
 * Facts of the page: true ones if the entry still maps it afterwards, as it
 * could not be freed and mapped once more meanwhile.
 */
static void look_at_page(struct mms_cow_look *l, u64 addr, u64 raw, const u64 *slot)
{
	unsigned int facts = mms_page_peek(l->frame, addr);

	if ((READ_ONCE(*slot) ^ raw) & (mms_rules.phys_mask | _PAGE_PRESENT))
		return;
	l->anon = facts & MMS_PEEK_ANON;
	l->home = facts & MMS_PEEK_HOME;
	/* all that a pmd can map has a mapping, but the huge zero page */
	if (l->level == MMSCOPE_LEVEL_PMD)
		l->zero = facts & MMS_PEEK_UNOWNED;
}

/**
 * mms_walk_self_look - what an address of current maps
 * @l: all of it is written; an empty look if nothing can be read
 * @addr: below TASK_SIZE_MAX
 * @page: tell @l->anon and @l->home
 *
 * Context: any, also NMI.
 */
void mms_walk_self_look(struct mms_cow_look *l, u64 addr, bool page)
{
	u64 all[MMSCOPE_LEVEL_PGD + 1], raw, *slot;
	unsigned long flags;
	unsigned int level;

	*l = (struct mms_cow_look){};
	local_irq_save(flags);
	if (!runs_here(current->mm))
		goto restore;
	level = follow(current->mm, addr, all, &slot);
	raw = all[level];
	l->level = level;
	if (!(raw & _PAGE_PRESENT)) {
		l->state = raw ? MMS_COW_OTHER : MMS_COW_EMPTY;
		goto restore;
	}
	l->state = raw & _PAGE_RW ? MMS_COW_WRITE : MMS_COW_READ;
	l->frame = (raw & mms_rules.phys_mask) >> PAGE_SHIFT;
	if (level == MMSCOPE_LEVEL_PTE) {
		l->zero = is_zero_pfn(l->frame);
	} else {
		/* the lowest bits of a large leaf's address are flags */
		u64 mask = (1ULL << (mms_entry_shift(level) - PAGE_SHIFT)) - 1;

		l->frame = (l->frame & ~mask) | ((addr >> PAGE_SHIFT) & mask);
	}
	if (page || (level == MMSCOPE_LEVEL_PMD && l->state == MMS_COW_READ))
		look_at_page(l, addr, raw, slot);
restore:
	local_irq_restore(flags);
}
