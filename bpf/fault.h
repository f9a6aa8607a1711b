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
#define MMS_FAULT_STARTS  16384 /* faults in flight without a helper; a power of two */
#define MMS_FAULT_CPUS	  512	/* with tallies of their own; a power of two */
#define MMS_FAULT_FRAMES  112	/* of one stack; what is deeper is cut off */

/* Who touched the page. */
#define MMS_FAULT_ORIGINS(X)                                                    \
	X(USER, "user")	    /* an instruction of the program */                 \
	X(KERNEL, "kernel") /* a system call touched the program's memory */    \
	X(GUP, "gup")	    /* no exception: populate, mlock, pinned for I/O */ \
	X(REMOTE, "remote") /* no exception, memory of another process: ptrace */

enum mms_fault_origin {
#define MMS_ORIGIN_ENUM(id, name) MMS_ORIGIN_##id,
	MMS_FAULT_ORIGINS(MMS_ORIGIN_ENUM)
#undef MMS_ORIGIN_ENUM
		MMS_ORIGIN_NR
};

/* What part of a program a place is. */
#define MMS_SEGMENTS(X)                                                        \
	X(TEXT, "text")	      /* executable, of a file: libraries, too */      \
	X(DATA, "data")	      /* private and writable, of a file */            \
	X(BSS, "bss")	      /* anonymous, right behind the program's data */ \
	X(HEAP, "heap")	      /* brk(2) */                                     \
	X(STACK, "stack")     /* of the first thread, or one that grows */     \
	X(VDSO, "vdso")	      /* the kernel's own pages: vdso, vvar */         \
	X(HUGETLB, "hugetlb") /* huge pages by request */                      \
	X(SHMEM, "shmem")     /* shared memory, tmpfs */                       \
	X(FILE, "file")	      /* any other mapping of a file */                \
	X(ANON, "anon")	      /* the rest */

enum mms_segment {
#define MMS_SEG_ENUM(id, name) MMS_SEG_##id,
	MMS_SEGMENTS(MMS_SEG_ENUM)
#undef MMS_SEG_ENUM
		MMS_SEG_NR
};

/* What counts are kept apart by, besides cgroup, process, kind and origin. */
enum mms_fault_by {
	MMS_BY_THREAD = 1,
	MMS_BY_VMA = 2, /* VMA, FILE and SWAP exclude each other */
	MMS_BY_FILE = 4,
	MMS_BY_SWAP = 8,
	MMS_BY_USTACK = 16,
	MMS_BY_KSTACK = 32,
};

/* Map "cfg": settings, constant once loaded. */
struct mms_fault_config {
	__u32 by_tgid;		 /* only tgids in map "tgids" */
	__u32 by_cgroup;	 /* only tasks below map "cgroups"[0] */
	__u32 only_tgid;	 /* only this process, if not 0 */
	__u32 only_tid;		 /* only this thread, if not 0 */
	__u32 command_tgid;	 /* enters "tgids" when it calls execve */
	__u32 follow;		 /* children of members enter "tgids" */
	__u32 events;		 /* stream every fault */
	__u32 no_kinds;		 /* do not look at the tables */
	__u32 around;		 /* count pages that came along */
	__u32 by;		 /* MMS_BY_*: count in "details" in place of "counts" */
	__u32 bill;		 /* count what forks cost: in "bills", nothing else */
	__u32 wake_bytes;	 /* wake the reader when this much waits */
	__u32 nr_cpus;		 /* highest number of a CPU, and one */
	__u32 max_counts;	 /* keys that map "counts" has room for */
	__u32 atomic;		 /* another program may count on this CPU in between */
	__u32 ask_cgroup;	 /* moves between cgroups are not told */
	__u32 no_userfault_hook; /* handle_userfault() could not be hooked */
	__u32 no_migration_hook; /* migration_entry_wait() could not be hooked */
};

/* Learned by fault_boot.bpf.c in a map of its own, then a constant of the others. */
struct mms_fault_boot {
	__u64 page_offset; /* start of the direct map */
	__u64 top_shift;   /* address bits below the top level: 48 or 39 */
	__u64 vmemmap;	   /* the first struct page */
	struct mms_entry_rules rules;
	__u32 swap_known; /* swap_info[] was found: devices can be told apart */
	__u32 ok;
};

/* Map "marks": what the loader changes while the programs run. */
struct mms_fault_marks {
	__u64 armed_ns;	 /* faults that began before do not count */
	__u32 period;	 /* look at one fault of so many; 0 and 1: at all */
	__u32 no_events; /* stop streaming */
	__u32 gen;	 /* counts remembered in slots are valid as long as it stays */
	__u32 reserved;
};

/* Map "execd": the command at its execve(), when counting began. */
struct mms_fault_execd {
	__u64 ns;      /* 0 = not yet */
	__u64 min_flt; /* its task's counters at that moment */
	__u64 maj_flt;
};

/*
 * What each program has to see before anything is counted: events of a child of the
 * loader's, in this order.
 */
enum mms_fault_proof_id {
	MMS_PROOF_ENTRY, /* of a fault at mms_fault_proof.addr */
	MMS_PROOF_RETURN,
	MMS_PROOF_USERFAULT,
	MMS_PROOF_SIGNAL,
	MMS_PROOF_FORK,
	MMS_PROOF_NEW_EXEC,
	MMS_PROOF_EXEC,
	MMS_PROOF_EXIT,
	MMS_PROOF_MOVE, /* to a cgroup */
	MMS_PROOF_NR
};

/* Map "proof". */
struct mms_fault_proof {
	__u64 addr; /* of an untouched page that the child writes to */
	__u32 tgid; /* the child */
	__u32 kind; /* of that fault */
	__u32 seen[MMS_PROOF_NR];
};

enum mms_fault_start_state {
	MMS_START_FREE,
	MMS_START_RUNNING, /* inside handle_mm_fault() */
	MMS_START_RETRY,   /* between two links of a chain */
	MMS_START_SEGV,	   /* returned SIGSEGV: the signal that follows is known */
};

/* What is to become of a fault, decided when it begins. */
enum mms_fault_fate {
	MMS_FATE_COUNT,
	MMS_FATE_FILTER,     /* not wanted */
	MMS_FATE_SAMPLE_OUT, /* wanted, but not this one: marks.period */
	MMS_FATE_EARLY,	     /* began before counting did */
};

#define MMS_FAULT_CACHED 4 /* a power of two */

/*
 * A fault in flight, in the slot that its tid leads to, or in map "more_starts" if another
 * thread's fault is there.
 */
struct mms_fault_start {
	__u32 owner; /* tid; 0 = free */
	__u8 state;
	__u8 fate;
	__u8 origin;
	__u8 level; /* where the walk at entry ended */
	__u32 tgid;
	__u32 flags;
	__u32 ret; /* MAJOR of earlier links */
	__u32 links;
	__u32 facts;
	__u32 slot_level; /* of the table that @slot is in */
	__u64 ts;	  /* CLOCK_MONOTONIC, ns, at the first link */
	__u64 addr;
	__u64 before;
	__u64 vm_flags;

	__u64 slot; /* kernel addresses: where the walk at exit begins, ... */
	__u64 pgd;
	__u64 vma;
	__u64 regs;
	__u64 where;   /* as in mms_fault_detail_key */
	__u64 present; /* neighbours mapped before, config.around only */
	__u32 dev;
	__u32 blank; /* what went through it, the verifier does not know */

	/* Outlives the fault: what the same thread can use the next time. */
	__u64 id; /* tgid << 32 | tid */
	__u32 counted_gen;
	__u32 reserved2;
	struct mms_fault_cached { /* the counters used last, by kind */
		__u32 what;	  /* 1 << 31 | origin << 16 | kind */
		__u32 index;	  /* in "counts", of CPU 0 */
	} counted[MMS_FAULT_CACHED];
	__u64 reserved3[3]; /* whole cache lines */
};

struct mms_fault_key {
	__u64 cgroup_id;
	__u32 tgid;
	__u16 kind; /* MMS_FAULT_NR_KINDS: any, with config.no_kinds */
	__u8 origin;
	__u8 exec; /* with MMS_BY_USTACK: of the process so far, lower bits: other code */
};

struct mms_fault_detail_key { /* map "details" */
	struct mms_fault_key k;
	__u64 where;  /* VMA: its start (end, if it grows down); file: inode; swap: type + 1 */
	__u32 dev;    /* file: kernel's own encoding, major << 20 | minor */
	__u32 tid;    /* 0 unless MMS_BY_THREAD */
	__s32 ustack; /* id in map "stacks"; -1 = not asked for, other negative: -errno */
	__s32 kstack;
};

struct mms_fault_place_key { /* map "places" */
	__u32 tgid;	     /* 0 for a file */
	__u32 dev;
	__u64 where;
};

/* As it was when the first of its counts was made. */
struct mms_fault_place {
	__u64 start;
	__u64 end;
	__u64 vm_flags;
	__u64 pgoff; /* pages */
	__u64 ino;
	__u32 dev;
	__u32 segment;
	char name[MMS_FAULT_NAME]; /* of the file, its last component */
};

struct mms_fault_val {
	__u64 nr;
	__u64 nr_minor;	  /* counted as min_flt by the kernel's rule */
	__u64 nr_major;	  /* as maj_flt; errors are neither */
	__u64 nr_untimed; /* refused before handle_mm_fault(): no latency */
	__u64 ns;
	__u64 max_ns;
	__u64 bytes;   /* of the page that was made, brought, copied or (cow-reuse) kept */
	__u64 around;  /* pages that came with it, config.around only */
	__u64 last_ns; /* CLOCK_MONOTONIC, when the latest ended; with MMS_BY_USTACK only */
	__u64 hist[MMS_FAULT_BUCKETS];
	__u64 reserved[7]; /* whole cache lines */
};

/* Per-CPU counters. */
enum mms_fault_tally {
	MMS_TALLY_SEEN, /* chains ended, wanted or not */
	MMS_TALLY_STORED,
	MMS_TALLY_FILTERED,
	MMS_TALLY_COUNTS_FULL, /* map "counts" had no room */
	MMS_TALLY_STARTS_FULL, /* map "more_starts" had no room */
	MMS_TALLY_NO_START,    /* a return without its entry (STARTS_FULL included) */
	MMS_TALLY_NO_RETURN,   /* an entry without its return */
	MMS_TALLY_RETRIES,     /* links joined */
	MMS_TALLY_RING_FULL,
	MMS_TALLY_EVENTS,
	MMS_TALLY_WALK_FAILED, /* an entry could not be read */
	MMS_TALLY_TGIDS_FULL,  /* a child could not be followed */
	MMS_TALLY_SAMPLED_OUT, /* seen, not looked at: marks.period */
	MMS_TALLY_STACK_LOST,  /* a stack could not be kept */
	MMS_TALLY_RUNS,	       /* of kprobe_fault and kretprobe_fault */
	MMS_TALLY_NR
};

/* Of a CPU; two cache lines. */
struct mms_fault_tallies {
	__u64 nr[16];
};

/* Map ".bss": what the programs reach without a call, and user space while they run. */
struct mms_fault_shared {
	struct mms_fault_tallies tallies[MMS_FAULT_CPUS];
	struct mms_fault_start starts[MMS_FAULT_STARTS];
};

/* Map "stacks", by the lower bits of its hash. An element fits into 1 KiB. */
struct mms_fault_stack {
	__u64 hash;
	__u64 nr;
	__u64 ip[MMS_FAULT_FRAMES]; /* innermost first */
};

/*
 * mms_fault_event.came: with this bit the number of the first of around + 1 pages, among them the
 * faulting one; without it bit i + 1 is the i-th page of the aligned 16 around the faulting one,
 * and behind them.
 */
#define MMS_CAME_RANGE (1ULL << 63)

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
	__u64 bytes;
	__u64 came;   /* which pages came along, if around is not 0: MMS_CAME_RANGE */
	__u32 around; /* pages, config.around only */
	__s32 ustack; /* as in mms_fault_detail_key */
	__s32 kstack;
	__u32 dev; /* kernel's own encoding: major << 20 | minor */
	__u32 tgid;
	__u32 tid;
	__u32 kind;
	__u32 flags;
	__u32 ret;
	__u32 links; /* retries before the last call */
	__u8 level_before;
	__u8 level_after;
	__u8 origin;
	__u8 segment;
	__u32 reserved;
	char comm[MMS_FAULT_COMM];
	char name[MMS_FAULT_NAME]; /* of the file, its last component */
};

#endif
