// SPDX-License-Identifier: GPL-2.0-only
/*
 * shared: a bit for every frame that a process maps, and what of another
 * process's pages has its bit set. Must not know how it is shown.
 */
#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include "shared.h"
#include "walk.h"

/* Frames of a bitmap: one page of bits. */
#define CHUNK_SHIFT  (PAGE_SHIFT + 3)
#define CHUNK_FRAMES (1UL << CHUNK_SHIFT)

/**
 * mms_frames_create - an empty set
 *
 * Context: may sleep.
 * Return: for mms_frames_destroy(), or NULL.
 */
struct mms_frames *mms_frames_create(void)
{
	struct mms_frames *f = kmalloc(sizeof(*f), GFP_KERNEL);

	if (f)
		xa_init(&f->chunks);
	return f;
}

/**
 * mms_frames_destroy - free a set
 * @f: may be NULL
 */
void mms_frames_destroy(struct mms_frames *f)
{
	unsigned long *bits, i;

	if (!f)
		return;
	xa_for_each(&f->chunks, i, bits) kfree(bits);
	xa_destroy(&f->chunks);
	kfree(f);
}

static unsigned long *chunk_of(struct mms_frames *f, u64 frame)
{
	unsigned long *bits = xa_load(&f->chunks, frame >> CHUNK_SHIFT);

	if (bits)
		return bits;
	bits = bitmap_zalloc(CHUNK_FRAMES, GFP_KERNEL);
	if (!bits || xa_err(xa_store(&f->chunks, frame >> CHUNK_SHIFT, bits, GFP_KERNEL))) {
		kfree(bits);
		return NULL;
	}
	return bits;
}

/* How many of @nr frames lie in the chunk of the first. */
static unsigned int in_chunk(u64 frame, u64 nr)
{
	return min_t(u64, nr, CHUNK_FRAMES - frame % CHUNK_FRAMES);
}

static int add(struct mms_frames *f, u64 frame, u64 nr)
{
	unsigned long *bits;
	unsigned int n;

	for (; nr; frame += n, nr -= n) {
		n = in_chunk(frame, nr);
		bits = chunk_of(f, frame);
		if (!bits)
			return -ENOMEM;
		bitmap_set(bits, frame % CHUNK_FRAMES, n);
	}
	return 0;
}

static u64 count(struct xarray *chunks, u64 frame, u64 nr)
{
	const unsigned long *bits;
	unsigned int n, i, from;
	u64 sum = 0;

	for (; nr; frame += n, nr -= n) {
		n = in_chunk(frame, nr);
		from = frame % CHUNK_FRAMES;
		bits = xa_load(chunks, frame >> CHUNK_SHIFT);
		for (i = from; bits && i < from + n; i++)
			sum += test_bit(i, bits);
	}
	return sum;
}

/* The zero page is everybody's, and special frames are nobody's. */
static bool counts(const struct mms_leaf *l)
{
	return l->kind == MMS_KIND_ANON || l->kind == MMS_KIND_FILE || l->kind == MMS_KIND_KSM;
}

/**
 * mms_frames_read - add all that a process maps
 * @f: the set
 * @w: to be used for it
 * @mm: pinned by mm_count
 * @stop: becomes true if nobody wants them any more
 *
 * Context: sleeps.
 * Return: 0, also if the mm is gone; -EINTR, -ENOMEM, -EIO because of @stop.
 */
int mms_frames_read(struct mms_frames *f, struct mms_walk *w, struct mm_struct *mm,
		    const bool *stop)
{
	unsigned int i;
	int ret;

	for (w->next = 0; (ret = mms_walk_chunk(w, mm, w->next)) > 0;) {
		for (i = 0; i < w->nr; i++) {
			const struct mms_leaf *l = &w->leaf[i];

			ret = counts(l) ? add(f, l->frame, (l->end - l->start) >> PAGE_SHIFT) : 0;
			if (ret)
				return ret;
		}
		if (fatal_signal_pending(current))
			return -EINTR;
		if (READ_ONCE(*stop))
			return -EIO;
		cond_resched();
	}
	return ret == -ESRCH ? 0 : ret;
}

/**
 * mms_shared_count - add up pages of a chunk that are in a set
 * @f: the set
 * @w: the chunk
 * @s: is added to
 */
void mms_shared_count(const struct mms_frames *f, const struct mms_walk *w, struct mms_shared *s)
{
	unsigned int i;
	u64 n;

	for (i = 0; i < w->nr; i++) {
		const struct mms_leaf *l = &w->leaf[i];

		if (!counts(l))
			continue;
		n = count((struct xarray *)&f->chunks, l->frame, (l->end - l->start) >> PAGE_SHIFT);
		if (l->kind == MMS_KIND_FILE)
			s->file += n;
		else
			s->anon += n;
	}
}
