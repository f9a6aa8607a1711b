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

#endif /* _UAPI_LINUX_MMSCOPE_H */
