// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_idle: the binary stream of idle ages: header, then records. Read in
 * order from the beginning; memory in use is one batch of records.
 */
#include <linux/err.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/mmscope.h>
#include "idle.h"
#include "target.h"
#include "view.h"

#define BATCH 1024

/**
 * struct view - one open file
 * @target: a reference
 * @lock: protects the rest: readers may share the file
 * @at: file position that the next byte has
 * @pos: address that the next record may have
 * @off: bytes of the buffer given out
 * @len: bytes in the buffer
 * @header: the beginning of the stream
 * @rec: a batch of the rest
 */
struct view {
	struct mms_target *target;
	struct mutex lock;
	loff_t at;
	u64 pos;
	size_t off;
	size_t len;
	union {
		struct mmscope_idle_header header;
		struct mmscope_idle rec[BATCH];
	};
};

static int fill_header(struct view *v, struct mms_idle *idle)
{
	v->header = (struct mmscope_idle_header){
		.size = sizeof(v->header),
		.record_size = sizeof(v->rec[0]),
	};
	v->len = sizeof(v->header);
	return idle ? mms_idle_header(idle, &v->header) : 0;
}

static int fill_records(struct view *v, struct mms_idle *idle)
{
	int n = idle ? mms_idle_records(idle, &v->pos, v->rec, BATCH) : 0;

	if (n < 0)
		return n;
	v->len = n * sizeof(v->rec[0]);
	return 0;
}

/* The next bytes of the stream; none at its end. */
static int fill(struct view *v)
{
	struct mms_idle *idle = mms_target_lock_idle(v->target);
	int err;

	if (IS_ERR(idle))
		return PTR_ERR(idle);
	v->off = 0;
	v->len = 0;
	err = v->at ? fill_records(v, idle) : fill_header(v, idle);
	mms_target_unlock_idle(v->target);
	return err;
}

static ssize_t read_locked(struct view *v, char __user *ubuf, size_t count)
{
	size_t done = 0, n;
	int err;

	while (done < count) {
		if (v->off == v->len) {
			err = fill(v);
			if (err)
				return done ? done : err;
			if (!v->len)
				break;
		}
		n = min(count - done, v->len - v->off);
		n -= copy_to_user(ubuf + done, (char *)v->rec + v->off, n);
		if (!n)
			return done ? done : -EFAULT;
		done += n;
		v->off += n;
		v->at += n;
	}
	return done;
}

static ssize_t idle_read(struct file *file, char __user *ubuf, size_t count, loff_t *ppos)
{
	struct view *v = file->private_data;
	ssize_t ret = -EINVAL;

	if (mutex_lock_killable(&v->lock))
		return -EINTR;
	if (!*ppos) {
		v->at = 0;
		v->pos = 0;
		v->off = 0;
		v->len = 0;
	}
	if (*ppos == v->at)
		ret = read_locked(v, ubuf, count);
	*ppos = ret > 0 ? v->at : *ppos;
	mutex_unlock(&v->lock);
	return ret;
}

/* Ages come and go: the only place to go back to is the beginning. */
static loff_t idle_llseek(struct file *file, loff_t off, int whence)
{
	if (whence == SEEK_CUR && !off)
		return file->f_pos;
	if (whence != SEEK_SET || off)
		return -EINVAL;
	file->f_pos = 0;
	return 0;
}

static int idle_open(struct inode *inode, struct file *file)
{
	struct view *v;
	int err = mms_view_may_open();

	if (err)
		return err;
	v = kvzalloc(sizeof(*v), GFP_KERNEL);
	if (!v)
		return -ENOMEM;
	mutex_init(&v->lock);
	v->target = inode->i_private;
	mms_target_get(v->target);
	file->private_data = v;
	return 0;
}

static int idle_release(struct inode *inode, struct file *file)
{
	struct view *v = file->private_data;

	mms_target_put(v->target);
	mutex_destroy(&v->lock);
	kvfree(v);
	return 0;
}

const struct file_operations mms_idle_fops = {
	.owner = THIS_MODULE,
	.open = idle_open,
	.read = idle_read,
	.llseek = idle_llseek,
	.release = idle_release,
};
