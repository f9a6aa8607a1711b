/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What bpf/fault*.bpf.c and tools/collect/bpf_fault.c exchange: the settings, keys,
 * counters and events. Include-free: the includer brings the __u types and
 * fault_kind.h. Must not know of kernel structs or of libbpf.
 */
#ifndef _MMS_FAULT_H
#define _MMS_FAULT_H

#define MMS_FAULT_BUCKETS 32
#define MMS_FAULT_COMM	  16
#define MMS_FAULT_NAME	  32

/* Map "cfg": settings, constant once loaded. */
struct mms_fault_config {
	__u32 by_tgid;		 /* only tgids in map "tgids" */
	__u32 by_cgroup;	 /* only tasks below map "cgroups"[0] */
	__u32 command_tgid;	 /* enters "tgids" when it calls execve */
	__u32 follow;		 /* children of members enter "tgids" */
	__u32 events;		 /* stream every fault */
	__u32 wake_bytes;	 /* wake the reader when this much waits */
	__u32 no_userfault_hook; /* handle_userfault() could not be hooked */
	__u32 no_migration_hook; /* migration_entry_wait() could not be hooked */
};

/* Map "boot": written by the program "learn_boot", read by the walk. */
struct mms_fault_boot {
	__u64 page_offset; /* start of the direct map */
	__u64 top_shift;   /* address bits below the top level: 48 or 39 */
	struct mms_entry_rules rules;
	__u32 swap_known; /* swap_info[] was found: devices can be told apart */
	__u32 ok;
};

/* Map "marks": moments of the run. */
struct mms_fault_marks {
	__u64 armed_ns; /* written by the loader: faults that began before do not count */
};

/* Map "execd": the command at its execve(), when counting began. */
struct mms_fault_execd {
	__u64 ns;      /* 0 = not yet */
	__u64 min_flt; /* its task's counters at that moment */
	__u64 maj_flt;
};

enum mms_fault_start_state {
	MMS_START_RUNNING, /* inside handle_mm_fault() */
	MMS_START_RETRY,   /* between two links of a chain */
	MMS_START_SEGV,	   /* returned SIGSEGV: the signal that follows is known */
};

/* Map "starts": a fault in flight, by thread. */
struct mms_fault_start {
	__u64 ts; /* CLOCK_MONOTONIC, ns, at the first link */
	__u64 addr;
	__u64 before;
	__u64 pgd;
	__u64 vma; /* kernel addresses */
	__u64 regs;
	__u32 flags;
	__u32 ret; /* MAJOR of earlier links */
	__u32 facts;
	__u32 links;
	__u8 level;
	__u8 state;
	__u8 reserved[6];
};

struct mms_fault_key {
	__u64 cgroup_id;
	__u32 tgid;
	__u32 kind;
};

struct mms_fault_val {
	__u64 nr;
	__u64 nr_minor;	  /* counted as min_flt by the kernel's rule */
	__u64 nr_major;	  /* as maj_flt; errors are neither */
	__u64 nr_untimed; /* refused before handle_mm_fault(): no latency */
	__u64 ns;
	__u64 max_ns;
	__u64 hist[MMS_FAULT_BUCKETS];
};

/* Per-CPU counters, indices of map "tallies". */
enum mms_fault_tally {
	MMS_TALLY_SEEN, /* chains ended, wanted or not */
	MMS_TALLY_STORED,
	MMS_TALLY_FILTERED,
	MMS_TALLY_COUNTS_FULL, /* map "counts" had no room */
	MMS_TALLY_STARTS_FULL, /* map "starts" had no room */
	MMS_TALLY_NO_START,    /* a return without its entry (STARTS_FULL included) */
	MMS_TALLY_NO_RETURN,   /* an entry without its return */
	MMS_TALLY_RETRIES,     /* links joined */
	MMS_TALLY_RING_FULL,
	MMS_TALLY_EVENTS,
	MMS_TALLY_WALK_FAILED, /* an entry could not be read */
	MMS_TALLY_TGIDS_FULL,  /* a child could not be followed */
	MMS_TALLY_NR
};

/* One fault, in map "events". */
struct mms_fault_event {
	__u64 ts_ns; /* CLOCK_MONOTONIC at the first entry */
	__u64 ns;    /* latency over all links */
	__u64 addr;
	__u64 ip; /* 0 if not from an exception */
	__u64 before;
	__u64 after;
	__u64 vm_start;
	__u64 vm_end;
	__u64 vm_flags;
	__u64 pgoff; /* pages */
	__u64 ino;
	__u64 cgroup_id;
	__u32 dev; /* kernel's own encoding: major << 20 | minor */
	__u32 tgid;
	__u32 tid;
	__u32 kind;
	__u32 flags;
	__u32 ret;
	__u32 links; /* retries before the last call */
	__u8 level_before;
	__u8 level_after;
	__u8 reserved[2];
	char comm[MMS_FAULT_COMM];
	char name[MMS_FAULT_NAME]; /* of the file, its last component */
};

#endif
