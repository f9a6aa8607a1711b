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

/**
 * struct mms_vma_span - a mapping of anonymous memory, as it was
 * @start: first address
 * @end: address after the last; 0 = none is known
 * @seq: of the mm's mappings when it was
 */
struct mms_vma_span {
	u64 start;
	u64 end;
	unsigned int seq;
};

/*
 * 6.4 (mm_lock_seq): counts how often the mmap lock was held for writing, as long
 * as there are locks of single VMAs; 6.13 made a seqcount of it, odd while it is
 * held. Without it the VMA has to be looked up every time. Goes with 6.1.
 */
#if defined(HAVE_MM_LOCK_SEQ) && defined(CONFIG_PER_VMA_LOCK)
static inline unsigned int mms_vma_seq(const struct mm_struct *mm)
{
#ifdef HAVE_MM_LOCK_SEQCOUNT
	return READ_ONCE(mm->mm_lock_seq.sequence);
#else
	return READ_ONCE(mm->mm_lock_seq);
#endif
}

/* Fill in the mapping of @addr, which is anonymous. May sleep; no lock held. */
static inline void mms_vma_span_learn(struct mms_vma_span *s, struct mm_struct *mm, u64 addr)
{
	struct vm_area_struct *vma;

	if (mmap_read_lock_killable(mm))
		return;
	vma = vma_lookup(mm, addr);
	*s = (struct mms_vma_span){};
	if (vma && vma_is_anonymous(vma))
		*s = (struct mms_vma_span){vma->vm_start, vma->vm_end, mms_vma_seq(mm)};
	mmap_read_unlock(mm);
}

/* Is @addr known to be in anonymous memory? Any context; @s is current's own. */
static inline bool mms_vma_span_anonymous(const struct mms_vma_span *s, struct mm_struct *mm,
					  u64 addr)
{
	return addr - s->start < s->end - s->start && s->seq == mms_vma_seq(mm);
}
#else
static inline void mms_vma_span_learn(struct mms_vma_span *s, struct mm_struct *mm, u64 addr)
{
}

static inline bool mms_vma_span_anonymous(const struct mms_vma_span *s, struct mm_struct *mm,
					  u64 addr)
{
	struct vm_area_struct *vma;
	bool anonymous;

	if (!mmap_read_trylock(mm))
		return false;
	vma = vma_lookup(mm, addr);
	anonymous = vma && vma_is_anonymous(vma);
	mmap_read_unlock(mm);
	return anonymous;
}
#endif

#endif /* _MMS_COMPAT_VMA_H */
