/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat: everything in which the supported kernels differ, and nothing else.
 * Included before every file of the module. Each shim says what changed where
 * and when it can go.
 */
#ifndef _MMS_COMPAT_H
#define _MMS_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "mmscope needs Linux 6.1 or newer"
#endif
#ifndef CONFIG_X86_64
#error "mmscope decodes the page tables of x86-64 only"
#endif

#include <linux/fs.h>
#include <linux/mm.h>

/*
 * 6.6, commit 11250fd12eb8 ("mm: factor out VMA stack and heap checks"); the
 * bounds of the heap were inclusive before. Goes with 6.1.
 */
#ifndef HAVE_VMA_IS_INITIAL_HEAP
static inline bool vma_is_initial_heap(const struct vm_area_struct *vma)
{
	return vma->vm_start <= vma->vm_mm->brk && vma->vm_end >= vma->vm_mm->start_brk;
}

static inline bool vma_is_initial_stack(const struct vm_area_struct *vma)
{
	return vma->vm_start <= vma->vm_mm->start_stack && vma->vm_end >= vma->vm_mm->start_stack;
}
#endif

/*
 * 6.7/6.8: files of stacked filesystems carry the path the user opened
 * (file_user_path, file_user_inode). Before, vm_file had it. Goes with 6.1.
 */
#ifndef HAVE_FILE_USER_PATH
static inline const struct path *file_user_path(const struct file *f)
{
	return &f->f_path;
}
#endif
#ifndef HAVE_FILE_USER_INODE
static inline struct inode *file_user_inode(const struct file *f)
{
	return file_inode(f);
}
#endif

/*
 * 7.3: the bit of userfaultfd's write protection serves its other modes too and
 * lost the "_WP". Goes when the floor is 7.3.
 */
#ifndef _PAGE_UFFD
#define _PAGE_UFFD     _PAGE_UFFD_WP
#define _PAGE_SWP_UFFD _PAGE_SWP_UFFD_WP
#endif

/*
 * A kernel built without KPTI has no second copy of the top table. 6.9, commit
 * ea4654e08858 ("x86/bugs: Rename CONFIG_PAGE_TABLE_ISOLATION") named the option.
 */
#if !defined(CONFIG_MITIGATION_PAGE_TABLE_ISOLATION) && !defined(CONFIG_PAGE_TABLE_ISOLATION)
static inline pgd_t *kernel_to_user_pgdp(pgd_t *pgdp)
{
	return pgdp;
}
#endif

/*
 * 6.16: what the top table takes is asked for at boot, was fixed before: two
 * pages in a kernel built with KPTI, on or off. Goes when the floor is 6.16.
 */
#include <asm/pgalloc.h>
static inline unsigned int mms_pgd_order(void)
{
#ifdef PGD_ALLOCATION_ORDER
	return PGD_ALLOCATION_ORDER;
#else
	return pgd_allocation_order();
#endif
}

/*
 * 6.4, commit 54e6842d0775 ("fork/vm: Move common PF_IO_WORKER behavior to new
 * flag"): threads that work for a process inside the kernel and never return to
 * user mode; io_uring's alone before. Goes with 6.1.
 */
#ifdef PF_USER_WORKER
#define MMS_PF_WORKERS PF_USER_WORKER
#else
#define MMS_PF_WORKERS PF_IO_WORKER
#endif

/*
 * 6.15: an mm may run with an ASID that the CPUs flush by broadcast and that
 * tlb_gen says nothing of ("x86/mm: Add global ASID allocation helper
 * functions"). 0 = it has none. Goes when the floor is 6.15.
 */
static inline unsigned int mms_mm_global_asid(struct mm_struct *mm)
{
#if defined(HAVE_MM_GLOBAL_ASID) && defined(CONFIG_BROADCAST_TLB_FLUSH)
	return READ_ONCE(mm->context.global_asid);
#else
	return 0;
#endif
}

/*
 * Words around a kfunc. 6.3 (__bpf_kfunc), 6.7 (__bpf_kfunc_start_defs) and 6.9
 * (BTF_KFUNCS_START). Go with 6.1.
 */
#include <linux/btf.h>
#include <linux/btf_ids.h>
#ifndef __bpf_kfunc
#define __bpf_kfunc __used noinline
#endif
#ifndef __bpf_kfunc_start_defs
#define __bpf_kfunc_start_defs()                                               \
	__diag_push();                                                         \
	__diag_ignore_all("-Wmissing-declarations", "called by BPF programs"); \
	__diag_ignore_all("-Wmissing-prototypes", "called by BPF programs")
#define __bpf_kfunc_end_defs() __diag_pop()
#endif
#ifndef BTF_KFUNCS_START
#define BTF_KFUNCS_START(name) BTF_SET8_START(name)
#define BTF_KFUNCS_END(name)   BTF_SET8_END(name)
#endif

/*
 * 6.14 ("x86/mm/tlb: Add tracepoint for TLB flush IPI to stale CPU") has one
 * reason more. A number that no flush has stands for it.
 * Goes when the floor is 6.14.
 */
#ifndef HAVE_TLB_REMOTE_WRONG_CPU
#define TLB_REMOTE_WRONG_CPU NR_TLB_FLUSH_REASONS
#endif

#endif /* _MMS_COMPAT_H */
