/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The binary contract between mmscope.ko and its readers: the only copy.
 * The text files are described in Documentation/abi/debugfs-mmscope.
 *
 * Rules: fixed width, natural alignment, reserved fields are zero, a stream
 * begins with a header that tells its own size and the size of its records;
 * a reader skips the tail of records that are longer than it knows.
 */
#ifndef _UAPI_LINUX_MMSCOPE_H
#define _UAPI_LINUX_MMSCOPE_H

#include <linux/types.h>

/**
 * enum mmscope_level - a level of the page tables, as bits translated below it
 * @MMSCOPE_LEVEL_PTE: a slot maps 4 KiB
 * @MMSCOPE_LEVEL_PMD: a slot covers 2 MiB
 * @MMSCOPE_LEVEL_PUD: a slot covers 1 GiB
 * @MMSCOPE_LEVEL_P4D: a slot covers 512 GiB
 * @MMSCOPE_LEVEL_PGD: top level (only with 5-level tables; else the top is P4D's)
 */
enum mmscope_level {
	MMSCOPE_LEVEL_PTE = 1,
	MMSCOPE_LEVEL_PMD = 2,
	MMSCOPE_LEVEL_PUD = 3,
	MMSCOPE_LEVEL_P4D = 4,
	MMSCOPE_LEVEL_PGD = 5,
};

/**
 * struct mmscope_idle_header - first bytes of PID/idle
 * @size: bytes of this header
 * @record_size: bytes of each record that follows
 * @scans: scans completed since sampling began, the first, which only
 *	clears, not counted; 0 = no data yet
 * @interval_ns: time asked between two scans
 * @window_ns: time really measured from the end of the first scan to the end
 *	of the last
 * @lost: page regions (2 MiB) whose ages could not be kept for want of memory
 * @reserved: zero
 */
struct mmscope_idle_header {
	__u32 size;
	__u32 record_size;
	__u64 scans;
	__u64 interval_ns;
	__u64 window_ns;
	__u64 lost;
	__u64 reserved;
};

/* struct mmscope_idle.age */
#define MMSCOPE_IDLE_MAX   254 /* this many scans or more */
#define MMSCOPE_IDLE_NEVER 255 /* not referenced since sampling began */

/* struct mmscope_idle.flags */
#define MMSCOPE_IDLE_SWAPPED (1U << 0) /* not present now; age counts on */

/**
 * struct mmscope_idle - idle age of one leaf (a THP is one record)
 * @addr: virtual address of the leaf
 * @level: enum mmscope_level of the leaf: PTE or PMD
 * @age: whole scans since the leaf was last seen referenced; 0 = referenced
 *	in the last interval; MMSCOPE_IDLE_MAX, MMSCOPE_IDLE_NEVER
 * @flags: MMSCOPE_IDLE_*
 * @reserved: zero
 */
struct mmscope_idle {
	__u64 addr;
	__u8 level;
	__u8 age;
	__u16 flags;
	__u32 reserved;
};

/**
 * struct mmscope_entries_header - begins a block of PID/entries
 * @size: bytes of this header
 * @record_size: bytes of each record that follows
 * @nr: records that follow, at least one
 * @vma_flags: MMSCOPE_VMA_*
 * @start: the block tells of all of [@start, @end)
 * @end: where the next block begins at the earliest
 * @vma_start: the VMA that both lie in
 * @vma_end: its end
 * @reserved: zero
 */
struct mmscope_entries_header {
	__u32 size;
	__u32 record_size;
	__u32 nr;
	__u32 vma_flags;
	__u64 start;
	__u64 end;
	__u64 vma_start;
	__u64 vma_end;
	__u64 reserved;
};

/* struct mmscope_entries_header.vma_flags */
#define MMSCOPE_VMA_READ    (1U << 0)
#define MMSCOPE_VMA_WRITE   (1U << 1)
#define MMSCOPE_VMA_EXEC    (1U << 2)
#define MMSCOPE_VMA_SHARED  (1U << 3)
#define MMSCOPE_VMA_HUGETLB (1U << 4)

/**
 * struct mmscope_entry - an entry that is not empty
 * @where: bits 12-63 the address, 0-2 enum mmscope_level, 3-6 enum
 *	mmscope_entry_kind, 7-10 rights of a leaf (r 1, w 2, x 4, u 8, in effect
 *	over all levels), 7-11 type of a swap or other entry
 * @what: bits 12-51 the frame (leaf, migration, hwpoison), the offset (swap,
 *	other) or the payload (marker); 0-11 and 52-63 the flags of PID/walk,
 *	flag n at bit n below 12, at bit 40 + n from 12 on
 */
struct mmscope_entry {
	__u64 where;
	__u64 what;
};

enum mmscope_entry_kind {
	MMSCOPE_ENTRY_LEAF = 1,
	MMSCOPE_ENTRY_SWAP = 2,
	MMSCOPE_ENTRY_MIGRATION = 3,
	MMSCOPE_ENTRY_MARKER = 4,
	MMSCOPE_ENTRY_HWPOISON = 5,
	MMSCOPE_ENTRY_DEVICE = 6,
	MMSCOPE_ENTRY_OTHER = 7,
};

#define MMSCOPE_ENTRY_ADDR(e)	((e)->where & ~0xfffULL)
#define MMSCOPE_ENTRY_LEVEL(e)	((unsigned int)((e)->where & 7))
#define MMSCOPE_ENTRY_KIND(e)	((unsigned int)((e)->where >> 3 & 0xf))
#define MMSCOPE_ENTRY_RIGHTS(e) ((unsigned int)((e)->where >> 7 & 0xf))
#define MMSCOPE_ENTRY_TYPE(e)	((unsigned int)((e)->where >> 7 & 0x1f))
#define MMSCOPE_ENTRY_FRAME(e)	((e)->what >> 12 & 0xffffffffffULL)
#define MMSCOPE_ENTRY_FLAGS(e)	((__u32)(((e)->what & 0xfff) | ((e)->what >> 52 << 12)))

/**
 * struct mmscope_walk - what bpf_mmscope_walk() found
 * @raw: the entry of each level, by enum mmscope_level; 0 below the last
 * @frame: frame that the address translates to, if the last entry is a leaf
 * @level: enum mmscope_level of the last entry
 * @leaf: 1 if the last entry maps memory
 * @reserved: zero
 */
struct mmscope_walk {
	__u64 raw[6];
	__u64 frame;
	__u8 level;
	__u8 leaf;
	__u16 reserved[3];
};

#endif /* _UAPI_LINUX_MMSCOPE_H */
