/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults counted in the kernel by bpf/fault.bpf.c. Owns that skeleton; knows
 * nothing of output or of verdicts.
 */
#ifndef _MMS_BPF_FAULT_H
#define _MMS_BPF_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MMS_FAULT_HIST_BUCKETS 32	/* bucket b: latency in [2^b, 2^(b+1)) ns, the last one open */

struct mms_fault_opts {
	pid_t tgid;		/* 0 = all processes */
	uint64_t cgroup_id;	/* 0 = all */
	bool events;		/* also stream events */
};

/* Counts of one (cgroup, tgid, kind) since mms_faults_open(). */
struct mms_fault_count {
	uint64_t cgroup_id;
	pid_t tgid;
	unsigned int kind;	/* enum mms_fault_kind, bpf/fault_kind.h */
	uint64_t nr;
	uint64_t nr_major;	/* of these, counted as maj_flt by the kernel's own rule */
	uint64_t ns;		/* sum of latencies, retry chains joined */
	uint64_t hist[MMS_FAULT_HIST_BUCKETS];
	char comm[16];
};

/* seen = stored + dropped + filtered, all since open. */
struct mms_fault_losses {
	uint64_t seen;			/* returns of handle_mm_fault that ended a chain */
	uint64_t stored;
	uint64_t filtered;
	uint64_t dropped_map_full;
	uint64_t dropped_ring_full;	/* events only: counts are complete */
	uint64_t missed_recursion;	/* programs the kernel skipped: bpf_prog_info.recursion_misses */
	uint64_t missed_entry;		/* returns whose entry was not seen */
	uint64_t missed_return;		/* entries whose return was not seen (kretprobe exhausted) */
	uint64_t retries;		/* VM_FAULT_RETRY links joined to their chain */
};

struct mms_faults;

/* Loads and attaches. Return: 0 or -errno; *why (static or owned by the lib, may be NULL) is one line for the person. */
int mms_faults_open(struct mms_faults **f, const struct mms_fault_opts *opts, const char **why);
void mms_faults_close(struct mms_faults *f);
/* How the programs hang on handle_mm_fault: "kprobe.session", "fentry/fexit", "kprobe+kretprobe". */
const char *mms_faults_attach_kind(const struct mms_faults *f);
/* Snapshot of all counts; *counts is malloc'ed. Return: 0 or -errno. */
int mms_faults_read(struct mms_faults *f, struct mms_fault_count **counts, size_t *nr);
int mms_faults_losses(struct mms_faults *f, struct mms_fault_losses *l);

#endif
