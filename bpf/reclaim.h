/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What reclaim.bpf.c keeps in its maps, and the buckets of the refault-distance
 * histogram. Include-free (the includer brings the __u types): BPF, the tool and
 * the unit tests all compile it. Knows nothing of how the numbers were seen.
 */
#ifndef _MMS_RECLAIM_H
#define _MMS_RECLAIM_H

/*
 * Distances, in pages, fall into buckets of 1/16 octave: 0..15 one bucket each,
 * above that sixteen for each power of two. A bucket is at most 1/16 of its
 * lower bound wide, so its middle is within about 3 % of every value in it.
 */
#define MMS_DIST_SUB_BITS 4
#define MMS_DIST_SUB	  (1U << MMS_DIST_SUB_BITS)
#define MMS_DIST_OCTAVES  31 /* up to 2^35 pages of evictions; the last bucket is open */
#define MMS_DIST_BUCKETS  (MMS_DIST_SUB * (MMS_DIST_OCTAVES + 1)) /* a power of two */

enum mms_page_type {
	MMS_PAGE_ANON, /* anonymous and shmem: what goes to swap */
	MMS_PAGE_FILE,
	__MMS_PAGE_TYPES,
};

enum mms_reclaim_type {
	MMS_RECLAIM_DIRECT, /* the machine was short */
	MMS_RECLAIM_MEMCG,  /* a cgroup was at its limit */
	__MMS_RECLAIM_TYPES,
};

/* One kind of reclaim done by tasks on their own behalf. */
struct mms_reclaim_work {
	__u64 nr;
	__u64 ns;    /* begin to end, waiting included */
	__u64 pages; /* reclaimed */
};

/**
 * struct mms_reclaim_group - counts of one memory cgroup, its descendants not included
 * @evictions: pages reclaimed with a shadow left behind, by enum mms_page_type
 * @refaults: pages that came back, by type, counted where the page is charged now
 * @refaults_foreign: of these, pages that were evicted from another cgroup
 * @swapins: pages read back from swap
 * @swapouts: pages written to swap
 * @dist_nr: refaulted pages whose distance is in @dist (with sampling: an estimate)
 * @dist_unknown: refaulted pages whose eviction was not on record
 * @domain: id of the cgroup whose limit drove the latest eviction; 1 = the whole machine
 * @work: reclaim done by the tasks of the cgroup, by enum mms_reclaim_type
 * @dist: histogram of refault distances, weights in pages
 */
struct mms_reclaim_group {
	__u64 evictions[__MMS_PAGE_TYPES];
	__u64 refaults[__MMS_PAGE_TYPES];
	__u64 refaults_foreign;
	__u64 swapins;
	__u64 swapouts;
	__u64 dist_nr;
	__u64 dist_unknown;
	__u64 domain;
	struct mms_reclaim_work work[__MMS_RECLAIM_TYPES];
	__u64 dist[MMS_DIST_BUCKETS];
};

/* Counts of one process: work that its threads did or asked for. */
struct mms_reclaim_task {
	__u64 refaults[__MMS_PAGE_TYPES];
	__u64 swapins;
	struct mms_reclaim_work work[__MMS_RECLAIM_TYPES];
	char comm[16];
};

/* What the programs themselves saw and could not keep. */
struct mms_reclaim_seen {
	__u64 evictions;      /* pages, all cgroups */
	__u64 refaults;	      /* pages, all cgroups */
	__u64 groups_full;    /* events not counted: no room for another cgroup */
	__u64 tasks_full;     /* events not counted per process: no room for another */
	__u64 shadows_failed; /* evictions whose record could not be stored */
	__u64 no_group;	      /* events on pages charged to no cgroup (counted for the machine) */
};

static inline __u32 mms_dist_bucket(__u64 pages)
{
	__u32 octave = 0;
	__u64 v = pages >> MMS_DIST_SUB_BITS;

	if (!v)
		return pages;
	/* floor(log2 v); BPF of this vintage has no count-leading-zeros. */
	if (v >> 32)
		return MMS_DIST_BUCKETS - 1;
	if (v >> 16) {
		v >>= 16;
		octave += 16;
	}
	if (v >> 8) {
		v >>= 8;
		octave += 8;
	}
	if (v >> 4) {
		v >>= 4;
		octave += 4;
	}
	if (v >> 2) {
		v >>= 2;
		octave += 2;
	}
	if (v >> 1)
		octave += 1;
	if (octave >= MMS_DIST_OCTAVES)
		return MMS_DIST_BUCKETS - 1;
	return (octave + 1) * MMS_DIST_SUB + ((pages >> octave) & (MMS_DIST_SUB - 1));
}

/* Lower bound of a bucket, pages; bucket MMS_DIST_BUCKETS is the end of the last one. */
static inline __u64 mms_dist_floor(__u32 bucket)
{
	__u32 octave;

	if (bucket < 2 * MMS_DIST_SUB)
		return bucket;
	octave = bucket / MMS_DIST_SUB - 1;
	return (__u64)(MMS_DIST_SUB + bucket % MMS_DIST_SUB) << octave;
}

#endif
