// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_census: pages by combination of flags. The one view that reads the whole
 * process for its first line; what it keeps is a small table.
 */
#include <linux/err.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include "census.h"
#include "stats.h"
#include "target.h"
#include "view.h"
#include "walk.h"

/* A few hundred lines: to be shown again would be to walk again. */
#define TEXT_SIZE (4 * PAGE_SIZE)

static int count(struct mms_census *c, struct mms_walk *w, struct mms_target *t)
{
	unsigned int i;
	int ret;

	while ((ret = mms_walk_chunk(w, t->mm, w->next)) > 0) {
		for (i = 0; i < w->nr; i++)
			mms_census_add(c, &w->leaf[i]);
		ret = mms_view_go_on(t);
		if (ret)
			return ret;
	}
	return ret;
}

static void show(struct seq_file *m, const struct mms_census *c)
{
	char names[MMS_FLAGS_LEN];
	unsigned int i;

	seq_puts(m, "flags pages MB symbolic\n");
	for (i = 0; i < c->nr; i++)
		seq_printf(m, "0x%08x %llu %llu %s\n", c->slot[i].flags, c->slot[i].pages,
			   c->slot[i].pages >> (20 - PAGE_SHIFT),
			   mms_flags_text(names, sizeof(names), c->slot[i].flags, ','));
	if (c->lost)
		seq_printf(m, "lost %llu %llu -\n", c->lost, c->lost >> (20 - PAGE_SHIFT));
}

static int census_show(struct seq_file *m, void *unused)
{
	struct mms_census *c = kvzalloc(sizeof(*c), GFP_KERNEL);
	struct mms_walk *w = mms_walk_create(MMS_WALK_NO_PAGES, false);
	int err = -ENOMEM;

	if (!c || !w)
		goto free_both;
	err = count(c, w, m->private);
	if (!err) {
		mms_census_sort(c);
		show(m, c);
		if (c->lost)
			mms_stat_add(MMS_STAT_LOST, 1);
	}
free_both:
	mms_walk_destroy(w);
	kvfree(c);
	/* half a census would be a wrong one: nothing of a process that ended */
	return err == -ESRCH ? 0 : err;
}

static int census_open(struct inode *inode, struct file *file)
{
	return mms_view_single_open(inode, file, census_show, TEXT_SIZE);
}

const struct file_operations mms_census_fops = {
	.owner = THIS_MODULE,
	.open = census_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = mms_view_single_release,
};
