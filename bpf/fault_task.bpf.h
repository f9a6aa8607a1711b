/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happens around the faults: marks that inner functions set, refused
 * addresses, and the lives of tasks. Must not know how the programs at the entry
 * and return of handle_mm_fault() hang there.
 */
#ifndef _MMS_FAULT_TASK_BPF_H
#define _MMS_FAULT_TASK_BPF_H

#include "fault_body.bpf.h"

/* Something inside the fault of this thread says what it is. */
static __always_inline struct mms_fault_start *fault_mark(u32 fact)
{
	struct mms_fault_start *s = slot_find(current_tid());

	if (!s || s->state != MMS_START_RUNNING)
		return NULL;
	s->facts |= fact;
	return s;
}

SEC("kprobe/handle_userfault")
int on_userfault(void *ctx)
{
	if (fault_mark(MMS_FACT_USERFAULT) && !marks.armed_ns)
		prove(current_tgid(), MMS_PROOF_USERFAULT);
	return 0;
}

SEC("kprobe/migration_entry_wait")
int on_migration_wait(void *ctx)
{
	fault_mark(MMS_FACT_MIGRATION);
	return 0;
}

SEC("kprobe/pmd_migration_entry_wait")
int on_pmd_migration_wait(void *ctx)
{
	fault_mark(MMS_FACT_MIGRATION);
	return 0;
}

/* A signal without a fault before it. */
static __always_inline void count_refused(void *ctx, u64 id, struct kernel_siginfo *info)
{
	struct fault_sum sum = {
		.kind = MMS_FAULT_SEGV,
		.origin = MMS_ORIGIN_USER,
		.ustack = -1,
		.kstack = -1,
	};
	struct mms_fault_event *e;
	struct mms_fault_val *v;

	if (marks.period > 1 && (u64)bpf_get_prandom_u32() * marks.period >> 32) {
		tally(MMS_TALLY_SAMPLED_OUT);
		return;
	}
	take_stacks(ctx, &sum, 2);
	if (cfg.bill) {
		tally(bill_count(id, MMS_BILL_OTHER, NULL, &sum));
		return;
	}
	v = count_uncached(id, bpf_get_smp_processor_id(), NULL, &sum);
	if (!v) {
		tally(MMS_TALLY_COUNTS_FULL);
		return;
	}
	add(MODE_ALL, &v->nr, 1);
	add(MODE_ALL, &v->nr_untimed, 1);
	if (cfg.by & MMS_BY_USTACK)
		v->last_ns = bpf_ktime_get_ns();
	tally(MMS_TALLY_STORED);
	if (!cfg.events || marks.no_events)
		return;
	e = event_reserve(id, (u64)BPF_CORE_READ(info, _sifields._sigfault._addr), &sum);
	if (!e)
		return;
	e->ts_ns = bpf_ktime_get_ns();
	event_submit(e);
}

/*
 * An address without a VMA, or without the right asked for, never gets to handle_mm_fault():
 * only the signal tells. Codes of asm-generic/siginfo.h: MAPERR, ACCERR, PKUERR.
 */
SEC("tp_btf/signal_generate")
int BPF_PROG(on_signal, int sig, struct kernel_siginfo *info, struct task_struct *task)
{
	u64 id = bpf_get_current_pid_tgid();
	struct mms_fault_start *s;
	int code;

	if (sig != 11 || (u64)info < 4096)
		return 0;
	code = BPF_CORE_READ(info, si_code);
	if ((code != 1 && code != 2 && code != 4) || BPF_CORE_READ(task, pid) != (u32)id)
		return 0;
	if (!marks.armed_ns) {
		prove(id >> 32, MMS_PROOF_SIGNAL);
		return 0;
	}
	if (!wanted(id))
		return 0;
	s = slot_find((u32)id);
	if (s && s->state == MMS_START_SEGV) {
		slot_release(s, (u32)id);
		return 0;
	}
	tally(MMS_TALLY_SEEN);
	count_refused(ctx, id, info);
	return 0;
}

/* From here on exec cannot fail, and the old memory is given up. */
SEC("kprobe/begin_new_exec")
int on_new_exec(void *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	if (!marks.armed_ns)
		prove(current_tgid(), MMS_PROOF_NEW_EXEC);
	bill_end(task, MMS_BILL_EXEC);
	return 0;
}

/* The command starts here: what its process did before was our own code. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task)
{
	u64 id = bpf_get_current_pid_tgid();
	u32 tgid = id >> 32, name = (cfg.by & MMS_BY_THREAD) ? (u32)id : tgid;
	u8 member = 1;

	slot_of((u32)id)->id = 0; /* other memory */
	if (!marks.armed_ns)
		prove(tgid, MMS_PROOF_EXEC);
	/* Unless on_new_exec() did; where kprobes are, they may be skipped. */
	if (cfg.bill)
		bill_end(task, MMS_BILL_EXEC);
	if (bpf_map_lookup_elem(&comms, &name))
		remember_comm(id);
	if (!cfg.command_tgid || tgid != cfg.command_tgid || execd.ns)
		return 0;
	execd.min_flt = BPF_CORE_READ(task, min_flt) + BPF_CORE_READ(task, signal, min_flt);
	execd.maj_flt = BPF_CORE_READ(task, maj_flt) + BPF_CORE_READ(task, signal, maj_flt);
	execd.ns = bpf_ktime_get_ns();
	bpf_map_update_elem(&tgids, &tgid, &member, BPF_ANY);
	return 0;
}

/* What is remembered of this task, which has ended or has not run yet, is for nobody. */
static __always_inline void forget_task(u32 tid)
{
	struct mms_fault_start *s = slot_find(tid);

	if (!s)
		return;
	if (s->state == MMS_START_RUNNING && s->fate == MMS_FATE_COUNT)
		tally(MMS_TALLY_NO_RETURN);
	slot_release(s, tid);
}

/*
 * A new task has this number: whoever had it before is gone, also if on_exit() was skipped.
 * Not one whose fork is told of so late that it could be asked for before.
 */
static __always_inline void number_again(struct task_struct *child, u32 tid, u32 tgid)
{
	forget_task(tid);
	if (!marks.armed_ns || BPF_CORE_READ(child, start_time) < marks.armed_ns)
		return;
	if (tid == (cfg.only_tid ?: cfg.only_tgid) && tid)
		only_gone = 1;
	if (cfg.by_tgid && tid == tgid)
		bpf_map_delete_elem(&tgids, &tgid);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	u32 from = BPF_CORE_READ(parent, tgid), to = BPF_CORE_READ(child, tgid);
	u32 tid = BPF_CORE_READ(child, pid);
	u8 member = 1;

	/* The number may have been another's, with other memory and in another cgroup. */
	slot_of(tid)->id = 0;
	number_again(child, tid, to);
	if (from == to)
		return 0;
	if (!marks.armed_ns)
		prove(from, MMS_PROOF_FORK);
	else if (cfg.bill && bill_member(from))
		bill_fork(parent, child);
	if (!cfg.follow || !bpf_map_lookup_elem(&tgids, &from))
		return 0;
	if (bpf_map_update_elem(&tgids, &to, &member, BPF_ANY))
		tally(MMS_TALLY_TGIDS_FULL);
	return 0;
}

/* A task is in another cgroup now: who remembers its counters looks again. */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(on_move)
{
	__sync_fetch_and_add(&moves, 1);
	if (!marks.armed_ns)
		prove(current_tgid(), MMS_PROOF_MOVE);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	u32 tid = BPF_CORE_READ(task, pid), tgid = BPF_CORE_READ(task, tgid);
	bool last = !BPF_CORE_READ(task, signal, live.counter);

	if (!marks.armed_ns)
		prove(tgid, MMS_PROOF_EXIT);
	forget_task(tid);
	/* The number may be given to another. */
	if (cfg.only_tid ? tid == cfg.only_tid : last && tgid == cfg.only_tgid)
		only_gone = 1;
	if (cfg.bill && last)
		bill_end(task, MMS_BILL_EXIT);
	if (cfg.by_tgid && last)
		bpf_map_delete_elem(&tgids, &tgid);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

#endif
