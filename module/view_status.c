// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_status: who a target is and what became of it.
 */
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include "idle.h"
#include "rules.h"
#include "target.h"
#include "view.h"

static void show_mm(struct seq_file *m, struct mm_struct *mm)
{
	if (!mmget_not_zero(mm))
		return;
	seq_printf(m, "levels %u\n", mms_rules.levels);
	seq_printf(m, "vmas %d\n", data_race(READ_ONCE(mm->map_count)));
	seq_printf(m, "pgtables_bytes %lu\n", mm_pgtables_bytes(mm));
	mmput_async(mm);
}

static void show_bool(struct seq_file *m, const char *key, bool yes)
{
	seq_printf(m, "%s %s\n", key, yes ? "yes" : "no");
}

static int status_show(struct seq_file *m, void *unused)
{
	struct mms_target *t = m->private;
	char comm[TASK_COMM_LEN];
	enum mms_state state = mms_target_state(t, comm);
	struct mms_idle *idle = mms_target_lock_idle(t);
	struct mms_idle_status s = {};

	if (IS_ERR(idle))
		return PTR_ERR(idle);
	if (idle)
		mms_idle_status(idle, &s);
	mms_target_unlock_idle(t);

	seq_printf(m, "pid %d\ncomm ", t->nr);
	seq_escape(m, comm, "\n\\");
	seq_printf(m, "\nstate %s\n", mms_state_name(state));
	seq_printf(m, "start_time_ns %llu\n", t->start_ns);
	seq_printf(m, "tracked_ns %llu\n", ktime_get_ns() - t->since_ns);
	seq_printf(m, "sample_ms %u\n", mms_target_sample_ms(t));
	seq_printf(m, "scans %llu\n", s.scans);
	show_mm(m, t->mm);
	show_bool(m, "follow", t->follow);
	seq_printf(m, "parent %d\n", t->parent);
	show_bool(m, "flush", s.flush);
	show_bool(m, "skip", s.skip);
	show_bool(m, "suspended", s.suspended);
	return 0;
}

static int status_open(struct inode *inode, struct file *file)
{
	return mms_view_single_open(inode, file, status_show, PAGE_SIZE);
}

const struct file_operations mms_status_fops = {
	.owner = THIS_MODULE,
	.open = status_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = mms_view_single_release,
};
