/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the fault programs keep of the cost of forks, and the rule by which a fault
 * counts in it. Include-free and pure: the includer brings the __u types and
 * fault_kind.h; BPF, the tool and the unit tests compile it. Knows nothing of maps.
 *
 * A life is an address space of a process: it begins with a fork (or with the first
 * fork that is seen of it) and ends with an exec or the exit. Its faults are kept
 * apart by epochs: a new one begins with each fork of it, and with the end of each
 * of its children, so that every span from a fork to an end is a sum of epochs.
 */
#ifndef _MMS_BILL_H
#define _MMS_BILL_H

/* What a fault did to the private memory of its process. */
#define MMS_BILL_WHATS(X)                                                           \
	X(COPIED, "copied")		/* an anonymous page */                     \
	X(FILE_COPIED, "file_copied")	/* a file's page: its first private copy */ \
	X(KSM_COPIED, "ksm_copied")	/* a page that KSM had merged */            \
	X(REUSED, "reused")		/* made writable in place */                \
	X(FILLED, "filled")		/* a new page, zeroed */                    \
	X(SWAP_READ, "swap_read")	/* back from swap, perhaps still shared */  \
	X(SWAP_WRITTEN, "swap_written") /* the same by a write: its own now */      \
	X(HUGETLB, "hugetlb")		/* any of these, to a page of hugetlb */    \
	X(OTHER, "other")		/* nothing to private memory */

enum mms_bill_what {
#define MMS_BILL_ENUM(id, name) MMS_BILL_##id,
	MMS_BILL_WHATS(MMS_BILL_ENUM)
#undef MMS_BILL_ENUM
		MMS_BILL_NR
};

/* What is known of the page that an entry mapped before the fault. */
enum mms_bill_page {
	MMS_BILL_PAGE_UNKNOWN,
	MMS_BILL_PAGE_FILE,
	MMS_BILL_PAGE_ANON,
	MMS_BILL_PAGE_KSM,
};

struct mms_bill_key { /* map "bills" */
	__u64 where;  /* as in struct mms_fault_detail_key with MMS_BY_VMA, else 0 */
	__u32 epoch;
	__u32 what;
	__s32 ustack; /* as there */
	__u32 tgid;
};

struct mms_bill_val {
	__u64 nr;
	__u64 bytes;
	__u64 ns;
	__u64 last_ns; /* CLOCK_MONOTONIC, when the latest ended; with MMS_BY_USTACK only */
};

/* Why epochs change. */
enum mms_bill_why {
	MMS_BILL_NONE,	/* nothing that could be followed: its number is given out all the same */
	MMS_BILL_FORK,	/* @pid forked @other */
	MMS_BILL_VFORK, /* the same, but they share the address space until @other execs or exits */
	MMS_BILL_FOUND, /* the same, before anybody looked: by /proc */
	MMS_BILL_EXEC,	/* @pid became another program; @other is its parent */
	MMS_BILL_EXIT,	/* @pid ended; @other is its parent */
};

/*
 * One such moment, in map "moments" at seq % MMS_BILL_MOMENTS. It gives two numbers of
 * epochs: 2 * seq to the process that goes on (FORK: @pid, EXEC and EXIT: @other),
 * and with a fork 2 * seq + 1 to the child, whose life has the same number.
 */
struct mms_bill_moment {
	__u64 ns;  /* CLOCK_MONOTONIC */
	__u32 seq; /* from 1; written last */
	__u32 why;
	__u32 pid;
	__u32 life;	  /* of @pid */
	__u32 other;	  /* 0: a parent that is not in the family */
	__u32 other_life; /* of @other */
	char comm[16];	  /* of @pid; FORK: of both */
};

#define MMS_BILL_MOMENTS   16384 /* a power of two */
#define MMS_BILL_FOUND_MAX 16384 /* numbers below are of forks that /proc tells of */
#define MMS_BILL_LIVES	   16384
#define MMS_BILL_COUNTS	   16384 /* counters in the kernel */

/* Map "lives", by tgid. */
struct mms_bill_life {
	__u32 life;
	__u32 epoch;
	__u32 parent; /* tgid, 0 = unknown */
	__u32 parent_life;
};

/**
 * mms_bill_of() - where a fault counts
 * @kind: of the fault
 * @origin: who touched the page
 * @f: its facts
 * @page: what was mapped before
 * Return: enum mms_bill_what; every fault has exactly one.
 */
static inline enum mms_bill_what
mms_bill_of(__u32 kind, __u32 origin, const struct mms_fault_facts *f, enum mms_bill_page page)
{
	int absent = mms_entry_absent(f->before, f->level_before);

	/* In the memory of another process. */
	if (origin == MMS_ORIGIN_REMOTE)
		return MMS_BILL_OTHER;
	switch (kind) {
	case MMS_FAULT_COW_COPY:
		if (absent || page == MMS_BILL_PAGE_FILE)
			return MMS_BILL_FILE_COPIED;
		return page == MMS_BILL_PAGE_KSM ? MMS_BILL_KSM_COPIED : MMS_BILL_COPIED;
	case MMS_FAULT_COW_REUSE:
		return MMS_BILL_REUSED;
	case MMS_FAULT_ANON_ZERO_FILL:
	case MMS_FAULT_ANON_HUGE:
		return MMS_BILL_FILLED;
	case MMS_FAULT_SWAP_IN_DEVICE:
	case MMS_FAULT_SWAP_IN_ZRAM:
	case MMS_FAULT_SWAP_IN_CACHE:
		/* Shared memory comes back as kind "shmem": these are private. */
		return f->flags & MMS_FF_WRITE ? MMS_BILL_SWAP_WRITTEN : MMS_BILL_SWAP_READ;
	case MMS_FAULT_HUGETLB:
		return f->vm_flags & MMS_VM_SHARED ? MMS_BILL_OTHER : MMS_BILL_HUGETLB;
	default:
		return MMS_BILL_OTHER;
	}
}

#endif
