/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPU's own counters, by perf_event_open(2): of a process with its threads, of a
 * command with its children, of a cgroup, or of all CPUs. Knows nothing of output.
 */
#ifndef _MMS_PMU_H
#define _MMS_PMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* An event of perf_event_attr. */
struct mms_pmu_event {
	const char *key;   /* "dtlb_load_misses" */
	const char *label; /* "dTLB load misses" */
	uint32_t type;
	uint64_t config;
};

/* TLB misses, by the kernel's generic names: it knows what they are on this CPU. */
extern const struct mms_pmu_event mms_pmu_tlb[];
extern const size_t mms_pmu_nr_tlb;

struct mms_pmu_opts {
	pid_t pid;	    /* its threads, and those that they start; 0 = none */
	pid_t command;	    /* from its next execve() on, with its children; 0 = none */
	const char *cgroup; /* directory: its tasks and those below; NULL = none */
};

/* Since mms_pmu_open(). Counters that others want too are scaled up to all of the time. */
struct mms_pmu_value {
	bool known;
	double count;
	uint64_t enabled_ns; /* time to be counted, summed over threads or CPUs */
	uint64_t running_ns; /* of that, time really counted */
};

struct mms_pmu;

/* What a count would be, had it been counted for all of the time. */
static inline double mms_pmu_scale(uint64_t count, uint64_t enabled, uint64_t running)
{
	if (running && running < enabled)
		return (double)count * (double)enabled / (double)running;
	return (double)count;
}

/**
 * mms_pmu_open() - begin to count
 * @p: to be closed by mms_pmu_close()
 * @events: e.g. mms_pmu_tlb
 * @nr: how many
 * @opts: of whom; nobody = all CPUs
 * @why: why nothing can be counted, on error; static
 * Events that this CPU does not count are left out.
 * Return: 0; -ENOENT, it counts none of them; -EACCES; -ESRCH; -EMFILE; -errno.
 */
int mms_pmu_open(struct mms_pmu **p, const struct mms_pmu_event *events, size_t nr,
		 const struct mms_pmu_opts *opts, const char **why);
void mms_pmu_close(struct mms_pmu *p);

/* Event number @i of those given to mms_pmu_open(), up to now. */
void mms_pmu_read(struct mms_pmu *p, size_t i, struct mms_pmu_value *v);

#endif
