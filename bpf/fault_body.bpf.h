/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happens at the entry and at the return of handle_mm_fault(), however the
 * programs hang there: remembers, walks, classifies, counts. The attach points
 * themselves are in fault.bpf.c and fault_session*.bpf.c. Must not know of user space.
 */
#ifndef _MMS_FAULT_BODY_BPF_H
#define _MMS_FAULT_BODY_BPF_H

#include "fault_around.bpf.h"
#include "fault_bill.bpf.h"
#include "fault_event.bpf.h"
#include "fault_slot.bpf.h"
#include <bpf/bpf_tracing.h>

static volatile u32 only_gone
	SEC(".data.state"); /* cfg.only_tgid or only_tid has ended: its number may be reused */

/* Is the current task one of those to be counted? */
static __always_inline bool wanted(u64 id)
{
	u32 tgid = id >> 32;

	if (cfg.bill)
		return bill_epoch(tgid) != 0;
	if (cfg.only_tid)
		return (u32)id == cfg.only_tid && !only_gone;
	if (cfg.only_tgid)
		return tgid == cfg.only_tgid && !only_gone;
	if (cfg.by_tgid)
		return bpf_map_lookup_elem(&tgids, &tgid) != NULL;
	if (cfg.by_cgroup)
		return bpf_current_task_under_cgroup(&cgroups, 0) == 1;
	return true;
}

static __always_inline u8 fault_fate(u64 id)
{
	u32 period = marks.period;

	if (!marks.armed_ns)
		return MMS_FATE_EARLY;
	if (!wanted(id))
		return MMS_FATE_FILTER;
	if (period > 1 && (u64)bpf_get_prandom_u32() * period >> 32)
		return MMS_FATE_SAMPLE_OUT;
	return MMS_FATE_COUNT;
}

/*
 * After VM_FAULT_RETRY the same thread comes back to the same address, marked as tried
 * again, or with the mmap lock in place of the VMA's. Anything else is a new fault.
 */
static __always_inline bool continues(const struct mms_fault_start *s, u64 addr, u32 flags)
{
	return s->state == MMS_START_RETRY && s->addr == addr &&
	       ((flags & MMS_FF_TRIED) ||
		((s->flags & MMS_FF_VMA_LOCK) && !(flags & MMS_FF_VMA_LOCK)));
}

static __always_inline u8 fault_origin(u64 mm, u32 flags, struct pt_regs *regs)
{
	struct task_struct *task;

	if (flags & MMS_FF_USER)
		return MMS_ORIGIN_USER;
	if (regs)
		return MMS_ORIGIN_KERNEL;
	task = (struct task_struct *)bpf_get_current_task();
	return (u64)kernel_member(task, mm) == mm ? MMS_ORIGIN_GUP : MMS_ORIGIN_REMOTE;
}

/* The entry as it is before the fault, and where the walk after it can begin. */
static __always_inline void walk_before(u32 mode, struct mms_fault_start *s,
					struct vm_area_struct *vma, u64 mm, bool typed)
{
	struct pagewalk w;

	/* From the top: a table below it may be freed and be another process's, same entry and all.
	 */
	s->pgd = vma_pgd(vma, mm, typed);
	pagewalk(&w, *(volatile u64 *)&s->pgd, s->addr);
	s->before = w.entry;
	s->level = w.level;
	s->slot = w.level == 1 ? w.table_slot : w.slot;
	s->slot_level = w.level == 1 ? 2 : w.level;
	if (w.failed)
		tally(MMS_TALLY_WALK_FAILED);
	if (on(mode, cfg.around))
		s->present = w.level == 1 ? around_mapped(w.slot, 0) : w.entry ? ~0ULL : 0;
}

/*
 * The entry after the fault. While the call ran, the mmap lock or the VMA's was held: neither
 * munmap nor mremap could take the tables away that it found, and a page table that was emptied and
 * freed, or made a huge page, all the same is no longer in the slot above, which is read again.
 * Where the lock was dropped on the way, nothing is left to rely on but the top.
 */
static __always_inline void walk_after(struct mms_fault_start *s, u32 ret, struct pagewalk *w)
{
	if (s->links || (ret & MMS_FR_COMPLETED)) {
		pagewalk(w, s->pgd, s->addr);
	} else {
		w->slot = s->slot;
		w->failed = false;
		pagewalk_from(w, s->addr, s->slot_level);
	}
	if (w->failed)
		tally(MMS_TALLY_WALK_FAILED);
}

static __always_inline bool with_kinds(u32 mode)
{
	return mode == MODE_KINDS || mode == MODE_EVENTS || on(mode, !cfg.no_kinds);
}

static __always_inline bool with_events(u32 mode)
{
	return mode == MODE_EVENTS || on(mode, cfg.events);
}

static __always_inline void fault_begins(u32 mode, struct mms_fault_start *s, u64 id,
					 struct vm_area_struct *vma, u64 addr, u32 flags,
					 struct pt_regs *regs, bool typed)
{
	struct vma_look l;

	s->ts = bpf_ktime_get_ns();
	s->tgid = id >> 32;
	s->ret = 0;
	s->links = 0;
	if (!with_kinds(mode) && !on(mode, cfg.by)) {
		s->origin = fault_origin(regs ? 0 : kernel_member(vma, vm_mm), flags, regs);
		return;
	}
	vma_look(vma, typed, &l);
	s->origin = fault_origin(l.mm, flags, regs);
	s->vm_flags = l.flags;
	s->facts = vma_facts(l.ops);
	if (mode == MODE_EVENTS || mode == MODE_ALL) {
		s->vma = (u64)vma;
		s->regs = (u64)regs;
		s->before = 0;
		s->level = 0;
	}
	/* In the VMA's mm, not in that of current: remote access faults in another one. */
	if (with_kinds(mode))
		walk_before(mode, s, vma, l.mm, typed);
	if (on(mode, cfg.by))
		place_find(s, vma);
}

/* The thread has been here before: in the same chain, in a fault whose return was missed, ... */
static __always_inline bool fault_goes_on(struct mms_fault_start *s, struct vm_area_struct *vma,
					  u64 addr, u32 flags)
{
	if (continues(s, addr, flags)) {
		s->state = MMS_START_RUNNING;
		s->flags = flags;
		s->vma = (u64)vma;
		s->links++;
		return true;
	}
	if (s->state == MMS_START_RUNNING && s->fate == MMS_FATE_COUNT)
		tally(MMS_TALLY_NO_RETURN);
	return false;
}

static __always_inline int fault_entry(u32 mode, struct vm_area_struct *vma, u64 addr, u32 flags,
				       struct pt_regs *regs, bool typed)
{
	u64 id = bpf_get_current_pid_tgid();
	struct mms_fault_start *s = slot_of((u32)id);

	if (s->owner != (u32)id)
		s = slot_take(s, (u32)id);
	if (!s) {
		if (marks.armed_ns && wanted(id))
			tally(MMS_TALLY_STARTS_FULL);
		return 0;
	}
	if (s->state != MMS_START_FREE && fault_goes_on(s, vma, addr, flags))
		return 0;
	if (s->id != id)
		slot_forget(s, id);
	s->state = MMS_START_RUNNING;
	s->addr = addr;
	s->flags = flags;
	s->fate = fault_fate(id);
	if (s->fate == MMS_FATE_COUNT || s->fate == MMS_FATE_EARLY)
		fault_begins(mode, s, id, vma, addr, flags, regs, typed);
	if (s->fate == MMS_FATE_EARLY && (addr & ~4095ULL) == proof.addr)
		prove(id >> 32, MMS_PROOF_ENTRY);
	return 0;
}

/* What came of it, and with it the kind. */
static __always_inline u32 fault_facts(u32 mode, struct mms_fault_start *s, u32 ret,
				       struct mms_fault_facts *f, struct fault_sum *sum)
{
	struct mms_entry_rules r = {
		.frame_mask = boot.rules.frame_mask,
		.zero_pfn = boot.rules.zero_pfn,
		.huge_zero_pfn = ~0ULL,
	};
	struct pagewalk w;
	u32 kind;

	f->addr = s->addr;
	f->before = s->before;
	f->level_before = s->level;
	f->after = 0;
	f->level_after = 1;
	f->vm_flags = s->vm_flags;
	f->flags = s->flags;
	f->ret = ret;
	f->facts = s->facts;
	if ((ret & MMS_FR_MAJOR) && mms_entry_swap(s->before, s->level) &&
	    pagewalk_swap_is_zram(mms_entry_swap_type(s->before)))
		f->facts |= MMS_FACT_ZRAM;
	if (on(mode, cfg.no_userfault_hook) && s->links && (f->vm_flags & MMS_VM_UFFD_MISSING))
		f->facts |= MMS_FACT_USERFAULT;
	if (on(mode, cfg.no_migration_hook) && s->before && !mms_entry_present(s->before) &&
	    !mms_entry_swap(s->before, s->level) && !mms_entry_absent(s->before, s->level))
		f->facts |= MMS_FACT_MIGRATION;
	if (with_events(mode) || on(mode, cfg.around) || mms_fault_needs_after(f)) {
		walk_after(s, ret, &w);
		f->after = w.entry;
		f->level_after = w.level;
		if (on(mode, cfg.around) && w.level == 1 && !(f->vm_flags & MMS_VM_HUGETLB))
			sum->around = around_count(s, w.slot, w.entry);
		if (s->level > 1 || w.level > 1)
			r.huge_zero_pfn = pagewalk_huge_zero_pfn();
	}
	kind = mms_fault_classify(f, &r);
	sum->bytes = mms_fault_bytes(f, kind, &r);
	return kind;
}

static __always_inline u32 fault_kind(u32 mode, struct mms_fault_start *s, u32 ret,
				      struct mms_fault_facts *f, struct fault_sum *sum)
{
	u32 kind;

	if (with_kinds(mode))
		return fault_facts(mode, s, ret, f, sum);
	kind = mms_fault_failed(ret);
	/* Else the compiler copies all that follows for each kind, and runs out of stack. */
	barrier_var(kind);
	return kind;
}

/*
 * The same number, but the verifier has no idea of it: else it goes through all that follows
 * once for each kind, and gives up where stacks follow.
 */
static __always_inline u32 blank(struct mms_fault_start *s, u32 v)
{
	*(volatile u32 *)&s->blank = v;
	return *(volatile u32 *)&s->blank;
}

/* The known fault is of a known kind, too, if the tables can be read at all. */
static __always_inline void fault_early(u64 id, const struct mms_fault_start *s, u32 kind)
{
	if ((s->addr & ~4095ULL) != proof.addr || id >> 32 != proof.tgid)
		return;
	proof.kind = kind;
	prove(id >> 32, MMS_PROOF_RETURN);
}

static __always_inline void fault_done(u32 mode, void *ctx, u64 id, u32 cpu,
				       struct mms_fault_start *s, u32 ret)
{
	struct mms_fault_tallies *t = tallies_of(cpu);
	struct mms_fault_facts f;
	struct fault_sum sum = {
		.ns = bpf_ktime_get_ns() - s->ts,
		.ret = ret | s->ret,
		.flags = s->flags,
		.origin = s->origin,
		.ustack = -1,
		.kstack = -1,
	};
	u32 what = MMS_BILL_OTHER;

	sum.kind = fault_kind(mode, s, sum.ret, &f, &sum);
	if (s->fate == MMS_FATE_EARLY) {
		fault_early(id, s, sum.kind);
		return;
	}
	/* Before the stacks: what comes after their loop older kernels verify for each of its ends.
	 */
	if (on(mode, cfg.bill))
		what = bill_what(&f, &sum);
	if (mode == MODE_ALL) {
		sum.kind = blank(s, sum.kind);
		sum.bytes = blank(s, sum.bytes);
		sum.around = blank(s, sum.around);
		what = blank(s, what);
		take_stacks(ctx, &sum, 0);
	}
	if (on(mode, cfg.bill))
		tally(bill_count(id, what, s, &sum));
	else if (count_fault(mode, id, cpu, s, &sum))
		add(mode, &t->nr[MMS_TALLY_STORED], 1);
	else
		tally(MMS_TALLY_COUNTS_FULL);
	if (with_events(mode) && !marks.no_events)
		fault_event(id, s, &f, &sum);
}

/* A return whose entry is unknown: missed, or there was no room for it. */
static __always_inline int fault_stray(u64 id, u32 ret)
{
	if (!marks.armed_ns || (ret & MMS_FR_RETRY))
		return 0;
	tally(MMS_TALLY_SEEN);
	tally(wanted(id) ? MMS_TALLY_NO_START : MMS_TALLY_FILTERED);
	return 0;
}

static __always_inline int fault_tries_again(struct mms_fault_start *s, u32 ret)
{
	s->state = MMS_START_RETRY;
	s->ret |= ret & MMS_FR_MAJOR;
	if (s->fate == MMS_FATE_COUNT)
		tally(MMS_TALLY_RETRIES);
	return 0;
}

static __always_inline void fault_ends(u32 mode, void *ctx, u64 id, struct mms_fault_start *s,
				       u32 ret)
{
	u32 cpu = bpf_get_smp_processor_id();

	if (s->fate != MMS_FATE_EARLY)
		add(mode, &tallies_of(cpu)->nr[MMS_TALLY_SEEN], 1);
	if (s->fate == MMS_FATE_FILTER)
		tally(MMS_TALLY_FILTERED);
	else if (s->fate == MMS_FATE_SAMPLE_OUT)
		tally(MMS_TALLY_SAMPLED_OUT);
	else
		fault_done(mode, ctx, id, cpu, s, ret);
}

static __always_inline int fault_return(u32 mode, void *ctx, u32 ret)
{
	u64 id = bpf_get_current_pid_tgid();
	struct mms_fault_start *s = slot_find((u32)id);

	if (!s || s->state != MMS_START_RUNNING)
		return fault_stray(id, ret);
	if (ret & MMS_FR_RETRY)
		return fault_tries_again(s, ret);
	fault_ends(mode, ctx, id, s, ret);
	if ((ret & MMS_FR_SIGSEGV) && (s->flags & MMS_FF_USER))
		s->state = MMS_START_SEGV;
	else
		slot_release(s, (u32)id);
	return 0;
}

#endif
