// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_tables: what the page tables themselves cost. Owns the format. The tables
 * are walked twice, for the sums and for the lines of VMAs, so that memory in
 * use does not depend on the number of VMAs.
 */
#include <linux/err.h>
#include <linux/pgtable.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include "rules.h"
#include "target.h"
#include "view.h"
#include "walk.h"

/* Position: 0 = the sums, else start / PAGE_SIZE + 1 of the VMA. */
#define POS_NONE (1LL << 61)
#define POS_END	 (1LL << 62)

/**
 * struct view - one open file; all under the seq_file's lock
 * @target: a reference
 * @walk: what is counted so far
 * @fetched: the latest part is of the VMA after the line's
 * @before: the count before the latest part
 * @pos: seq_file position of the line
 * @start: first address of the line
 * @end: address after the last: the VMA's, unless it changed under us
 * @nr: tables first met in it
 * @path: for @walk
 * @name: the VMA's name
 */
struct view {
	struct mms_target *target;
	struct mms_table_walk walk;
	bool fetched;
	struct mms_tables_count before;
	loff_t pos;
	u64 start;
	u64 end;
	struct mms_tables_count nr;
	char path[PATH_MAX];
	char name[PATH_MAX];
};

/* Returns 1 with the next part, 0 at the end, or an error. */
static int fetch(struct view *v)
{
	int err;

	if (v->fetched)
		return 1;
	err = mms_view_go_on(v->target);
	if (err)
		return err;
	v->before = v->walk.tables.count;
	return mms_walk_tables(&v->walk, v->target->mm);
}

static void begin(struct view *v, char *path)
{
	v->fetched = false;
	v->walk.path = path;
	mms_walk_tables_begin(&v->walk);
}

static void *sums(struct view *v)
{
	int ret;

	begin(v, NULL);
	do {
		ret = fetch(v);
	} while (ret > 0);
	if (ret < 0)
		return ret == -ESRCH ? NULL : ERR_PTR(ret);
	mms_tables_end(&v->walk.tables);
	v->pos = 0;
	return v;
}

static void subtract(struct mms_tables_count *a, const struct mms_tables_count *b)
{
	int i;

	for (i = 0; i < MMS_TABLES_LEVELS; i++)
		a->nr[i] -= b->nr[i];
	a->deposited -= b->deposited;
}

/* The next VMA, to its end, or to where it was when it changed under us. */
static void *line(struct view *v)
{
	const struct mms_table_walk *w = &v->walk;
	struct mms_tables_count first;
	int ret = fetch(v);
	u64 vma_start;

	if (ret <= 0)
		return ret && ret != -ESRCH ? ERR_PTR(ret) : NULL;
	first = v->before;
	v->fetched = false;
	vma_start = w->vma.start;
	/* of a VMA that has grown since its line was made, the rest: lines go upwards */
	v->start = w->start;
	strscpy(v->name, w->name, sizeof(v->name));
	do {
		v->end = w->next;
		if (w->next >= w->vma.end)
			break;
		ret = fetch(v);
		v->fetched = ret > 0 && (w->vma.start != vma_start || w->start != v->end);
	} while (ret > 0 && !v->fetched);
	if (ret < 0 && ret != -ESRCH)
		return ERR_PTR(ret);
	v->nr = v->fetched ? v->before : w->tables.count;
	subtract(&v->nr, &first);
	v->pos = (v->start >> PAGE_SHIFT) + 1;
	return v;
}

static void *tables_start(struct seq_file *m, loff_t *pos)
{
	struct view *v = m->private;
	void *cur;

	if (*pos == POS_END)
		return NULL;
	if (*pos == v->pos)
		return v;
	if (!*pos)
		return sums(v);
	/* what a VMA shares with those below is known only from the beginning */
	begin(v, v->path);
	do {
		cur = line(v);
	} while (!IS_ERR_OR_NULL(cur) && v->pos < *pos);
	if (!IS_ERR_OR_NULL(cur))
		*pos = v->pos;
	return cur;
}

static void *tables_next(struct seq_file *m, void *cur, loff_t *pos)
{
	struct view *v = m->private;

	if (!v->pos)
		begin(v, v->path);
	v->pos = POS_NONE;
	cur = line(v);
	*pos = IS_ERR_OR_NULL(cur) ? POS_END : v->pos;
	return cur;
}

static void tables_stop(struct seq_file *m, void *cur)
{
}

static void show_levels(struct seq_file *m, const struct mms_tables *t, unsigned int top)
{
	u64 tables = t->count.deposited, bytes = t->count.deposited << PAGE_SHIFT, size;
	unsigned int level;

	seq_puts(m, "# level tables bytes used slots\n");
	for (level = top; level >= MMSCOPE_LEVEL_PTE; level--) {
		/* the top's second half is the kernel's */
		size = level == top ? PAGE_SIZE << mms_pgd_order() : PAGE_SIZE;
		seq_printf(m, "%s %llu %llu %llu %llu\n", mms_level_name(level), t->count.nr[level],
			   t->count.nr[level] * size, t->used[level],
			   t->count.nr[level] * (level == top ? 256 : 512));
		tables += t->count.nr[level];
		bytes += t->count.nr[level] * size;
	}
	seq_printf(m, "deposited %llu %llu 0 0\n", t->count.deposited,
		   t->count.deposited << PAGE_SHIFT);
	seq_printf(m, "total %llu %llu - -\n", tables, bytes);
}

static void show_fill(struct seq_file *m, const struct mms_tables *t, unsigned int top)
{
	unsigned int level, bin, low;

	seq_puts(m, "# level fill tables\n");
	for (level = top - 1; level >= MMSCOPE_LEVEL_PTE; level--) {
		for (bin = 0; bin < MMS_TABLES_BINS; bin++) {
			if (!t->fill[level][bin])
				continue;
			low = bin ? 1U << (bin - 1) : 0;
			seq_printf(m, "%s %u", mms_level_name(level), low);
			if (low > 1 && low < 512)
				seq_printf(m, "-%u", 2 * low - 1);
			seq_printf(m, " %llu\n", t->fill[level][bin]);
		}
	}
}

static int tables_show(struct seq_file *m, void *cur)
{
	const struct view *v = cur;
	unsigned int top = mms_rules.levels == 5 ? MMSCOPE_LEVEL_PGD : MMSCOPE_LEVEL_P4D;

	if (!v->pos) {
		show_levels(m, &v->walk.tables, top);
		show_fill(m, &v->walk.tables, top);
		seq_puts(m, "# start end pte pmd pud deposited name\n");
		return 0;
	}
	seq_printf(m, "0x%llx 0x%llx %llu %llu %llu %llu ", v->start, v->end,
		   v->nr.nr[MMSCOPE_LEVEL_PTE], v->nr.nr[MMSCOPE_LEVEL_PMD],
		   v->nr.nr[MMSCOPE_LEVEL_PUD], v->nr.deposited);
	seq_escape(m, *v->name ? v->name : "anon", "\n");
	seq_putc(m, '\n');
	return 0;
}

static const struct seq_operations tables_ops = {
	.start = tables_start,
	.next = tables_next,
	.stop = tables_stop,
	.show = tables_show,
};

static int tables_open(struct inode *inode, struct file *file)
{
	struct view *v;
	int err = mms_view_may_open();

	if (err)
		return err;
	v = __seq_open_private(file, &tables_ops, sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->pos = POS_NONE;
	v->target = inode->i_private;
	mms_target_get(v->target);
	return 0;
}

static int tables_release(struct inode *inode, struct file *file)
{
	struct view *v = ((struct seq_file *)file->private_data)->private;
	struct mms_target *t = v->target;

	seq_release_private(inode, file);
	mms_target_put(t);
	return 0;
}

const struct file_operations mms_tables_fops = {
	.owner = THIS_MODULE,
	.open = tables_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = tables_release,
};
