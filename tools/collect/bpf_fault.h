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
#include <linux/types.h>
#include "fault_kind.h"
#include "collect/bpf_cost.h"
#include "fault.h"

/* Bucket b: latency in [2^b, 2^(b+1)) ns, the last one open. */
#define MMS_FAULT_HIST_BUCKETS 32

struct mms_fault_opts {
	pid_t tgid;	    /* 0 = all processes */
	pid_t tid;	    /* one thread; 0 = all */
	uint64_t cgroup_id; /* this cgroup and those below it; 0 = all */
	pid_t command;	    /* counted from its next execve() on, with its children; 0 = none */
	bool follow;	    /* children of tgid, too */
	bool events;	    /* also stream events */
	bool no_kinds;	    /* look at no table: cheaper, the kind is "any" but for errors */
	bool around;	    /* count the pages that came along with a fault */
	unsigned int by;    /* MMS_BY_*: what else to keep apart */
	bool bill;    /* what forks cost, for bpf_bill.h, in place of counts; by VMA and USTACK */
	bool measure; /* the kernel's run-time statistics of our programs (they cost, too) */
	const char *attach; /* one of mms_faults_attach_kinds(); NULL = the best one here */
};

/* Counts of one (cgroup, tgid, kind, origin, what opts.by asked for) since mms_faults_open(). */
struct mms_fault_count {
	uint64_t cgroup_id;
	pid_t tgid;
	pid_t tid;	     /* 0 unless MMS_BY_THREAD */
	unsigned int kind;   /* enum mms_fault_kind, bpf/fault_kind.h; MMS_FAULT_NR_KINDS = any */
	unsigned int origin; /* enum mms_fault_origin */
	unsigned int exec;   /* MMS_BY_USTACK: another number, another program */
	uint64_t where;	     /* as in struct mms_fault_detail_key */
	uint32_t dev;
	int32_t ustack, kstack; /* for mms_faults_stack() */
	uint64_t nr;
	uint64_t nr_major;   /* of these, counted as maj_flt by the kernel's own rule */
	uint64_t nr_minor;   /* counted as min_flt; failed faults are neither */
	uint64_t nr_untimed; /* refused before handle_mm_fault(): in nr, not in ns and hist */
	uint64_t ns;	     /* sum of latencies, retry chains joined */
	uint64_t max_ns;
	uint64_t last_ns; /* MMS_BY_USTACK: CLOCK_MONOTONIC, when the latest of them ended */
	uint64_t bytes;	  /* made, brought or copied by the faults themselves */
	uint64_t around;  /* pages that came along, opts.around only */
	uint64_t hist[MMS_FAULT_HIST_BUCKETS];
	char comm[16];
	bool has_place; /* MMS_BY_VMA and MMS_BY_FILE, if there was room to remember it */
	struct mms_fault_place place;
};

/* One fault that has not ended. */
struct mms_fault_open {
	pid_t tgid, tid;
	char comm[16]; /* of the thread */
	uint64_t addr;
	uint64_t ns; /* so far */
	unsigned int origin;
	unsigned int links; /* retries so far */
};

/*
 * All since open. seen = stored + filtered + sampled_out + dropped_map_full + missed_entry;
 * missed_recursion and missed_probe were not seen at all. What was skipped at the exit of a
 * task is no loss, but for a bill or a single thread: the next task with its number makes up
 * for it.
 */
struct mms_fault_losses {
	uint64_t seen; /* chains of handle_mm_fault that ended, and refused addresses */
	uint64_t stored;
	uint64_t filtered;
	uint64_t sampled_out; /* not looked at: mms_faults_throttle() */
	uint64_t dropped_map_full;
	uint64_t dropped_ring_full; /* events only: counts are complete */
	uint64_t missed_recursion;  /* programs skipped: bpf_prog_info.recursion_misses */
	uint64_t missed_entry;	    /* returns whose entry was not seen */
	uint64_t missed_return;	    /* entries whose return was not seen */
	uint64_t missed_probe;	    /* calls or returns skipped, of all processes */
	uint64_t missed_child;	    /* children not followed: no room */
	uint64_t retries;	    /* VM_FAULT_RETRY links joined to their chain */
	uint64_t walk_failed;	    /* table entries that could not be read: taken as absent */
	uint64_t stack_lost;	    /* stacks that could not be kept: their faults count */
	uint64_t events;	    /* streamed */
};

struct mms_faults;

/**
 * mms_faults_open() - load, attach, begin to count
 * @f: to be closed by mms_faults_close()
 * @opts: what to count
 * @why: one line for the person on error (static or owned by the library); may be NULL
 * Return: 0; -EPERM or -ENOENT (see mms_bpf_usable()); -EOPNOTSUPP, the forced attach
 * kind does not work here; -ESRCH; -ESTALE, no such cgroup; -EINVAL; -ENOMEM; -errno of bpf(2)
 * or of opening the cgroup.
 */
int mms_faults_open(struct mms_faults **f, const struct mms_fault_opts *opts, const char **why);
void mms_faults_close(struct mms_faults *f);

/* How the programs hang on handle_mm_fault: "kprobe.session", "fentry/fexit", "kprobe+kretprobe".
 */
const char *mms_faults_attach_kind(const struct mms_faults *f);
/* The @i-th kind that can be forced, best first; NULL after the last. */
const char *mms_faults_attach_kinds(size_t i);
/* What is told by rule or not at all here: one line for the @i-th lack, NULL after the last. */
const char *mms_faults_missing(const struct mms_faults *f, size_t i);

/* Snapshot of all counts; *counts is malloc'ed. Return: 0 or -errno. */
int mms_faults_read(struct mms_faults *f, struct mms_fault_count **counts, size_t *nr);
int mms_faults_losses(struct mms_faults *f, struct mms_fault_losses *l);

/* Faults that have not ended yet, and how long they have lasted so far. Return: 0 or -errno. */
int mms_faults_in_flight(struct mms_faults *f, uint64_t *nr, uint64_t *ns);

/* The same, one by one: *v is malloc'ed, longest first. Return: 0 or -errno. */
int mms_faults_open_list(struct mms_faults *f, struct mms_fault_open **v, size_t *nr);

/* Addresses of a stack, innermost first. Return: how many, or -errno. */
int mms_faults_stack(struct mms_faults *f, int32_t id, uint64_t *ips, size_t max);

/* What counting has cost since mms_faults_open(). */
struct mms_bpf_cost mms_faults_cost(const struct mms_faults *f);

/* Look at one fault of @period only (0 and 1: at all), stream @events or not. */
void mms_faults_throttle(struct mms_faults *f, unsigned int period, bool events);

/* Faults that begin from now on do not count; what is counted is final but for those inside. */
void mms_faults_stop(struct mms_faults *f);

/* The command at its execve: its counters then, ns = 0 if it was not reached. Return: 0 or -errno.
 */
int mms_faults_execd(struct mms_faults *f, struct mms_fault_execd *e);

typedef void (*mms_fault_event_fn)(const struct mms_fault_event *e, void *ctx);

/**
 * mms_faults_poll() - hand the events that wait to a function
 * @timeout_ms: wait so long for the first batch; 0 takes what is there
 * Return: number of events, -EINTR, -EINVAL (opened without events), or -errno.
 */
int mms_faults_poll(struct mms_faults *f, int timeout_ms, mms_fault_event_fn fn, void *ctx);

#endif
