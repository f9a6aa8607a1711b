/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cow_tables: the large part of a target's copy-on-write, private to cow_*.c.
 */
#ifndef _MMS_COW_TABLES_H
#define _MMS_COW_TABLES_H

#include "cow.h"

/**
 * struct mms_cow_waiting - a page whose VMA nobody could look up yet
 * @event: what was done
 * @since: when its fault was taken, boot clock
 * @known: noted already; else it depends on the VMA whether it was anything
 */
struct mms_cow_waiting {
	struct mms_cow_event event;
	u64 since;
	bool known;
};

/**
 * struct mms_cow_tables - under mms_cow.lock
 * @vma: in order of their first page
 * @nr_vmas: how many
 * @names: bytes of their names
 * @other: pages in none of them
 * @waiting: pages to be placed by who can sleep, the first come at @first_waiting
 * @first_waiting: index of it
 * @nr_waiting: how many
 * @kept: events that ever came into @ring
 * @size: room in @ring
 * @ring: event n at n % @size
 */
struct mms_cow_tables {
	struct mms_cow_vma vma[MMS_COW_VMAS];
	unsigned int nr_vmas;
	size_t names;
	struct mms_cow_counts other;
	struct mms_cow_waiting waiting[MMS_COW_WAITING];
	unsigned int first_waiting;
	unsigned int nr_waiting;
	u64 kept;
	unsigned int size;
	struct mms_cow_event ring[];
};

#endif /* _MMS_COW_TABLES_H */
