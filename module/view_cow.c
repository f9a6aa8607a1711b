// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_cow: copy-on-write by generation and mapping, and the latest pages.
 */
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include "cow.h"
#include "target.h"
#include "view.h"

/* Records copied at a time. */
#define BATCH 32

static void show_sums(struct seq_file *m, const struct mms_cow_sum *s)
{
	int i;

	seq_printf(m, "generation %llu\n", s->generation);
	for (i = 0; i < __MMS_COW_MAX; i++) {
		/* the order of the file is not that of the numbers */
		static const unsigned int order[] = {MMS_COW_COPIED, MMS_COW_REUSED,
						     MMS_COW_FILLED};
		const char *name = mms_cow_what_name(order[i]);

		seq_printf(m, "%s %llu\n%s_bytes %llu\n", name, s->total.pages[order[i]], name,
			   s->total.bytes[order[i]]);
	}
	seq_printf(m, "raced %llu\nunplaced %llu\nevents_lost %llu\n", s->raced, s->unplaced,
		   s->events_lost);
}

static void show_counts(struct seq_file *m, const struct mms_cow_counts *c)
{
	seq_printf(m, "%llu %llu %llu %llu", c->pages[MMS_COW_COPIED], c->bytes[MMS_COW_COPIED],
		   c->pages[MMS_COW_REUSED], c->bytes[MMS_COW_REUSED]);
}

static void show_filled(struct seq_file *m, const struct mms_cow_counts *c)
{
	seq_printf(m, " %llu %llu ", c->pages[MMS_COW_FILLED], c->bytes[MMS_COW_FILLED]);
}

static void show_generation(struct seq_file *m, const struct mms_cow_generation *g)
{
	seq_printf(m, "%llu %llu %d ", g->nr, g->fork_ns, g->child);
	show_counts(m, &g->counts);
	seq_putc(m, '\n');
}

static void show_generations(struct seq_file *m, const struct mms_cow_sum *s)
{
	unsigned int i;

	seq_puts(m, "# generation fork_ns child copied copied_bytes reused reused_bytes\n");
	show_generation(m, &s->first);
	if (s->nr_older) {
		seq_puts(m, "older - - ");
		show_counts(m, &s->older);
		seq_putc(m, '\n');
	}
	for (i = 0; i < s->nr_latest; i++)
		show_generation(m, &s->latest[i]);
}

static void show_vmas(struct seq_file *m, const struct mms_cow_sum *s, struct mms_cow_vma *v)
{
	unsigned int i, n, from;

	seq_puts(m,
		 "# start end copied copied_bytes reused reused_bytes filled filled_bytes name\n");
	for (from = 0; (n = mms_cow_read_vmas(m->private, v, from, BATCH)); from += n) {
		for (i = 0; i < n; i++) {
			seq_printf(m, "0x%llx 0x%llx ", v[i].start, v[i].end);
			show_counts(m, &v[i].counts);
			show_filled(m, &v[i].counts);
			seq_escape(m, *v[i].name ? v[i].name : "anon", "\n");
			seq_putc(m, '\n');
		}
	}
	for (i = n = 0; i < __MMS_COW_MAX; i++)
		n |= s->other.pages[i] > 0;
	if (n) {
		seq_puts(m, "- - ");
		show_counts(m, &s->other);
		show_filled(m, &s->other);
		seq_puts(m, "other\n");
	}
}

static void show_event(struct seq_file *m, const struct mms_cow_event *e)
{
	seq_printf(m, "%llu 0x%llx %s ", e->time_ns, e->address, mms_cow_what_name(e->what));
	if (e->old_frame == MMS_COW_NO_FRAME)
		seq_putc(m, '-');
	else
		seq_printf(m, "0x%llx", e->old_frame);
	seq_printf(m, " 0x%llx %llu %llu %d ", e->new_frame, e->size, e->generation, e->tid);
	seq_escape(m, e->comm, "\n\\");
	seq_putc(m, '\n');
}

/* Those there were at first: a target may make them faster than we print. */
static void show_events(struct seq_file *m, u64 end, struct mms_cow_event *e)
{
	unsigned int i, n;
	u64 next = 0;

	seq_puts(m, "# time_ns address what old_frame new_frame size generation tid comm\n");
	while (next < end && (n = mms_cow_read_events(m->private, e, next, BATCH, &next))) {
		for (i = 0; i < n; i++)
			show_event(m, &e[i]);
		cond_resched();
	}
}

/* More than is read at a time. */
union batch {
	struct mms_cow_sum sum;
	struct mms_cow_vma vma[BATCH];
	struct mms_cow_event event[BATCH];
};

static int cow_show(struct seq_file *m, void *unused)
{
	struct mms_cow_sum *s = kmalloc(sizeof(*s), GFP_KERNEL);
	union batch *b = kmalloc(sizeof(*b), GFP_KERNEL);
	int err = -ENOMEM;

	if (!s || !b)
		goto free_both;
	mms_cow_read(m->private, s);
	show_sums(m, s);
	show_generations(m, s);
	show_vmas(m, s, b->vma);
	show_events(m, s->kept, b->event);
	err = 0;
free_both:
	kfree(b);
	kfree(s);
	return err;
}

static int cow_open(struct inode *inode, struct file *file)
{
	return mms_view_single_open(inode, file, cow_show, 8 * PAGE_SIZE);
}

const struct file_operations mms_cow_fops = {
	.owner = THIS_MODULE,
	.open = cow_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = mms_view_single_release,
};
