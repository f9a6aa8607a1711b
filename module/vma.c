// SPDX-License-Identifier: GPL-2.0-only
/*
 * vma: copies a VMA's identity under the mmap lock and names it after. Must
 * not know page tables.
 */
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/string.h>
#include "entry.h"
#include "vma.h"

/* The order of the questions is that of /proc/PID/maps. */
static void note_label(struct mms_vma *v, struct vm_area_struct *vma)
{
	const char *name = NULL;

	if (vma->vm_ops && vma->vm_ops->name)
		name = vma->vm_ops->name(vma);
	if (!name && vma_is_initial_heap(vma))
		name = "[heap]";
	if (!name && vma_is_initial_stack(vma))
		name = "[stack]";
	if (name) {
		strscpy(v->label, name, sizeof(v->label));
		return;
	}
#ifdef CONFIG_ANON_VMA_NAME
	if (vma->anon_name)
		snprintf(v->label, sizeof(v->label), "[anon:%s]", vma->anon_name->name);
#endif
}

/**
 * mms_vma_note - copy a VMA's identity
 * @v: all of it is written
 * @vma: the VMA
 * @named: take a reference to the file, for mms_vma_name(), which must follow
 *
 * Context: the mmap lock is held; does not sleep.
 */
void mms_vma_note(struct mms_vma *v, struct vm_area_struct *vma, bool named)
{
	lockdep_assert_held(&vma->vm_mm->mmap_lock);
	*v = (struct mms_vma){
		.start = vma->vm_start,
		.end = vma->vm_end,
		.flags = vma->vm_flags,
	};
	if (vma->vm_file) {
		const struct inode *inode = file_user_inode(vma->vm_file);

		v->file = named ? get_file(vma->vm_file) : NULL;
		v->dev = inode->i_sb->s_dev;
		v->ino = inode->i_ino;
		v->offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
	} else {
		note_label(v, vma);
	}
}

/**
 * mms_vma_name - what /proc/PID/maps calls the mapping
 * @v: from mms_vma_note(); its file reference is dropped
 * @buf: room for a path
 * @size: bytes of @buf
 *
 * Context: no lock held; may sleep.
 * Return: a string in @buf or @v; empty for plain anonymous memory.
 */
const char *mms_vma_name(struct mms_vma *v, char *buf, size_t size)
{
	const char *path;

	if (!v->file)
		return v->label;
	path = d_path(file_user_path(v->file), buf, size);
	fput(v->file);
	v->file = NULL;
	return IS_ERR(path) ? "(path too long)" : path;
}

/**
 * mms_vma_rights - what the VMA allows
 * @v: the VMA
 * @buf: becomes such as "rw-p"
 */
void mms_vma_rights(const struct mms_vma *v, char buf[5])
{
	buf[0] = v->flags & VM_READ ? 'r' : '-';
	buf[1] = v->flags & VM_WRITE ? 'w' : '-';
	buf[2] = v->flags & VM_EXEC ? 'x' : '-';
	buf[3] = v->flags & VM_MAYSHARE ? 's' : 'p';
	buf[4] = 0;
}

/**
 * mms_vma_allows - the same for comparing with rights in effect
 * @v: the VMA
 *
 * Return: MMS_RIGHT_R, _W and _X, those that are set.
 */
unsigned int mms_vma_allows(const struct mms_vma *v)
{
	return (v->flags & VM_READ ? MMS_RIGHT_R : 0) | (v->flags & VM_WRITE ? MMS_RIGHT_W : 0) |
	       (v->flags & VM_EXEC ? MMS_RIGHT_X : 0);
}
