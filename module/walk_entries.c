// SPDX-License-Identifier: GPL-2.0-only
/*
 * walk_entries: a block of PID/entries. No page is looked at, so a table of ptes
 * is taken under one hold of its lock.
 */
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include "record.h"
#include "rules.h"
#include "walk.h"
#include "walker.h"

static_assert(sizeof(struct mmscope_entries_header) == 56);
static_assert(sizeof(struct mmscope_entry) == 16);
static_assert(offsetof(struct mms_block, entry) == sizeof(struct mmscope_entries_header));

/**
 * struct entries_walker - a block being filled
 * @w: the walker
 * @out: the block
 * @rec: its records
 */
struct entries_walker {
	struct mms_walker w;
	struct mms_block *out;
	struct mms_recorder rec;
};

static struct entries_walker *entries_walker(struct mms_walker *w)
{
	return container_of(w, struct entries_walker, w);
}

static bool entries_vma(struct mms_walker *w)
{
	struct mmscope_entries_header *head = &entries_walker(w)->out->head;
	const struct vm_area_struct *vma = w->vma;

	head->vma_start = vma->vm_start;
	head->vma_end = vma->vm_end;
	head->vma_flags = vma->vm_flags & VM_READ ? MMSCOPE_VMA_READ : 0;
	head->vma_flags |= vma->vm_flags & VM_WRITE ? MMSCOPE_VMA_WRITE : 0;
	head->vma_flags |= vma->vm_flags & VM_EXEC ? MMSCOPE_VMA_EXEC : 0;
	head->vma_flags |= vma->vm_flags & VM_MAYSHARE ? MMSCOPE_VMA_SHARED : 0;
	head->vma_flags |= is_vm_hugetlb_page(w->vma) ? MMSCOPE_VMA_HUGETLB : 0;
	return true;
}

static u64 entries_ptes(struct mms_walker *w, u64 *slot, u64 addr, u64 end, unsigned int rights)
{
	struct mms_recorder *rec = &entries_walker(w)->rec;

	addr = mms_record_ptes(rec, slot, addr, end, rights);
	w->full = rec->next == rec->end;
	return addr;
}

static void entries_slot(struct mms_walker *w, u64 *slot, u64 addr, u64 end, unsigned int level,
			 unsigned int rights)
{
	struct mms_recorder *rec = &entries_walker(w)->rec;

	mms_record(rec, READ_ONCE(*slot), addr, level, rights);
	w->full = rec->next == rec->end;
}

static const struct mms_walk_ops entries_ops = {
	.batch = PTRS_PER_PTE,
	.vma = entries_vma,
	.ptes = entries_ptes,
	.slot = entries_slot,
};

/**
 * mms_walk_entries - read the next entries that are not empty
 * @b: receives them, and its header; @b->head.nr may be 0
 * @mm: pinned by mm_count
 * @pos: an address; begins with the entry that it lies in, or the next one
 * @most: records wanted at most, at least 1; @b has room for them
 *
 * Go on from @b->head.end, which may be where this began (see mms_walk_chunk()).
 * Sleeps.
 *
 * Return: 1 with a block, 0 past the last VMA, -ESRCH if the mm is gone, -EINTR
 * on a fatal signal.
 */
int mms_walk_entries(struct mms_block *b, struct mm_struct *mm, u64 pos, unsigned int most)
{
	struct entries_walker k = {.w = {.ops = &entries_ops, .mm = mm}, .out = b};
	struct mmscope_entries_header *head = &b->head;
	int ret;

	mms_recorder_init(&k.rec, &mms_rules, b->entry, most);
	ret = mms_walker_run(&k.w, pos & PAGE_MASK);
	head->size = sizeof(*head);
	head->record_size = sizeof(*b->entry);
	head->nr = k.rec.next - b->entry;
	head->start = k.w.start;
	head->end = k.w.next;
	head->reserved = 0;
	/* inside a large leaf, all of which is then told of */
	if (head->nr)
		head->start = min(head->start, MMSCOPE_ENTRY_ADDR(b->entry));
	return ret;
}
