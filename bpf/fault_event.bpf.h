/* SPDX-License-Identifier: GPL-2.0-only */
/* One fault as a record in the ring. Must not know of counters. */
#ifndef _MMS_FAULT_EVENT_BPF_H
#define _MMS_FAULT_EVENT_BPF_H

#include "fault_count.bpf.h"

/* Two words of the task, copied: the helper copies byte by byte. */
static __always_inline void current_comm(char *comm)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	u64 *words = (u64 *)comm;

	words[0] = kernel_member(task, comm[0]);
	words[1] = kernel_member(task, comm[8]);
}

static __always_inline struct mms_fault_event *event_reserve(u64 id, u64 addr,
							     const struct fault_sum *f)
{
	struct mms_fault_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		tally(MMS_TALLY_RING_FULL);
		return NULL;
	}
	__builtin_memset(e, 0, sizeof(*e));
	e->kind = f->kind;
	e->segment = MMS_SEG_ANON;
	e->origin = f->origin;
	e->ustack = f->ustack;
	e->kstack = f->kstack;
	e->addr = addr;
	e->tgid = id >> 32;
	e->tid = id;
	e->cgroup_id = bpf_get_current_cgroup_id();
	current_comm(e->comm);
	return e;
}

/* A wakeup per event costs more than the fault itself: wake the reader for a batch. */
static __always_inline void event_submit(struct mms_fault_event *e)
{
	u64 waiting = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);

	bpf_ringbuf_submit(e, waiting >= cfg.wake_bytes ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
	tally(MMS_TALLY_EVENTS);
}

static __always_inline void event_vma(struct mms_fault_event *e, struct vm_area_struct *vma,
				      u32 facts)
{
	e->vm_start = kernel_member(vma, vm_start);
	e->vm_end = kernel_member(vma, vm_end);
	/* The lock was dropped on the way, and now it is another mapping's. */
	if (e->addr < e->vm_start || e->addr >= e->vm_end) {
		e->vm_start = e->vm_end = 0;
		return;
	}
	e->pgoff = kernel_member(vma, vm_pgoff);
	e->segment = vma_segment(vma, e->vm_start, e->vm_end, e->vm_flags, facts);
	if (facts & MMS_FACT_ANON)
		return;
	e->ino = vma_file(vma, &e->dev);
	vma_file_name(vma, e->name);
}

/* @level_before: 0 = the tables were not looked at. */
static __always_inline void fault_event(u64 id, const struct mms_fault_start *s,
					const struct mms_fault_facts *facts,
					const struct fault_sum *f)
{
	struct mms_fault_event *e = event_reserve(id, s->addr, f);
	struct pt_regs *regs = (struct pt_regs *)s->regs;

	if (!e)
		return;
	e->ts_ns = s->ts;
	e->ns = f->ns;
	e->before = facts->before;
	e->after = facts->after;
	e->level_before = facts->level_before;
	e->level_after = facts->level_after;
	e->flags = f->flags;
	e->ret = f->ret;
	e->links = s->links;
	e->bytes = f->bytes;
	e->around = f->around;
	e->came = f->around ? s->present : 0;
	e->vm_flags = facts->vm_flags;
	e->ip = regs ? kernel_member(regs, ip) : 0;
	event_vma(e, (struct vm_area_struct *)s->vma, facts->facts);
	event_submit(e);
}

#endif
