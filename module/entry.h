/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * entry: what the 64 bits of a page-table entry say. Pure: no locks, no
 * allocation, no kernel but the rules it is handed; compiled on the host too.
 */
#ifndef _MMS_ENTRY_H
#define _MMS_ENTRY_H

#include <linux/types.h>
#ifndef __KERNEL__
#include <stdbool.h>
#include <stddef.h>
#endif
#include <linux/mmscope.h>

/* What an entry is, or, for a leaf, what its page is. */
enum mms_kind {
	MMS_KIND_NONE,
	MMS_KIND_TABLE,
	MMS_KIND_LEAF, /* maps memory, the page not yet looked at */
	MMS_KIND_ANON,
	MMS_KIND_FILE,
	MMS_KIND_KSM,
	MMS_KIND_ZERO,
	MMS_KIND_SPECIAL,
	MMS_KIND_SWAP,
	MMS_KIND_MIGRATION,
	MMS_KIND_MARKER,
	MMS_KIND_HWPOISON,
	MMS_KIND_DEVICE,
	MMS_KIND_OTHER,
	__MMS_KIND_MAX,
};

/* Flags of an entry, the same on every kernel. ABI: the mask of PID/census. */
#define MMS_FLAG_P	     (1U << 0)
#define MMS_FLAG_RW	     (1U << 1)
#define MMS_FLAG_US	     (1U << 2)
#define MMS_FLAG_PWT	     (1U << 3)
#define MMS_FLAG_PCD	     (1U << 4)
#define MMS_FLAG_A	     (1U << 5)
#define MMS_FLAG_D	     (1U << 6)
#define MMS_FLAG_PSE	     (1U << 7)
#define MMS_FLAG_G	     (1U << 8)
#define MMS_FLAG_PAT	     (1U << 9) /* bit 7 of a pte, bit 12 of a larger leaf */
#define MMS_FLAG_NX	     (1U << 10)
#define MMS_FLAG_PROTNONE    (1U << 11)
#define MMS_FLAG_SPECIAL     (1U << 12)
#define MMS_FLAG_SOFT_DIRTY  (1U << 13)
#define MMS_FLAG_UFFD_WP     (1U << 14)
#define MMS_FLAG_SAVED_DIRTY (1U << 15)
#define MMS_FLAG_EXCLUSIVE   (1U << 16) /* of a swap entry */
#define MMS_FLAG_DEVMAP	     (1U << 17)
#define MMS_FLAG_NUMAHINT    (1U << 18) /* of a leaf; the VMA tells it, no bit does */
#define MMS_FLAG_PKEY_SHIFT  20
#define MMS_FLAG_PKEY	     (0xfU << MMS_FLAG_PKEY_SHIFT)

/* Enough for every flag's name, separators and a zero byte. */
#define MMS_FLAGS_LEN 128

/* Rights in effect over all levels. */
#define MMS_RIGHT_R    (1U << 0)
#define MMS_RIGHT_W    (1U << 1)
#define MMS_RIGHT_X    (1U << 2)
#define MMS_RIGHT_U    (1U << 3)
#define MMS_RIGHTS_TOP (MMS_RIGHT_W | MMS_RIGHT_X | MMS_RIGHT_U)

/**
 * struct mms_rules - how the running kernel uses the bits it may choose
 * @phys_mask: bits of a physical address that an entry may hold
 * @special: entry without a struct page to look at
 * @soft_dirty: entry written since clear_refs; 0 = not in this kernel
 * @uffd_wp: entry write-protected by userfaultfd; 0 = not in this kernel
 * @saved_dirty: dirty bit of a write-protected entry; 0 = not in this kernel
 * @devmap: entry of device memory; 0 = not in this kernel
 * @swp_soft_dirty: soft-dirty of a non-present entry
 * @swp_uffd_wp: uffd-wp of a non-present entry
 * @swp_exclusive: the swapped page belongs to this process alone
 * @swp_pfn_mask: part of a swap offset that is a frame
 * @swapfiles: swap types below this are swap devices
 * @migration_types: bit n set = swap type n is a migration entry
 * @device_types: bit n set = swap type n is device-private or exclusive
 * @hwpoison_types: bit n set = swap type n is a poisoned page
 * @marker_types: bit n set = swap type n is a marker
 * @levels: 4 or 5
 * @kpti: the top level's NX is set by design
 */
struct mms_rules {
	__u64 phys_mask;
	__u64 special;
	__u64 soft_dirty;
	__u64 uffd_wp;
	__u64 saved_dirty;
	__u64 devmap;
	__u64 swp_soft_dirty;
	__u64 swp_uffd_wp;
	__u64 swp_exclusive;
	__u64 swp_pfn_mask;
	__u32 swapfiles;
	__u32 migration_types;
	__u32 device_types;
	__u32 hwpoison_types;
	__u32 marker_types;
	__u8 levels;
	__u8 kpti;
};

/* Payload bits of a marker, fixed by the kernel since each came to be. */
#define MMS_MARKER_UFFD_WP (1ULL << 0)
#define MMS_MARKER_POISON  (1ULL << 1)
#define MMS_MARKER_GUARD   (1ULL << 2)

/**
 * struct mms_entry - a decoded entry
 * @raw: the 64 bits
 * @frame: first frame of a leaf, a table, a migration or hwpoison entry
 * @offset: swap offset, or the payload of a marker
 * @flags: MMS_FLAG_*
 * @type: swap type of a swap or other entry
 * @kind: enum mms_kind; a leaf is MMS_KIND_LEAF
 * @level: enum mmscope_level
 */
struct mms_entry {
	__u64 raw;
	__u64 frame;
	__u64 offset;
	__u32 flags;
	__u8 type;
	__u8 kind;
	__u8 level;
};

/**
 * struct mms_leaf - entries of one VMA that are alike, or a hole
 * @start: first address
 * @end: address after the last
 * @frame: first frame of the first leaf, of a migration or hwpoison entry
 * @offset: swap offset, or the payload of a marker
 * @flags: MMS_FLAG_*
 * @type: swap type
 * @kind: enum mms_kind, never MMS_KIND_TABLE
 * @level: enum mmscope_level; where the walk ended for MMS_KIND_NONE
 * @rights: MMS_RIGHT_* in effect
 * @hugetlb: the VMA is of hugetlbfs
 * @order: the folio has 2^@order pages; this and below: 0 where there is no page
 * @node: NUMA node of the page
 * @shared: pages of 4 KiB of the leaf that are mapped more than once
 *
 * Holes may stand for more than one entry, and ptes too unless the reader wants
 * their frames; what is together has folios of a single page.
 */
struct mms_leaf {
	__u64 start;
	__u64 end;
	__u64 frame;
	__u64 offset;
	__u32 flags;
	__u8 type;
	__u8 kind;
	__u8 level;
	__u8 rights;
	__u8 hugetlb;
	__u8 order;
	__u16 node;
	__u32 shared;
};

/**
 * mms_raw_table - does an entry point to a table
 * @raw: the entry
 * @level: its level
 *
 * Return: true if the walk goes on below.
 */
static inline bool mms_raw_table(__u64 raw, unsigned int level)
{
	return level > MMSCOPE_LEVEL_PTE && (raw & (MMS_FLAG_P | MMS_FLAG_PSE)) == MMS_FLAG_P;
}

/**
 * mms_entry_again - decode a pte that differs from another in its frame alone
 * @rules: the kernel's own choices
 * @raw: the pte
 * @e: the other entry, a decoded leaf; becomes the pte's
 *
 * Neighbours are mostly alike, and this is much cheaper than mms_entry_decode().
 *
 * Return: false if they differ in more, or @e is no present pte; @e is unchanged.
 */
static inline bool mms_entry_again(const struct mms_rules *rules, __u64 raw, struct mms_entry *e)
{
	if (((raw ^ e->raw) & ~rules->phys_mask) || !(raw & MMS_FLAG_P) ||
	    e->level != MMSCOPE_LEVEL_PTE)
		return false;
	e->raw = raw;
	e->frame = (raw & rules->phys_mask) >> 12;
	return true;
}

void mms_entry_decode(const struct mms_rules *rules, __u64 raw, unsigned int level,
		      struct mms_entry *e);
unsigned int mms_entry_shift(unsigned int level);
unsigned int mms_entry_index(__u64 addr, unsigned int level);
unsigned int mms_rights_below(const struct mms_rules *rules, unsigned int rights, __u64 raw,
			      unsigned int level);
unsigned int mms_rights_leaf(unsigned int rights, const struct mms_entry *e);
bool mms_kind_mapped(unsigned int kind);
bool mms_flags_dirty(__u32 flags);

const char *mms_kind_name(unsigned int kind);
const char *mms_level_name(unsigned int level);
const char *mms_marker_name(__u64 payload);
char *mms_flags_text(char *buf, size_t size, __u32 flags, char sep);
char *mms_rights_text(char buf[5], unsigned int rights);

#endif /* _MMS_ENTRY_H */
