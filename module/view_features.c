// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_features: what this kernel and this CPU offer.
 */
#include <linux/seq_file.h>
#include "rules.h"
#include "view.h"

static int features_show(struct seq_file *m, void *unused)
{
	mms_rules_show_features(m);
	return 0;
}

static int features_open(struct inode *inode, struct file *file)
{
	int err = mms_view_may_open();

	return err ? err : single_open(file, features_show, NULL);
}

const struct file_operations mms_features_fops = {
	.owner = THIS_MODULE,
	.open = features_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};
