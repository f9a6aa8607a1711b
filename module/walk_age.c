// SPDX-License-Identifier: GPL-2.0-only
/*
 * walk_age: takes accessed bits. All that is ever written is such a bit, of a leaf
 * under its lock, so that it is neither part of a swap entry nor about to become
 * one, or of an entry that points to ptes. Must not know what becomes of ages.
 */
#include <linux/bitops.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include "page.h"
#include "rules.h"
#include "walk_age.h"
#include "walker.h"

/* The process waits for the lock to fault: short holds, as a page may be looked up. */
#define PTE_BATCH 64

/**
 * struct age_walker - a chunk being filled
 * @w: the walker
 * @out: the chunk
 * @plain: bits that tell a pte of a page that has an age: present, not special
 * @strange: pages of the VMA may be of device memory without a bit that says so
 */
struct age_walker {
	struct mms_walker w;
	struct mms_age_chunk *out;
	u64 plain;
	bool strange;
};

static struct age_walker *age_walker(struct mms_walker *w)
{
	return container_of(w, struct age_walker, w);
}

static struct mms_aged *add_record(struct age_walker *k, u64 start, u64 end,
				   enum mms_aged_what what)
{
	struct mms_age_chunk *c = k->out;
	struct mms_aged *a = &c->rec[c->nr++];

	*a = (struct mms_aged){.start = start, .end = end, .what = what};
	k->w.full = c->nr == MMS_AGE_RECORDS;
	return a;
}

static void add_nothing(struct age_walker *k, u64 start, u64 end)
{
	struct mms_age_chunk *c = k->out;
	struct mms_aged *a = c->nr ? &c->rec[c->nr - 1] : NULL;

	if (a && a->what == MMS_AGED_NOTHING && a->end == start)
		a->end = end;
	else
		add_record(k, start, end, MMS_AGED_NOTHING);
}

static bool take_accessed(struct age_walker *k, u64 *slot, u64 frame, unsigned int pages)
{
	if (!test_and_clear_bit(_PAGE_BIT_ACCESSED, (unsigned long *)slot))
		return false;
	mms_page_mark_young(frame);
	k->out->cleared++;
	k->out->referenced += pages;
	return true;
}

/* Any entry, at length. Its lock is held. */
static enum mms_seen look(struct age_walker *k, u64 *slot, unsigned int level, unsigned int pages)
{
	struct mms_entry e;
	unsigned int kind;

	mms_entry_decode(&mms_rules, READ_ONCE(*slot), level, &e);
	switch (e.kind) {
	case MMS_KIND_SWAP:
		return MMS_SEEN_SWAPPED;
	case MMS_KIND_MIGRATION:
		return MMS_SEEN_MOVING;
	case MMS_KIND_LEAF:
		break;
	default:
		return MMS_SEEN_GONE;
	}
	kind = mms_page_kind(k->w.vma, &e);
	if (kind != MMS_KIND_ANON && kind != MMS_KIND_FILE && kind != MMS_KIND_KSM)
		return MMS_SEEN_GONE;
	if (k->strange && !mms_page_ages(e.frame))
		return MMS_SEEN_GONE;
	return take_accessed(k, slot, e.frame, pages) ? MMS_SEEN_REFERENCED : MMS_SEEN_IDLE;
}

/* ptes of one word of the bits: nearly all are plain pages, and most of those idle. */
static void look_word(struct age_walker *k, u64 *slot, struct mms_look *l, unsigned int page,
		      unsigned int nr)
{
	u64 seen[MMS_SEEN_MOVING + 1] = {}, idle = 0, bit = BIT_ULL(page % 64);
	const u64 plain = k->plain, want = k->strange ? ~0ULL : _PAGE_PRESENT;
	unsigned int w = page / 64;
	u64 *end = slot + nr, raw;

	for (; slot < end; slot++, bit <<= 1) {
		raw = READ_ONCE(*slot);
		if ((raw & (plain | _PAGE_ACCESSED)) == want)
			idle |= bit;
		else if (!raw)
			continue;
		else if ((raw & plain) != want)
			seen[look(k, slot, MMSCOPE_LEVEL_PTE, 1)] |= bit;
		else if (take_accessed(k, slot, (raw & mms_rules.phys_mask) >> PAGE_SHIFT, 1))
			seen[MMS_SEEN_REFERENCED] |= bit;
	}
	l->idle[w] |= idle | seen[MMS_SEEN_IDLE];
	l->referenced[w] |= seen[MMS_SEEN_REFERENCED];
	l->swapped[w] |= seen[MMS_SEEN_SWAPPED];
	l->moving[w] |= seen[MMS_SEEN_MOVING];
}

static u64 age_ptes(struct mms_walker *w, u64 *slot, u64 addr, u64 end, unsigned int rights)
{
	struct age_walker *k = age_walker(w);
	struct mms_age_chunk *c = k->out;
	struct mms_aged *a = c->nr ? &c->rec[c->nr - 1] : NULL;
	unsigned int page = mms_entry_index(addr, MMSCOPE_LEVEL_PTE);
	unsigned int last = page + ((end - addr) >> PAGE_SHIFT), n;

	if (!a || a->what != MMS_AGED_PTES || a->end != addr || !page) {
		a = add_record(k, addr, addr, MMS_AGED_PTES);
		a->look.from = page;
	}
	c->entries += last - page;
	a->look.nr += last - page;
	a->end = end;
	for (; page < last; page += n, slot += n) {
		n = min(last, round_down(page, 64) + 64) - page;
		look_word(k, slot, &a->look, page, n);
	}
	return end;
}

static void age_slot(struct mms_walker *w, u64 *slot, u64 addr, u64 end, unsigned int level,
		     unsigned int rights)
{
	struct age_walker *k = age_walker(w);
	enum mms_seen seen = MMS_SEEN_GONE;

	k->out->entries++;
	if (level == MMSCOPE_LEVEL_PMD && READ_ONCE(*slot))
		seen = look(k, slot, level, MMS_AGE_PAGES);
	if (seen == MMS_SEEN_GONE)
		add_nothing(k, addr, end);
	else
		add_record(k, addr, end, MMS_AGED_HUGE)->seen = seen;
}

/*
 * The accessed bit of an entry that points to ptes: why it may be trusted is told
 * in region.c. It is cleared under the lock that every change of the entry is made
 * under, and before any of the ptes is looked at; the CPUs set it at any time.
 */
static bool age_table(struct mms_walker *w, u64 *slot, u64 raw, u64 addr, unsigned int level)
{
	struct age_walker *k = age_walker(w);
	struct mms_age_chunk *c = k->out;
	bool table, referenced = false;
	spinlock_t *ptl;

	if (level != MMSCOPE_LEVEL_PMD)
		return true;
	c->entries++;
	/* a region that a chunk ended in, or that changed under us, was asked about */
	if (!c->spare || addr % PMD_SIZE || addr + PMD_SIZE > w->vma->vm_end || addr == c->asked)
		return true;
	c->asked = addr;
	ptl = pmd_lockptr(w->mm, (pmd_t *)slot);
	spin_lock(ptl);
	raw = READ_ONCE(*slot);
	table = mms_raw_table(raw, level);
	if (table && (raw & _PAGE_ACCESSED))
		referenced = test_and_clear_bit(_PAGE_BIT_ACCESSED, (unsigned long *)slot);
	spin_unlock(ptl);
	c->cleared += referenced;
	if (!table || !c->spare(c->arg, addr, referenced))
		return true;
	c->spared++;
	return false;
}

/* Sampling looks at pages that reclaim could take: no hugetlb, no raw frames. */
static bool age_vma(struct mms_walker *w)
{
	struct age_walker *k = age_walker(w);

	k->strange = (w->vma->vm_flags & VM_MIXEDMAP) || vma_is_dax(w->vma);
	if (!is_vm_hugetlb_page(w->vma) && !(w->vma->vm_flags & (VM_PFNMAP | VM_IO)))
		return true;
	add_nothing(k, w->start, w->vma->vm_end);
	return false;
}

static const struct mms_walk_ops age_ops = {
	.batch = PTE_BATCH,
	.vma = age_vma,
	.table = age_table,
	.ptes = age_ptes,
	.slot = age_slot,
};

/**
 * mms_walk_age - read and clear the accessed bits of the next part of the tables
 * @c: receives it; @c->spare, @c->arg and @c->asked are the caller's, the last
 *	MMS_AGE_NOT_ASKED at the beginning of a scan
 * @mm: pinned by mm_count
 * @pos: where to begin; holes between VMAs are skipped
 *
 * The reference is kept for reclaim: see mms_page_mark_young(). The caller owes a
 * TLB flush for what was cleared. Sleeps.
 *
 * Return: 1 with a chunk, 0 past the last VMA, -ESRCH if the mm is gone, -EINTR
 * on a fatal signal.
 */
int mms_walk_age(struct mms_age_chunk *c, struct mm_struct *mm, u64 pos)
{
	struct age_walker k = {
		.w = {.ops = &age_ops, .mm = mm},
		.out = c,
		.plain = _PAGE_PRESENT | mms_rules.special | mms_rules.devmap,
	};
	int ret;

	c->nr = 0;
	c->cleared = 0;
	c->entries = 0;
	c->referenced = 0;
	c->spared = 0;
	ret = mms_walker_run(&k.w, pos);
	c->start = k.w.start;
	c->next = k.w.next;
	return ret;
}
