// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_faults: page faults by mode, outcome, error code and duration.
 */
#include <linux/seq_file.h>
#include <linux/slab.h>
#include "fault.h"
#include "target.h"
#include "view.h"

static void show_sums(struct seq_file *m, const struct mms_fault_sum *s)
{
	static const char *const names[__MMS_FAULT_END_MAX] = {
		[MMS_FAULT_MINOR] = "minor",   [MMS_FAULT_MAJOR] = "major",
		[MMS_FAULT_SEGV] = "segv",     [MMS_FAULT_SIGBUS] = "sigbus",
		[MMS_FAULT_FAILED] = "failed",
	};
	u64 mode[2] = {};
	int i;

	for (i = 0; i < MMS_ERRCODES; i++)
		mode[!(i & MMS_ERRCODE_U)] += s->code[i];
	seq_printf(m, "user %llu\nkernel %llu\n", mode[0], mode[1]);
	for (i = 0; i < MMS_FAULT_LOST; i++)
		seq_printf(m, "%s %llu\n", names[i], s->end[i]);
	seq_printf(m, "inflight %llu\nlost %llu\n", s->inflight, s->end[MMS_FAULT_LOST]);
	seq_printf(m, "task_minor %llu\ntask_major %llu\n", s->task_minor, s->task_major);
}

static void show_codes(struct seq_file *m, const struct mms_fault_sum *s)
{
	unsigned int i, bit;

	seq_puts(m, "# error_code faults names\n");
	for (i = 0; i < MMS_ERRCODES; i++) {
		if (!s->code[i])
			continue;
		seq_printf(m, "0x%lx %llu", mms_errcode_unfold(i), s->code[i]);
		for (bit = 0; bit < MMS_ERRCODE_BITS; bit++)
			if (i & (1U << bit))
				seq_printf(m, " %s", mms_errcode_name(bit));
		seq_puts(m, i ? "\n" : " -\n");
	}
}

static void show_ns(struct seq_file *m, const struct mms_fault_sum *s)
{
	u64 from;
	int i;

	seq_puts(m, "# latency_ns minor major other\n");
	for (i = 0; i < MMS_FAULT_BUCKETS; i++) {
		if (!(s->ns[0][i] + s->ns[1][i] + s->ns[2][i]))
			continue;
		from = i ? 1ULL << i : 0;
		if (i == MMS_FAULT_BUCKETS - 1)
			seq_printf(m, "%llu+", from);
		else
			seq_printf(m, "%llu-%llu", from, (2ULL << i) - 1);
		seq_printf(m, " %llu %llu %llu\n", s->ns[0][i], s->ns[1][i], s->ns[2][i]);
	}
}

static int faults_show(struct seq_file *m, void *unused)
{
	struct mms_fault_sum *s = kmalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return -ENOMEM;
	mms_fault_read(m->private, s);
	show_sums(m, s);
	show_codes(m, s);
	show_ns(m, s);
	kfree(s);
	return 0;
}

static int faults_open(struct inode *inode, struct file *file)
{
	return mms_view_single_open(inode, file, faults_show, PAGE_SIZE);
}

const struct file_operations mms_faults_fops = {
	.owner = THIS_MODULE,
	.open = faults_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = mms_view_single_release,
};
