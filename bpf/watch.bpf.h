/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether a process is one to be watched: the filter, what it has by names, and the
 * programs that keep it up to date. Included after "cfg", "marks" (armed, test_tgid) and
 * "tested" are defined, with MMS_WATCH_WHOM (a struct mms_watch_config) and
 * MMS_WATCH_TALLIES (how many). Must not know what is counted.
 */
#ifndef _MMS_WATCH_BPF_BPF_H
#define _MMS_WATCH_BPF_BPF_H

#include "common.bpf.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "watch.h"

#ifndef MMS_CGROUP_DEPTH
#define MMS_CGROUP_DEPTH 24
#endif

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u32);
	__type(value, char[MMS_WATCH_COMM]);
} comms SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, u8);
} tgids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MMS_WATCH_TALLIES);
	__type(key, u32);
	__type(value, u64);
} tallies SEC(".maps");

static __always_inline void tally(u32 which)
{
	u64 *v = bpf_map_lookup_elem(&tallies, &which);

	/* Atomic: interrupts come between. */
	if (v)
		__sync_fetch_and_add(v, 1);
}

static __always_inline u32 current_tgid(void)
{
	return bpf_get_current_pid_tgid() >> 32;
}

static __always_inline struct task_struct *current_task(void)
{
	return (struct task_struct *)bpf_get_current_task();
}

static __always_inline bool in_cgroup(struct task_struct *t)
{
	struct cgroup *c = BPF_CORE_READ(t, cgroups, dfl_cgrp);

	for (int i = 0; i < MMS_CGROUP_DEPTH; i++) {
		if (!c)
			break;
		if (BPF_CORE_READ(c, kn, id) == MMS_WATCH_WHOM.cgroup_id)
			return true;
		c = BPF_CORE_READ(c, self.parent, cgroup);
	}
	return false;
}

/* Is this process one of those to be counted? @t: one of its tasks, or NULL */
static __always_inline bool wanted(u32 tgid, struct task_struct *t)
{
	if (MMS_WATCH_WHOM.by_tgid)
		return bpf_map_lookup_elem(&tgids, &tgid) != NULL;
	if (MMS_WATCH_WHOM.cgroup_id)
		return t && in_cgroup(t);
	return true;
}

static __always_inline void remember_comm(u32 tgid, struct task_struct *t)
{
	char comm[MMS_WATCH_COMM] = {};

	if (!tgid || !t)
		return;
	BPF_CORE_READ_INTO(&comm, t, group_leader, comm);
	bpf_map_update_elem(&comms, &tgid, comm, BPF_ANY);
}

/* Not counting yet: is it what the loader's child was made to do? */
static __always_inline void test(u32 which, u32 tgid, bool right)
{
	if (tgid && tgid == marks.test_tgid && right)
		__sync_fetch_and_add(&tested[which], 1);
}

/* --- processes come and go --- */

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task)
{
	u32 tgid = current_tgid();
	u8 member = 1;

	test(MMS_WATCH_SAW_EXEC, tgid, !marks.armed);
	if (bpf_map_lookup_elem(&comms, &tgid))
		remember_comm(tgid, task);
	if (MMS_WATCH_WHOM.command_tgid && tgid == MMS_WATCH_WHOM.command_tgid)
		bpf_map_update_elem(&tgids, &tgid, &member, BPF_ANY);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	u32 from = BPF_CORE_READ(parent, tgid), to = BPF_CORE_READ(child, tgid);
	u8 member = 1;

	test(MMS_WATCH_SAW_FORK, from, !marks.armed);
	if (!MMS_WATCH_WHOM.follow || from == to || !bpf_map_lookup_elem(&tgids, &from))
		return 0;
	if (bpf_map_update_elem(&tgids, &to, &member, BPF_ANY))
		tally(MMS_WATCH_TGIDS_FULL);
	return 0;
}

/*
 * The last of a process's tasks is freed: its number may be given to another. At its exit
 * some kernels have taken its address space apart already, others begin to after that.
 */
SEC("tp_btf/sched_process_free")
int BPF_PROG(on_free, struct task_struct *task)
{
	u32 tgid = BPF_CORE_READ(task, tgid);

	if (BPF_CORE_READ(task, pid) != tgid)
		return 0;
	test(MMS_WATCH_SAW_FREE, tgid, !marks.armed);
	if (MMS_WATCH_WHOM.by_tgid)
		bpf_map_delete_elem(&tgids, &tgid);
	return 0;
}

#endif
