// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_walk: every level of the addresses that were written to the file. Owns
 * its grammar and its format.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "rules.h"
#include "target.h"
#include "view.h"
#include "walk.h"

#define WRITE_MAX 127
#define SPAN_MAX  (2UL << 20)

/**
 * struct view - one open file; all under the seq_file's lock
 * @target: a reference
 * @start: first address asked for
 * @end: address after the last; 0 = nothing asked yet
 * @path: the walk being shown
 * @name: room for the VMA's name
 */
struct view {
	struct mms_target *target;
	u64 start;
	u64 end;
	struct mms_path path;
	char name[PATH_MAX];
};

/* The block at @pos; NULL at the end or when the mm is gone. */
static void *block(struct view *v, loff_t pos)
{
	u64 addr = v->start + ((u64)pos << PAGE_SHIFT);
	int err;

	if (!v->end)
		return ERR_PTR(-EINVAL);
	if (addr >= v->end || addr < v->start)
		return NULL;
	err = mms_walk_addr(&v->path, v->target->mm, addr, v->name, sizeof(v->name));
	if (err)
		return err == -ESRCH ? NULL : ERR_PTR(err);
	return v;
}

static void *walk_start(struct seq_file *m, loff_t *pos)
{
	return block(m->private, *pos);
}

static void *walk_next(struct seq_file *m, void *cur, loff_t *pos)
{
	return block(m->private, ++*pos);
}

static void walk_stop(struct seq_file *m, void *cur)
{
}

static void show_vma(struct seq_file *m, const struct mms_path *p)
{
	char rights[5];

	if (!p->in_vma) {
		seq_puts(m, "vma none\n");
		return;
	}
	mms_vma_rights(&p->vma, rights);
	seq_printf(m, "vma 0x%llx-0x%llx %s %08llx ", p->vma.start, p->vma.end, rights,
		   p->vma.offset);
	seq_escape(m, *p->name ? p->name : "anon", "\n");
	seq_putc(m, '\n');
}

static bool has_frame(const struct mms_entry *e)
{
	return e->kind == MMS_KIND_TABLE || e->kind == MMS_KIND_MIGRATION ||
	       e->kind == MMS_KIND_HWPOISON || mms_kind_mapped(e->kind);
}

static void show_entry(struct seq_file *m, const struct mms_path *p, unsigned int level)
{
	const struct mms_entry *e = &p->entry[level];
	char flags[MMS_FLAGS_LEN];

	seq_printf(m, "%s table=0x%llx index=%u raw=0x%llx %s", mms_level_name(level),
		   p->table[level], mms_entry_index(p->addr, level), e->raw,
		   mms_flags_text(flags, sizeof(flags), e->flags, ' '));
	if (has_frame(e))
		seq_printf(m, " frame=0x%llx\n", e->frame);
	else
		seq_puts(m, " frame=-\n");
}

static void show_mapped(struct seq_file *m, const struct mms_path *p)
{
	const struct mms_leaf *l = &p->leaf;
	u64 frame = l->frame + ((p->addr - l->start) >> PAGE_SHIFT);
	char rights[5];

	seq_printf(m, " size=%llu frame=0x%llx phys=0x%llx rights=%s", l->end - l->start, frame,
		   frame << PAGE_SHIFT, mms_rights_text(rights, l->rights));
}

static void show_leaf(struct seq_file *m, const struct mms_path *p)
{
	const struct mms_leaf *l = &p->leaf;
	const char *marker;

	seq_printf(m, "leaf kind=%s level=%s", mms_kind_name(l->kind), mms_level_name(l->level));
	switch (l->kind) {
	case MMS_KIND_SWAP:
	case MMS_KIND_OTHER:
		seq_printf(m, " type=%u offset=0x%llx", l->type, l->offset);
		break;
	case MMS_KIND_MIGRATION:
	case MMS_KIND_HWPOISON:
		seq_printf(m, " frame=0x%llx", l->frame);
		break;
	case MMS_KIND_MARKER:
		marker = mms_marker_name(l->offset);
		if (marker)
			seq_printf(m, " marker=%s", marker);
		else
			seq_printf(m, " marker=0x%llx", l->offset);
		break;
	default:
		if (mms_kind_mapped(l->kind))
			show_mapped(m, p);
	}
	seq_putc(m, '\n');
}

static void show_page_flags(struct seq_file *m, u32 flags)
{
	static const char *const names[__MMS_PAGE_FLAG_MAX] = {
		[MMS_PAGE_LOCKED] = "locked",
		[MMS_PAGE_REFERENCED] = "referenced",
		[MMS_PAGE_UPTODATE] = "uptodate",
		[MMS_PAGE_DIRTY] = "dirty",
		[MMS_PAGE_LRU] = "lru",
		[MMS_PAGE_ACTIVE] = "active",
		[MMS_PAGE_WORKINGSET] = "workingset",
		[MMS_PAGE_RESERVED] = "reserved",
		[MMS_PAGE_PRIVATE] = "private",
		[MMS_PAGE_WRITEBACK] = "writeback",
		[MMS_PAGE_SWAPCACHE] = "swapcache",
		[MMS_PAGE_SWAPBACKED] = "swapbacked",
		[MMS_PAGE_UNEVICTABLE] = "unevictable",
		[MMS_PAGE_MLOCKED] = "mlocked",
		[MMS_PAGE_HWPOISON] = "hwpoison",
		[MMS_PAGE_YOUNG] = "young",
		[MMS_PAGE_IDLE] = "idle",
		[MMS_PAGE_EXCLUSIVE] = "exclusive",
	};
	const char *sep = "";
	int i;

	for (i = 0; i < __MMS_PAGE_FLAG_MAX; i++) {
		if (!(flags & 1U << i))
			continue;
		seq_printf(m, "%s%s", sep, names[i]);
		sep = ",";
	}
	seq_puts(m, flags ? "\n" : "-\n");
}

static void show_page(struct seq_file *m, const struct mms_page *p)
{
	seq_printf(m, "page order=%u head=0x%llx mapcount=", p->order, p->head);
	if (p->mapcount < 0)
		seq_putc(m, '-');
	else
		seq_printf(m, "%d", p->mapcount);
	seq_printf(m, " refcount=%d node=%u zone=%s flags=", p->refcount, p->node, p->zone);
	show_page_flags(m, p->flags);
}

static int walk_show(struct seq_file *m, void *cur)
{
	const struct view *v = cur;
	const struct mms_path *p = &v->path;
	unsigned int level;

	if (p->addr != v->start)
		seq_putc(m, '\n');
	seq_printf(m, "va 0x%llx\n", p->addr);
	show_vma(m, p);
	for (level = p->top; level >= p->bottom; level--)
		show_entry(m, p, level);
	if (mms_rules.kpti)
		seq_printf(m, "user-pgd raw=0x%llx\n", p->user_top);
	show_leaf(m, p);
	if (p->has_page)
		show_page(m, &p->page);
	return 0;
}

static const struct seq_operations walk_ops = {
	.start = walk_start,
	.next = walk_next,
	.stop = walk_stop,
	.show = walk_show,
};

/* ADDR or ADDR-ADDR, one newline and blanks around allowed. */
static int parse(char *text, u64 *start, u64 *end)
{
	char *first = strim(text), *last;
	int err;

	last = strchr(first, '-');
	if (last)
		*last++ = 0;
	/* kstrtoull() would take a sign and a newline */
	if (!isdigit(*first) || (last && !isdigit(*last)) || strpbrk(first, "\n") ||
	    (last && strpbrk(last, "\n")))
		return -EINVAL;
	err = kstrtoull(first, strncasecmp(first, "0x", 2) ? 10 : 16, start);
	if (!err && last)
		err = kstrtoull(last, strncasecmp(last, "0x", 2) ? 10 : 16, end);
	if (err)
		return err;
	if (*start >= TASK_SIZE_MAX || (last && *end > TASK_SIZE_MAX))
		return -ERANGE;
	if (!last)
		*end = *start + PAGE_SIZE;
	if (!PAGE_ALIGNED(*start) || !PAGE_ALIGNED(*end) || *end <= *start)
		return -EINVAL;
	return *end - *start > SPAN_MAX ? -ERANGE : 0;
}

static ssize_t walk_write(struct file *file, const char __user *ubuf, size_t count, loff_t *ppos)
{
	struct seq_file *m = file->private_data;
	struct view *v = m->private;
	u64 start, end;
	char *text;
	int err;

	if (count > WRITE_MAX)
		return -E2BIG;
	text = memdup_user_nul(ubuf, count);
	if (IS_ERR(text))
		return PTR_ERR(text);
	err = strlen(text) == count ? parse(text, &start, &end) : -EINVAL;
	kfree(text);
	if (err)
		return err;
	if (mutex_lock_killable(&m->lock))
		return -EINTR;
	v->start = start;
	v->end = end;
	/* the next read begins with the new address */
	m->index = 0;
	m->count = 0;
	m->from = 0;
	m->read_pos = 0;
	*ppos = 0;
	mutex_unlock(&m->lock);
	return count;
}

static int walk_open(struct inode *inode, struct file *file)
{
	struct view *v;
	int err = mms_view_may_open();

	if (err)
		return err;
	v = __seq_open_private(file, &walk_ops, sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->target = inode->i_private;
	mms_target_get(v->target);
	return 0;
}

static int walk_release(struct inode *inode, struct file *file)
{
	struct view *v = ((struct seq_file *)file->private_data)->private;
	struct mms_target *t = v->target;

	seq_release_private(inode, file);
	mms_target_put(t);
	return 0;
}

const struct file_operations mms_walk_fops = {
	.owner = THIS_MODULE,
	.open = walk_open,
	.read = seq_read,
	.write = walk_write,
	.llseek = seq_lseek,
	.release = walk_release,
};
