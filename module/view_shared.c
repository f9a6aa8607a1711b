// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_shared: pages that this target and another one both map.
 */
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "shared.h"
#include "target.h"
#include "view.h"
#include "walk.h"

#define WRITE_MAX 31

enum phase { PHASE_HEAD, PHASE_VMA, PHASE_TOTAL, PHASE_END };

/**
 * struct view - an open file
 * @target: whose pages are shown
 * @other: who else maps them; NULL until one was written. Both pinned
 * @frames: what the other maps, from the first read on
 * @walk: the chunk
 * @fetched: it is of the VMA after the line's
 * @at: number of the line to be shown
 * @phase: its kind
 * @start: of the VMA shown
 * @end: address after the last: the VMA's, unless it changed under us
 * @sum: of the VMA shown
 * @total: of all so far
 * @name: of the VMA shown
 */
struct view {
	struct mms_target *target;
	struct mms_target *other;
	struct mms_frames *frames;
	struct mms_walk *walk;
	bool fetched;
	loff_t at;
	enum phase phase;
	u64 start;
	u64 end;
	struct mms_shared sum;
	struct mms_shared total;
	char name[PATH_MAX];
};

static int begin(struct view *v)
{
	int err;

	mms_frames_destroy(v->frames);
	v->frames = mms_frames_create();
	if (!v->walk)
		v->walk = mms_walk_create(MMS_WALK_FRAMES, true);
	if (!v->frames || !v->walk)
		return -ENOMEM;
	err = mms_frames_read(v->frames, v->walk, v->other->mm, &v->target->forgotten);
	v->walk->next = 0;
	v->fetched = false;
	v->total = (struct mms_shared){};
	v->phase = PHASE_HEAD;
	v->at = 0;
	return err;
}

/* Returns 1 with a chunk, 0 at the end, or an error. */
static int fetch(struct view *v)
{
	int ret;

	if (v->fetched)
		return 1;
	ret = mms_view_go_on(v->target);
	if (ret)
		return ret;
	ret = mms_walk_chunk(v->walk, v->target->mm, v->walk->next);
	v->fetched = ret > 0;
	return ret;
}

/*
 * The next VMA, to its end, or to where it was when it changed under us: what was
 * counted of it must not become another's. Returns as fetch().
 */
static int take_vma(struct view *v)
{
	const struct mms_walk *w = v->walk;
	int ret = fetch(v);
	u64 vma_start;

	if (ret <= 0)
		return ret;
	vma_start = w->vma.start;
	v->start = w->start;
	v->sum = (struct mms_shared){};
	strscpy(v->name, w->name, sizeof(v->name));
	do {
		mms_shared_count(v->frames, w, &v->sum);
		v->end = w->next;
		v->fetched = false;
		if (w->next >= w->vma.end)
			return 1;
		ret = fetch(v);
	} while (ret > 0 && w->vma.start == vma_start && w->start == v->end);
	return ret < 0 && ret != -ESRCH ? ret : 1;
}

/* To the next VMA that shares anything, or the total. */
static int advance(struct view *v)
{
	int ret;

	v->at++;
	if (v->phase >= PHASE_TOTAL) {
		v->phase = PHASE_END;
		return 0;
	}
	v->phase = PHASE_VMA;
	do {
		ret = take_vma(v);
	} while (ret > 0 && !(v->sum.anon + v->sum.file));
	if (ret <= 0) {
		v->phase = PHASE_TOTAL;
		return ret == -ESRCH ? 0 : ret;
	}
	v->total.anon += v->sum.anon;
	v->total.file += v->sum.file;
	return 0;
}

static void *shared_start(struct seq_file *m, loff_t *pos)
{
	struct view *v = m->private;
	int err = 0;

	if (!v->other)
		return ERR_PTR(-EINVAL);
	if (!*pos)
		err = begin(v);
	while (!err && v->at < *pos && v->phase != PHASE_END)
		err = advance(v);
	if (err)
		return ERR_PTR(err);
	return v->phase == PHASE_END ? NULL : v;
}

static void *shared_next(struct seq_file *m, void *p, loff_t *pos)
{
	struct view *v = p;
	int err = advance(v);

	++*pos;
	if (err)
		return ERR_PTR(err);
	return v->phase == PHASE_END ? NULL : v;
}

static void shared_stop(struct seq_file *m, void *p)
{
}

static void show_kb(struct seq_file *m, const struct mms_shared *s)
{
	seq_printf(m, "%llu %llu %llu", (s->anon + s->file) << (PAGE_SHIFT - 10),
		   s->anon << (PAGE_SHIFT - 10), s->file << (PAGE_SHIFT - 10));
}

static int shared_show(struct seq_file *m, void *p)
{
	struct view *v = p;

	switch (v->phase) {
	case PHASE_HEAD:
		seq_puts(m, "# start end kB anon_kB file_kB name\n");
		break;
	case PHASE_VMA:
		seq_printf(m, "0x%llx 0x%llx ", v->start, v->end);
		show_kb(m, &v->sum);
		seq_putc(m, ' ');
		seq_escape(m, *v->name ? v->name : "anon", "\n");
		seq_putc(m, '\n');
		break;
	default:
		seq_puts(m, "total ");
		show_kb(m, &v->total);
		seq_putc(m, '\n');
	}
	return 0;
}

static const struct seq_operations shared_ops = {
	.start = shared_start,
	.next = shared_next,
	.stop = shared_stop,
	.show = shared_show,
};

static int parse(char *text, int *nr)
{
	char *word = strim(text);

	/* kstrtoint() would take a sign */
	if (!isdigit(*word) || strpbrk(word, "\n"))
		return -EINVAL;
	return kstrtoint(word, 10, nr) ? -EINVAL : 0;
}

static ssize_t shared_write(struct file *file, const char __user *ubuf, size_t count, loff_t *ppos)
{
	struct seq_file *m = file->private_data;
	struct mms_target *other, *old;
	struct view *v = m->private;
	char text[WRITE_MAX + 1];
	int nr;

	if (count > WRITE_MAX)
		return -EINVAL;
	if (copy_from_user(text, ubuf, count))
		return -EFAULT;
	text[count] = 0;
	if (strlen(text) != count || parse(text, &nr))
		return -EINVAL;
	other = mms_registry_get(nr);
	if (!other)
		return -ESRCH;
	if (mutex_lock_killable(&m->lock)) {
		mms_target_put(other);
		return -EINTR;
	}
	old = v->other;
	v->other = other;
	/* the next read begins with the new one */
	m->index = 0;
	m->count = 0;
	m->from = 0;
	m->read_pos = 0;
	*ppos = 0;
	mutex_unlock(&m->lock);
	if (old)
		mms_target_put(old);
	return count;
}

static int shared_open(struct inode *inode, struct file *file)
{
	struct view *v;
	int err = mms_view_may_open();

	if (err)
		return err;
	v = __seq_open_private(file, &shared_ops, sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->target = inode->i_private;
	mms_target_get(v->target);
	return 0;
}

static int shared_release(struct inode *inode, struct file *file)
{
	struct view *v = ((struct seq_file *)file->private_data)->private;
	struct mms_target *t = v->target, *other = v->other;

	mms_frames_destroy(v->frames);
	mms_walk_destroy(v->walk);
	seq_release_private(inode, file);
	mms_target_put(t);
	if (other)
		mms_target_put(other);
	return 0;
}

const struct file_operations mms_shared_fops = {
	.owner = THIS_MODULE,
	.open = shared_open,
	.read = seq_read,
	.write = shared_write,
	.llseek = seq_lseek,
	.release = shared_release,
};
