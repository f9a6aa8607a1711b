// SPDX-License-Identifier: GPL-2.0-only
/*
 * view: opening and closing of a target's one-page text files.
 */
#include <linux/seq_file.h>
#include "target.h"
#include "view.h"

/**
 * mms_view_single_open - open a small text file of a target
 * @inode: i_private is the target, kept by debugfs while we open
 * @file: the file
 * @show: prints; the target is m->private
 * @size: bytes of text expected; if there are more, @show is called once again
 *
 * Return: 0, -EPERM, -ENOMEM.
 */
int mms_view_single_open(struct inode *inode, struct file *file,
			 int (*show)(struct seq_file *m, void *unused), size_t size)
{
	struct mms_target *t = inode->i_private;
	int err = mms_view_may_open();

	if (err)
		return err;
	mms_target_get(t);
	err = single_open_size(file, show, t, size);
	if (err)
		mms_target_put(t);
	return err;
}

/**
 * mms_view_single_release - close it
 * @inode: the inode; may have outlived its directory
 * @file: the file
 */
int mms_view_single_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;
	struct mms_target *t = m->private;

	single_release(inode, file);
	mms_target_put(t);
	return 0;
}
