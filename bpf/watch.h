/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs that watch processes (tlb, thp) and their loaders have in common:
 * whom to watch, the first counters, the first tests. Include-free: the includer brings
 * the __u types.
 */
#ifndef _MMS_WATCH_BPF_H
#define _MMS_WATCH_BPF_H

#define MMS_WATCH_COMM 16

/* Whom to watch; constant once loaded. */
struct mms_watch_config {
	__u64 cgroup_id;    /* only processes in or below it; 0 = any */
	__u32 by_tgid;	    /* only tgids in map "tgids" */
	__u32 command_tgid; /* enters "tgids" when it calls execve */
	__u32 follow;	    /* children of members enter "tgids" */
	__u32 reserved;
};

/* Per-CPU counters, the first indices of map "tallies". seen = stored + filtered + full. */
enum mms_watch_tally {
	MMS_WATCH_SEEN,
	MMS_WATCH_STORED,
	MMS_WATCH_FILTERED,
	MMS_WATCH_FULL,	       /* map "counts" had no room */
	MMS_WATCH_TGIDS_FULL,  /* a child could not be followed */
	MMS_WATCH_KPROBE_RUNS, /* of the programs that are called by kprobes */
	MMS_WATCH_NR_TALLIES
};

/* The first indices of map "tested": what the self-test's child was seen to do. */
enum mms_watch_test {
	MMS_WATCH_SAW_FORK,
	MMS_WATCH_SAW_EXEC,
	MMS_WATCH_SAW_FREE,
	MMS_WATCH_NR_TESTS
};

#endif
