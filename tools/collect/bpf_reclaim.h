/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reclaim counted in the kernel by bpf/reclaim.bpf.c. Owns that skeleton; knows
 * nothing of output or of verdicts.
 */
#ifndef _MMS_BPF_RECLAIM_H
#define _MMS_BPF_RECLAIM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <linux/types.h>
#include "collect/bpf_cost.h"
#include "reclaim.h"

struct mms_reclaim_opts {
	uint32_t shadows; /* evictions kept on record; 0 = chosen by the machine's memory */
};

/* Counts of one cgroup since mms_reclaim_open(). */
struct mms_reclaim_count {
	uint64_t cgroup_id;
	struct mms_reclaim_group group;
};

/* What was seen, and what was not kept; all since open. */
struct mms_reclaim_losses {
	uint64_t evictions;	      /* pages seen */
	uint64_t refaults;	      /* pages seen */
	uint64_t dropped_groups_full; /* events */
	uint64_t dropped_tasks_full;  /* events, per-process counts only */
	uint64_t dropped_shadows;     /* pages: distances only */
	uint64_t missed_recursion; /* programs the kernel skipped: bpf_prog_info.recursion_misses */
};

struct mms_reclaim;

/**
 * mms_reclaim_open() - load and attach
 * @r: to be closed by mms_reclaim_close()
 * @opts: may be NULL
 * @why: one line for the person on error, owned by the library; may be NULL
 * Return: 0; -EPERM no rights, -ENOENT no BTF, -ENOSYS no BPF (see bpf_usable()); -errno.
 */
int mms_reclaim_open(struct mms_reclaim **r, const struct mms_reclaim_opts *opts, const char **why);
struct mms_bpf_cost mms_reclaim_cost(const struct mms_reclaim *r);
void mms_reclaim_close(struct mms_reclaim *r);

/**
 * mms_reclaim_missing() - what this kernel has no hook for
 * @i: 0, 1, ... until NULL
 * Return: one line: what is not counted, and which hook is missing.
 */
const char *mms_reclaim_missing(const struct mms_reclaim *r, size_t i);

/* One refault distance is measured out of this many (1 = every one). */
unsigned int mms_reclaim_sampling(const struct mms_reclaim *r);

/* Snapshot of all cgroups; *counts is malloc'ed. Return: 0 or -errno. */
int mms_reclaim_read(struct mms_reclaim *r, struct mms_reclaim_count **counts, size_t *nr);

/* Counts of one process; zeros when it was not seen. Return: 0 or -errno. */
int mms_reclaim_read_task(struct mms_reclaim *r, pid_t tgid, struct mms_reclaim_task *task);

/* Pages evicted from a cgroup and its descendants since open: the clock of its distances. 0 or
 * -errno. */
int mms_reclaim_clock(struct mms_reclaim *r, uint64_t cgroup_id, uint64_t *pages);

/* Makes room: forget a cgroup that no longer exists. */
void mms_reclaim_forget(struct mms_reclaim *r, uint64_t cgroup_id);

/* Makes room: forget processes that no longer exist, when more than half of the room is taken. */
void mms_reclaim_tidy(struct mms_reclaim *r);

int mms_reclaim_losses(struct mms_reclaim *r, struct mms_reclaim_losses *l);

#endif
