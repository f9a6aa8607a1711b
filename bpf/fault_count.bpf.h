/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a finished fault to its counters: by cgroup, process, kind and origin, or
 * by more in detail, with stacks. Must not know how kinds are found.
 */
#ifndef _MMS_FAULT_COUNT_BPF_H
#define _MMS_FAULT_COUNT_BPF_H

#include "fault_place.bpf.h"

#define STACK_TRIES 4

/* What is counted of one fault. */
struct fault_sum {
	u64 ns;
	u64 bytes;
	u64 around;
	u32 ret;
	u32 flags;
	u16 kind;
	u8 origin;
	u8 untimed;
	s32 ustack;
	s32 kstack;
};

static __always_inline u32 log2_bucket(u64 v)
{
	u32 r = 0;

	if (v >> 31)
		return MMS_FAULT_BUCKETS - 1;
	if (v >> 16) {
		v >>= 16;
		r += 16;
	}
	if (v >> 8) {
		v >>= 8;
		r += 8;
	}
	if (v >> 4) {
		v >>= 4;
		r += 4;
	}
	if (v >> 2) {
		v >>= 2;
		r += 2;
	}
	return r + (v >> 1);
}

/* Return: an id in "stacks", or -errno. */
static __noinline s32 stack_id(void *ctx, u64 flags, u32 room)
{
	struct mms_fault_stack *st = bpf_map_lookup_elem(&stack_room, &room), *old;
	u64 hash = 0xcbf29ce484222325ULL;
	long size;
	u32 i, id;

	if (!st)
		return -2;
	size = bpf_get_stack(ctx, st->ip, sizeof(st->ip), flags);
	if (size < 0)
		return size;
	for (i = 0; i < MMS_FAULT_FRAMES; i++) {
		if (i * 8 >= size)
			break;
		hash = (hash ^ st->ip[i]) * 0x100000001b3ULL;
		hash ^= hash >> 29;
	}
	st->hash = hash;
	st->nr = i;
	for (i = 0; i < STACK_TRIES; i++) {
		id = (hash + i) & 0x7fffffff;
		old = bpf_map_lookup_elem(&stacks, &id);
		if (!old) {
			if (!bpf_map_update_elem(&stacks, &id, st, BPF_NOEXIST))
				return id;
			old = bpf_map_lookup_elem(&stacks, &id);
		}
		if (!old)
			break;
		if (old->hash == hash)
			return id;
	}
	return -12; /* no room */
}

/* @room: 0, or 2 where another program may be at work on this CPU. */
static __always_inline void take_stacks(void *ctx, struct fault_sum *f, u32 room)
{
	f->ustack = -1;
	f->kstack = -1;
	if (cfg.by & MMS_BY_USTACK)
		f->ustack = stack_id(ctx, BPF_F_USER_STACK, room);
	if (cfg.by & MMS_BY_KSTACK)
		f->kstack = stack_id(ctx, 0, room + 1);
	if (((cfg.by & MMS_BY_USTACK) && f->ustack < 0) ||
	    ((cfg.by & MMS_BY_KSTACK) && f->kstack < 0))
		tally(MMS_TALLY_STACK_LOST);
}

/* Of the process, as its first thread is called; of this thread with MMS_BY_THREAD. */
static __always_inline void remember_comm(u64 id)
{
	struct task_struct *t = (struct task_struct *)bpf_get_current_task();
	char comm[MMS_FAULT_COMM] = {};
	u32 key = id >> 32;

	if (cfg.by & MMS_BY_THREAD) {
		key = id;
		bpf_get_current_comm(comm, sizeof(comm));
	} else {
		BPF_CORE_READ_INTO(&comm, t, group_leader, comm);
	}
	bpf_map_update_elem(&comms, &key, comm, BPF_ANY);
}

/* Addresses mean something else after an exec: without ASLR the same ones may come again. */
static __always_inline u8 exec_id(void)
{
	struct task_struct *t = (struct task_struct *)bpf_get_current_task();

	return BPF_CORE_READ(t, self_exec_id);
}

/* Created at the first fault; NULL if there is no room. */
static __always_inline struct mms_fault_val *detail_slot(const struct mms_fault_key *k, u64 id,
							 struct mms_fault_start *s,
							 const struct fault_sum *f)
{
	struct mms_fault_detail_key key = {
		.k = *k,
		.where = s ? s->where : 0,
		.dev = s ? s->dev : 0,
		.tid = (cfg.by & MMS_BY_THREAD) ? (u32)id : 0,
		.ustack = f->ustack,
		.kstack = f->kstack,
	};
	struct mms_fault_val *v;

	if (cfg.by & MMS_BY_USTACK)
		key.k.exec = exec_id();
	v = bpf_map_lookup_elem(&details, &key);
	if (v)
		return v;
	remember_comm(id);
	if (s)
		place_remember(s);
	/* Another CPU may be first: then ours is there, too. */
	bpf_map_update_elem(&details, &key, &zero_val, BPF_NOEXIST);
	return bpf_map_lookup_elem(&details, &key);
}

static __always_inline struct mms_fault_val *count_slot(u64 id, struct mms_fault_start *s,
							const struct fault_sum *f)
{
	struct mms_fault_key key = {
		.cgroup_id = bpf_get_current_cgroup_id(),
		.tgid = id >> 32,
		.kind = f->kind,
		.origin = f->origin,
	};
	struct mms_fault_val *v;

	if (cfg.by)
		return detail_slot(&key, id, s, f);
	v = bpf_map_lookup_elem(&counts, &key);
	if (v)
		return v;
	remember_comm(id);
	bpf_map_update_elem(&counts, &key, &zero_val, BPF_NOEXIST);
	return bpf_map_lookup_elem(&counts, &key);
}

static __always_inline void add_max(u64 *max, u64 ns)
{
	u64 old = *(volatile u64 *)max;
	int i;

	if (!cfg.atomic) {
		if (ns > old)
			*max = ns;
		return;
	}
	for (i = 0; i < 8 && ns > old; i++) {
		u64 now = __sync_val_compare_and_swap(max, old, ns);

		if (now == old)
			return;
		old = now;
	}
}

/* Return: false if it could not be stored. */
static __always_inline bool count_fault(u64 id, struct mms_fault_start *s,
					const struct fault_sum *f)
{
	struct mms_fault_val *v = count_slot(id, s, f);

	if (!v)
		return false;
	add(&v->nr, 1);
	if (cfg.by & MMS_BY_USTACK)
		v->last_ns = s ? s->ts + f->ns : bpf_ktime_get_ns();
	if (f->untimed) {
		add(&v->nr_untimed, 1);
		return true;
	}
	add(&v->ns, f->ns);
	if (mms_fault_counted(f->ret))
		add(mms_fault_major(f->ret, f->flags) ? &v->nr_major : &v->nr_minor, 1);
	add_max(&v->max_ns, f->ns);
	if (!cfg.no_kinds)
		add(&v->bytes, f->bytes);
	if (cfg.around && f->around)
		add(&v->around, f->around);
	add(&v->hist[log2_bucket(f->ns) & (MMS_FAULT_BUCKETS - 1)], 1);
	return true;
}

#endif
