/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a shortage of memory does to a subject - a cgroup, a process, the machine
 * - as totals from all sources: reclaim, faults, pressure, CPU. Joins the sources
 * and resolves cgroups; knows nothing of verdicts.
 */
#ifndef _MMS_STRAIN_H
#define _MMS_STRAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "collect/bpf_fault.h"
#include "collect/bpf_reclaim.h"
#include "collect/keyed.h"

enum mms_subject_type {
	MMS_SUBJECT_MACHINE, /* cgroups whose evictions the machine's own shortage drives */
	MMS_SUBJECT_TREE,    /* a cgroup and its descendants */
	MMS_SUBJECT_CGROUP,  /* a cgroup alone */
	MMS_SUBJECT_PROCESS, /* a process, and the cgroup alone that it is charged to */
};

struct mms_subject {
	enum mms_subject_type type;
	const char *dir; /* directory of the cgroup; the root's for the machine */
	uint64_t id;	 /* of that cgroup */
	pid_t pid;	 /* of a process */
};

/**
 * struct mms_strain - totals of a subject since open
 * @group: reclaim counts; of its cgroup for a process
 * @task: reclaim counts of the process
 * @stall_ns: time its threads spent in page faults; MMS_NO_VALUE without fault programs
 * @cpu_ns: CPU time of its threads, @psi_some_ns: MMS_NO_VALUE where the kernel does not tell
 * @clock: pages evicted from the domain and its descendants
 */
struct mms_strain {
	struct mms_reclaim_group group;
	struct mms_reclaim_task task;
	uint64_t stall_ns;
	uint64_t cpu_ns;
	uint64_t psi_some_ns;
	uint64_t clock;
};

struct mms_strains;

/**
 * struct mms_strains_opts - what is to be known
 * @processes: of processes, too
 * @measure: the time of each run of a program, which costs as well
 */
struct mms_strains_opts {
	bool processes;
	bool measure;
};

/**
 * mms_strains_open() - start counting
 * @why: one line for the person on error
 * Return: 0, -ENOENT where processes cannot be told apart, -errno of measuring, or an error of
 * mms_reclaim_open(). Lacking fault programs are no error: see mms_strains_lack().
 */
int mms_strains_open(struct mms_strains **s, const struct mms_strains_opts *opts, const char **why);
struct mms_bpf_cost mms_strains_cost(const struct mms_strains *s);
void mms_strains_close(struct mms_strains *s);

/* What is not counted here and why, one line each; NULL at the end. */
const char *mms_strains_lack(const struct mms_strains *s, size_t i);

/* Takes stock of all sources: what mms_strain_read() then reads. Return: 0 or -errno. */
int mms_strains_update(struct mms_strains *s);

/* Ids of the cgroups that have counts of their own; the array is the library's, good until the next
 * update. */
const uint64_t *mms_strains_cgroups(const struct mms_strains *s, size_t *nr);

/* Directory of a cgroup, NULL when it is gone. The string lives until the next update. */
const char *mms_strains_dir(struct mms_strains *s, uint64_t id);

/**
 * mms_strain_read() - totals of a subject as of the last update
 * @out: all zero at first; then what the read after the update before gave, for
 * reclaim counts add up from there: once for each update, whether shown or not
 * Return: 0; -ESRCH the process is gone; -errno.
 */
int mms_strain_read(struct mms_strains *s, const struct mms_subject *subject,
		    struct mms_strain *out);

int mms_strains_losses(struct mms_strains *s, struct mms_reclaim_losses *reclaim,
		       struct mms_fault_losses *fault);
/* One distance in this many is measured. */
unsigned int mms_strains_sampling(const struct mms_strains *s);

#endif
