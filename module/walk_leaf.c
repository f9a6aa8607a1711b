// SPDX-License-Identifier: GPL-2.0-only
/*
 * walk_leaf: a chunk of leaves, with what their pages are. Must not know views
 * or user pointers.
 */
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/slab.h>
#include "compat/page.h"
#include "page.h"
#include "rules.h"
#include "walk.h"
#include "walker.h"

/**
 * struct leaf_walker - a chunk being filled
 * @w: the walker
 * @out: the chunk
 * @above: rights of the levels above @last
 * @last: the entry noted last, of the latest leaf if that is a pte's
 */
struct leaf_walker {
	struct mms_walker w;
	struct mms_walk *out;
	unsigned int above;
	struct mms_entry last;
};

/**
 * mms_walk_create - make room for chunks
 * @pages: what the caller wants to know of pages
 * @names: the caller wants the names of VMAs
 *
 * Context: may sleep.
 * Return: to be freed by mms_walk_destroy(), or NULL.
 */
struct mms_walk *mms_walk_create(enum mms_walk_pages pages, bool names)
{
	struct mms_walk *w = kvzalloc(sizeof(*w), GFP_KERNEL);

	if (!w)
		return NULL;
	w->pages = pages;
	if (!names)
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

/**
 * mms_leaf_fill - turn an entry into a leaf
 * @l: all but its addresses and @hugetlb is written, as if it had no page
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
	l->order = 0;
	l->node = 0;
	l->shared = 0;
}

/*
 * NUMA balancing and mprotect() make a leaf inaccessible alike: what the VMA
 * allows tells them apart, and userfaultfd's way of the same by its own bit.
 */
static bool is_numa_hint(struct vm_area_struct *vma, const struct mms_entry *e)
{
	if (!(e->flags & MMS_FLAG_PROTNONE) || !vma_is_accessible(vma))
		return false;
	return !(vma->vm_flags & VM_UFFD_RWP) || !(e->flags & MMS_FLAG_UFFD_WP);
}

static void note_page(struct leaf_walker *k, struct mms_leaf *l, const u64 *slot)
{
	switch (k->out->pages) {
	case MMS_WALK_NO_PAGES:
		break;
	case MMS_WALK_KINDS:
	case MMS_WALK_FRAMES:
		l->kind = mms_page_kind(k->w.vma, &k->last);
		break;
	case MMS_WALK_PAGES:
		mms_page_note(l, k->w.vma, &k->last, slot);
		break;
	}
}

/*
 * Add a pte to the leaf before it, of which it differs in its frame alone: most
 * do, and every leaf costs its reader more. Part of a large folio stays single.
 */
static bool join(struct mms_leaf *to, const struct mms_leaf *l)
{
	if (to->kind != l->kind || to->node != l->node || to->order || l->order)
		return false;
	to->end = l->end;
	to->shared += l->shared;
	return true;
}

/* Keep one entry of @slot for [start, end). Locked by the caller if not empty. */
static void note(struct leaf_walker *k, u64 *slot, u64 start, u64 end, unsigned int level,
		 unsigned int rights)
{
	struct mms_walk *w = k->out;
	struct mms_leaf *l = &w->leaf[w->nr];
	struct mms_entry *e = &k->last;
	u64 raw = READ_ONCE(*slot);
	bool again = level == MMSCOPE_LEVEL_PTE && mms_entry_again(&mms_rules, raw, e);

	if (again && w->pages == MMS_WALK_NO_PAGES) {
		l[-1].end = end;
		return;
	}
	if (again) {
		*l = l[-1];
		l->frame = e->frame;
	} else {
		mms_entry_decode(&mms_rules, raw, level, e);
		if (e->kind == MMS_KIND_NONE && w->nr && l[-1].kind == MMS_KIND_NONE) {
			l[-1].end = end;
			return;
		}
		mms_leaf_fill(l, e, rights);
		l->hugetlb = is_vm_hugetlb_page(k->w.vma);
		l->flags |= is_numa_hint(k->w.vma, e) ? MMS_FLAG_NUMAHINT : 0;
	}
	l->start = start;
	l->end = end;
	if (e->kind == MMS_KIND_LEAF)
		note_page(k, l, slot);
	if (again && w->pages != MMS_WALK_FRAMES && join(&l[-1], l))
		return;
	w->nr++;
	k->w.full = w->nr == MMS_WALK_LEAVES;
}

static struct leaf_walker *leaf_walker(struct mms_walker *w)
{
	return container_of(w, struct leaf_walker, w);
}

static u64 leaf_ptes(struct mms_walker *w, u64 *slot, u64 addr, u64 end, unsigned int rights)
{
	struct leaf_walker *k = leaf_walker(w);

	/* what is alike in another table may still have other rights */
	if (rights != k->above)
		k->last = (struct mms_entry){};
	k->above = rights;
	for (; addr < end && !w->full; addr += PAGE_SIZE)
		note(k, slot++, addr, addr + PAGE_SIZE, MMSCOPE_LEVEL_PTE, rights);
	return addr;
}

static void leaf_slot(struct mms_walker *w, u64 *slot, u64 addr, u64 end, unsigned int level,
		      unsigned int rights)
{
	note(leaf_walker(w), slot, addr, end, level, rights);
}

static bool leaf_vma(struct mms_walker *w)
{
	struct mms_walk *out = leaf_walker(w)->out;

	mms_vma_note(&out->vma, w->vma, out->path);
	return true;
}

/* A note looks at the page: what the process must wait for is kept short. */
#define PTE_BATCH 64

static const struct mms_walk_ops leaf_ops = {
	.batch = PTE_BATCH,
	.vma = leaf_vma,
	.ptes = leaf_ptes,
	.slot = leaf_slot,
};

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
	struct leaf_walker k = {
		.w = {.ops = &leaf_ops, .mm = mm},
		.out = w,
	};
	int ret;

	w->nr = 0;
	ret = mms_walker_run(&k.w, pos);
	w->start = k.w.start;
	w->next = k.w.next;
	if (ret > 0 && w->path)
		w->name = mms_vma_name(&w->vma, w->path, PATH_MAX);
	return ret;
}
