// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_maps: per VMA, what its page tables hold, and the sum. Owns the format,
 * which follows /proc/PID/smaps.
 */
#include <linux/err.h>
#include <linux/kdev_t.h>
#include <linux/nodemask.h>
#include <linux/seq_file.h>
#include <linux/overflow.h>
#include "census.h"
#include "target.h"
#include "view.h"
#include "walk.h"

/* Position: 0 = before the first, else start / PAGE_SIZE + 1 of the block. */
#define POS_TOTAL (1LL << 61)
#define POS_END	  (1LL << 62)

/**
 * struct view - one open file; all under the seq_file's lock
 * @chunks: the latest chunk
 * @fetched: there is a chunk that no block has taken yet
 * @pos: seq_file position of the block
 * @vma: the VMA of the block
 * @start: first address of the block
 * @end: address after the last: the VMA's, unless it changed under us
 * @block: the counts
 * @total: the sum of all blocks so far
 * @name: the VMA's name
 * @node: pages by node, of @block and of @total
 */
struct view {
	struct mms_view_chunks chunks;
	bool fetched;
	loff_t pos;
	struct mms_vma vma;
	u64 start;
	u64 end;
	struct mms_tally block;
	struct mms_tally total;
	char name[PATH_MAX];
	u64 node[];
};

/* Returns 1 with a chunk, 0 at the end, or an error. */
static int fetch(struct view *v)
{
	int ret;

	if (v->fetched)
		return 1;
	ret = mms_view_chunks_next(&v->chunks);
	v->fetched = ret > 0;
	return ret;
}

static void take(struct view *v)
{
	const struct mms_walk *w = v->chunks.walk;
	unsigned int i;

	for (i = 0; i < w->nr; i++)
		mms_tally_add(&v->block, &w->leaf[i]);
	v->end = w->next;
	v->fetched = false;
}

/* Does the latest chunk go on where the block ended, in the same VMA? */
static bool continues(const struct view *v)
{
	const struct mms_walk *w = v->chunks.walk;
	const struct mms_vma *a = &v->vma, *b = &w->vma;

	return w->start == v->end && a->start == b->start && a->end == b->end &&
	       a->flags == b->flags && a->ino == b->ino && a->offset == b->offset;
}

/*
 * The whole of the next VMA. If it changes between two chunks the block ends
 * there, so that what a block says of its range is always true of all of it.
 */
static void *advance(struct view *v, loff_t *pos)
{
	const struct mms_walk *w = v->chunks.walk;
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
	v->vma = w->vma;
	v->start = w->start;
	mms_tally_begin(&v->block, mms_vma_allows(&v->vma));
	strscpy(v->name, w->name, sizeof(v->name));
	do {
		take(v);
		if (v->end >= v->vma.end)
			break;
		ret = fetch(v);
	} while (ret > 0 && continues(v));
	if (ret < 0 && ret != -ESRCH)
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
	v->chunks.walk->next = *pos ? (u64)(*pos - 1) << PAGE_SHIFT : 0;
	mms_tally_begin(&v->total, 0);
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

static void show_key(struct seq_file *m, const char *key, u64 pages)
{
	seq_printf(m, "%-14s %10llu kB\n", key, pages << (PAGE_SHIFT - 10));
}

/* Nodes that have memory, and those that had it when the page was there. */
static void show_nodes(struct seq_file *m, const struct mms_tally *t)
{
	char key[16];
	u32 i;

	for (i = 0; i < t->nodes; i++) {
		if (!t->node[i] && !node_state(i, N_MEMORY))
			continue;
		snprintf(key, sizeof(key), "Node%u:", i);
		show_key(m, key, t->node[i]);
	}
}

static void show_swaps(struct seq_file *m, const struct mms_tally *t)
{
	char key[16];
	u32 i;

	for (i = 0; i < MMS_TALLY_SWAPS; i++) {
		if (!t->swap[i])
			continue;
		snprintf(key, sizeof(key), "Swap%u:", i);
		show_key(m, key, t->swap[i]);
	}
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
		show_key(m, key, t->pages[i]);
	}
	show_nodes(m, t);
	show_swaps(m, t);
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
	size_t size = struct_size((struct view *)NULL, node, 2 * nr_node_ids);
	struct view *v = mms_view_chunks_open(inode, file, &maps_ops, size, MMS_WALK_PAGES);

	if (IS_ERR(v))
		return PTR_ERR(v);
	v->block.nodes = nr_node_ids;
	v->block.node = v->node;
	v->total.nodes = nr_node_ids;
	v->total.node = v->node + nr_node_ids;
	return 0;
}

const struct file_operations mms_maps_fops = {
	.owner = THIS_MODULE,
	.open = maps_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = mms_view_chunks_release,
};
