// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_wss: the working set W(t, delta) and the histogram of idle ages.
 */
#include <linux/err.h>
#include <linux/math64.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/time64.h>
#include <linux/mmscope.h>
#include "idle.h"
#include "target.h"
#include "view.h"

/* Denning, "The Working Set Model for Program Behavior", CACM 11(5), 1968. */
static void show_windows(struct seq_file *m, const struct mms_idle_summary *s)
{
	unsigned int age = 0, i;
	u64 pages = 0;

	seq_puts(m, "# delta_scans delta_ms pages kB\n");
	for (i = 0; i < MMS_IDLE_DELTAS && 1ULL << i <= s->scans; i++) {
		for (; age < 1U << i; age++)
			pages += s->ages.by_age[age];
		seq_printf(m, "%u %llu %llu %llu\n", 1U << i,
			   div_u64(s->delta_ns[i], NSEC_PER_MSEC), pages,
			   pages << (PAGE_SHIFT - 10));
	}
}

/* 0, 1, 2-3, 4-7 ... 128-253, the oldest together, never. */
static void show_ages(struct seq_file *m, const struct mms_idle_summary *s)
{
	unsigned int from, to, age;
	u64 pages;

	seq_puts(m, "# age_scans pages\n");
	for (from = 0; from < MMSCOPE_IDLE_MAX; from = to) {
		to = min_t(unsigned int, from ? from * 2 : 1, MMSCOPE_IDLE_MAX);
		for (pages = 0, age = from; age < to; age++)
			pages += s->ages.by_age[age];
		if (to - from == 1)
			seq_printf(m, "%u %llu\n", from, pages);
		else
			seq_printf(m, "%u-%u %llu\n", from, to - 1, pages);
	}
	seq_printf(m, "%u+ %llu\n", MMSCOPE_IDLE_MAX, s->ages.by_age[MMSCOPE_IDLE_MAX]);
	seq_printf(m, "never %llu\n", s->ages.by_age[MMSCOPE_IDLE_NEVER]);
}

static int summary(struct mms_target *t, struct mms_idle_summary *s)
{
	struct mms_idle *idle = mms_target_lock_idle(t);
	int err;

	if (IS_ERR(idle))
		return PTR_ERR(idle);
	err = idle ? mms_idle_summary(idle, s) : 0;
	mms_target_unlock_idle(t);
	return err;
}

static int wss_show(struct seq_file *m, void *unused)
{
	struct mms_idle_summary *s = kzalloc(sizeof(*s), GFP_KERNEL);
	int err;

	if (!s)
		return -ENOMEM;
	err = summary(m->private, s);
	if (err)
		goto free_summary;
	seq_printf(m, "interval_ms %llu\n", div_u64(s->interval_ns, NSEC_PER_MSEC));
	seq_printf(m, "scans %llu\n", s->scans);
	seq_printf(m, "window_ns %llu\n", s->window_ns);
	seq_printf(m, "pages %llu\n", s->ages.present);
	seq_printf(m, "lost %llu\n", s->lost);
	seq_printf(m, "swapped %llu\n", s->ages.swapped);
	seq_printf(m, "skipped %llu\n", s->skipped);
	seq_printf(m, "suspended %s\n", s->resumed ? "yes" : "no");
	show_windows(m, s);
	show_ages(m, s);
free_summary:
	kfree(s);
	return err;
}

static int wss_open(struct inode *inode, struct file *file)
{
	return mms_view_single_open(inode, file, wss_show, PAGE_SIZE);
}

const struct file_operations mms_wss_fops = {
	.owner = THIS_MODULE,
	.open = wss_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = mms_view_single_release,
};
