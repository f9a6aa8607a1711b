/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rows of mmscope faults: columns by what was asked for, cells from counts.
 * Private to that command.
 */
#ifndef _MMS_FAULTS_TABLE_H
#define _MMS_FAULTS_TABLE_H

#include "cmd/faults_names.h"
#include "cmd/faults_opts.h"
#include "render/out.h"

#define FAULTS_MAX_COLS 40

/**
 * struct faults_table - columns, fixed for a run
 * @name: in json: that of the first key, "kinds"
 * @cols: for render/out.h
 * @ids: what each of them is
 * @nr: how many
 */
struct faults_table {
	char name[16];
	struct out_col cols[FAULTS_MAX_COLS];
	unsigned char ids[FAULTS_MAX_COLS];
	size_t nr;
};

/**
 * struct faults_base - what rows relate to
 * @n: number of the report
 * @wall_ns: length of the span
 * @all: faults of all rows
 * @period: largest in the span: 1 = all were looked at
 */
struct faults_base {
	unsigned int n;
	uint64_t wall_ns;
	uint64_t all;
	unsigned int period;
};

/* Rows of figures, and rows of histogram buckets. */
void faults_table_init(struct faults_table *t, const struct faults_args *a);
void faults_table_init_hist(struct faults_table *t, const struct faults_args *a);

void faults_table_row(struct out *o, const struct faults_table *t, const struct faults_base *base,
		      struct faults_names *names, const struct model_fault *f);

/* A row for each bucket that has something. */
void faults_table_hist(struct out *o, const struct faults_table *t, const struct faults_base *base,
		       struct faults_names *names, const struct model_fault *f);

#endif
