// SPDX-License-Identifier: GPL-2.0-only
/*
 * TLB flushes: whose translations they took, and whose threads caused them. Counts
 * only. Must not know of user space.
 *
 * The tracepoint tells reason and pages, not whose flush it is, and who runs says
 * little: an interrupt that asks for a flush arrives in any task, a switch is
 * traced while the task before is current. So the address space is taken from the
 * CPU's own notes (loaded_mm), on a switch from the argument of switch_mm_irqs_off();
 * who caused an interrupt from the CPU that its argument names, where whoever sends
 * waits, not preempted, until all have answered.
 *
 * A program that is running on a CPU is skipped there. These run with interrupts off and
 * cannot meet themselves, but for two. flush_tlb_mm_range() is entered preemptibly. And
 * the tracepoint is also passed, interrupts on, by whoever sends a shootdown: the
 * interrupt of another's may come just there. So what is sent is counted elsewhere, and
 * a second program stands in for the first when that one was skipped.
 */
#include "tlb_count.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct tlb_state {
	struct mm_struct *loaded_mm;
};

struct flush_tlb_info {
	struct mm_struct *mm;
	unsigned long start;
	unsigned long end;
	unsigned int initiating_cpu;
};

#pragma clang attribute pop

enum tlb_flush_reason {
	TLB_FLUSH_ON_TASK_SWITCH,
	TLB_REMOTE_SHOOTDOWN,
	TLB_LOCAL_SHOOTDOWN,
	TLB_LOCAL_MM_SHOOTDOWN,
	TLB_REMOTE_SEND_IPI,
	TLB_REMOTE_WRONG_CPU,
};

extern const struct tlb_state cpu_tlbstate __ksym;

/* --- a flush, on the CPU whose TLB it is --- */

#define REASON_IS(reason, name)                                     \
	(bpf_core_enum_value_exists(enum tlb_flush_reason, name) && \
	 (reason) == bpf_core_enum_value(enum tlb_flush_reason, name))

static __always_inline u32 reason_of(int reason)
{
	if (REASON_IS(reason, TLB_FLUSH_ON_TASK_SWITCH))
		return MMS_TLB_TASK_SWITCH;
	if (REASON_IS(reason, TLB_REMOTE_SHOOTDOWN))
		return MMS_TLB_REMOTE;
	if (REASON_IS(reason, TLB_LOCAL_SHOOTDOWN))
		return MMS_TLB_LOCAL;
	if (REASON_IS(reason, TLB_LOCAL_MM_SHOOTDOWN))
		return MMS_TLB_LOCAL_MM;
	if (REASON_IS(reason, TLB_REMOTE_WRONG_CPU))
		return MMS_TLB_WRONG_CPU;
	return MMS_TLB_OTHER;
}

static __always_inline struct mm_struct *loaded_mm(void)
{
	const struct tlb_state *s = bpf_this_cpu_ptr(&cpu_tlbstate);

	return s->loaded_mm;
}

static __always_inline void test_flush(const struct cpu_state *c, u32 which, u32 tgid, u64 pages)
{
	if (which == MMS_TLB_TASK_SWITCH)
		test(MMS_TLB_SAW_SWITCH, tgid, true);
	if (which == MMS_TLB_LOCAL_MM)
		test(MMS_TLB_SAW_FLUSH, tgid, pages == 1);
	if (which == MMS_TLB_REMOTE)
		test(MMS_TLB_SAW_REMOTE, tgid, pages == 1 && c->cause == tgid);
}

static __always_inline void count_pair(const struct cpu_state *c, u32 tgid, bool want, u64 pages)
{
	struct mms_tlb_pair key = {.by = c->cause, .of = tgid};
	struct mms_tlb_flushes *f;

	if (!want && !c->cause_wanted)
		return;
	f = bpf_map_lookup_elem(&pairs, &key);
	if (!f) {
		bpf_map_update_elem(&pairs, &key, &zero_flushes, BPF_NOEXIST);
		f = bpf_map_lookup_elem(&pairs, &key);
	}
	if (f)
		add(f, pages);
	else
		tally(MMS_TLB_PAIRS_FULL);
}

/* Whose flush is it? Return: its task, or NULL: the kernel's. */
static __always_inline struct task_struct *flushed(struct cpu_state *c, u32 which)
{
	u64 next = c->next;

	if (which != MMS_TLB_TASK_SWITCH)
		return owner_of(loaded_mm());
	c->next = 0;
	return owner_of((struct mm_struct *)next);
}

static __always_inline void count_flush(struct cpu_state *c, u32 which, u64 pages)
{
	struct task_struct *owner = flushed(c, which);
	u32 tgid = owner ? BPF_CORE_READ(owner, tgid) : 0;
	struct mms_tlb_val *v;
	bool want;

	if (!marks.armed) {
		test_flush(c, which, tgid, pages);
		return;
	}
	want = wanted(tgid, owner);
	if (which == MMS_TLB_REMOTE)
		count_pair(c, tgid, want, pages);
	v = count_event(tgid, owner, want);
	if (v)
		add(&v->by_reason[which & (MMS_TLB_REASON_SLOTS - 1)], pages);
}

/* Attached first, and so called first. */
SEC("tp_btf/tlb_flush")
int BPF_PROG(on_flush, int reason, unsigned long pages)
{
	struct cpu_state *c = this_cpu_state();

	if (!c)
		return 0;
	c->taken = 0;
	if (REASON_IS(reason, TLB_REMOTE_SEND_IPI))
		return 0;
	c->taken = 1;
	count_flush(c, reason_of(reason), pages);
	return 0;
}

/*
 * Takes the flush when the first one was skipped. "taken" is of this very flush, but for one
 * case: left by a flush that skipped this program, and not yet cleared by an on_flush() that
 * has only just begun, for a shootdown sent. The flush that comes there is lost, and told.
 */
SEC("tp_btf/tlb_flush")
int BPF_PROG(stand_in, int reason, unsigned long pages)
{
	struct cpu_state *c = this_cpu_state();
	u32 taken;

	if (!c)
		return 0;
	taken = c->taken;
	c->taken = 0;
	if (REASON_IS(reason, TLB_REMOTE_SEND_IPI))
		return 0;
	if (taken) {
		if (!marks.armed)
			__sync_fetch_and_add(&tested[MMS_TLB_SAW_TAKEN], 1);
		return 0;
	}
	if (marks.armed)
		tally(MMS_TLB_STOOD_IN);
	count_flush(c, reason_of(reason), pages);
	return 0;
}

/* --- the address space that a CPU is about to load --- */

static __always_inline int switching(struct mm_struct *next)
{
	struct cpu_state *c = this_cpu_state();

	if (c)
		c->next = (u64)next;
	return 0;
}

SEC("fentry/switch_mm_irqs_off")
int BPF_PROG(fentry_switch, struct mm_struct *prev, struct mm_struct *next)
{
	return switching(next);
}

SEC("kprobe/switch_mm_irqs_off")
int BPF_KPROBE(kprobe_switch, struct mm_struct *prev, struct mm_struct *next)
{
	tally(MMS_WATCH_KPROBE_RUNS);
	return switching(next);
}

/* --- a flush is asked for, on whatever CPUs --- */

/* As the kernel will do it; a page is one of its size. */
static __always_inline u64 asked_pages(u64 start, u64 end, u32 shift)
{
	u64 pages = (end - start) >> (shift & 63);

	return end == MMS_FLUSH_ALL || pages > cfg.ceiling ? MMS_FLUSH_ALL : pages;
}

static __always_inline int asked(struct mm_struct *mm, u64 start, u64 end, u32 shift)
{
	struct task_struct *owner = BPF_CORE_READ(mm, owner);
	u32 of = owner ? BPF_CORE_READ(owner, tgid) : 0, tgid = current_tgid();
	struct mms_tlb_val *v;

	if (!marks.armed) {
		test(MMS_TLB_SAW_ASKED_ANY, tgid, true);
		test(MMS_TLB_SAW_ASKED, tgid,
		     of == tgid && start == marks.test_start && end == marks.test_end);
		return 0;
	}
	v = count_event(tgid, current_task(), wanted(tgid, current_task()));
	if (!v)
		return 0;
	add(&v->asked, asked_pages(start, end, shift));
	if (owner && of != tgid)
		__sync_fetch_and_add(&v->asked_other, 1);
	return 0;
}

SEC("fentry/flush_tlb_mm_range")
int BPF_PROG(fentry_asked, struct mm_struct *mm, unsigned long start, unsigned long end,
	     unsigned int shift)
{
	return asked(mm, start, end, shift);
}

SEC("kprobe/flush_tlb_mm_range")
int BPF_KPROBE(kprobe_asked, struct mm_struct *mm, unsigned long start, unsigned long end,
	       unsigned int shift)
{
	tally(MMS_WATCH_KPROBE_RUNS);
	return asked(mm, start, end, shift);
}

/* --- a shootdown: other CPUs are interrupted, and waited for --- */

static __always_inline int sent(const struct flush_tlb_info *info)
{
	u32 cpu = bpf_get_smp_processor_id(), tgid = current_tgid();
	struct sender s = {.tgid = tgid, .wanted = wanted(tgid, current_task())};
	u64 start = BPF_CORE_READ(info, start), end = BPF_CORE_READ(info, end);
	struct mm_struct *mm = BPF_CORE_READ(info, mm);
	struct mms_tlb_val *v;

	bpf_map_update_elem(&senders, &cpu, &s, BPF_ANY);
	if (!marks.armed) {
		test(MMS_TLB_SAW_SENT, tgid, start == marks.test_start && end == marks.test_end);
		return 0;
	}
	v = count_event(tgid, current_task(), s.wanted);
	if (!v)
		return 0;
	add(&v->by_reason[MMS_TLB_IPI_SENT], pages_of(start, end));
	if (!mm)
		__sync_fetch_and_add(&v->batched, 1);
	return 0;
}

SEC("fentry/native_flush_tlb_multi")
int BPF_PROG(fentry_sent, const void *cpus, const struct flush_tlb_info *info)
{
	return sent(info);
}

SEC("kprobe/native_flush_tlb_multi")
int BPF_KPROBE(kprobe_sent, const void *cpus, const struct flush_tlb_info *info)
{
	tally(MMS_WATCH_KPROBE_RUNS);
	return sent(info);
}

/* --- its interrupt, on another CPU; also called for the sender's own --- */

static __always_inline int hit(const struct flush_tlb_info *info)
{
	u32 from = BPF_CORE_READ(info, initiating_cpu);
	struct mms_tlb_val *v;
	struct cpu_state *c;
	struct sender *s;

	if (from == bpf_get_smp_processor_id())
		return 0;
	c = this_cpu_state();
	s = bpf_map_lookup_elem(&senders, &from);
	if (!c || !s)
		return 0;
	c->cause = s->tgid;
	c->cause_wanted = s->wanted;
	if (!marks.armed) {
		test(MMS_TLB_SAW_HIT, s->tgid, true);
		return 0;
	}
	v = count_event(s->tgid, NULL, s->wanted);
	if (v)
		__sync_fetch_and_add(&v->hits, 1);
	return 0;
}

SEC("fentry/flush_tlb_func")
int BPF_PROG(fentry_hit, void *info)
{
	return hit(info);
}

SEC("kprobe/flush_tlb_func")
int BPF_KPROBE(kprobe_hit, void *info)
{
	tally(MMS_WATCH_KPROBE_RUNS);
	return hit(info);
}
