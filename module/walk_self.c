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
 * Returns the slot of the last level; words go to @raw by level, if there is any.
 * In the path of every write fault of a target: tables are followed by their
 * physical address, without the accessors that ask at each level how many there
 * are. A word read twice may differ, so each is read once.
 */
static u64 *descend(const struct mm_struct *mm, u64 addr, unsigned int *level, u64 *word, u64 *raw)
{
	const u64 table = _PAGE_PRESENT | _PAGE_PSE;
	unsigned int l = mms_rules.levels, shift = PAGE_SHIFT + 9 * (l - 1);
	u64 *slot = (u64 *)mm->pgd + (addr >> shift & (PTRS_PER_PTE - 1)), w;

	BUILD_BUG_ON(MMSCOPE_LEVEL_P4D != 4 || MMSCOPE_LEVEL_PGD != 5);
	for (;;) {
		w = READ_ONCE(*slot);
		if (raw)
			raw[l] = w;
		if (l == MMSCOPE_LEVEL_PTE || (w & table) != _PAGE_PRESENT)
			break;
		l--;
		shift -= 9;
		slot = (u64 *)__va(w & mms_rules.phys_mask) + (addr >> shift & (PTRS_PER_PTE - 1));
	}
	*level = l;
	*word = w;
	return slot;
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
	u64 word;

	local_irq_save(flags);
	if (runs_here(current->mm))
		descend(current->mm, addr, &level, &word, raw);
	local_irq_restore(flags);
	return level;
}

/*
 * Facts of the page: true ones if the entry still maps it afterwards, as it
 * could not be freed and mapped once more meanwhile.
 */
static void look_at_page(struct mms_cow_look *l, u64 addr, u64 raw, const u64 *slot)
{
	const bool pte = l->level == MMSCOPE_LEVEL_PTE;
	unsigned int facts;

	if (pte && (raw & (mms_rules.special | mms_rules.devmap)))
		return;
	facts = mms_page_peek(l->frame, addr, pte);
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
	unsigned long flags;
	unsigned int level;
	u64 raw, *slot;

	*l = (struct mms_cow_look){};
	local_irq_save(flags);
	if (!runs_here(current->mm))
		goto restore;
	slot = descend(current->mm, addr, &level, &raw, NULL);
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
