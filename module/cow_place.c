// SPDX-License-Identifier: GPL-2.0-only
/*
 * cow_place: the latest events of a target, and which mappings they fell in. A
 * VMA is looked up by who may sleep; a page whose fault ended where nobody may
 * waits until then.
 */
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "cow_tables.h"
#include "params.h"
#include "target.h"
#include "vma.h"

/* Events looked through with interrupts off, at most. */
#define SEARCH_MAX 1024

/**
 * mms_cow_make_tables - make the large part, if there is none
 * @c: of a target
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM: then pages are counted, and have no mapping.
 */
int mms_cow_make_tables(struct mms_cow *c)
{
	unsigned int size = mms_param_cow_events();
	struct mms_cow_tables *x;

	if (READ_ONCE(c->tables))
		return 0;
	x = kvzalloc(struct_size(x, ring, size), GFP_KERNEL);
	if (!x)
		return -ENOMEM;
	x->size = size;
	if (cmpxchg(&c->tables, NULL, x))
		kvfree(x);
	return 0;
}

/**
 * mms_cow_free_tables - undo mms_cow_make_tables()
 * @c: nobody uses it any more
 */
void mms_cow_free_tables(struct mms_cow *c)
{
	unsigned int i;

	for (i = 0; c->tables && i < c->tables->nr_vmas; i++)
		kfree(c->tables->vma[i].name);
	kvfree(c->tables);
}

/**
 * mms_cow_ring_put - keep an event, in place of the oldest
 * @c: locked
 * @e: the event
 *
 * One that had to wait may come after later ones: it takes their time, as the
 * ring is in order for mms_cow_ring_has().
 */
void mms_cow_ring_put(struct mms_cow *c, const struct mms_cow_event *e)
{
	struct mms_cow_tables *x = READ_ONCE(c->tables);
	struct mms_cow_event *last, *next;

	c->events++;
	if (!x)
		return;
	last = x->kept ? &x->ring[(x->kept - 1) % x->size] : NULL;
	next = &x->ring[x->kept++ % x->size];
	*next = *e;
	if (last)
		next->time_ns = max(next->time_ns, last->time_ns);
}

/* Do two faults tell of one change of one entry? */
static bool same(const struct mms_cow_event *a, const struct mms_cow_event *b)
{
	u64 mask = ~(max(a->size, b->size) - 1);

	return !((a->address ^ b->address) & mask) &&
	       a->new_frame - (a->address >> PAGE_SHIFT) ==
		       b->new_frame - (b->address >> PAGE_SHIFT);
}

/**
 * mms_cow_ring_has - did another fault tell of the same
 * @c: locked
 * @e: the event
 * @since: boot clock; those before were something else
 */
bool mms_cow_ring_has(const struct mms_cow *c, const struct mms_cow_event *e, u64 since)
{
	const struct mms_cow_tables *x = READ_ONCE(c->tables);
	const struct mms_cow_event *other;
	u64 i, last;

	if (!x)
		return false;
	last = x->kept - min3(x->kept, (u64)x->size, (u64)SEARCH_MAX);
	for (i = x->kept; i > last; i--) {
		other = &x->ring[(i - 1) % x->size];
		if (other->time_ns < since)
			break;
		if (same(other, e))
			return true;
	}
	return false;
}

/**
 * mms_cow_wait - leave a page to be placed by who can sleep
 * @t: the target
 * @e: the event
 * @since: when its fault was taken, boot clock
 * @known: it was noted; else its VMA decides
 *
 * Context: any but NMI.
 */
void mms_cow_wait(struct mms_target *t, const struct mms_cow_event *e, u64 since, bool known)
{
	struct mms_cow *c = &t->cow;
	struct mms_cow_tables *x;
	unsigned long flags;

	raw_spin_lock_irqsave(&c->lock, flags);
	x = READ_ONCE(c->tables);
	if (x && x->nr_waiting < MMS_COW_WAITING) {
		x->waiting[(x->first_waiting + x->nr_waiting) % MMS_COW_WAITING] =
			(struct mms_cow_waiting){.event = *e, .since = since, .known = known};
		WRITE_ONCE(x->nr_waiting, x->nr_waiting + 1);
	} else if (known) {
		c->unplaced++;
		if (x)
			mms_cow_add(&x->other, e->what, e->size);
	}
	raw_spin_unlock_irqrestore(&c->lock, flags);
}

/* Locked. The VMA may have grown or been cut since: any part in common will do. */
static struct mms_cow_vma *find(struct mms_cow_tables *x, const struct mms_vma *v)
{
	struct mms_cow_vma *r;

	for (r = x->vma; r < x->vma + x->nr_vmas; r++)
		if (v->start < r->end && r->start < v->end && v->dev == r->dev && v->ino == r->ino)
			return r;
	return NULL;
}

/* Count in the VMA that is known already. Returns false if it is none of those. */
static bool count_known(struct mms_cow *c, const struct mms_vma *v, const struct mms_cow_event *e)
{
	struct mms_cow_vma *r = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&c->lock, flags);
	if (c->tables)
		r = find(c->tables, v);
	if (r)
		mms_cow_add(&r->counts, e->what, e->size);
	raw_spin_unlock_irqrestore(&c->lock, flags);
	return r;
}

/* Count in "other": of a VMA that there is no room for, or (@v NULL) unknown. */
static void count_other(struct mms_cow *c, const struct mms_vma *v, const struct mms_cow_event *e)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&c->lock, flags);
	c->unplaced += !v;
	if (c->tables)
		mms_cow_add(&c->tables->other, e->what, e->size);
	raw_spin_unlock_irqrestore(&c->lock, flags);
}

static bool add_vma(struct mms_cow *c, const struct mms_vma *v, const char *name)
{
	struct mms_cow_tables *x = c->tables;
	size_t size = strlen(name) + 1;
	unsigned long flags;
	bool room;

	raw_spin_lock_irqsave(&c->lock, flags);
	room = x->nr_vmas < MMS_COW_VMAS && size <= MMS_COW_NAMES - x->names && !find(x, v);
	if (room) {
		x->names += size;
		x->vma[x->nr_vmas++] = (struct mms_cow_vma){
			.start = v->start,
			.end = v->end,
			.dev = v->dev,
			.ino = v->ino,
			.name = name,
		};
	}
	raw_spin_unlock_irqrestore(&c->lock, flags);
	return room;
}

/* A VMA seen for the first time, its file pinned by @v until it is named. */
static void count_new(struct mms_cow *c, struct mms_vma *v, const struct mms_cow_event *e)
{
	char *path = kmalloc(PATH_MAX, GFP_KERNEL);
	const char *name = NULL;
	char none[1];

	if (path)
		name = kstrdup(mms_vma_name(v, path, PATH_MAX), GFP_KERNEL);
	else
		mms_vma_name(v, none, sizeof(none));
	kfree(path);
	if (!name || !c->tables || !add_vma(c, v, name))
		kfree(name);
	if (!count_known(c, v, e))
		count_other(c, v, e);
}

/* Copies are private; what a write to a hugetlb mapping finds empty is not copied. */
static bool fills(const struct mms_vma *v, bool hugetlb)
{
	return v->ino && !(v->flags & VM_SHARED) && !hugetlb;
}

/**
 * mms_cow_place - count a page in its mapping
 * @t: the target
 * @mm: its mm, in use
 * @e: the event
 * @since: when its fault was taken, boot clock
 * @known: it was noted; else it is now, if its VMA is a private file mapping
 *
 * Context: no lock held; sleeps.
 */
void mms_cow_place(struct mms_target *t, struct mm_struct *mm, struct mms_cow_event *e, u64 since,
		   bool known)
{
	struct vm_area_struct *vma;
	struct mms_vma v;
	bool placed = false;

	if (mmap_read_lock_killable(mm)) {
		vma = NULL;
		goto count;
	}
	vma = vma_lookup(mm, e->address);
	if (vma) {
		mms_vma_note(&v, vma, false);
		if (!known)
			known = fills(&v, is_vm_hugetlb_page(vma)) && mms_cow_note(t, e, since);
		placed = !known || count_known(&t->cow, &v, e);
		if (!placed)
			mms_vma_note(&v, vma, true);
	}
	mmap_read_unlock(mm);
count:
	if (!vma && known)
		count_other(&t->cow, NULL, e);
	else if (!placed && vma)
		count_new(&t->cow, &v, e);
}

static bool take_waiting(struct mms_cow *c, struct mms_cow_waiting *w)
{
	struct mms_cow_tables *x;
	unsigned long flags;
	bool any;

	raw_spin_lock_irqsave(&c->lock, flags);
	x = READ_ONCE(c->tables);
	any = x && x->nr_waiting;
	if (any) {
		*w = x->waiting[x->first_waiting++];
		x->first_waiting %= MMS_COW_WAITING;
		WRITE_ONCE(x->nr_waiting, x->nr_waiting - 1);
	}
	raw_spin_unlock_irqrestore(&c->lock, flags);
	return any;
}

/**
 * mms_cow_settle - place the pages that wait
 * @t: the target
 * @mm: its mm, in use; NULL if it is gone
 *
 * Context: no lock held; sleeps.
 */
void mms_cow_settle(struct mms_target *t, struct mm_struct *mm)
{
	struct mms_cow_tables *x = READ_ONCE(t->cow.tables);
	struct mms_cow_waiting w;

	if (!x || !READ_ONCE(x->nr_waiting))
		return;
	while (take_waiting(&t->cow, &w)) {
		if (mm)
			mms_cow_place(t, mm, &w.event, w.since, w.known);
		else if (w.known)
			count_other(&t->cow, NULL, &w.event);
	}
}
