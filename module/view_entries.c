// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_entries: every entry that is not empty, in binary. Owns the stream of
 * blocks; the file position is an address.
 */
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "target.h"
#include "view.h"
#include "walk.h"

/**
 * struct view - one open file
 * @target: a reference
 * @lock: of what follows; readers of one file take turns
 * @block: the latest
 * @room: records that it has room for
 */
struct view {
	struct mms_target *target;
	struct mutex lock;
	struct mms_block *block;
	unsigned int room;
};

#define HEAD sizeof(struct mmscope_entries_header)
#define REC  sizeof(struct mmscope_entry)

/* Little at first, much once that was too little: what is never filled costs too. */
#define ROOM_FIRST (PAGE_SIZE / REC - 4)
#define ROOM_MOST  (8 * PAGE_SIZE / REC - 4)

static void grow(struct view *v)
{
	struct mms_block *more = kvmalloc(struct_size(more, entry, ROOM_MOST), GFP_KERNEL);

	if (!more)
		return;
	kvfree(v->block);
	more->head.nr = 0;
	v->block = more;
	v->room = ROOM_MOST;
}

/*
 * Plain stores: a record in four instructions. What copy_to_user() takes depends
 * on the CPU, up to one step for each byte. Returns 0 or -EFAULT.
 */
static int copy_words(u64 __user *to, const u64 *from, size_t words)
{
	const u64 *end = from + words;

	if (!user_access_begin(to, words * sizeof(*to)))
		return -EFAULT;
	for (; end - from >= 8; from += 8, to += 8) {
		unsafe_put_user(from[0], to, fault);
		unsafe_put_user(from[1], to + 1, fault);
		unsafe_put_user(from[2], to + 2, fault);
		unsafe_put_user(from[3], to + 3, fault);
		unsafe_put_user(from[4], to + 4, fault);
		unsafe_put_user(from[5], to + 5, fault);
		unsafe_put_user(from[6], to + 6, fault);
		unsafe_put_user(from[7], to + 7, fault);
	}
	for (; from < end; from++, to++)
		unsafe_put_user(*from, to, fault);
	user_access_end();
	return 0;
fault:
	user_access_end();
	return -EFAULT;
}

/*
 * The next block with a record in it, of at most @room bytes. Returns its bytes,
 * 0 if there is none, or an error.
 */
static ssize_t next_block(struct view *v, u64 pos, size_t room)
{
	unsigned int most = min_t(size_t, (room - HEAD) / REC, v->room);
	int ret;

	if (v->block->head.nr == ROOM_FIRST && v->room == ROOM_FIRST)
		grow(v);
	do {
		ret = mms_view_go_on(v->target);
		if (ret)
			return ret;
		ret = mms_walk_entries(v->block, v->target->mm, pos, most);
		if (ret <= 0)
			return ret == -ESRCH ? 0 : ret;
		pos = v->block->head.end;
	} while (!v->block->head.nr);
	return HEAD + v->block->head.nr * REC;
}

static ssize_t entries_read(struct file *file, char __user *buf, size_t len, loff_t *ppos)
{
	struct view *v = file->private_data;
	ssize_t done = 0, n = 0;

	if (len < HEAD + REC)
		return -EINVAL;
	if (mutex_lock_killable(&v->lock))
		return -EINTR;
	while (len - done >= HEAD + REC && *ppos < (loff_t)TASK_SIZE_MAX) {
		n = next_block(v, *ppos, len - done);
		if (n <= 0)
			break;
		if (copy_words((u64 __user *)(buf + done), (u64 *)v->block, n / sizeof(u64))) {
			n = -EFAULT;
			break;
		}
		done += n;
		*ppos = v->block->head.end;
	}
	mutex_unlock(&v->lock);
	return done ? done : n;
}

static loff_t entries_llseek(struct file *file, loff_t off, int whence)
{
	return generic_file_llseek_size(file, off, whence, TASK_SIZE_MAX, TASK_SIZE_MAX);
}

static int entries_open(struct inode *inode, struct file *file)
{
	struct view *v;
	int err = mms_view_may_open();

	if (err)
		return err;
	v = kmalloc(sizeof(*v), GFP_KERNEL);
	if (!v)
		return -ENOMEM;
	v->block = kmalloc(struct_size(v->block, entry, ROOM_FIRST), GFP_KERNEL);
	if (!v->block) {
		kfree(v);
		return -ENOMEM;
	}
	v->block->head.nr = 0;
	v->room = ROOM_FIRST;
	mutex_init(&v->lock);
	v->target = inode->i_private;
	mms_target_get(v->target);
	file->private_data = v;
	return 0;
}

static int entries_release(struct inode *inode, struct file *file)
{
	struct view *v = file->private_data;

	mms_target_put(v->target);
	kvfree(v->block);
	kfree(v);
	return 0;
}

const struct file_operations mms_entries_fops = {
	.owner = THIS_MODULE,
	.open = entries_open,
	.read = entries_read,
	.llseek = entries_llseek,
	.release = entries_release,
};
