// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_ranges: merged ranges of all VMAs. Owns the format; memory in use does
 * not depend on the size of the process: the position is an address, and one
 * chunk of leaves is held.
 */
#include <linux/err.h>
#include <linux/seq_file.h>
#include "range.h"
#include "target.h"
#include "view.h"
#include "walk.h"

/* Position: 0 = before the first, else start / PAGE_SIZE + 1 of the range. */
#define POS_END (1LL << 62)

/**
 * struct view - one open file; all under the seq_file's lock
 * @chunks: the chunk being merged
 * @leaf: next leaf of it
 * @pos: seq_file position of @range
 * @range: being shown
 * @vma_start: the VMA of @range
 * @named: its name differs from the one before
 * @name: the name
 */
struct view {
	struct mms_view_chunks chunks;
	unsigned int leaf;
	loff_t pos;
	struct mms_range range;
	u64 vma_start;
	bool named;
	char name[PATH_MAX];
};

/* The next leaf, NULL at the end or when the mm is gone, or an error. */
static const struct mms_leaf *peek(struct view *v)
{
	struct mms_walk *w = v->chunks.walk;
	int ret;

	while (v->leaf >= w->nr) {
		ret = mms_view_chunks_next(&v->chunks);
		v->leaf = 0;
		if (ret <= 0) {
			w->nr = 0;
			return ret && ret != -ESRCH ? ERR_PTR(ret) : NULL;
		}
	}
	return &w->leaf[v->leaf];
}

static void *advance(struct view *v, loff_t *pos)
{
	const struct mms_leaf *l = peek(v);
	const struct mms_walk *w = v->chunks.walk;
	struct mms_range *r = &v->range;

	*pos = POS_END;
	v->pos = POS_END;
	if (IS_ERR_OR_NULL(l))
		return (void *)l;
	v->named = strcmp(v->name, w->name) || !v->vma_start;
	if (v->named)
		strscpy(v->name, w->name, sizeof(v->name));
	v->vma_start = w->vma.start;
	mms_range_begin(r, l);
	v->leaf++;
	while ((l = peek(v))) {
		if (IS_ERR(l))
			return (void *)l;
		if (w->vma.start != v->vma_start || !mms_range_merge(r, l))
			break;
		v->leaf++;
	}
	*pos = (r->start >> PAGE_SHIFT) + 1;
	v->pos = *pos;
	return r;
}

static void *ranges_start(struct seq_file *m, loff_t *pos)
{
	struct view *v = m->private;

	if (*pos == POS_END)
		return NULL;
	if (*pos && *pos == v->pos)
		return &v->range;
	v->chunks.walk->nr = 0;
	v->leaf = 0;
	v->chunks.walk->next = *pos ? (u64)(*pos - 1) << PAGE_SHIFT : 0;
	v->vma_start = 0;
	v->name[0] = 0;
	return advance(v, pos);
}

static void *ranges_next(struct seq_file *m, void *cur, loff_t *pos)
{
	return advance(m->private, pos);
}

static void ranges_stop(struct seq_file *m, void *cur)
{
}

static int ranges_show(struct seq_file *m, void *cur)
{
	const struct view *v = m->private;
	const struct mms_range *r = cur;
	char flags[MMS_FLAGS_LEN], rights[5];

	if (v->named) {
		seq_puts(m, "---[ ");
		seq_escape(m, *v->name ? v->name : "anon", "\n");
		seq_puts(m, " ]---\n");
	}
	seq_printf(m, "0x%llx-0x%llx %llu %s %s %s %s young=%llu dirty=%llu\n", r->start, r->end,
		   (r->end - r->start) >> 10, r->level ? mms_level_name(r->level) : "-",
		   mms_kind_name(r->kind), mms_rights_text(rights, r->rights),
		   mms_flags_text(flags, sizeof(flags), r->flags, ','), r->young, r->dirty);
	return 0;
}

static const struct seq_operations ranges_ops = {
	.start = ranges_start,
	.next = ranges_next,
	.stop = ranges_stop,
	.show = ranges_show,
};

static int ranges_open(struct inode *inode, struct file *file)
{
	return PTR_ERR_OR_ZERO(mms_view_chunks_open(inode, file, &ranges_ops, sizeof(struct view),
						    MMS_WALK_KINDS));
}

const struct file_operations mms_ranges_fops = {
	.owner = THIS_MODULE,
	.open = ranges_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = mms_view_chunks_release,
};
