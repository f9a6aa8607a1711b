/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bill of a fork: what parent and child have copied, reused and newly filled
 * since. Families of processes that share memory, generation by generation. Pure:
 * moments and counts in, sums out; knows nothing of where they came from.
 */
#ifndef _MMS_MODEL_COW_H
#define _MMS_MODEL_COW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <linux/types.h>
#include "fault_kind.h"
#include "fault.h"
#include "bill.h"

#define MODEL_BILL_OPEN UINT32_MAX

/* Faults by enum mms_bill_what. */
struct model_cow_sum {
	uint64_t nr[MMS_BILL_NR];
	uint64_t bytes[MMS_BILL_NR];
	uint64_t ns[MMS_BILL_NR];
};

/* One counter, as the kernel side keeps it. */
struct model_cow_count {
	struct mms_bill_key key;
	struct mms_bill_val val;
	bool final; /* it is given for the last time: to be kept */
};

enum model_bill_state {
	MODEL_BILL_LIVE,
	MODEL_BILL_EXITED,
	MODEL_BILL_EXECED,
};

/**
 * struct model_bill - a fork and what became of it
 * @pid: the child
 * @parent: its parent
 * @root: the process that the family comes from
 * @generation: forks between @root and the child, from 1
 * @found: it was forked before anybody looked: @fork_ns is from /proc, its faults count from then
 * on
 * @crowded: a third process shared the memory, too
 * @parent_gone: the parent has ended or become another program
 * @state: of the child
 * @fork_ns: CLOCK_MONOTONIC
 * @end_ns: the same, of the child's end; 0 while it lives
 * @comm: the child's name before its end
 * @mm: number of the child's life
 * @parent_mm: of the life whose memory the parent used
 * @from: epochs [@from, @to) of the parent are part of the bill, MODEL_BILL_OPEN: no end yet
 * @to: the child's end
 * @tail: epochs [@to, @tail) are what the parent still had of it after the end; 0 = none
 * @scanned: the child's pages were looked at
 * @scan_private: bytes of anonymous memory that nobody else mapped
 * @scan_own: model_cow_own() at that moment
 * @told_nr: faults of the bill at the latest report; this and the next two are the caller's
 * @told_bytes: bytes of the bill then
 * @told: it was reported after its end
 */
struct model_bill {
	pid_t pid;
	pid_t parent;
	pid_t root;
	unsigned int generation;
	bool found;
	bool crowded;
	bool parent_gone;
	enum model_bill_state state;
	uint64_t fork_ns;
	uint64_t end_ns;
	char comm[16];
	uint32_t mm;
	uint32_t parent_mm;
	uint32_t from;
	uint32_t to;
	uint32_t tail;
	bool scanned;
	uint64_t scan_private;
	uint64_t scan_own;
	uint64_t told_nr;
	uint64_t told_bytes;
	bool told;
};

/* Whose faults. */
enum model_bill_part {
	MODEL_PART_PARENT,
	MODEL_PART_CHILD,
	MODEL_PART_TAIL, /* the parent, after the child's end */
	MODEL_NR_PARTS,
};

/* A process of a family: all that it did since its first fork, or since it was forked. */
struct model_member {
	pid_t pid;
	pid_t parent; /* 0 = it is the root of the family */
	pid_t root;
	unsigned int generation;
	enum model_bill_state state;
	char comm[16];
	uint32_t mm;
	struct model_cow_sum sum;
};

struct model_cow;

struct model_cow *model_cow_create(void);
void model_cow_destroy(struct model_cow *c);

/* In the order of their numbers. Return: 0 or -ENOMEM. */
int model_cow_moment(struct model_cow *c, const struct mms_bill_moment *m);
/*
 * A snapshot: all counters that there are. It takes the place of the one before, of which only
 * those that were final stay. Moments of all epochs in it come before. Return: 0 or -ENOMEM.
 */
int model_cow_counts(struct model_cow *c, const struct model_cow_count *counts, size_t nr);

size_t model_cow_nr_bills(const struct model_cow *c);
/* In the order of the forks; valid until the next call that adds or forgets. */
struct model_bill *model_cow_bill(struct model_cow *c, size_t i);
/* By the number of the child's life; NULL if it is not there. */
struct model_bill *model_cow_find(struct model_cow *c, uint32_t mm);
/* Processes with a bill, as parent or as child; malloc'ed. Return: 0 or -ENOMEM. */
int model_cow_members(const struct model_cow *c, struct model_member **v, size_t *nr);

typedef void (*model_cow_fn)(void *ctx, enum model_bill_part part, const struct mms_bill_key *key,
			     const struct mms_bill_val *val);
/* Every counter of a bill. */
void model_cow_each(const struct model_cow *c, const struct model_bill *b, model_cow_fn fn,
		    void *ctx);
/* Every counter of any bill, once; without a part. */
void model_cow_all(const struct model_cow *c, model_cow_fn fn, void *ctx);
/* @sums has MODEL_NR_PARTS elements. */
void model_cow_sums(const struct model_cow *c, const struct model_bill *b,
		    struct model_cow_sum *sums);

/* Bytes that exist because of the fork: copied by either, or new in the child. */
uint64_t model_cow_bytes(const struct model_cow_sum *sums);
/* Bytes that the child has for itself, as the faults tell it: smaps calls them Private_Dirty. */
uint64_t model_cow_own(const struct model_cow_sum *sums);
/* The private memory of the child: of the latest look, with what came since, else model_cow_own().
 */
uint64_t model_cow_private(const struct model_bill *b, const struct model_cow_sum *sums);

/* Drop bills that have ended, were told and cannot change any more. */
void model_cow_forget(struct model_cow *c);
/* Counters of epochs that no moment has told of. */
uint64_t model_cow_orphans(const struct model_cow *c);

const char *model_bill_what_name(enum mms_bill_what what);
const char *model_bill_state_name(enum model_bill_state state);

#endif
