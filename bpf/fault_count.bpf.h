/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a finished fault to its counters: by cgroup, process, kind and origin, or
 * by more in detail, with stacks. Must not know how kinds are found.
 */
#ifndef _MMS_FAULT_COUNT_BPF_H
#define _MMS_FAULT_COUNT_BPF_H

#include "fault_place.bpf.h"

#define STACK_TRIES 2 /* hashes that differ may agree in the lower bits */

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

struct stack_hash {
	struct mms_fault_stack *st;
	u64 hash;
};

static long hash_frame(u32 i, struct stack_hash *h)
{
	if (i >= MMS_FAULT_FRAMES)
		return 1;
	h->hash ^= h->st->ip[i];
	h->hash *= 0x100000001b3ULL;
	h->hash ^= h->hash >> 29;
	return 0;
}

/* Return: an id in "stacks", or -errno. */
static __noinline s32 stack_id(void *ctx, u64 flags, u32 room)
{
	struct mms_fault_stack *st = bpf_map_lookup_elem(&stack_room, &room), *old;
	struct stack_hash h = {.st = st, .hash = 0xcbf29ce484222325ULL};
	long size;
	u32 i, id;

	if (!st)
		return -2;
	size = bpf_get_stack(ctx, st->ip, sizeof(st->ip), flags);
	if (size < 0)
		return size;
	st->nr = (u64)size >> 3;
	/* Not a loop of ours: to verify each way out of it takes longer than the kernel allows. */
	bpf_loop((u32)st->nr, hash_frame, &h, 0);
	st->hash = h.hash;
	for (i = 0; i < STACK_TRIES; i++) {
		id = (h.hash + i) & 0x7fffffff;
		old = bpf_map_lookup_elem(&stacks, &id);
		if (!old) {
			bpf_map_update_elem(&stacks, &id, st, BPF_NOEXIST);
			old = bpf_map_lookup_elem(&stacks, &id);
		}
		if (!old)
			break;
		if (old->hash == h.hash)
			return id;
	}
	return -12; /* no room */
}

/* @room: 0, or 2 where another program may be at work on this CPU. */
static __always_inline void take_stacks(void *ctx, struct fault_sum *f, u32 room)
{
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

/* Created at the first fault; NULL if there is no room. @s is NULL for a signal. */
static __always_inline struct mms_fault_val *detail_slot(u64 id, const struct mms_fault_start *s,
							 const struct fault_sum *f)
{
	u32 room = s ? 0 : 1;
	struct detail_room *r = bpf_map_lookup_elem(&detail_room, &room);
	struct mms_fault_val *v;

	if (!r)
		return NULL;
	r->key.k.cgroup_id = bpf_get_current_cgroup_id();
	r->key.k.tgid = id >> 32;
	r->key.k.kind = f->kind;
	r->key.k.origin = f->origin;
	r->key.where = s ? s->where : 0;
	r->key.dev = s ? s->dev : 0;
	r->key.tid = (cfg.by & MMS_BY_THREAD) ? (u32)id : 0;
	r->key.ustack = f->ustack;
	r->key.kstack = f->kstack;
	r->key.k.exec = (cfg.by & MMS_BY_USTACK) ? exec_id() : 0;
	v = bpf_map_lookup_elem(&details, &r->key);
	if (v)
		return v;
	remember_comm(id);
	if (s)
		place_remember(s, r);
	/* Another CPU may be first: then ours is there, too. */
	bpf_map_update_elem(&details, &r->key, &zero_val, BPF_NOEXIST);
	return bpf_map_lookup_elem(&details, &r->key);
}

/* Counters for a new key: never given away before, or given back by the loader. */
static __always_inline bool take_index(u32 *index)
{
	*index = next_index;
	if (*index < cfg.max_counts) {
		*index = __sync_fetch_and_add(&next_index, 1);
		if (*index < cfg.max_counts)
			return true;
	}
	return !bpf_map_pop_elem(&free_counts, index);
}

/* Where the counters of a key are, made at its first fault. Return: false if there is no room. */
static __noinline bool find_index(const struct mms_fault_key *key, u64 id, u32 *index)
{
	u32 *known = bpf_map_lookup_elem(&keys, key);

	if (!known) {
		if (!take_index(index))
			return false;
		remember_comm(id);
		if (!bpf_map_update_elem(&keys, key, index, BPF_NOEXIST))
			return true;
		/* Another CPU was first, or there is no room for the key. */
		bpf_map_push_elem(&free_counts, index, BPF_ANY);
		known = bpf_map_lookup_elem(&keys, key);
	}
	if (!known)
		return false;
	*index = *known;
	return true;
}

static __always_inline struct mms_fault_val *count_at(u32 index)
{
	return bpf_map_lookup_elem(&counts, &index);
}

/*
 * A thread takes faults of few kinds: where their counters are is remembered in its slot. That
 * holds until the thread or its cgroup is another one, or the loader has taken counters back.
 */
static __always_inline struct mms_fault_val *
count_cached(u32 mode, u64 id, u32 cpu, struct mms_fault_start *s, const struct fault_sum *f)
{
	struct mms_fault_cached *c = &s->counted[f->kind & (MMS_FAULT_CACHED - 1)];
	u32 what = 1U << 31 | (u32)f->origin << 16 | f->kind, gen = marks.gen + moves, index;
	struct mms_fault_key key;
	int i;

	if (s->counted_gen != gen) {
		s->counted_gen = gen;
		for (i = 0; i < MMS_FAULT_CACHED; i++)
			s->counted[i].what = 0;
	}
	if (c->what == what)
		return count_at(c->index + cpu);
	key = (struct mms_fault_key){
		.cgroup_id = bpf_get_current_cgroup_id(),
		.tgid = id >> 32,
		.kind = f->kind,
		.origin = f->origin,
	};
	if (!find_index(&key, id, &index))
		return NULL;
	c->index = index * cfg.nr_cpus;
	c->what = what;
	return count_at(c->index + cpu);
}

/* With settings, and for signals (@s is NULL). */
static __always_inline struct mms_fault_val *
count_uncached(u64 id, u32 cpu, const struct mms_fault_start *s, const struct fault_sum *f)
{
	struct mms_fault_key key;
	u32 index;

	if (cfg.by)
		return detail_slot(id, s, f);
	key = (struct mms_fault_key){
		.cgroup_id = bpf_get_current_cgroup_id(),
		.tgid = id >> 32,
		.kind = f->kind,
		.origin = f->origin,
	};
	return find_index(&key, id, &index) ? count_at(index * cfg.nr_cpus + cpu) : NULL;
}

static __always_inline void add_max(u32 mode, u64 *max, u64 ns)
{
	u64 old = *(volatile u64 *)max;
	int i;

	if (!on(mode, cfg.atomic)) {
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

static __always_inline void count_in(u32 mode, struct mms_fault_val *v, const struct fault_sum *f)
{
	add(mode, &v->nr, 1);
	add(mode, &v->ns, f->ns);
	if (mms_fault_counted(f->ret))
		add(mode, mms_fault_major(f->ret, f->flags) ? &v->nr_major : &v->nr_minor, 1);
	add_max(mode, &v->max_ns, f->ns);
	if (f->bytes)
		add(mode, &v->bytes, f->bytes);
	if (on(mode, cfg.around) && f->around)
		add(mode, &v->around, f->around);
	add(mode, &v->hist[log2_bucket(f->ns) & (MMS_FAULT_BUCKETS - 1)], 1);
}

/* Return: false if it could not be stored. */
static __always_inline bool count_fault(u32 mode, u64 id, u32 cpu, struct mms_fault_start *s,
					const struct fault_sum *f)
{
	struct mms_fault_val *v;

	if (on(mode, cfg.by || cfg.ask_cgroup))
		v = count_uncached(id, cpu, s, f);
	else
		v = count_cached(mode, id, cpu, s, f);
	if (!v)
		return false;
	if (on(mode, cfg.by & MMS_BY_USTACK))
		v->last_ns = s->ts + f->ns;
	count_in(mode, v, f);
	return true;
}

#endif
