// SPDX-License-Identifier: GPL-2.0-only
/*
 * walk_addr: follows the page tables of one address and keeps what every level
 * said. Same locks as walk.c (walk.h); also for addresses outside any VMA.
 */
#include <linux/hugetlb.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/pgtable.h>
#include <linux/sched/mm.h>
#include "page.h"
#include "rules.h"
#include "stats.h"
#include "walk.h"

/* A table that appears or goes while we look: how often to look again. */
#define ATTEMPTS 16

/**
 * struct walker - one address being followed
 * @path: what is found
 * @mm: its mmap lock is read-held
 * @vma: the VMA of the address, or NULL
 * @rights: left by the levels so far
 */
struct walker {
	struct mms_path *path;
	struct mm_struct *mm;
	struct vm_area_struct *vma;
	unsigned int rights;
};

/*
 * May the table that holds the slot of @level be read? It may be about to be
 * freed, by a munmap that is past its write lock, unless a VMA touches what the
 * table covers. The top always stays.
 */
static bool table_stays(struct walker *k, unsigned int level)
{
	u64 span = 1ULL << (mms_entry_shift(level) + 9);
	u64 base = k->path->addr & ~(span - 1);
	struct vm_area_struct *vma;

	if (k->vma || level == k->path->top)
		return true;
	vma = find_vma(k->mm, base);
	return vma && vma->vm_start <= base + (span - 1);
}

/* Keep the entry of @level. Returns true if the walk goes on below. */
static bool keep(struct walker *k, u64 raw, unsigned int level)
{
	struct mms_path *p = k->path;
	struct mms_entry *e = &p->entry[level];

	mms_entry_decode(&mms_rules, raw, level, e);
	p->bottom = level;
	if (e->kind != MMS_KIND_TABLE)
		return false;
	if (!table_stays(k, level - 1))
		return false;
	k->rights = mms_rights_below(&mms_rules, k->rights, raw, level);
	p->table[level - 1] = e->frame;
	return true;
}

/* The last entry of the walk, its lock held if it is not empty. */
static void keep_leaf(struct walker *k, u64 raw, unsigned int level)
{
	struct mms_path *p = k->path;
	struct mms_entry *e = &p->entry[level];
	u64 size = 1ULL << mms_entry_shift(level);

	mms_entry_decode(&mms_rules, raw, level, e);
	p->bottom = level;
	if (e->kind != MMS_KIND_LEAF)
		return;
	e->kind = k->vma ? mms_page_kind(k->vma, e) : MMS_KIND_SPECIAL;
	if (e->kind != MMS_KIND_SPECIAL)
		p->has_page = mms_page_look(&p->page, k->vma, e,
					    e->frame + ((p->addr & (size - 1)) >> PAGE_SHIFT));
}

/* A slot above the ptes. Returns false if it is a table after all. */
static bool keep_large(struct walker *k, u64 *slot, spinlock_t *ptl, unsigned int level)
{
	u64 raw;

	spin_lock(ptl);
	raw = READ_ONCE(*slot);
	if (!mms_raw_table(raw, level))
		keep_leaf(k, raw, level);
	spin_unlock(ptl);
	return !mms_raw_table(raw, level);
}

static void keep_pte(pte_t *ptep, void *arg)
{
	keep_leaf(arg, READ_ONCE(ptep->pte), MMSCOPE_LEVEL_PTE);
}

/* Returns false if what was a table is none now, or the reverse. */
static bool follow_pmd(struct walker *k, pmd_t *pmdp)
{
	if (keep(k, pmd_val(READ_ONCE(*pmdp)), MMSCOPE_LEVEL_PMD))
		return mms_ptes_visit(k->mm, pmdp, k->path->addr, keep_pte, k);
	if (k->path->entry[MMSCOPE_LEVEL_PMD].kind == MMS_KIND_TABLE)
		return true;
	return keep_large(k, (u64 *)pmdp, pmd_lockptr(k->mm, pmdp), MMSCOPE_LEVEL_PMD);
}

static bool follow(struct walker *k)
{
	struct mms_path *p = k->path;
	pgd_t *pgdp = pgd_offset(k->mm, p->addr);
	p4d_t p4d, *p4dp;
	pud_t pud, *pudp;

	k->rights = MMS_RIGHTS_TOP;
	p->table[p->top] = __pa(k->mm->pgd) >> PAGE_SHIFT;
	if (mms_rules.kpti)
		p->user_top = READ_ONCE(kernel_to_user_pgdp(pgdp)->pgd);
	if (p->top == MMSCOPE_LEVEL_PGD && !keep(k, READ_ONCE(pgdp->pgd), MMSCOPE_LEVEL_PGD))
		return true;
	p4dp = p4d_offset(pgdp, p->addr);
	p4d = READ_ONCE(*p4dp);
	if (!keep(k, p4d_val(p4d), MMSCOPE_LEVEL_P4D))
		return true;
	pudp = pud_offset(&p4d, p->addr);
	pud = READ_ONCE(*pudp);
	if (keep(k, pud_val(pud), MMSCOPE_LEVEL_PUD))
		return follow_pmd(k, pmd_offset(&pud, p->addr));
	if (p->entry[MMSCOPE_LEVEL_PUD].kind == MMS_KIND_TABLE)
		return true;
	return keep_large(k, (u64 *)pudp, &k->mm->page_table_lock, MMSCOPE_LEVEL_PUD);
}

static void walk_locked(struct walker *k)
{
	struct mms_path *p = k->path;
	struct rw_semaphore *shared = NULL;
	struct mms_entry *e;
	u64 size;
	int i;

	if (k->vma) {
		p->in_vma = true;
		mms_vma_note(&p->vma, k->vma, true);
		shared = mms_shared_pmds_lock(k->vma);
	}
	for (i = 1; !follow(k) && i < ATTEMPTS; i++)
		mms_stat_add(MMS_STAT_RETRIES, 1);
	if (shared)
		up_read(shared);
	e = &p->entry[p->bottom];
	/* a table that could not be followed: nothing is mapped through it */
	if (e->kind == MMS_KIND_TABLE)
		p->leaf = (struct mms_leaf){.kind = MMS_KIND_NONE, .level = p->bottom};
	else
		mms_leaf_fill(&p->leaf, e, k->rights);
	size = 1ULL << mms_entry_shift(p->bottom);
	p->leaf.start = p->addr & ~(size - 1);
	p->leaf.end = p->leaf.start + size;
	p->leaf.hugetlb = k->vma && is_vm_hugetlb_page(k->vma);
}

/**
 * mms_walk_addr - read every level of one address
 * @p: all of it is written
 * @mm: pinned by mm_count
 * @addr: below TASK_SIZE_MAX
 * @buf: room for the name of the VMA
 * @size: bytes of @buf
 *
 * Context: no lock held; sleeps.
 * Return: 0, -ESRCH if the mm is gone, -EINTR on a fatal signal.
 */
int mms_walk_addr(struct mms_path *p, struct mm_struct *mm, u64 addr, char *buf, size_t size)
{
	struct walker k = {.path = p, .mm = mm};
	u64 held;

	*p = (struct mms_path){.addr = addr};
	p->top = mms_rules.levels == 5 ? MMSCOPE_LEVEL_PGD : MMSCOPE_LEVEL_P4D;
	if (!mmget_not_zero(mm))
		return -ESRCH;
	if (mmap_read_lock_killable(mm)) {
		mmput_async(mm);
		return -EINTR;
	}
	held = ktime_get_ns();
	k.vma = vma_lookup(mm, addr);
	walk_locked(&k);
	held = ktime_get_ns() - held;
	mmap_read_unlock(mm);
	mmput_async(mm);
	mms_stat_hold(held, p->top - p->bottom + 1);
	if (p->in_vma)
		p->name = mms_vma_name(&p->vma, buf, size);
	return 0;
}
