/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the kernel has the data that programs read by its symbol's name. Include-free:
 * the includer brings the __u types.
 */
#ifndef _MMS_KSYMS_H
#define _MMS_KSYMS_H

#define MMS_KSYMS(X)         \
	X(page_offset_base)  \
	X(vmemmap_base)      \
	X(pgdir_shift)       \
	X(phys_base)         \
	X(sme_me_mask)       \
	X(empty_zero_page)   \
	X(zero_pfn)          \
	X(huge_zero_pfn)     \
	X(swap_info)         \
	X(shmem_vm_ops)      \
	X(shmem_anon_vm_ops) \
	X(memory_cgrp_subsys)

#define MMS_KSYM_MEMBER(name) __u64 name;

/* By ksyms.bpf.c in a map of its own, then a constant of the others; 0 = this kernel has none. */
struct mms_ksyms {
	MMS_KSYMS(MMS_KSYM_MEMBER)
};

#endif
