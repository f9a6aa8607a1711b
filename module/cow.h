/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cow: copy-on-write of targets: counters, generations, the latest events, and
 * which mappings it happens in.
 */
#ifndef _MMS_COW_H
#define _MMS_COW_H

#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include "cow_rule.h"

struct mm_struct;
struct mms_target;
struct mms_cow_tables;

/* Generations kept besides the first, VMAs kept, and pages that wait for theirs. */
#define MMS_COW_GENERATIONS 15
#define MMS_COW_VMAS	    256
#define MMS_COW_WAITING	    64

/* Bytes of the names of VMAs: their lengths are the target's choice. */
#define MMS_COW_NAMES (64 << 10)

/* Of an event that found nothing there. */
#define MMS_COW_NO_FRAME (~0ULL)

/**
 * struct mms_cow_counts - what was done
 * @pages: leaves, by enum mms_cow_what
 * @bytes: their sizes
 */
struct mms_cow_counts {
	u64 pages[__MMS_COW_MAX];
	u64 bytes[__MMS_COW_MAX];
};

/**
 * struct mms_cow_generation - the time from one fork to the next
 * @nr: forks before
 * @fork_ns: when it began, boot clock
 * @child: pid of the child whose fork began it; 0 of the first
 * @counts: what was done in it
 */
struct mms_cow_generation {
	u64 nr;
	u64 fork_ns;
	int child;
	struct mms_cow_counts counts;
};

/**
 * struct mms_cow_event - one page
 * @time_ns: when its fault had ended, boot clock
 * @address: page aligned
 * @old_frame: of that 4 KiB page, or MMS_COW_NO_FRAME
 * @new_frame: of that 4 KiB page
 * @size: of the leaf that maps it now
 * @generation: forks before
 * @tid: of the thread that wrote
 * @what: enum mms_cow_what
 * @comm: of the thread
 */
struct mms_cow_event {
	u64 time_ns;
	u64 address;
	u64 old_frame;
	u64 new_frame;
	u64 size;
	u64 generation;
	int tid;
	unsigned int what;
	char comm[TASK_COMM_LEN];
};

/**
 * struct mms_cow_vma - a mapping as it was when its first page was copied
 * @start: first address
 * @end: address after the last
 * @dev: of its file, 0 without
 * @ino: of its file, 0 without
 * @name: lives as long as the target
 * @counts: what was done in it
 */
struct mms_cow_vma {
	u64 start;
	u64 end;
	dev_t dev;
	unsigned long ino;
	const char *name;
	struct mms_cow_counts counts;
};

/**
 * struct mms_cow - the copy-on-write of a target
 * @lock: protects all of it and what @tables points to; taken anywhere but NMI
 * @generation: forks until now
 * @first: the time before the first fork
 * @older: those between @first and @latest
 * @latest: generation g at (g - 1) % MMS_COW_GENERATIONS
 * @raced: faults that found the work of another
 * @unplaced: pages of unknown mappings
 * @events: how many there were
 * @tables: the large part, NULL until somebody who can sleep made it
 */
struct mms_cow {
	raw_spinlock_t lock;
	u64 generation;
	struct mms_cow_generation first;
	struct mms_cow_counts older;
	struct mms_cow_generation latest[MMS_COW_GENERATIONS];
	u64 raced;
	u64 unplaced;
	u64 events;
	struct mms_cow_tables *tables;
};

/**
 * struct mms_cow_fault - a write fault that was resolved
 * @addr: the address
 * @start_ns: when it was taken, boot clock
 * @prot: the CPU found an entry that did not allow it
 * @before: what was there then
 */
struct mms_cow_fault {
	u64 addr;
	u64 start_ns;
	bool prot;
	struct mms_cow_look before;
};

/* What the end of a write fault leaves to say. */
enum mms_cow_more {
	MMS_COW_DONE,
	MMS_COW_PLAIN, /* anonymous memory was touched for the first time */
	MMS_COW_WAITS, /* a page waits for who can look up its VMA */
};

/**
 * struct mms_cow_sum - the counters at one moment
 * @generation: forks until now
 * @total: of all generations
 * @other: of pages beyond the VMAs kept, or of unknown ones
 * @first: before the first fork
 * @older: of generations between @first and @latest
 * @latest: generations, oldest first
 * @nr_latest: how many
 * @nr_older: how many @older are
 * @nr_vmas: how many mms_cow_read_vmas() can read
 * @raced: see struct mms_cow
 * @unplaced: see struct mms_cow
 * @events: see struct mms_cow
 * @events_lost: of them, not kept any more
 * @kept: number after the latest that mms_cow_read_events() can read
 */
struct mms_cow_sum {
	u64 generation;
	struct mms_cow_counts total;
	struct mms_cow_counts other;
	struct mms_cow_generation first;
	struct mms_cow_counts older;
	struct mms_cow_generation latest[MMS_COW_GENERATIONS];
	unsigned int nr_latest;
	u64 nr_older;
	unsigned int nr_vmas;
	u64 raced;
	u64 unplaced;
	u64 events;
	u64 events_lost;
	u64 kept;
};

/* cow.c */
void mms_cow_begin_target(struct mms_target *t);
void mms_cow_end_target(struct mms_target *t);
enum mms_cow_more mms_cow_end(struct mms_target *t, const struct mms_cow_fault *f, bool may_sleep);
void mms_cow_fork(struct mms_target *t, struct task_struct *child);
bool mms_cow_note(struct mms_target *t, struct mms_cow_event *e, u64 since);
void mms_cow_add(struct mms_cow_counts *c, unsigned int what, u64 size);

/* cow_place.c */
int mms_cow_make_tables(struct mms_cow *c);
void mms_cow_free_tables(struct mms_cow *c);
void mms_cow_ring_put(struct mms_cow *c, const struct mms_cow_event *e);
bool mms_cow_ring_has(const struct mms_cow *c, const struct mms_cow_event *e, u64 since);
void mms_cow_place(struct mms_target *t, struct mm_struct *mm, struct mms_cow_event *e, u64 since,
		   bool known);
void mms_cow_wait(struct mms_target *t, const struct mms_cow_event *e, u64 since, bool known);
void mms_cow_settle(struct mms_target *t, struct mm_struct *mm);

/* cow_read.c */
void mms_cow_read(struct mms_target *t, struct mms_cow_sum *s);
unsigned int mms_cow_read_vmas(struct mms_target *t, struct mms_cow_vma *v, unsigned int from,
			       unsigned int nr);
unsigned int mms_cow_read_events(struct mms_target *t, struct mms_cow_event *e, u64 from,
				 unsigned int nr, u64 *next);

#endif /* _MMS_COW_H */
