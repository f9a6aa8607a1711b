// SPDX-License-Identifier: GPL-2.0-only
/*
 * walk: follows the page tables of a range, in chunks; with walk_addr.c the only
 * file that does; locks: walk.h. Must not know views or user pointers. All that
 * is ever written is the accessed bit, on request.
 */
#include <linux/hugetlb.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/pgtable.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include "page.h"
#include "rules.h"
#include "stats.h"
#include "walk.h"

/* ptes looked at under one hold of their lock: the process faults in between. */
#define PTE_BATCH 64

/**
 * struct walker - a chunk being filled
 * @out: the chunk
 * @mm: its mmap lock is read-held
 * @vma: the VMA of the chunk
 * @age: clear accessed bits
 * @last: the entry noted last, of the latest leaf if that is a pte's
 * @steps: slots that may still be looked at
 * @retries: times that a table changed under us
 */
struct walker {
	struct mms_walk *out;
	struct mm_struct *mm;
	struct vm_area_struct *vma;
	bool age;
	struct mms_entry last;
	int steps;
	unsigned int retries;
};

/**
 * mms_walk_create - make room for chunks
 * @names: the caller wants the names of VMAs
 *
 * Context: may sleep.
 * Return: to be freed by mms_walk_destroy(), or NULL.
 */
struct mms_walk *mms_walk_create(bool names)
{
	struct mms_walk *w = kvzalloc(sizeof(*w), GFP_KERNEL);

	if (!w || !names)
		return w;
	w->path = kmalloc(PATH_MAX, GFP_KERNEL);
	if (w->path)
		return w;
	kvfree(w);
	return NULL;
}

/**
 * mms_walk_destroy - free what mms_walk_create() made
 * @w: may be NULL
 */
void mms_walk_destroy(struct mms_walk *w)
{
	if (w)
		kfree(w->path);
	kvfree(w);
}

/*
 * The accessed bit of a leaf whose lock is held, so that it is neither part of
 * a swap entry nor about to become one. Raw frames and the zero page are left.
 */
static void take_accessed(struct walker *k, u64 *slot, const struct mms_leaf *l)
{
	if (l->kind != MMS_KIND_ANON && l->kind != MMS_KIND_FILE && l->kind != MMS_KIND_KSM)
		return;
	if (!test_and_clear_bit(_PAGE_BIT_ACCESSED, (unsigned long *)slot))
		return;
	mms_page_mark_young(l->frame);
	k->out->cleared++;
}

/**
 * mms_leaf_fill - turn an entry into a leaf
 * @l: all but its addresses and @hugetlb is written
 * @e: the entry, its kind settled
 * @rights: rights of the levels above
 */
void mms_leaf_fill(struct mms_leaf *l, const struct mms_entry *e, unsigned int rights)
{
	l->frame = e->frame;
	l->offset = e->offset;
	l->flags = e->flags;
	l->type = e->type;
	l->kind = e->kind;
	l->level = e->level;
	l->rights = mms_rights_leaf(rights, e);
}

/* Keep one entry of @slot for [start, end). Locked by the caller if not empty. */
static void note(struct walker *k, u64 *slot, u64 start, u64 end, unsigned int level,
		 unsigned int rights)
{
	struct mms_walk *w = k->out;
	struct mms_leaf *l = &w->leaf[w->nr];
	struct mms_entry *e = &k->last;
	u64 raw = READ_ONCE(*slot);

	if (level == MMSCOPE_LEVEL_PTE && mms_entry_again(&mms_rules, raw, e)) {
		*l = l[-1];
		l->frame = e->frame;
	} else {
		mms_entry_decode(&mms_rules, raw, level, e);
		if (e->kind == MMS_KIND_NONE && w->nr && l[-1].kind == MMS_KIND_NONE) {
			l[-1].end = end;
			return;
		}
		mms_leaf_fill(l, e, rights);
		l->hugetlb = is_vm_hugetlb_page(k->vma);
	}
	l->start = start;
	l->end = end;
	if (e->kind == MMS_KIND_LEAF)
		l->kind = mms_page_kind(k->vma, e);
	if (k->age && (e->flags & MMS_FLAG_A))
		take_accessed(k, slot, l);
	w->nr++;
}

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
	struct walker *k;
	u64 addr;
	u64 end;
	unsigned int rights;
};

static void note_ptes(pte_t *ptep, void *arg)
{
	struct batch *b = arg;
	struct walker *k = b->k;
	int n;

	for (n = 0; n < PTE_BATCH && b->addr < b->end && k->out->nr < MMS_WALK_LEAVES; n++) {
		note(k, (u64 *)ptep++, b->addr, b->addr + PAGE_SIZE, MMSCOPE_LEVEL_PTE, b->rights);
		b->addr += PAGE_SIZE;
	}
	k->steps -= n;
}

/* Returns how far it came: @addr itself if the table is gone. */
static u64 walk_ptes(struct walker *k, pmd_t *pmdp, u64 addr, u64 end, unsigned int rights)
{
	struct batch b = {.k = k, .addr = addr, .end = end, .rights = rights};

	/* what is alike in another table may still have other rights */
	k->last = (struct mms_entry){};
	while (b.addr < end && k->steps > 0 && k->out->nr < MMS_WALK_LEAVES) {
		if (!mms_ptes_visit(k->mm, pmdp, b.addr, note_ptes, &b)) {
			k->retries++;
			break;
		}
	}
	return b.addr;
}

/* A slot above the ptes that was no table: returns @addr if it has become one. */
static u64 walk_large(struct walker *k, u64 *slot, spinlock_t *ptl, u64 addr, u64 end,
		      unsigned int level, unsigned int rights)
{
	bool table;

	spin_lock(ptl);
	table = mms_raw_table(READ_ONCE(*slot), level);
	if (!table)
		note(k, slot, addr, end, level, rights);
	spin_unlock(ptl);
	k->retries += table;
	return table ? addr : end;
}

static u64 walk_pmd(struct walker *k, pmd_t *pmdp, u64 addr, u64 end, unsigned int rights)
{
	pmd_t pmd = READ_ONCE(*pmdp);
	u64 raw = pmd_val(pmd);

	end = pmd_addr_end(addr, end);
	if (mms_raw_table(raw, MMSCOPE_LEVEL_PMD)) {
		rights = mms_rights_below(&mms_rules, rights, raw, MMSCOPE_LEVEL_PMD);
		return walk_ptes(k, pmdp, addr, end, rights);
	}
	/* hugetlb, and THP to split a huge zero page, empty an entry for a moment */
	return walk_large(k, (u64 *)pmdp, pmd_lockptr(k->mm, pmdp), addr, end, MMSCOPE_LEVEL_PMD,
			  rights);
}

/* One descent, to the end of one slot that is no table, or of one table of ptes. */
static u64 walk_down(struct walker *k, u64 addr, u64 end)
{
	pgd_t *pgdp = pgd_offset(k->mm, addr);
	unsigned int rights = MMS_RIGHTS_TOP;
	p4d_t p4d, *p4dp;
	pud_t pud, *pudp;
	u64 raw;

	k->steps--;
	if (mms_rules.levels == 5) {
		raw = READ_ONCE(pgdp->pgd);
		if (!mms_raw_table(raw, MMSCOPE_LEVEL_PGD)) {
			end = pgd_addr_end(addr, end);
			note(k, &raw, addr, end, MMSCOPE_LEVEL_PGD, rights);
			return end;
		}
		rights = mms_rights_below(&mms_rules, rights, raw, MMSCOPE_LEVEL_PGD);
	}
	p4dp = p4d_offset(pgdp, addr);
	p4d = READ_ONCE(*p4dp);
	raw = p4d_val(p4d);
	if (!mms_raw_table(raw, MMSCOPE_LEVEL_P4D)) {
		end = p4d_addr_end(addr, end);
		note(k, &raw, addr, end, MMSCOPE_LEVEL_P4D, rights);
		return end;
	}
	rights = mms_rights_below(&mms_rules, rights, raw, MMSCOPE_LEVEL_P4D);
	pudp = pud_offset(&p4d, addr);
	pud = READ_ONCE(*pudp);
	raw = pud_val(pud);
	if (mms_raw_table(raw, MMSCOPE_LEVEL_PUD)) {
		rights = mms_rights_below(&mms_rules, rights, raw, MMSCOPE_LEVEL_PUD);
		return walk_pmd(k, pmd_offset(&pud, addr), addr, end, rights);
	}
	end = pud_addr_end(addr, end);
	if (raw || is_vm_hugetlb_page(k->vma))
		return walk_large(k, (u64 *)pudp, &k->mm->page_table_lock, addr, end,
				  MMSCOPE_LEVEL_PUD, rights);
	note(k, &raw, addr, end, MMSCOPE_LEVEL_PUD, rights);
	return end;
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
static void walk_vma(struct walker *k, u64 pos)
{
	struct rw_semaphore *shared = mms_shared_pmds_lock(k->vma);
	struct mms_walk *w = k->out;
	u64 end = k->vma->vm_end;
	u64 addr = pos;

	while (addr < end && k->steps > 0 && w->nr < MMS_WALK_LEAVES) {
		addr = walk_down(k, addr, end);
		/* someone waits to change the mm: enough for now, if it is anything */
		if (addr > pos && mmap_lock_is_contended(k->mm))
			break;
	}
	w->next = addr;
	if (shared)
		up_read(shared);
}

/* Sampling looks at pages that reclaim could take: no hugetlb, no raw frames. */
static bool ageless(struct vm_area_struct *vma)
{
	return is_vm_hugetlb_page(vma) || (vma->vm_flags & (VM_PFNMAP | VM_IO));
}

static int walk_chunk(struct mms_walk *w, struct mm_struct *mm, u64 pos, bool age)
{
	struct walker k = {.out = w, .mm = mm, .age = age, .steps = MMS_WALK_STEPS};
	u64 held;

	w->nr = 0;
	w->cleared = 0;
	w->start = pos;
	w->next = pos;
	/* exit_mmap() has run or runs: there are no tables to look at any more */
	if (!mmget_not_zero(mm))
		return -ESRCH;
	if (mmap_read_lock_killable(mm)) {
		mmput_async(mm);
		return -EINTR;
	}
	held = ktime_get_ns();
	k.vma = find_vma(mm, pos);
	if (k.vma) {
		w->start = max_t(u64, pos, k.vma->vm_start);
		mms_vma_note(&w->vma, k.vma, w->path);
		if (age && ageless(k.vma))
			w->next = k.vma->vm_end;
		else
			walk_vma(&k, w->start);
	}
	held = ktime_get_ns() - held;
	mmap_read_unlock(mm);
	/* never the last user's work in our context: exit_mmap() may take long */
	mmput_async(mm);
	mms_stat_max(MMS_STAT_LONGEST_HOLD, held);
	mms_stat_add(MMS_STAT_CHUNKS, 1);
	mms_stat_add(MMS_STAT_ENTRIES, MMS_WALK_STEPS - k.steps);
	mms_stat_add(MMS_STAT_RETRIES, k.retries);
	if (k.vma && w->path)
		w->name = mms_vma_name(&w->vma, w->path, PATH_MAX);
	return k.vma ? 1 : 0;
}

/**
 * mms_walk_chunk - read the next part of the tables
 * @w: receives it; its former content is gone
 * @mm: pinned by mm_count
 * @pos: where to begin; holes between VMAs are skipped
 *
 * A chunk lies in one VMA. It may be empty of progress (@w->next == @w->start)
 * when a table changed under us: ask again from @w->next. Sleeps.
 *
 * Return: 1 with a chunk, 0 past the last VMA, -ESRCH if the mm is gone, -EINTR
 * on a fatal signal.
 */
int mms_walk_chunk(struct mms_walk *w, struct mm_struct *mm, u64 pos)
{
	return walk_chunk(w, mm, pos, false);
}

/**
 * mms_walk_chunk_age - the same, clearing accessed bits
 * @w: receives what was there before; @w->cleared counts
 * @mm: pinned by mm_count
 * @pos: where to begin
 *
 * As mms_walk_chunk(), but hugetlb and raw-frame VMAs come out as empty chunks.
 * The caller owes a TLB flush for what was cleared.
 */
int mms_walk_chunk_age(struct mms_walk *w, struct mm_struct *mm, u64 pos)
{
	return walk_chunk(w, mm, pos, true);
}
