/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages that came along with a fault: what is mapped around it afterwards and was
 * not before. Must not know of counters.
 *
 * Looked at is the aligned window of 16 entries that the kernel's fault-around fills, and the
 * 16 entries behind it: in a VMA that begins inside the window the kernel's own is shifted by so
 * much. A folio is either mapped as a whole, where nothing was mapped, or one page of it; so when
 * an entry just outside is new, all of the folio is. Not seen: a fault-around of more than
 * 64 KiB (debugfs fault_around_bytes) beyond that. A page that another thread maps in between
 * counts for both.
 */
#ifndef _MMS_FAULT_AROUND_BPF_H
#define _MMS_FAULT_AROUND_BPF_H

#include "fault_place.bpf.h"
#include "folio.bpf.h"

#define AROUND_BEFORE 1ULL	   /* the entry before the window */
#define AROUND_BEHIND (1ULL << 33) /* the one behind it */
#define AROUND_NR     34

/* Of the walk at entry, and of the one at exit: the stack of programs is small. */
struct around_entries {
	u64 e[AROUND_NR];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, struct around_entries);
} around_room SEC(".maps");

/* page->compound_head became compound_info, 7.0; remove the old name with the last kernel that has
 * it. */
struct page___info {
	unsigned long compound_info;
} __attribute__((preserve_access_index));

/*
 * Which of the entries around @slot, in a table of the lowest level, are mapped: bit i + 1 for
 * entry i of the window. Nothing is mapped outside the table.
 */
static __noinline u64 around_mapped(u64 slot, u32 room)
{
	u32 first = (slot >> 3) & 511 & ~15, skip = first ? 0 : 1, nr = AROUND_NR - skip, i;
	struct around_entries *n = bpf_map_lookup_elem(&around_room, &room);
	u64 mapped = 0;

	first -= 1 - skip;
	if (nr > 512 - first)
		nr = 512 - first;
	/* The compiler knows that it is small, the verifier has to be shown. */
	barrier_var(nr);
	if (!n || nr > AROUND_NR ||
	    bpf_probe_read_kernel(n->e, nr * 8, (const void *)((slot & ~4095ULL) + first * 8)))
		return 0;
	/* P or PROTNONE, in a way that gives the verifier one path. */
	for (i = 0; i < AROUND_NR; i++)
		mapped |= ((n->e[i] | n->e[i] >> 8) & 1) << i;
	return (mapped & ((1ULL << nr) - 1)) << skip;
}

static __always_inline u64 ones(u64 v)
{
	v -= (v >> 1) & 0x5555555555555555ULL;
	v = (v & 0x3333333333333333ULL) + ((v >> 2) & 0x3333333333333333ULL);
	v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return (v * 0x0101010101010101ULL) >> 56;
}

/* A tail page has the head's address there, less often a mask that leads to it; bit 0 is set. */
static __always_inline u64 page_head(u64 page)
{
	const struct page___info *newer = (const void *)page;
	const struct page *p = (const void *)page;
	u64 info;

	if (bpf_core_field_exists(newer->compound_info))
		info = kernel_member(newer, compound_info);
	else
		info = kernel_member(p, compound_head);
	if (!(info & 1))
		return page;
	return info >> 32 == 0xffffffff ? page & info : info - 1;
}

/* How many pages of the folio at @addr lie in the same table and VMA, and the first of them. */
static __always_inline u64 around_folio(struct mms_fault_start *s, u64 frame, u64 *from)
{
	struct vm_area_struct *vma = (struct vm_area_struct *)s->vma;
	u64 size = bpf_core_type_size(struct page), first, last, low, high;
	u64 page = boot.vmemmap + frame * size, head = page_head(page);

	first = (s->addr >> 12) - (page - head) / size;
	last = first + folio_pages((const struct folio *)head);
	low = kernel_member(vma, vm_start) >> 12;
	high = kernel_member(vma, vm_end) >> 12;
	if (low < (s->addr >> 12 & ~511ULL))
		low = s->addr >> 12 & ~511ULL;
	if (high > (s->addr >> 12 | 511) + 1)
		high = (s->addr >> 12 | 511) + 1;
	if (first < low)
		first = low;
	if (last > high)
		last = high;
	*from = first;
	return last > first ? last - first : 0;
}

/**
 * around_count() - how many pages came along
 * @s: as it was at entry; @s->present is then which ones, as mms_fault_event.came
 * @slot: of the entry after, at the lowest level
 * @after: that entry
 */
static __always_inline u64 around_count(struct mms_fault_start *s, u64 slot, u64 after)
{
	struct mms_entry_rules r = {.frame_mask = boot.rules.frame_mask};
	u64 new = around_mapped(slot, 1) & ~s->present, first = 0, nr, all;

	/* The faulting one itself. */
	new &= ~(2ULL << ((slot >> 3) & 15));
	s->present = new & ~(AROUND_BEFORE | AROUND_BEHIND);
	nr = ones(s->present);
	if (!(new &(AROUND_BEFORE | AROUND_BEHIND)) || !(after & MMS_PTE_P))
		return nr;
	all = around_folio(s, mms_entry_frame(after, 1, s->addr, &r), &first);
	if (all <= nr + 1)
		return nr;
	s->present = MMS_CAME_RANGE | first;
	return all - 1;
}

#endif
