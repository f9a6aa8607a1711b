// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_maps: per VMA, what its page tables hold, and the sum. Owns the format,
 * which follows /proc/PID/smaps.
 */
#include <linux/err.h>
#include <linux/kdev_t.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include "census.h"
#include "target.h"
#include "view.h"
#include "walk.h"

/* Position: 0 = before the first, else start / PAGE_SIZE + 1 of the block. */
#define POS_TOTAL (1LL << 61)
#define POS_END	  (1LL << 62)

/**
 * struct view - one open file; all under the seq_file's lock
 * @target: a reference
 * @walk: the latest chunk
 * @fetched: @walk has a chunk that no block has taken yet
 * @pos: seq_file position of the block
 * @vma: the VMA of the block
 * @start: first address of the block
 * @end: address after the last: the VMA's, unless it changed under us
 * @block: the counts
 * @total: the sum of all blocks so far
 * @name: the VMA's name
 */
struct view {
	struct mms_target *target;
	struct mms_walk *walk;
	bool fetched;
	loff_t pos;
	struct mms_vma vma;
	u64 start;
	u64 end;
	struct mms_tally block;
	struct mms_tally total;
	char name[PATH_MAX];
};

/* Returns 1 with a chunk, 0 at the end, or an error. */
static int fetch(struct view *v)
{
	int ret;

	if (v->fetched)
		return 1;
	if (fatal_signal_pending(current))
		return -EINTR;
	cond_resched();
	ret = mms_walk_chunk(v->walk, v->target->mm, v->walk->next);
	v->fetched = ret > 0;
	return ret;
}

static void take(struct view *v)
{
	unsigned int i;

	for (i = 0; i < v->walk->nr; i++)
		mms_tally_add(&v->block, &v->walk->leaf[i]);
	v->end = v->walk->next;
	v->fetched = false;
}

/* Does the latest chunk go on where the block ended, in the same VMA? */
static bool continues(const struct view *v)
{
	const struct mms_vma *a = &v->vma, *b = &v->walk->vma;

	return v->walk->start == v->end && a->start == b->start && a->end == b->end &&
	       a->flags == b->flags && a->ino == b->ino && a->offset == b->offset;
}

/*
 * The whole of the next VMA. If it changes between two chunks the block ends
 * there, so that what a block says of its range is always true of all of it.
 */
static void *advance(struct view *v, loff_t *pos)
{
	int ret;

	v->pos = *pos = POS_END;
	ret = fetch(v);
	/* a list that the end of the process cut short has no total */
	if (ret < 0)
		return ret == -ESRCH ? NULL : ERR_PTR(ret);
	if (!ret) {
		v->pos = *pos = POS_TOTAL;
		return &v->total;
	}
	v->vma = v->walk->vma;
	v->start = v->walk->start;
	v->block = (struct mms_tally){};
	strscpy(v->name, v->walk->name, sizeof(v->name));
	do {
		take(v);
		if (v->end >= v->vma.end)
			break;
		ret = fetch(v);
	} while (ret > 0 && continues(v));
	if (ret == -EINTR)
		return ERR_PTR(ret);
	mms_tally_sum(&v->total, &v->block);
	v->pos = *pos = (v->start >> PAGE_SHIFT) + 1;
	return &v->block;
}

static void *maps_start(struct seq_file *m, loff_t *pos)
{
	struct view *v = m->private;

	if (*pos == POS_END)
		return NULL;
	if (*pos && *pos == v->pos)
		return *pos == POS_TOTAL ? &v->total : &v->block;
	v->fetched = false;
	v->walk->next = *pos ? (u64)(*pos - 1) << PAGE_SHIFT : 0;
	v->total = (struct mms_tally){};
	return advance(v, pos);
}

static void *maps_next(struct seq_file *m, void *cur, loff_t *pos)
{
	struct view *v = m->private;

	if (cur != &v->total)
		return advance(v, pos);
	v->pos = *pos = POS_END;
	return NULL;
}

static void maps_stop(struct seq_file *m, void *cur)
{
}

/* The first line is that of /proc/PID/maps, to the column. */
static void show_vma(struct seq_file *m, const struct view *v)
{
	const struct mms_vma *vma = &v->vma;
	char rights[5];

	seq_setwidth(m, 25 + sizeof(void *) * 6 - 1);
	mms_vma_rights(vma, rights);
	seq_printf(m, "%08llx-%08llx %s %08llx %02x:%02x %lu ", v->start, v->end, rights,
		   vma->offset, MAJOR(vma->dev), MINOR(vma->dev), vma->ino);
	if (*v->name) {
		seq_pad(m, ' ');
		seq_escape(m, v->name, "\n");
	}
	seq_putc(m, '\n');
}

static int maps_show(struct seq_file *m, void *cur)
{
	const struct view *v = m->private;
	const struct mms_tally *t = cur;
	char key[16];
	int i;

	if (t == &v->total)
		seq_puts(m, "Total\n");
	else
		show_vma(m, v);
	for (i = 0; i < __MMS_TALLY_MAX; i++) {
		snprintf(key, sizeof(key), "%s:", mms_tally_name(i));
		seq_printf(m, "%-14s %10llu kB\n", key, t->pages[i] << (PAGE_SHIFT - 10));
	}
	return 0;
}

static const struct seq_operations maps_ops = {
	.start = maps_start,
	.next = maps_next,
	.stop = maps_stop,
	.show = maps_show,
};

static int maps_open(struct inode *inode, struct file *file)
{
	struct view *v;
	int err = mms_view_may_open();

	if (err)
		return err;
	v = __seq_open_private(file, &maps_ops, sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->walk = mms_walk_create(true);
	if (!v->walk) {
		seq_release_private(inode, file);
		return -ENOMEM;
	}
	v->target = inode->i_private;
	mms_target_get(v->target);
	return 0;
}

static int maps_release(struct inode *inode, struct file *file)
{
	struct view *v = ((struct seq_file *)file->private_data)->private;
	struct mms_target *t = v->target;

	mms_walk_destroy(v->walk);
	seq_release_private(inode, file);
	mms_target_put(t);
	return 0;
}

const struct file_operations mms_maps_fops = {
	.owner = THIS_MODULE,
	.open = maps_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = maps_release,
};
