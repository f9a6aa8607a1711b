// SPDX-License-Identifier: GPL-2.0-only
/*
 * walk: follows the page tables of a range, one hold of the mmap lock at a time,
 * for the readers in walk_*.c; with walk_addr.c the only file that does; locks:
 * walk.h. Must not know what a reader makes of an entry.
 */
#include <linux/hugetlb.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/pgtable.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include "params.h"
#include "rules.h"
#include "stats.h"
#include "walk.h"
#include "walker.h"

/**
 * mms_ptes_visit - look at ptes under their lock
 * @mm: the mm
 * @pmdp: slot that points to the table of ptes
 * @addr: which pte
 * @fn: called with that pte once its table is locked; must not sleep
 * @arg: for @fn
 *
 * The lock is that of the table we saw; once we hold it, the slot must still
 * point there.
 *
 * Context: the mmap lock is held, and a VMA touches the 2 MiB of @addr.
 * Return: false if there is no table; @fn was not called then.
 */
bool mms_ptes_visit(struct mm_struct *mm, pmd_t *pmdp, u64 addr, void (*fn)(pte_t *ptep, void *arg),
		    void *arg)
{
	bool same = false;
	spinlock_t *ptl;
	pte_t *ptep;
	pmd_t pmd;

	lockdep_assert_held(&mm->mmap_lock);
	rcu_read_lock();
	while (!same) {
		pmd = READ_ONCE(*pmdp);
		if (!mms_raw_table(pmd_val(pmd), MMSCOPE_LEVEL_PMD))
			break;
		ptep = pte_offset_kernel(&pmd, addr);
		ptl = pte_lockptr(mm, &pmd);
		spin_lock(ptl);
		same = pmd_val(pmd) == pmd_val(READ_ONCE(*pmdp));
		if (likely(same))
			fn(ptep, arg);
		spin_unlock(ptl);
	}
	rcu_read_unlock();
	return same;
}

/* ptes [addr, end) of one table, as many as one hold of their lock may take. */
struct batch {
	struct mms_walker *k;
	u64 addr;
	u64 end;
	unsigned int rights;
};

static void visit_batch(pte_t *ptep, void *arg)
{
	struct batch *b = arg;
	struct mms_walker *k = b->k;
	u64 most = min_t(u64, k->ops->batch, k->steps) << PAGE_SHIFT;
	u64 addr;

	addr = k->ops->ptes(k, (u64 *)ptep, b->addr, min(b->end, b->addr + most), b->rights);
	k->steps -= (addr - b->addr) >> PAGE_SHIFT;
	b->addr = addr;
}

/* Returns how far it came: @addr itself if the table is gone. */
static u64 walk_ptes(struct mms_walker *k, pmd_t *pmdp, u64 addr, u64 end, unsigned int rights)
{
	struct batch b = {.k = k, .addr = addr, .end = end, .rights = rights};

	while (b.addr < end && k->steps > 0 && !k->full) {
		if (!mms_ptes_visit(k->mm, pmdp, b.addr, visit_batch, &b)) {
			k->retries++;
			break;
		}
	}
	return b.addr;
}

/* A slot above the ptes that was no table: returns @addr if it has become one. */
static u64 walk_large(struct mms_walker *k, u64 *slot, spinlock_t *ptl, u64 addr, u64 end,
		      unsigned int level, unsigned int rights)
{
	bool table;

	spin_lock(ptl);
	table = mms_raw_table(READ_ONCE(*slot), level);
	if (!table)
		k->ops->slot(k, slot, addr, end, level, rights);
	spin_unlock(ptl);
	k->retries += table;
	return table ? addr : end;
}

/* A slot that points to a table. Returns false if the reader passes over it. */
static bool enter(struct mms_walker *k, u64 *slot, u64 raw, u64 addr, unsigned int level,
		  unsigned int *rights)
{
	*rights = mms_rights_below(&mms_rules, *rights, raw, level);
	return !k->ops->table || k->ops->table(k, slot, raw, addr, level);
}

static u64 walk_pmd(struct mms_walker *k, pmd_t *pmdp, u64 addr, u64 end, unsigned int rights)
{
	u64 raw = pmd_val(READ_ONCE(*pmdp));

	end = pmd_addr_end(addr, end);
	if (mms_raw_table(raw, MMSCOPE_LEVEL_PMD)) {
		if (!enter(k, (u64 *)pmdp, raw, addr, MMSCOPE_LEVEL_PMD, &rights))
			return end;
		return walk_ptes(k, pmdp, addr, end, rights);
	}
	/* hugetlb, and THP to split a huge zero page, empty an entry for a moment */
	return walk_large(k, (u64 *)pmdp, pmd_lockptr(k->mm, pmdp), addr, end, MMSCOPE_LEVEL_PMD,
			  rights);
}

/* Slots of one table of pmds, to its end or that of the hold. */
static u64 walk_pmds(struct mms_walker *k, pmd_t *pmdp, u64 addr, u64 end, unsigned int rights)
{
	u64 next;

	while (addr < end) {
		next = walk_pmd(k, pmdp++, addr, end, rights);
		if (next != pmd_addr_end(addr, end))
			return next;
		addr = next;
		if (k->steps <= 0 || k->full || mmap_lock_is_contended(k->mm))
			break;
		k->steps -= addr < end;
	}
	return addr;
}

static u64 walk_pud(struct mms_walker *k, pud_t *pudp, u64 addr, u64 end, unsigned int rights)
{
	pud_t pud = READ_ONCE(*pudp);
	u64 raw = pud_val(pud);

	end = pud_addr_end(addr, end);
	if (mms_raw_table(raw, MMSCOPE_LEVEL_PUD)) {
		if (!enter(k, (u64 *)pudp, raw, addr, MMSCOPE_LEVEL_PUD, &rights))
			return end;
		return walk_pmds(k, pmd_offset(&pud, addr), addr, end, rights);
	}
	if (raw || is_vm_hugetlb_page(k->vma))
		return walk_large(k, (u64 *)pudp, &k->mm->page_table_lock, addr, end,
				  MMSCOPE_LEVEL_PUD, rights);
	k->ops->slot(k, &raw, addr, end, MMSCOPE_LEVEL_PUD, rights);
	return end;
}

/* One descent, to the end of one slot that is no table, or of one table of pmds. */
static u64 walk_down(struct mms_walker *k, u64 addr, u64 end)
{
	pgd_t *pgdp = pgd_offset(k->mm, addr);
	unsigned int rights = MMS_RIGHTS_TOP;
	p4d_t p4d, *p4dp;
	u64 raw;

	k->steps--;
	if (mms_rules.levels == 5) {
		raw = READ_ONCE(pgdp->pgd);
		if (!mms_raw_table(raw, MMSCOPE_LEVEL_PGD)) {
			end = pgd_addr_end(addr, end);
			k->ops->slot(k, &raw, addr, end, MMSCOPE_LEVEL_PGD, rights);
			return end;
		}
		if (!enter(k, (u64 *)pgdp, raw, addr, MMSCOPE_LEVEL_PGD, &rights))
			return pgd_addr_end(addr, end);
	}
	p4dp = p4d_offset(pgdp, addr);
	p4d = READ_ONCE(*p4dp);
	raw = p4d_val(p4d);
	if (!mms_raw_table(raw, MMSCOPE_LEVEL_P4D)) {
		end = p4d_addr_end(addr, end);
		k->ops->slot(k, &raw, addr, end, MMSCOPE_LEVEL_P4D, rights);
		return end;
	}
	if (!enter(k, (u64 *)p4dp, raw, addr, MMSCOPE_LEVEL_P4D, &rights))
		return p4d_addr_end(addr, end);
	return walk_pud(k, pud_offset(&p4d, addr), addr, end, rights);
}

/**
 * mms_shared_pmds_lock - keep the tables of pmds that hugetlb mappings share
 * @vma: any VMA
 *
 * Processes that map the same hugetlb file share tables of pmds, and unsharing
 * takes them away under this lock held for writing, the mmap lock regardless.
 *
 * Context: the mmap lock is held; may sleep.
 * Return: for up_read(), or NULL if the VMA shares none.
 */
struct rw_semaphore *mms_shared_pmds_lock(struct vm_area_struct *vma)
{
	struct hugetlb_vma_lock *lock;

	lockdep_assert_held(&vma->vm_mm->mmap_lock);
	if (!is_vm_hugetlb_page(vma) || !(vma->vm_flags & VM_MAYSHARE) || !vma->vm_private_data)
		return NULL;
	lock = vma->vm_private_data;
	down_read(&lock->rw_sema);
	return &lock->rw_sema;
}

/* The part of the VMA from @pos on that one hold of the lock may take. */
static void walk_vma(struct mms_walker *k, u64 pos)
{
	struct rw_semaphore *shared = mms_shared_pmds_lock(k->vma);
	u64 end = k->vma->vm_end;
	u64 addr = pos;

	while (addr < end && k->steps > 0 && !k->full) {
		addr = walk_down(k, addr, end);
		/* someone waits to change the mm: enough for now, if it is anything */
		if (addr > pos && mmap_lock_is_contended(k->mm))
			break;
	}
	k->next = addr;
	if (shared)
		up_read(shared);
}

/**
 * mms_walker_run - hand the next part of the tables to a reader
 * @k: @k->ops and @k->mm are set, the rest is zero
 * @pos: where to begin; holes between VMAs are skipped
 *
 * What is looked at lies in one VMA. It may be nothing (@k->next == @k->start)
 * when a table changed under us: go on from @k->next. Sleeps.
 *
 * Return: 1 with a part of a VMA, 0 past the last VMA, -ESRCH if the mm is gone,
 * -EINTR on a fatal signal.
 */
int mms_walker_run(struct mms_walker *k, u64 pos)
{
	const int steps = mms_param_hold_entries();
	struct mm_struct *mm = k->mm;
	u64 held;

	k->steps = steps;
	k->start = pos;
	k->next = pos;
	/* exit_mmap() has run or runs: there are no tables to look at any more */
	if (!mmget_not_zero(mm))
		return -ESRCH;
	if (mmap_read_lock_killable(mm)) {
		mmput_async(mm);
		return -EINTR;
	}
	held = ktime_get_ns();
	k->vma = find_vma(mm, pos);
	if (k->vma) {
		k->start = max_t(u64, pos, k->vma->vm_start);
		if (k->ops->vma && !k->ops->vma(k))
			k->next = k->vma->vm_end;
		else
			walk_vma(k, k->start);
	}
	held = ktime_get_ns() - held;
	mmap_read_unlock(mm);
	/* never the last user's work in our context: exit_mmap() may take long */
	mmput_async(mm);
	mms_stat_hold(held, steps - k->steps);
	mms_stat_add(MMS_STAT_RETRIES, k->retries);
	return k->vma ? 1 : 0;
}
