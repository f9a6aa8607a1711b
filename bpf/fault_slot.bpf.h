/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the beginning of a fault waits for its end. Each thread has one slot of an
 * array that its tid leads to, taken by a compare-and-swap and given back at the
 * end, so that the usual fault calls no map helper. Threads whose tids meet in
 * one slot while both are inside a fault: the second goes to a hash.
 */
#ifndef _MMS_FAULT_SLOT_BPF_H
#define _MMS_FAULT_SLOT_BPF_H

#include "fault_maps.bpf.h"

static const struct mms_fault_start zero_start;
static volatile u32 nr_more SEC(".data.state"); /* entries of "more_starts" */

static __always_inline struct mms_fault_start *slot_of(u32 tid)
{
	return &shared.starts[tid & (MMS_FAULT_STARTS - 1)];
}

/* The slot that this thread has, NULL if none. */
static __always_inline struct mms_fault_start *slot_find(u32 tid)
{
	struct mms_fault_start *s = slot_of(tid);

	if (s->owner == tid)
		return s;
	return nr_more ? bpf_map_lookup_elem(&more_starts, &tid) : NULL;
}

static __always_inline struct mms_fault_start *slot_take_more(u32 tid)
{
	if (bpf_map_update_elem(&more_starts, &tid, &zero_start, BPF_NOEXIST))
		return NULL;
	__sync_fetch_and_add(&nr_more, 1);
	return bpf_map_lookup_elem(&more_starts, &tid);
}

/* Takes one; NULL if there is no room. */
static __always_inline struct mms_fault_start *slot_take(struct mms_fault_start *s, u32 tid)
{
	struct mms_fault_start *more;

	/* Taken when the array's was not free: there a chain may be waiting for its next link. */
	more = nr_more ? bpf_map_lookup_elem(&more_starts, &tid) : NULL;
	if (more)
		return more;
	if (!__sync_val_compare_and_swap(&s->owner, 0, tid))
		return s;
	return slot_take_more(tid);
}

/* Another thread, or the same number again: what its slot remembers is not this one's. */
static __always_inline void slot_forget(struct mms_fault_start *s, u64 id)
{
	int i;

	s->id = id;
	for (i = 0; i < MMS_FAULT_CACHED; i++)
		s->counted[i].what = 0;
}

static __always_inline void slot_release(struct mms_fault_start *s, u32 tid)
{
	s->state = MMS_START_FREE;
	if (s->owner == tid) {
		*(volatile u32 *)&s->owner = 0;
		return;
	}
	if (!bpf_map_delete_elem(&more_starts, &tid))
		__sync_fetch_and_sub(&nr_more, 1);
}

#endif
