// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls bpf_mmscope_walk() in several contexts; kfunc.c puts the questions.
 */
#include <linux/bpf.h>
#include <linux/mmscope.h>
#include <bpf/bpf_helpers.h>
#include "kfunc.h"

extern int bpf_mmscope_walk(__u64 addr, struct mmscope_walk *out, __u32 out__sz) __ksym;

char LICENSE[] SEC("license") = "GPL";

const volatile __u32 pid;
struct kfunc_question question[KFUNC_QUESTIONS];
struct kfunc_tally tally[KFUNC_PLACES];
int too_small;

/* The process's own system call: plain process context. */
SEC("tp_btf/sys_enter") int on_syscall(__u64 *ctx)
{
	struct mmscope_walk short_of = {};
	int i;

	if (bpf_get_current_pid_tgid() >> 32 != pid)
		return 0;
	for (i = 0; i < KFUNC_QUESTIONS; i++) {
		struct mmscope_walk out = {};

		question[i].ret = bpf_mmscope_walk(question[i].addr, &out, sizeof(out));
		question[i].out = out;
	}
	too_small = bpf_mmscope_walk(question[0].addr, &short_of, sizeof(short_of) - 8);
	return 0;
}

static void count(int place)
{
	struct mmscope_walk out = {};
	int ret = bpf_mmscope_walk(question[0].addr, &out, sizeof(out));
	struct kfunc_tally *t = &tally[place];

	if (ret > 0)
		__sync_fetch_and_add(&t->walked, 1);
	else if (ret == -KFUNC_ESRCH)
		__sync_fetch_and_add(&t->no_mm, 1);
	else if (ret == -KFUNC_EAGAIN)
		__sync_fetch_and_add(&t->not_now, 1);
	else
		__sync_fetch_and_add(&t->other, 1);
	if (!(__u32)bpf_get_current_pid_tgid() && ret != -KFUNC_ESRCH)
		__sync_fetch_and_add(&t->idle_task, 1);
}

/* Under the run queue's lock, with any task as current. */
SEC("tp_btf/sched_switch") int on_switch(__u64 *ctx)
{
	count(KFUNC_AT_SWITCH);
	return 0;
}

/* In the midst of a change of page tables, or in an interrupt. */
SEC("tp_btf/tlb_flush") int on_flush(__u64 *ctx)
{
	count(KFUNC_AT_FLUSH);
	return 0;
}
