/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What bpf/tlb.bpf.c and tools/collect/bpf_tlb*.c exchange: the settings, keys and
 * counters. Include-free: the includer brings the __u types and watch.h. Must not know
 * of kernel structs or of libbpf.
 */
#ifndef _MMS_TLB_BPF_H
#define _MMS_TLB_BPF_H

/* Why a TLB was flushed: the kernel's reasons, in the words of PID/tlb of the module. */
#define MMS_TLB_REASONS(X)            \
	X(TASK_SWITCH, "task-switch") \
	X(REMOTE, "remote")           \
	X(LOCAL, "local")             \
	X(LOCAL_MM, "local-mm")       \
	X(IPI_SENT, "ipi-sent")       \
	X(WRONG_CPU, "wrong-cpu")     \
	X(OTHER, "other") /* a reason that is newer than this list */

enum mms_tlb_reason {
#define MMS_TLB_REASON_ID(id, name) MMS_TLB_##id,
	MMS_TLB_REASONS(MMS_TLB_REASON_ID)
#undef MMS_TLB_REASON_ID
		MMS_TLB_NR_REASONS
};

#define MMS_TLB_REASON_SLOTS 8 /* a power of two */

/**
 * struct mms_tlb_flushes - flushes of one sort
 * @flushes: those that had something to flush
 * @pages: of those of single pages
 * @full: those of everything
 * @none: those that found the TLB up to date
 */
struct mms_tlb_flushes {
	__u64 flushes;
	__u64 pages;
	__u64 full;
	__u64 none;
};

/**
 * struct mms_tlb_val - map "counts": one process
 * @by_reason: flushes of its translations; IPI_SENT: shootdowns that its threads sent
 * @asked: flushes that its threads asked for, of any process
 * @asked_other: of these, of another process's translations
 * @batched: shootdowns of IPI_SENT for pages of any process: reclaim, migration
 * @hits: CPUs that its shootdowns interrupted
 */
struct mms_tlb_val {
	struct mms_tlb_flushes by_reason[MMS_TLB_REASON_SLOTS];
	struct mms_tlb_flushes asked;
	__u64 asked_other;
	__u64 batched;
	__u64 hits;
};

/* Map "pairs": flushes that one process received (REMOTE) from another, or itself. */
struct mms_tlb_pair {
	__u32 by; /* whose thread sent the shootdown; 0 = the kernel */
	__u32 of; /* whose translations were flushed */
};

/* Map "cfg": settings, constant once loaded. */
struct mms_tlb_config {
	struct mms_watch_config whom;
	__u32 ceiling; /* of more pages than this the kernel flushes all */
	__u32 reserved;
};

/* Map "marks": written by the loader at run time. */
struct mms_tlb_marks {
	__u64 armed; /* counting; before, the process below is looked out for */
	__u64 test_start;
	__u64 test_end; /* the address range that it flushes */
	__u32 test_tgid;
	__u32 reserved;
};

/* Map "tested": how often the programs saw the test's process do this, before they were armed. */
enum mms_tlb_test {
	MMS_TLB_SAW_FLUSH = MMS_WATCH_NR_TESTS, /* tlb_flush, of the one page */
	MMS_TLB_SAW_TAKEN,  /* by the second program: the first one has had it */
	MMS_TLB_SAW_SWITCH, /* its address space loaded, and tlb_flush for that */
	MMS_TLB_SAW_ASKED,
	MMS_TLB_SAW_ASKED_ANY, /* for whatever pages */
	MMS_TLB_SAW_SENT,
	MMS_TLB_SAW_HIT,
	MMS_TLB_SAW_REMOTE, /* tlb_flush on the other CPU, and who caused it */
	MMS_TLB_NR_TESTS
};

/* Per-CPU counters, further indices of map "tallies". */
enum mms_tlb_tally {
	/* The first program on tlb_flush was skipped, the second was not. */
	MMS_TLB_STOOD_IN = MMS_WATCH_NR_TALLIES,
	MMS_TLB_PAIRS_FULL, /* map "pairs" had no room: who caused it is not known */
	MMS_TLB_NR_TALLIES
};

#endif
