// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_features: what this kernel and this CPU offer.
 */
#include <linux/seq_file.h>
#include "features.h"
#include "view.h"

static int features_show(struct seq_file *m, void *unused)
{
	struct mms_feature f;
	unsigned int i;

	for (i = 0; mms_features_get(i, &f); i++)
		seq_printf(m, "%s %s %s\n", f.name, f.have ? "yes" : "no", f.why ? f.why : "-");
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
