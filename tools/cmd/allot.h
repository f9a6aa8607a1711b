/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of `mmscope allot` share: what is asked for, processes, results. Private to it. */
#ifndef _MMS_CMD_ALLOT_H
#define _MMS_CMD_ALLOT_H

#include "model/replay/allot.h"
#include "model/replay/curve.h"
#include "model/replay/global_lru.h"
#include "render/out.h"
#include "store/refs_file.h"
#include "util/args.h"
#include "util/err.h"

#define ALLOT_MAX_PROCS 64

enum allot_rule {
	ALLOT_EQUAL,
	ALLOT_PROPORTIONAL,
	ALLOT_PRIORITY,
	ALLOT_WS,
	ALLOT_PFF,
	ALLOT_OPTIMAL,
	ALLOT_GLOBAL,
	ALLOT_RULES,
};

/**
 * struct allot_opts - what is asked for
 * @memory: to divide; @frames: the same, once the strings are known
 * @max_memory: that may be used, bytes; 0: what is available
 * @rules: bit per enum allot_rule; @rules_asked: not the default ones
 * @sampled_ok: the order of a sampled string is taken as it is
 * @priority: of @nr_priority processes
 * @window: of working sets, references
 * @turn: references of a process before it is the next one's turn
 * @thrash: faults per reference above which a process may thrash
 * @paths: @nr_paths files
 */
struct allot_opts {
	struct args_amount memory;
	uint64_t frames, max_memory;
	unsigned int rules;
	bool rules_asked, sampled_ok;
	double priority[ALLOT_MAX_PROCS];
	size_t nr_priority;
	uint64_t window, turn;
	double thrash;
	char **paths;
	size_t nr_paths;
	enum out_format format;
};

/**
 * struct allot_data - processes and what is known of them
 * @reader: of each file
 * @whole: the string of the one file, if it has several processes
 * @proc_of: of its pages
 * @split: @refs are parts of @whole
 * @sampled: the first string that is, by its path; NULL: none
 * @cut: the first that is cut off; NULL: none
 * @delta_ns: the largest of these
 * @page_shift: of all
 * @nr: processes
 * @name: of each, "redis-server (196)" or the file's
 * @refs: its string
 * @dist: its stack distances
 * @faults: its curve; @proc points at it
 * @least, @most: if @sampled: bounds of @faults, whatever the order inside an interval
 * @ws: its mean working set
 * @pff: its mean size with page-fault frequency, threshold @pff_threshold
 */
struct allot_data {
	struct mms_refs_reader *reader[ALLOT_MAX_PROCS];
	struct mms_refs whole;
	const uint16_t *proc_of;
	bool split;
	const char *sampled, *cut;
	uint64_t delta_ns;
	unsigned int page_shift;
	size_t nr;
	char name[ALLOT_MAX_PROCS][80];
	struct mms_refs refs[ALLOT_MAX_PROCS];
	uint64_t *faults[ALLOT_MAX_PROCS];
	uint64_t *least[ALLOT_MAX_PROCS], *most[ALLOT_MAX_PROCS];
	struct mms_allot_proc proc[ALLOT_MAX_PROCS];
	uint64_t cold[ALLOT_MAX_PROCS];
	double ws[ALLOT_MAX_PROCS];
	double pff[ALLOT_MAX_PROCS];
	uint64_t pff_threshold;
};

/* Is the order of all references known, or taken as known? */
static inline bool allot_ordered(const struct allot_data *d, const struct allot_opts *opts)
{
	return !d->sampled || opts->sampled_ok;
}

/* allot_run.c. Return: an exit code, the line is printed. */
int allot_open(struct allot_data *d, struct allot_opts *opts);
int allot_compute(struct allot_data *d, const struct allot_opts *opts);
void allot_close(struct allot_data *d);

/* allot_report.c. Return: an exit code. */
const char *allot_rule_name(enum allot_rule rule);
int allot_report(struct out *o, const struct allot_opts *opts, const struct allot_data *d);

#endif
