/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vma: what a mapping is called and what it promises, as it was under the lock.
 */
#ifndef _MMS_VMA_H
#define _MMS_VMA_H

#include <linux/types.h>

struct file;
struct seq_file;
struct vm_area_struct;

/**
 * struct mms_vma - copy of a VMA's identity
 * @start: first address
 * @end: address after the last
 * @flags: vm_flags
 * @offset: bytes into the file, or as /proc/PID/maps gives it
 * @dev: device of the file, 0 without
 * @ino: inode of the file, 0 without
 * @file: a reference from mms_vma_note() to mms_vma_name(), else NULL
 * @label: name of what is no file; empty for plain anonymous memory
 */
struct mms_vma {
	u64 start;
	u64 end;
	unsigned long flags;
	u64 offset;
	dev_t dev;
	unsigned long ino;
	struct file *file;
	char label[96];
};

void mms_vma_note(struct mms_vma *v, struct vm_area_struct *vma, bool named);
const char *mms_vma_name(struct mms_vma *v, char *buf, size_t size);
void mms_vma_rights(const struct mms_vma *v, char buf[5]);
unsigned int mms_vma_allows(const struct mms_vma *v);

#endif /* _MMS_VMA_H */
