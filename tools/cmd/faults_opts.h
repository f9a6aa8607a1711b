/* SPDX-License-Identifier: GPL-2.0-only */
/* What a person asks `mmscope faults` for. Private to that command. */
#ifndef _MMS_FAULTS_OPTS_H
#define _MMS_FAULTS_OPTS_H

#include <stdbool.h>
#include "cmd/faults_stacks.h"
#include "cmd/watch.h"
#include "collect/bpf_fault.h"
#include "model/fault_rows.h"
#include "util/format.h"

#define FAULTS_MAX_KEYS 8

/**
 * struct faults_args - the command line
 * @watch: whom, and how long
 * @opts: for the collector; ids are filled in, a command is not yet
 * @format: of the output
 * @path: where to, NULL = stdout
 * @whole: -a was typed
 * @keys: --by, one bit of enum model_fault_by each, in the order of the columns
 * @by: all of them
 * @kinds: -k, a mask; all bits set without it
 * @sort: order of rows
 * @top: length of tables, 0 = all
 * @hist: histograms, too
 * @verbose: own cost in text
 * @cold: the cold-start curve
 * @stacks: lines of stacks
 * @used_ms: --used, between two scans; 0 = without
 * @side: of them, MMS_BY_USTACK, MMS_BY_KSTACK or both
 * @weight: their numbers
 * @weighed: --weight was typed
 * @budget: --max-overhead in per cent of a CPU, 0 = none
 */
struct faults_args {
	struct watch watch;
	struct mms_fault_opts opts;
	enum out_format format;
	const char *path;
	bool whole;
	unsigned int keys[FAULTS_MAX_KEYS];
	size_t nr_keys;
	unsigned int by;
	uint64_t kinds;
	enum model_fault_sort sort;
	size_t top;
	bool hist;
	bool verbose;
	bool cold;
	bool stacks;
	unsigned int used_ms;
	unsigned int side;
	enum faults_weight weight;
	bool weighed;
	double budget;
};

#define FAULTS_PARSED (-1)

/* Return: FAULTS_PARSED to go on, else the exit code. */
int faults_parse(int argc, char **argv, struct faults_args *a);

/* The name of a kind; of MMS_FAULT_NR_KINDS "any". */
const char *faults_kind_name(unsigned int kind);

/* The word for one bit of enum model_fault_by. */
const char *faults_key_name(unsigned int by);

#endif
