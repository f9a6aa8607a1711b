/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a VMA is to its program: segment, file, extent. Reads kernel structs only
 * through kernel_member(), so that a VMA that is gone gives nonsense at worst.
 * Must not know of counters.
 */
#ifndef _MMS_FAULT_PLACE_BPF_H
#define _MMS_FAULT_PLACE_BPF_H

#include "fault_maps.bpf.h"

/* What the classifier and the walk need of a VMA. */
struct vma_look {
	u64 mm;
	u64 flags;
	u64 ops;
};

/*
 * @typed: the kernel vouches for @vma, an argument of fentry: then its members can be loaded
 * without a helper even where addresses cannot be made pointers.
 */
static __always_inline void vma_look(struct vm_area_struct *vma, bool typed, struct vma_look *l)
{
	if (typed && !plain_loads) {
		l->mm = (u64)vma->vm_mm;
		l->flags = vma->vm_flags;
		l->ops = (u64)vma->vm_ops;
		return;
	}
	l->mm = kernel_member(vma, vm_mm);
	l->flags = kernel_member(vma, vm_flags);
	l->ops = kernel_member(vma, vm_ops);
}

static __always_inline u64 vma_pgd(struct vm_area_struct *vma, u64 mm_addr, bool typed)
{
	struct mm_struct *mm;

	if (typed && !plain_loads) {
		mm = vma->vm_mm;
		return mm ? (u64)mm->pgd : 0;
	}
	mm = (struct mm_struct *)mm_addr;
	return kernel_member(mm, pgd);
}

/* Return: MMS_FACT_* that follow from the VMA's operations. */
static __always_inline u32 vma_facts(u64 ops)
{
	if (!ops)
		return MMS_FACT_ANON;
	if (ops == ksyms.shmem_vm_ops || ops == ksyms.shmem_anon_vm_ops)
		return MMS_FACT_SHMEM;
	return 0;
}

/* As /proc/PID/maps tells [heap] and [stack]; bss by where the program's data end. */
static __always_inline u32 anon_segment(struct mm_struct *mm, u64 start, u64 end, u64 flags)
{
	u64 brk, start_brk, data_end;

	if (flags & MMS_VM_GROWSDOWN)
		return MMS_SEG_STACK;
	brk = kernel_member(mm, start_stack);
	if (start <= brk && brk <= end)
		return MMS_SEG_STACK;
	start_brk = kernel_member(mm, start_brk);
	brk = kernel_member(mm, brk);
	if (start < brk && end > start_brk)
		return MMS_SEG_HEAP;
	data_end = (kernel_member(mm, end_data) + 4095) & ~4095ULL;
	if (data_end && start >= data_end && start < start_brk)
		return MMS_SEG_BSS;
	return MMS_SEG_ANON;
}

static __always_inline u32 vma_segment(struct vm_area_struct *vma, u64 start, u64 end, u64 flags,
				       u32 facts)
{
	if (flags & MMS_VM_HUGETLB)
		return MMS_SEG_HUGETLB;
	if (facts & MMS_FACT_ANON)
		return anon_segment((struct mm_struct *)kernel_member(vma, vm_mm), start, end,
				    flags);
	if (facts & MMS_FACT_SHMEM)
		return MMS_SEG_SHMEM;
	if (!kernel_member(vma, vm_file))
		return MMS_SEG_VDSO;
	if (flags & MMS_VM_EXEC)
		return MMS_SEG_TEXT;
	if (!(flags & MMS_VM_SHARED) && (flags & MMS_VM_WRITE))
		return MMS_SEG_DATA;
	return MMS_SEG_FILE;
}

/* Inode and device of the VMA's file. Return: 0 if it has none. */
static __always_inline u64 vma_file(struct vm_area_struct *vma, u32 *dev)
{
	struct file *file = (struct file *)kernel_member(vma, vm_file);
	struct super_block *sb;
	struct inode *inode;

	*dev = 0;
	if (!file)
		return 0;
	inode = (struct inode *)kernel_member(file, f_inode);
	sb = (struct super_block *)kernel_member(inode, i_sb);
	*dev = (u32)kernel_member(sb, s_dev);
	return kernel_member(inode, i_ino);
}

static __always_inline void vma_file_name(struct vm_area_struct *vma, char *name)
{
	struct file *file = (struct file *)kernel_member(vma, vm_file);
	struct dentry *dentry;

	if (!file)
		return;
	dentry = (struct dentry *)kernel_member(file, f_path.dentry);
	bpf_probe_read_kernel_str(name, MMS_FAULT_NAME,
				  (const void *)kernel_member(dentry, d_name.name));
}

/* How the fault's counts are told apart by place; at entry, when the VMA is surely there. */
static __always_inline void place_find(struct mms_fault_start *s, struct vm_area_struct *vma)
{
	u32 dev = 0;

	s->where = 0;
	/* The VMA of another process is none of this one's places. */
	if ((cfg.by & MMS_BY_VMA) && s->origin != MMS_ORIGIN_REMOTE)
		s->where = (s->vm_flags & MMS_VM_GROWSDOWN) ? kernel_member(vma, vm_end)
							    : kernel_member(vma, vm_start);
	if (cfg.by & MMS_BY_FILE)
		s->where = vma_file(vma, &dev);
	if ((cfg.by & MMS_BY_SWAP) && mms_entry_swap(s->before, s->level))
		s->where = mms_entry_swap_type(s->before) + 1;
	s->dev = dev;
}

/*
 * Keeps what the place is, for when its process may be gone. The VMA may have gone on the way: then
 * it does not lie where it did, and the next fault there tells.
 */
static __always_inline void place_remember(const struct mms_fault_start *s, struct detail_room *r)
{
	struct vm_area_struct *vma = (struct vm_area_struct *)s->vma;
	struct mms_fault_place *p = &r->place;

	if (!s->where || !(cfg.by & (MMS_BY_VMA | MMS_BY_FILE)))
		return;
	r->place_key.tgid = (cfg.by & MMS_BY_VMA) ? s->tgid : 0;
	r->place_key.dev = s->dev;
	r->place_key.where = s->where;
	__builtin_memset(p, 0, sizeof(*p));
	p->start = kernel_member(vma, vm_start);
	p->end = kernel_member(vma, vm_end);
	p->vm_flags = s->vm_flags;
	p->pgoff = kernel_member(vma, vm_pgoff);
	p->ino = vma_file(vma, &p->dev);
	if (cfg.by & MMS_BY_VMA) {
		if (s->where != ((s->vm_flags & MMS_VM_GROWSDOWN) ? p->end : p->start))
			return;
	} else if (p->ino != s->where || p->dev != s->dev) {
		return;
	}
	p->segment = vma_segment(vma, p->start, p->end, s->vm_flags, s->facts);
	vma_file_name(vma, p->name);
	bpf_map_update_elem(&places, &r->place_key, p, BPF_ANY);
}

#endif
