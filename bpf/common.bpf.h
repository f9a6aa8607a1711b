/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every BPF program here needs of the kernel: integer types, the few map
 * and helper constants, and minimal views of kernel structs, relocated by
 * CO-RE when loaded. There is no generated vmlinux.h: a field is listed when a
 * program reads it, and one build fits all kernels. Differences between kernels
 * belong to core_fixes.bpf.h; this file must not know of any probe.
 */
#ifndef _MMS_COMMON_BPF_H
#define _MMS_COMMON_BPF_H

/* Makes bpf_tracing.h take the kernel's names of the registers. */
#define __VMLINUX_H__

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;
typedef __u16 __le16;
typedef __u16 __be16;
typedef __u32 __le32;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef __u64 __le64;
typedef __u64 __be64;
typedef _Bool bool;

#define true 1
#define false 0
#ifndef NULL
#define NULL ((void *)0)
#endif

/* The part of the BPF user ABI that the programs use: linux/bpf.h pulls in headers of the host. */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_HASH = 5,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_STACK_TRACE = 7,
	BPF_MAP_TYPE_CGROUP_ARRAY = 8,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_LRU_PERCPU_HASH = 10,
	BPF_MAP_TYPE_STACK = 23,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};

enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_EXIST = 2,
};

enum {
	BPF_F_NO_PREALLOC = 1,
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1,
	BPF_F_USER_STACK = 1 << 8,
	BPF_F_REUSE_STACKID = 1 << 10,
};

enum {
	BPF_F_MMAPABLE = 1 << 10,
};

enum {
	BPF_RB_NO_WAKEUP = 1,
	BPF_RB_FORCE_WAKEUP = 2,
};

enum {
	BPF_RB_AVAIL_DATA = 0,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx;
	unsigned long r11, r10, r9, r8, ax, cx, dx, si, di;
	unsigned long orig_ax, ip, cs, flags, sp, ss;
};

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	unsigned long pgd;
} pgd_t;

typedef struct {
	unsigned long pte;
} pte_t;

/* --- files --- */
struct gendisk {
	int major;
	char disk_name[32];
};

struct block_device {
	struct gendisk *bd_disk;
};

struct super_block {
	unsigned int s_dev;
};

struct inode {
	unsigned long i_ino;
	unsigned int i_rdev;
	struct super_block *i_sb;
};

struct address_space {
	struct inode *host;
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct qstr d_name;
};

struct path {
	struct dentry *dentry;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
};

/* --- address spaces --- */
struct task_struct;

struct mm_struct {
	pgd_t *pgd;
	struct task_struct *owner;
	unsigned long end_data;
	unsigned long start_brk, brk, start_stack;
};

struct vm_fault {
	pte_t orig_pte;
};

struct vm_operations_struct;

struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	unsigned long vm_flags;
	unsigned long vm_pgoff;
	struct mm_struct *vm_mm;
	struct file *vm_file;
	const struct vm_operations_struct *vm_ops;
};

/* --- tasks and cgroups --- */
struct kernfs_node {
	u64 id;
};

struct cgroup;
struct cgroup_subsys;

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys *ss;
	struct cgroup_subsys_state *parent;
};

struct cgroup {
	struct cgroup_subsys_state self;
	int level;
	struct kernfs_node *kn;
};

enum cgroup_subsys_id {
	memory_cgrp_id,
};

struct mem_cgroup {
	struct cgroup_subsys_state css;
};

struct obj_cgroup {
	struct mem_cgroup *memcg;
};

struct css_set {
	struct cgroup_subsys_state *subsys[1];
	struct cgroup *dfl_cgrp;
};

struct signal_struct {
	atomic_t live;
	unsigned long min_flt;
	unsigned long maj_flt;
};

struct task_struct {
	int pid;
	int tgid;
	unsigned int flags;
	u64 start_time;
	unsigned long min_flt;
	unsigned long maj_flt;
	struct mm_struct *mm;
	unsigned int self_exec_id;
	struct mm_struct *active_mm;
	struct task_struct *group_leader;
	struct signal_struct *signal;
	struct css_set *cgroups;
	char comm[16];
};

struct kernel_siginfo {
	int si_signo;
	int si_errno;
	int si_code;
	union {
		struct {
			void *_addr;
		} _sigfault;
	} _sifields;
};

/* --- pages and swap --- */
struct page {
	unsigned long flags;
	unsigned long compound_head;
};

struct folio {
	unsigned long flags;
	struct address_space *mapping;
	unsigned long index;
	void *private;
	unsigned long memcg_data;
	unsigned long _flags_1;
	unsigned int _nr_pages;
	unsigned int _folio_nr_pages;
};

enum pageflags {
	PG_head,
	PG_swapbacked,
};

struct swap_info_struct {
	unsigned long flags;
	struct block_device *bdev;
	struct file *swap_file;
};

#pragma clang attribute pop

#endif
