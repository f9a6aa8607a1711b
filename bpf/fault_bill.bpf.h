/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeps the bills of forks: who lives and in which epoch, and what each fault did to
 * private memory. bill.h has the words and the rule. Included by fault_body.bpf.h
 * alone; must not know how the programs are attached.
 */
#ifndef _MMS_FAULT_BILL_BPF_H
#define _MMS_FAULT_BILL_BPF_H

#include "bill.h"
#include "fault_around.bpf.h"
#include "fault_count.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MMS_BILL_COUNTS);
	__type(key, struct mms_bill_key);
	__type(value, struct mms_bill_val);
} bills SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MMS_BILL_LIVES);
	__type(key, u32);
	__type(value, struct mms_bill_life);
} lives SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MMS_BILL_MOMENTS);
	__type(key, u32);
	__type(value, struct mms_bill_moment);
} moments SEC(".maps");

/* The next number of a moment. */
__u32 bill_seq SEC(".data.bill") = MMS_BILL_FOUND_MAX;

static const struct mms_bill_val zero_bill;

/* Faults count from the first fork on; 0 = there was none. */
static __always_inline u32 bill_epoch(u32 tgid)
{
	struct mms_bill_life *l = bpf_map_lookup_elem(&lives, &tgid);

	return l ? l->epoch : 0;
}

/* Threads fork at the same time: an epoch never goes back. */
static __always_inline void bill_raise(struct mms_bill_life *l, u32 epoch)
{
	u32 old = l->epoch, was;
	int i;

	for (i = 0; i < 8 && old < epoch; i++) {
		was = __sync_val_compare_and_swap(&l->epoch, old, epoch);
		if (was == old)
			break;
		old = was;
	}
}

/* @seq is written last: then the rest is there. */
static __always_inline void bill_moment(u32 seq, u32 why, struct task_struct *task,
					const struct mms_bill_life *l, u32 other, u32 other_life)
{
	u32 slot = seq & (MMS_BILL_MOMENTS - 1);
	struct mms_bill_moment *m = bpf_map_lookup_elem(&moments, &slot);

	if (!m)
		return;
	m->ns = bpf_ktime_get_ns();
	m->why = why;
	m->pid = BPF_CORE_READ(task, tgid);
	m->life = l->life;
	m->other = other;
	m->other_life = other_life;
	BPF_CORE_READ_INTO(&m->comm, task, group_leader, comm);
	__sync_lock_test_and_set(&m->seq, seq);
}

/* The life of one who forks; it begins now if it is the first time. */
static __always_inline struct mms_bill_life *bill_parent(u32 tgid, u32 epoch)
{
	struct mms_bill_life *l = bpf_map_lookup_elem(&lives, &tgid), n = {};

	if (l)
		return l;
	n.life = n.epoch = epoch;
	bpf_map_update_elem(&lives, &tgid, &n, BPF_NOEXIST);
	return bpf_map_lookup_elem(&lives, &tgid);
}

static __always_inline void bill_fork(struct task_struct *parent, struct task_struct *child)
{
	u32 from = BPF_CORE_READ(parent, tgid), to = BPF_CORE_READ(child, tgid), seq;
	bool shares = BPF_CORE_READ(parent, mm) == BPF_CORE_READ(child, mm);
	struct mms_bill_life *l, n = {};

	/* Kernel threads have none; and who never forked has nothing that is shared. */
	if (!BPF_CORE_READ(child, mm) || (shares && !bill_epoch(from)))
		return;
	seq = __sync_fetch_and_add(&bill_seq, 1);
	l = bill_parent(from, 2 * seq);
	n.life = n.epoch = 2 * seq + 1;
	n.parent = from;
	n.parent_life = l ? l->life : 0;
	if (!l || bpf_map_update_elem(&lives, &to, &n, BPF_ANY)) {
		tally(MMS_TALLY_TGIDS_FULL);
		bill_moment(seq, MMS_BILL_NONE, parent, &n, 0, 0);
		return;
	}
	bill_raise(l, 2 * seq);
	bill_moment(seq, shares ? MMS_BILL_VFORK : MMS_BILL_FORK, parent, l, to, n.life);
}

/* An address space is given up; if the process goes on, it is as another program. */
static __always_inline void bill_end(struct task_struct *task, u32 why)
{
	u32 tgid = BPF_CORE_READ(task, tgid), seq, life = 0;
	struct mms_bill_life *l = bpf_map_lookup_elem(&lives, &tgid), *parent, was;

	if (!l)
		return;
	was = *l;
	parent = bpf_map_lookup_elem(&lives, &was.parent);
	if (was.parent && parent && parent->life == was.parent_life)
		life = was.parent_life;
	seq = __sync_fetch_and_add(&bill_seq, 1);
	bpf_map_delete_elem(&lives, &tgid);
	if (life)
		bill_raise(parent, 2 * seq);
	bill_moment(seq, why, task, &was, life ? was.parent : 0, life);
}

/* Whose forks are of interest? */
static __always_inline bool bill_member(u32 tgid)
{
	if (cfg.by_tgid)
		return bpf_map_lookup_elem(&tgids, &tgid) != NULL;
	if (cfg.by_cgroup)
		return bpf_current_task_under_cgroup(&cgroups, 0) == 1;
	return true;
}

/*
 * What page did the entry map? The low bits of its folio's mapping tell. By now it is perhaps not
 * ours any more: that it was anonymous is sure where the VMA is.
 */
static __always_inline enum mms_bill_page bill_page(const struct mms_fault_facts *f)
{
	/* A copy: through a pointer that is not volatile the compiler would take the constants as
	 * 0. */
	struct mms_entry_rules r = {.frame_mask = boot.rules.frame_mask};
	u64 frame = mms_entry_frame(f->before, f->level_before, f->addr, &r);
	u64 page = boot.vmemmap + frame * bpf_core_type_size(struct page);
	const struct folio *folio = (const void *)page_head(page);
	u64 tags = kernel_member(folio, mapping) & MMS_MAPPING_TAGS;

	if (tags == MMS_MAPPING_TAGS)
		return MMS_BILL_PAGE_KSM;
	return tags || (f->facts & MMS_FACT_ANON) ? MMS_BILL_PAGE_ANON : MMS_BILL_PAGE_FILE;
}

static __always_inline struct mms_bill_val *bill_slot(const struct mms_bill_key *key,
						      struct mms_fault_start *s)
{
	struct mms_bill_val *v = bpf_map_lookup_elem(&bills, key);
	struct detail_room *r;
	u32 room = 0;

	if (v)
		return v;
	r = bpf_map_lookup_elem(&detail_room, &room);
	if (s && r)
		place_remember(s, r);
	bpf_map_update_elem(&bills, key, &zero_bill, BPF_NOEXIST);
	return bpf_map_lookup_elem(&bills, key);
}

/* Return: enum mms_fault_tally, what became of it. */
static __always_inline u32 bill_count(u64 id, u32 what, struct mms_fault_start *s,
				      const struct fault_sum *sum)
{
	struct mms_bill_key key = {
		.where = s ? s->where : 0,
		.epoch = bill_epoch(id >> 32),
		.what = what,
		.ustack = sum->ustack,
		.tgid = id >> 32,
	};
	struct mms_bill_val *v;

	/* It became another program meanwhile. */
	if (!key.epoch)
		return MMS_TALLY_FILTERED;
	v = bill_slot(&key, s);
	if (!v)
		return MMS_TALLY_COUNTS_FULL;
	__sync_fetch_and_add(&v->nr, 1);
	__sync_fetch_and_add(&v->bytes, sum->bytes);
	__sync_fetch_and_add(&v->ns, sum->ns);
	if (cfg.by & MMS_BY_USTACK)
		v->last_ns = s ? s->ts + sum->ns : bpf_ktime_get_ns();
	return MMS_TALLY_STORED;
}

/* Return: enum mms_bill_what. */
static __always_inline u32 bill_what(const struct mms_fault_facts *f, const struct fault_sum *sum)
{
	enum mms_bill_page page = MMS_BILL_PAGE_UNKNOWN;

	if (sum->kind == MMS_FAULT_COW_COPY && mms_entry_present(f->before))
		page = bill_page(f);
	return mms_bill_of(sum->kind, sum->origin, f, page);
}

#endif
