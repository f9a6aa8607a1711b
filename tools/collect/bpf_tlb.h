/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TLB flushes counted in the kernel by bpf/tlb.bpf.c. Owns that skeleton; knows
 * nothing of output or of verdicts.
 */
#ifndef _MMS_BPF_TLB_H
#define _MMS_BPF_TLB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <linux/types.h>
#include "collect/bpf_cost.h"
#include "collect/whom.h"
#include "watch.h"
#include "tlb.h"

struct mms_tlb_opts {
	struct mms_whom whom;
	bool measure; /* the kernel's run-time statistics of our programs on (they cost, too) */
	const char *attach; /* one of mms_tlb_attach_kinds(); NULL = the best one for each hook */
};

/* One process since mms_tlb_open(); tgid 0 is the kernel itself. */
struct mms_tlb_count {
	pid_t tgid;
	char comm[MMS_WATCH_COMM]; /* "" = not known */
	struct mms_tlb_val v;
};

/* Flushes that one process received because of another, or of itself. */
struct mms_tlb_received {
	pid_t by, of;
	char by_comm[MMS_WATCH_COMM], comm[MMS_WATCH_COMM];
	struct mms_tlb_flushes n;
};

struct mms_tlb_data {
	struct mms_tlb_count *counts;
	size_t nr_counts;
	struct mms_tlb_received *received;
	size_t nr_received;
};

/* All since open. seen = stored + filtered + dropped; what was missed is not in it. */
struct mms_tlb_losses {
	uint64_t seen; /* flushes, shootdowns, interrupts, flushes asked for */
	uint64_t stored;
	uint64_t filtered;
	uint64_t dropped;	   /* no room in the kernel's map of processes */
	uint64_t dropped_received; /* no room in that of who received from whom */
	uint64_t stood_in;	   /* flushes that skipped one program and were taken by another */
	uint64_t missed_flush;	   /* flushes that skipped both */
	uint64_t missed_recursion; /* runs of the other programs skipped */
	uint64_t missed_probe;	   /* calls that kprobes did not see */
	uint64_t missed_child;	   /* children not followed: no room */
};

struct mms_tlb;

/**
 * mms_tlb_open() - load, attach, try each hook on a child of ours, begin to count
 * @t: to be closed by mms_tlb_close()
 * @opts: what to count
 * @why: one line for the person on error (static or owned by the library)
 * Return: 0; -EPERM, -ENOENT or -EOPNOTSUPP, something is missing here; -ESRCH; -EIO, a program
 * does not see what it should; -ENOMEM; -errno.
 */
int mms_tlb_open(struct mms_tlb **t, const struct mms_tlb_opts *opts, const char **why);
void mms_tlb_stop(struct mms_tlb *t);
/* What counting has cost since mms_tlb_open(). */
struct mms_bpf_cost mms_tlb_cost(const struct mms_tlb *t);
void mms_tlb_close(struct mms_tlb *t);

/* How the programs hang on functions: "fentry", "kprobe" or "fentry+kprobe". */
const char *mms_tlb_attach_kind(const struct mms_tlb *t);
/* The @i-th kind that can be forced; NULL after the last. */
const char *mms_tlb_attach_kinds(size_t i);
/* What is not told here: one line for the @i-th lack, NULL after the last. */
const char *mms_tlb_missing(const struct mms_tlb *t, size_t i);

/* Snapshot of all counts, released by mms_tlb_data_free(). Return: 0 or -errno. */
int mms_tlb_read(struct mms_tlb *t, struct mms_tlb_data *d);
void mms_tlb_data_free(struct mms_tlb_data *d);
int mms_tlb_losses(struct mms_tlb *t, struct mms_tlb_losses *l);

/* Does this kernel have what the programs hook and read? For the table of features. */
bool mms_tlb_probe_hooks(const char **why);

/* "task-switch", "remote", ... */
const char *mms_tlb_reason_name(unsigned int reason);

#endif
