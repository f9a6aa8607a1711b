// SPDX-License-Identifier: GPL-2.0-only
/*
 * pmu: in-kernel perf counters of a process's threads. Must not know targets.
 *
 * Each thread that exists gets a counter per event, and hands it on to threads
 * that it starts. At exec they end with the old program: the new one is another
 * target's. Where the CPU counts none of the events, nothing is ever created.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/perf_event.h>
#include <linux/pid.h>
#include <linux/rculist.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <asm/processor.h>
#include "pmu.h"

#define THREADS_MAX 1024

/**
 * struct mms_pmu - counters of a process
 * @threads: rows of @counter
 * @counter: per thread and event, NULL where there is none
 */
struct mms_pmu {
	unsigned int threads;
	struct perf_event *counter[][__MMS_PMU_MAX];
};

/* A row of events: what the kernel knows of this CPU's cache events. */
#define MISSES(cache, op)                                                                  \
	{                                                                                  \
		.type = PERF_TYPE_HW_CACHE,                                                \
		.config = PERF_COUNT_HW_CACHE_##cache | PERF_COUNT_HW_CACHE_OP_##op << 8 | \
			  PERF_COUNT_HW_CACHE_RESULT_MISS << 16,                           \
	}

/**
 * struct event - what is counted
 * @type: PERF_TYPE_*
 * @config: of the type
 * @have: this CPU counts it; set at load
 */
struct event {
	u32 type;
	u64 config;
	bool have;
};

static struct event events[__MMS_PMU_MAX] = {
	[MMS_PMU_DTLB_LOAD_MISSES] = MISSES(DTLB, READ),
	[MMS_PMU_DTLB_STORE_MISSES] = MISSES(DTLB, WRITE),
	[MMS_PMU_ITLB_MISSES] = MISSES(ITLB, READ),
	[MMS_PMU_WALK_CYCLES] = {.type = PERF_TYPE_RAW},
};

/*
 * Cycles in which a page walker was busy for a load: Intel SDM volume 3, table
 * of events, DTLB_LOAD_MISSES.WALK_ACTIVE (event 0x08, umask 0x10, cmask 1) of
 * Skylake and its server and client successors up to Tiger Lake; from Golden
 * Cove on the same is event 0x12. Other CPUs: not counted.
 */
#define WALK_ACTIVE_SKL 0x01001008
#define WALK_ACTIVE_GLC 0x01001012

static const char *refusal = "not looked at yet";

static struct perf_event *create(enum mms_pmu_event event, struct task_struct *thread)
{
	struct perf_event_attr attr = {
		.type = events[event].type,
		.size = sizeof(attr),
		.config = events[event].config,
		.exclude_hv = 1,
		.inherit = 1,
		.inherit_thread = 1,
		.remove_on_exec = 1,
	};

	return perf_event_create_kernel_counter(&attr, -1, thread, NULL, NULL);
}

static u64 __init walk_cycles_config(void)
{
	const struct cpuinfo_x86 *c = &boot_cpu_data;

	/* a hypervisor's PMU need not be the CPU's: raw events mean nothing there */
	if (c->x86_vendor != X86_VENDOR_INTEL || c->x86 != 6 ||
	    boot_cpu_has(X86_FEATURE_HYPERVISOR))
		return 0;
	switch (c->x86_model) {
	case 0x4e: /* Skylake */
	case 0x5e:
	case 0x55: /* Skylake, Cascade Lake, Cooper Lake servers */
	case 0x8e: /* Kaby Lake, Coffee Lake */
	case 0x9e:
	case 0xa5: /* Comet Lake */
	case 0xa6:
	case 0x7e: /* Ice Lake */
	case 0x6a:
	case 0x6c:
	case 0x8c: /* Tiger Lake */
	case 0x8d:
		return WALK_ACTIVE_SKL;
	case 0x8f: /* Sapphire Rapids */
	case 0xcf: /* Emerald Rapids */
		return WALK_ACTIVE_GLC;
	}
	return 0;
}

/**
 * mms_pmu_init - try which events this CPU counts
 *
 * Context: module load.
 */
void __init mms_pmu_init(void)
{
	struct perf_event *e;
	int i;

	events[MMS_PMU_WALK_CYCLES].config = walk_cycles_config();
	refusal = "this CPU counts none of the events, or hides its PMU";
	for (i = 0; i < __MMS_PMU_MAX; i++) {
		if (events[i].type == PERF_TYPE_RAW && !events[i].config)
			continue;
		e = create(i, current);
		if (IS_ERR(e))
			continue;
		perf_event_release_kernel(e);
		events[i].have = true;
		refusal = NULL;
	}
}

/**
 * mms_pmu_refusal - why nothing is counted
 *
 * Return: words, or NULL if something is.
 */
const char *mms_pmu_refusal(void)
{
	return refusal;
}

/**
 * mms_pmu_event_name - the word for an event
 * @event: the event
 */
const char *mms_pmu_event_name(enum mms_pmu_event event)
{
	static const char *const names[] = {
		[MMS_PMU_DTLB_LOAD_MISSES] = "dtlb_load_misses",
		[MMS_PMU_DTLB_STORE_MISSES] = "dtlb_store_misses",
		[MMS_PMU_ITLB_MISSES] = "itlb_misses",
		[MMS_PMU_WALK_CYCLES] = "walk_cycles",
	};

	return names[event];
}

/* Pins up to @max threads of @leader's process; returns how many. */
static unsigned int pin_threads(struct task_struct *leader, struct task_struct **threads,
				unsigned int max)
{
	struct task_struct *thread;
	unsigned int n = 0;

	rcu_read_lock();
	list_for_each_entry_rcu(thread, &leader->signal->thread_head, thread_node)
	{
		if (n == max)
			break;
		threads[n++] = get_task_struct(thread);
	}
	rcu_read_unlock();
	return n;
}

static void create_all(struct mms_pmu *pmu, struct task_struct *thread)
{
	struct perf_event *e;
	int i;

	for (i = 0; i < __MMS_PMU_MAX; i++) {
		e = events[i].have ? create(i, thread) : NULL;
		pmu->counter[pmu->threads][i] = IS_ERR(e) ? NULL : e;
	}
	pmu->threads++;
}

/**
 * mms_pmu_create - count for the threads of a process
 * @pid: the process
 *
 * Threads beyond the first 1024, and those that begin while this runs, may be
 * left out; nothing fails for want of counters.
 *
 * Context: may sleep.
 * Return: counters, or NULL: none here, the process is gone, or no memory.
 */
struct mms_pmu *mms_pmu_create(struct pid *pid)
{
	struct task_struct **threads, *leader;
	struct mms_pmu *pmu = NULL;
	unsigned int n = 0, i;

	if (refusal)
		return NULL;
	leader = get_pid_task(pid, PIDTYPE_TGID);
	if (!leader)
		return NULL;
	threads = kvcalloc(THREADS_MAX, sizeof(*threads), GFP_KERNEL);
	if (threads)
		n = pin_threads(leader, threads, THREADS_MAX);
	put_task_struct(leader);
	if (n)
		pmu = kvzalloc(struct_size(pmu, counter, n), GFP_KERNEL);
	for (i = 0; i < n; i++) {
		if (pmu)
			create_all(pmu, threads[i]);
		put_task_struct(threads[i]);
	}
	kvfree(threads);
	return pmu;
}

/**
 * mms_pmu_read - how often an event happened
 * @pmu: the counters
 * @event: the event
 * @count: the sum over threads, also ended ones; scaled up where the CPU's
 *	   counters were shared with others
 *
 * Context: may sleep.
 * Return: false if nobody counts it.
 */
bool mms_pmu_read(struct mms_pmu *pmu, enum mms_pmu_event event, u64 *count)
{
	u64 n, enabled, running;
	bool any = false;
	unsigned int i;

	for (i = 0, *count = 0; i < pmu->threads; i++) {
		if (!pmu->counter[i][event])
			continue;
		any = true;
		n = perf_event_read_value(pmu->counter[i][event], &enabled, &running);
		*count +=
			running && running < enabled ? mul_u64_u64_div_u64(n, enabled, running) : n;
	}
	return any;
}

/**
 * mms_pmu_destroy - stop counting
 * @pmu: the counters, or NULL
 *
 * Context: may sleep; nobody reads them.
 */
void mms_pmu_destroy(struct mms_pmu *pmu)
{
	unsigned int i;
	int j;

	if (!pmu)
		return;
	for (i = 0; i < pmu->threads; i++)
		for (j = 0; j < __MMS_PMU_MAX; j++)
			if (pmu->counter[i][j])
				perf_event_release_kernel(pmu->counter[i][j]);
	kvfree(pmu);
}
