/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps and settings of the fault programs, and the counters of what became of
 * the faults. Must not know what a fault is.
 */
#ifndef _MMS_FAULT_MAPS_BPF_H
#define _MMS_FAULT_MAPS_BPF_H

#include "pagewalk.bpf.h"

const volatile struct mms_fault_config cfg SEC(".rodata.cfg");
volatile struct mms_fault_marks marks SEC(".data.marks");
static volatile u32 moves SEC(".data.state"); /* of tasks between cgroups, so far */
struct mms_fault_execd execd SEC(".data.execd");
struct mms_fault_proof proof SEC(".data.proof");

/* Alone in .bss: its place there is known. What else is written is in .data.state. */
struct mms_fault_shared shared;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, u32);
	__type(value, struct mms_fault_start);
} more_starts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct mms_fault_key);
	__type(value, u32);
} keys SEC(".maps");

/* Each CPU has its own counters of a key. The loader sets the size. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct mms_fault_val);
} counts SEC(".maps");

/* Indices that the loader took back from processes that are gone. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 8192);
	__type(value, u32);
} free_counts SEC(".maps");

static volatile u32 next_index SEC(".data.state"); /* no counters were given away from here on */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct mms_fault_detail_key);
	__type(value, struct mms_fault_val);
} details SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct mms_fault_place_key);
	__type(value, struct mms_fault_place);
} places SEC(".maps");

/* Where keys and places are put together, the stack of programs being small: of faults, of signals.
 */
struct detail_room {
	struct mms_fault_detail_key key;
	struct mms_fault_place_key place_key;
	struct mms_fault_place place;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, struct detail_room);
} detail_room SEC(".maps");

/* Allocated beforehand: of elements that large the kernel has only a few at hand at a time. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u32);
	__type(value, struct mms_fault_stack);
} stacks SEC(".maps");

/* Where a stack is put together: user, kernel, and both once more for signals. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, struct mms_fault_stack);
} stack_room SEC(".maps");

/* By tgid; by tid with MMS_BY_THREAD. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, u32);
	__type(value, char[MMS_FAULT_COMM]);
} comms SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, u8);
} tgids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} cgroups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

static const struct mms_fault_val zero_val;

/*
 * What a program is made for: each setting that is asked for costs, even if it is off. The usual
 * ways of counting have programs that ask for none.
 */
enum mode {
	MODE_ANY,    /* no_kinds and nothing else */
	MODE_KINDS,  /* kinds and nothing else */
	MODE_EVENTS, /* kinds and events and nothing else */
	MODE_ALL,    /* by settings */
};

#define on(mode, setting) ((mode) == MODE_ALL && (setting))

/* To a counter of this CPU's, or to a shared one with cfg.atomic. */
static __always_inline void add(u32 mode, u64 *to, u64 nr)
{
	if (on(mode, cfg.atomic))
		__sync_fetch_and_add(to, nr);
	else
		*to += nr;
}

static __always_inline struct mms_fault_tallies *tallies_of(u32 cpu)
{
	return &shared.tallies[cpu & (MMS_FAULT_CPUS - 1)];
}

static __always_inline void tally(u32 which)
{
	__sync_fetch_and_add(&tallies_of(bpf_get_smp_processor_id())->nr[which], 1);
}

/* The loader's child has done something that this program must have seen. */
static __always_inline void prove(u32 tgid, u32 which)
{
	if (tgid == proof.tgid)
		proof.seen[which] = 1;
}

static __always_inline u32 current_tid(void)
{
	return bpf_get_current_pid_tgid();
}

static __always_inline u32 current_tgid(void)
{
	return bpf_get_current_pid_tgid() >> 32;
}

#endif
