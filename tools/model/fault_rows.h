/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counts of page faults: what came in a span, summed by any of their keys, in an
 * order, cut to a length. Sums are kept: what is left out of the rows is in a row
 * of its own. Pure; knows neither where the counts came from nor what kinds mean.
 */
#ifndef _MMS_FAULT_ROWS_H
#define _MMS_FAULT_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>
#include "fault_kind.h"
#include "fault.h"

/* By what rows are kept apart; a mask. */
enum model_fault_by {
	MODEL_BY_PROCESS = 1U << 0,
	MODEL_BY_THREAD = 1U << 1,
	MODEL_BY_CGROUP = 1U << 2,
	MODEL_BY_VMA = 1U << 3, /* of a process */
	MODEL_BY_FILE = 1U << 4,
	MODEL_BY_KIND = 1U << 5,
	MODEL_BY_ORIGIN = 1U << 6,
	MODEL_BY_SWAP = 1U << 7,
	MODEL_BY_STACK = 1U << 8,
	MODEL_BY_KEYS = (1U << 9) - 1, /* all that the kernel keeps apart */
	MODEL_BY_SEGMENT = 1U << 9,
};

enum model_fault_sort {
	MODEL_SORT_COUNT,
	MODEL_SORT_TIME,
	MODEL_SORT_MAX,
	MODEL_SORT_BYTES,
};

/* What adds up. */
enum model_fault_sum {
	MODEL_SUM_COUNT,
	MODEL_SUM_MINOR,
	MODEL_SUM_MAJOR,
	MODEL_SUM_UNTIMED, /* in the count, without a latency */
	MODEL_SUM_NS,
	MODEL_SUM_BYTES,
	MODEL_SUM_AROUND, /* further pages */
	MODEL_NR_SUMS,
};

/* What a row is when it is not the sum of one set of keys. */
enum model_fault_rest {
	MODEL_REST_NONE,
	MODEL_REST_OTHERS, /* rows beyond the length that was asked for */
	MODEL_REST_KINDS,  /* kinds that were not asked for */
};

/**
 * struct model_fault - counts of one set of keys
 * @where: start of the mapping (of a stack: its end), inode, or swap type + 1; 0 = none
 * @dev: of the file, the kernel's encoding
 * @ustack: id of a stack, negative = none
 * @has_place: @place is known; of merged ranges it is their union
 * @rest: keys mean nothing if not MODEL_REST_NONE
 * @nr_rows: rows that were summed up in a rest
 * @stored: counts as they were stored
 * @sum: the same with every stored fault taken for as many as it stands for (sampling)
 * @hist: of the stored ones; bucket b has latencies in [2^b, 2^(b+1)) ns
 * @max_ns: largest latency known to be of this span
 * @bound_ns: a fault of this span may have taken as long, but not longer
 */
struct model_fault {
	uint64_t cgroup_id;
	uint64_t where;
	uint32_t dev;
	uint32_t tgid;
	uint32_t tid;
	int32_t ustack;
	int32_t kstack;
	uint16_t kind;
	uint8_t origin;
	bool has_place;
	struct mms_fault_place place;
	char comm[MMS_FAULT_COMM];
	enum model_fault_rest rest;
	size_t nr_rows;
	uint64_t stored[MODEL_NR_SUMS];
	uint64_t sum[MODEL_NR_SUMS];
	uint64_t hist[MMS_FAULT_BUCKETS];
	uint64_t max_ns;
	uint64_t bound_ns;
};

/* An owned array, in the order of keys unless said otherwise. */
struct model_faults {
	struct model_fault *v;
	size_t nr;
};

void model_faults_free(struct model_faults *f);

/**
 * model_faults_settle() - bring counts that were just read into shape
 * @f: counts since the beginning with @stored set and @sum zero, in any order
 * @before: the same of the last time, all zero at first
 * @left_out: faults since then that were not stored, picked at random
 * Sorts, joins equal keys, and sets @sum: what was stored since then stands for what was left
 * out as well (the ratio estimator of a random sample whose population is counted).
 */
void model_faults_settle(struct model_faults *f, const struct model_faults *before,
			 uint64_t left_out);

/**
 * model_faults_since() - what came between two moments
 * @begin: settled
 * @end: settled, later
 * @span: result, to be freed; keys without a fault in it are left out
 * Return: 0 or -ENOMEM.
 */
int model_faults_since(const struct model_faults *begin, const struct model_faults *end,
		       struct model_faults *span);

/**
 * model_faults_by() - sum up
 * @span: from model_faults_since()
 * @by: mask of enum model_fault_by
 * @rows: result, to be freed; keys that are not in @by are those of some fault of the row
 * Ranges of one process that overlap are one mapping that grew or shrank if they are of the same
 * segment and the same part of a file: their rows are one.
 * Return: 0 or -ENOMEM.
 */
int model_faults_by(const struct model_faults *span, unsigned int by, struct model_faults *rows);

/**
 * model_faults_only() - keep some kinds, sum up the others
 * @f: changed in place; the order stays
 * @kinds: mask
 * @rest: the sum of what was taken out
 */
void model_faults_only(struct model_faults *f, uint64_t kinds, struct model_fault *rest);

/**
 * model_faults_order() - largest first
 * @rows: changed in place
 * Equals stay in the order of their keys.
 */
void model_faults_order(struct model_faults *rows, enum model_fault_sort sort);

/**
 * model_faults_top() - keep the first rows, sum up those behind
 * @rows: changed in place
 * @nr: how many, 0 = all
 * @rest: the sum of what was taken out
 */
void model_faults_top(struct model_faults *rows, size_t nr, struct model_fault *rest);

/* Sum of all into one, with @rest of it left as it is. */
void model_faults_total(const struct model_faults *f, struct model_fault *total);

/* Is @max_ns the largest latency of the span? Else it happened before, or is not known. */
bool model_fault_max_known(const struct model_fault *f);

#endif
