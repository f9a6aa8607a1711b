/* SPDX-License-Identifier: GPL-2.0-only */
/* What cow.c (who lives) and cow_sums.c (what they did) share; no one else includes it. */
#ifndef _MMS_MODEL_COW_IMPL_H
#define _MMS_MODEL_COW_IMPL_H

#include "model/cow.h"
#include "model/table.h"

/* An address space of a process, by number. */
struct cow_life {
	uint32_t id;
	uint32_t mm; /* whose memory: its own, or after vfork() its parent's */
	pid_t pid;
	pid_t parent;
	pid_t root;
	unsigned int generation;
	enum model_bill_state state;
	char comm[16];
};

struct cow_epoch {
	uint32_t id;
	uint32_t mm;
};

struct cow_cell {
	uint32_t mm;
	struct mms_bill_key key;
	struct mms_bill_val val;
};

struct model_cow {
	struct mms_list lives;	/* struct cow_life, by id */
	struct mms_list epochs; /* struct cow_epoch, by id */
	struct mms_list bills;	/* struct model_bill, by fork */
	struct mms_list final;	/* struct cow_cell, by (mm, key): what the kernel has forgotten */
	struct mms_list now;	/* the same of the latest snapshot */
	struct mms_list
		unseen;	  /* uint32_t, in order: numbers of moments that nothing is known of */
	uint32_t latest;  /* the highest epoch that a moment has told of */
	uint64_t orphans; /* those of @final ones included */
	uint64_t final_orphans;
};

/* NULL if it is not known. */
struct cow_life *cow_find_life(const struct model_cow *c, uint32_t id);
/* Whose memory; 0 if it is not known. */
uint32_t cow_epoch_mm(const struct model_cow *c, uint32_t id);

#endif
