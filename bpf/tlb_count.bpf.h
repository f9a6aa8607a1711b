/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose translations a flush took, whether that process is one to be counted, and its
 * counters. Must not know where the programs hang, nor of user space.
 */
#ifndef _MMS_TLB_COUNT_BPF_H
#define _MMS_TLB_COUNT_BPF_H

#include "common.bpf.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "watch.h"
#include "tlb.h"

#define MMS_PF_KTHREAD	 0x200000
#define MMS_FLUSH_ALL	 (~0UL) /* TLB_FLUSH_ALL */
#define MMS_PAGE_SHIFT	 12
#define MMS_MM_SWITCHING 1UL /* LOADED_MM_SWITCHING */

const volatile struct mms_tlb_config cfg SEC(".rodata.cfg");
volatile struct mms_tlb_marks marks SEC(".data.marks");
__u32 tested[MMS_TLB_NR_TESTS] SEC(".data.tested");

#define MMS_WATCH_WHOM	  cfg.whom
#define MMS_WATCH_TALLIES MMS_TLB_NR_TALLIES
#include "watch.bpf.h"

/* What this CPU is in the middle of, interrupts off. */
struct cpu_state {
	u64 next;  /* the address space that it switches to */
	u32 cause; /* tgid of who sent the shootdown */
	u32 cause_wanted;
	u32 taken; /* the first program has had this flush */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct cpu_state);
} states SEC(".maps");

/* By CPU: who sends a shootdown there. */
struct sender {
	u32 tgid;
	u32 wanted;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct sender);
} senders SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, struct mms_tlb_val);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct mms_tlb_pair);
	__type(value, struct mms_tlb_flushes);
} pairs SEC(".maps");

static const struct mms_tlb_val zero_val;
static const struct mms_tlb_flushes zero_flushes;

static __always_inline struct cpu_state *this_cpu_state(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&states, &zero);
}

/*
 * Whose address space is this? It loses its owner when the last thread lets go of it;
 * that thread then takes it apart, and the CPU still has it loaded.
 * Return: a task, or NULL: the kernel's own.
 */
static __always_inline struct task_struct *owner_of(struct mm_struct *mm)
{
	struct task_struct *t;

	if ((u64)mm <= MMS_MM_SWITCHING)
		return NULL;
	t = BPF_CORE_READ(mm, owner);
	if (t)
		return t;
	t = current_task();
	if (BPF_CORE_READ(t, active_mm) == mm && !(BPF_CORE_READ(t, flags) & MMS_PF_KTHREAD))
		return t;
	return NULL;
}

/* The counters of a process, created at its first flush; NULL if there is no room. */
static __always_inline struct mms_tlb_val *count_slot(u32 tgid, struct task_struct *t)
{
	struct mms_tlb_val *v = bpf_map_lookup_elem(&counts, &tgid);

	if (v)
		return v;
	remember_comm(tgid, t);
	/* Another CPU may be first: then ours is there, too. */
	bpf_map_update_elem(&counts, &tgid, &zero_val, BPF_NOEXIST);
	return bpf_map_lookup_elem(&counts, &tgid);
}

/* The counters of a process for one event, if it is to be counted. */
static __always_inline struct mms_tlb_val *count_event(u32 tgid, struct task_struct *t, bool want)
{
	struct mms_tlb_val *v;

	tally(MMS_WATCH_SEEN);
	if (!want) {
		tally(MMS_WATCH_FILTERED);
		return NULL;
	}
	v = count_slot(tgid, t);
	tally(v ? MMS_WATCH_STORED : MMS_WATCH_FULL);
	return v;
}

static __always_inline void add(struct mms_tlb_flushes *f, u64 pages)
{
	if (!pages) {
		__sync_fetch_and_add(&f->none, 1);
		return;
	}
	__sync_fetch_and_add(&f->flushes, 1);
	if (pages == MMS_FLUSH_ALL)
		__sync_fetch_and_add(&f->full, 1);
	else
		__sync_fetch_and_add(&f->pages, pages);
}

static __always_inline u64 pages_of(u64 start, u64 end)
{
	return end == MMS_FLUSH_ALL ? MMS_FLUSH_ALL : (end - start) >> MMS_PAGE_SHIFT;
}

#endif
