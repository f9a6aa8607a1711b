/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vma: telling a VMA of anonymous memory from one of a file, without the mmap lock.
 */
#ifndef _MMS_COMPAT_VMA_H
#define _MMS_COMPAT_VMA_H

#include <linux/mm.h>
#include <linux/mmap_lock.h>

/*
 * 7.3 (vma_start_anon_pgoff): an anonymous page's index is where it was first
 * mapped; before, in a private mapping of a file, it was the offset in the file,
 * which told such a page from plain anonymous memory. Then the VMA has to be
 * asked, which can be done under its own lock there. Goes when the floor is 7.3.
 */
#ifdef HAVE_VMA_ANON_PGOFF
#define MMS_INDEX_TELLS_FILE 0
static inline bool mms_vma_known_anonymous(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = lock_vma_under_rcu(mm, addr);
	bool anonymous;

	if (!vma)
		return false;
	anonymous = vma_is_anonymous(vma);
	vma_end_read(vma);
	return anonymous;
}
#else
#define MMS_INDEX_TELLS_FILE 1
static inline bool mms_vma_known_anonymous(struct mm_struct *mm, unsigned long addr)
{
	return false;
}
#endif

#endif /* _MMS_COMPAT_VMA_H */
