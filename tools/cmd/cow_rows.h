/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The forks that a report of `mmscope cow` is about: which, their sums, and a look
 * at the pages of their children. Private to that command.
 */
#ifndef _MMS_COW_ROWS_H
#define _MMS_COW_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "collect/bpf_bill.h"
#include "collect/share.h"
#include "model/cow.h"

/**
 * struct cow_row - a fork
 * @mm: number of the child's life
 * @bill: the bill
 * @ended: the child has
 * @sums: its sums
 * @bytes: model_cow_bytes() of them
 * @own: model_cow_own() of them
 * @nr: faults in it
 * @per_s: bytes per second in the span, or as long as the child lived in it
 * @comm: the child's name
 * @looked: @look is there
 * @look: what the child still shares
 */
struct cow_row {
	uint32_t mm;
	const struct model_bill *bill;
	bool ended;
	struct model_cow_sum sums[MODEL_NR_PARTS];
	uint64_t bytes;
	uint64_t own;
	uint64_t nr;
	double per_s;
	char comm[64];
	bool looked;
	struct mms_share_look look;
};

/**
 * struct cow_rows - all of a report
 * @v: in the order of the forks; behind them those that are left out, of whom nothing else is said
 * @nr: how many
 * @nr_left_out: forks with smaller bills
 * @bytes_left_out: their bills
 * @ns: CLOCK_MONOTONIC, of the counters
 * @look_ns: time that looking at pages took
 * @look_pages: pages looked at
 * @blind: zero pages and those of KSM could not be told
 */
struct cow_rows {
	struct cow_row *v;
	size_t nr;
	size_t nr_left_out;
	uint64_t bytes_left_out;
	uint64_t ns;
	uint64_t look_ns;
	uint64_t look_pages;
	bool blind;
};

/**
 * cow_rows_gather() - what there is to report now
 * @rows: to be released by cow_rows_free(), also after an error
 * @c: families
 * @b: where their faults come from
 * @top: at most so many forks, 0 = all
 * @look: look at the pages of the children
 * @since_ns: begin of the span
 * Return: 0 or -errno.
 */
int cow_rows_gather(struct cow_rows *rows, struct model_cow *c, struct mms_bills *b, size_t top,
		    bool look, uint64_t since_ns);
/* They are on the stream: what has ended need not be reported again. */
void cow_rows_told(struct cow_rows *rows, struct model_cow *c);
void cow_rows_free(struct cow_rows *rows);

#endif
