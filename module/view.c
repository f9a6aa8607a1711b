// SPDX-License-Identifier: GPL-2.0-only
/*
 * view: opening and closing of a target's text files.
 */
#include <linux/err.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include "target.h"
#include "view.h"
#include "walk.h"

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

/**
 * mms_view_chunks_open - open a text file that goes through all VMAs
 * @inode: i_private is the target, kept by debugfs while we open
 * @file: the file
 * @ops: how it is shown; m->private is what is returned here
 * @size: bytes of that, of which struct mms_view_chunks is the first; zeroed
 * @pages: what is asked of pages
 *
 * Return: the view, or an ERR_PTR of -EPERM, -ENOMEM.
 */
void *mms_view_chunks_open(struct inode *inode, struct file *file, const struct seq_operations *ops,
			   size_t size, enum mms_walk_pages pages)
{
	struct mms_view_chunks *v;
	int err = mms_view_may_open();

	if (err)
		return ERR_PTR(err);
	v = __seq_open_private(file, ops, size);
	if (!v)
		return ERR_PTR(-ENOMEM);
	v->walk = mms_walk_create(pages, true);
	if (!v->walk) {
		seq_release_private(inode, file);
		return ERR_PTR(-ENOMEM);
	}
	v->target = inode->i_private;
	mms_target_get(v->target);
	return v;
}

/**
 * mms_view_chunks_release - close it
 * @inode: the inode; may have outlived its directory
 * @file: the file
 */
int mms_view_chunks_release(struct inode *inode, struct file *file)
{
	struct mms_view_chunks *v = ((struct seq_file *)file->private_data)->private;
	struct mms_target *t = v->target;

	mms_walk_destroy(v->walk);
	seq_release_private(inode, file);
	mms_target_put(t);
	return 0;
}

/**
 * mms_view_go_on - may a long read take its next step
 * @t: whose file it is
 *
 * Context: may sleep.
 * Return: 0; -EINTR to die, -EIO as the target is being forgotten.
 */
int mms_view_go_on(const struct mms_target *t)
{
	if (fatal_signal_pending(current))
		return -EINTR;
	if (READ_ONCE(t->forgotten))
		return -EIO;
	cond_resched();
	return 0;
}

/**
 * mms_view_chunks_next - read the chunk after the one that is there
 * @v: under the seq_file's lock
 *
 * Context: sleeps.
 * Return: as mms_walk_chunk(), or mms_view_go_on().
 */
int mms_view_chunks_next(struct mms_view_chunks *v)
{
	int err = mms_view_go_on(v->target);

	if (err)
		return err;
	return mms_walk_chunk(v->walk, v->target->mm, v->walk->next);
}
