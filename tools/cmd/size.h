/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of `mmscope size` share: what is asked for, what was computed. Private to it. */
#ifndef _MMS_CMD_SIZE_H
#define _MMS_CMD_SIZE_H

#include "collect/latency.h"
#include "model/replay/curve.h"
#include "model/replay/pagesize.h"
#include "model/replay/size.h"
#include "model/replay/tlbsim.h"
#include "model/replay/writeback.h"
#include "render/out.h"
#include "store/refs_file.h"
#include "util/args.h"
#include "util/err.h"

#define SIZE_GOALS 8
#define SIZE_PAGES 5

/**
 * struct size_goal - a bound that is to be kept
 * @limit: as mms_size_find() wants it
 * @said: in words, for the table
 */
struct size_goal {
	enum mms_size_goal kind;
	double limit;
	char said[40];
};

/* Where a figure of the cost comes from. */
enum size_source { SIZE_ASSUMED, SIZE_GIVEN, SIZE_MEASURED, SIZE_FROM_STRING };

/**
 * struct size_opts - what is asked for
 * @device: its name, or NULL: the latency was given or measured; @device_given: not the default
 * @cost: as given; the rest is filled in by size_complete_cost()
 * @ref_from, @fault_from, @write_from, @dirty_from: of @cost
 * @span_ns: time of the whole string, 0: not given
 * @measure: file to measure, or NULL
 * @memory: size to show besides, if @has_memory
 * @max_memory: that may be used, bytes; 0: what is available
 * @sampled_ok: the order of a sampled string is taken as it is
 * @l1, @l2: TLB, of all page sizes, if @has_tlb
 * @l2_ns, @walk_ns: times of it
 */
struct size_opts {
	struct size_goal goals[SIZE_GOALS];
	size_t nr_goals;
	const char *device;
	struct mms_cost cost;
	enum size_source ref_from, fault_from, write_from, dirty_from;
	double span_ns;
	const char *measure;
	struct mms_latency measured;
	struct args_amount memory;
	uint64_t max_memory;
	bool has_memory, page_size, no_opt, has_tlb, device_given, sampled_ok;
	struct mms_tlbsim_level l1, l2;
	double l2_ns, walk_ns;
	enum out_format format;
	const char *path;
};

/**
 * struct size_pages - the string with one page size
 * @shift: log2 of it
 * @map: from the string's own pages
 * @tables: that map them
 * @l1, @l2: TLB for this size
 * @tlb: while it is fed; NULL after that, or if there is none
 * @looked_up: by it
 * @lru: while it is fed * @dist: its result
 * @writeback: while it is fed, NULL: none are counted
 * @writebacks: its result, map.nr_pages + 1 slots
 */
struct size_pages {
	unsigned int shift;
	struct mms_page_map map;
	struct mms_table_count tables;
	struct mms_tlbsim_level l1, l2;
	struct mms_tlbsim *tlb;
	struct mms_tlbsim_count looked_up;
	struct mms_lru_curve *lru;
	struct mms_distances dist;
	struct mms_writeback_curve *writeback;
	uint64_t *writebacks;
};

/**
 * struct size_data - the string and all that was computed of it
 * @asked: the size to show besides, frames; 0: none
 * @left: memory that may still be used, bytes
 * @pages: [0] has the string's own page size; the larger ones only if asked for
 * @lru, @opt: faults by size, nr_pages + 1 slots; @opt NULL: not computed
 * @writebacks: of LRU, or NULL
 * @least, @most: of sampled strings: bounds of @lru, whatever the order inside an interval
 * @least_writebacks, @most_writebacks: bounds of @writebacks, if these are counted
 * @opt_writebacks: of the sizes that size_opt_count() was asked for; NULL: not to be had
 * @opt_bytes: of memory that counting them takes
 * @opt_err: why they could not be counted after all, -errno
 * @whole: the string, for that
 */
struct size_data {
	struct mms_refs_reader *reader;
	const struct mms_refs_info *info;
	uint64_t asked, left;
	struct size_pages pages[SIZE_PAGES];
	size_t nr_pages;
	uint64_t cold;
	uint64_t *lru, *opt, *writebacks, *least, *most;
	uint64_t *least_writebacks, *most_writebacks;
	uint64_t *opt_writebacks, opt_bytes;
	int opt_err;
	struct mms_refs whole;
};

/* Is the order of all references known, or taken as known? */
static inline bool size_ordered(const struct size_data *d, const struct size_opts *opts)
{
	return !d->info->sampled || opts->sampled_ok;
}

/* size_run.c. Return: an exit code, the line is printed. */
int size_open(struct size_data *d, const struct size_opts *opts);
int size_compute(struct size_data *d, const struct size_opts *opts);
void size_close(struct size_data *d);

/* size_opt.c. Return: an exit code; are its write-backs known? frames, 0: none; as mms_size_find(),
 * but that the write-backs count, and that it is found by halving. */
int size_opt_open(struct size_data *d, const struct size_opts *opts);
void size_opt_close(struct size_data *d);
bool size_opt_count(struct size_data *d, uint64_t frames);
uint64_t size_opt_find(struct size_data *d, const struct mms_cost *cost,
		       const struct mms_size_curve *opt, const struct size_goal *g);

/* size_cost.c: devices. Return: an exit code; a list of names for the help. */
int size_device(struct size_opts *opts, const char *name);
int size_measure(struct size_opts *opts);
void size_complete_cost(struct size_opts *opts, const struct mms_refs_info *info);

/* size_opts.c: numbers with units. Return: 0 or -EINVAL, -ERANGE. */
int size_parse_time(const char *s, double *ns);			  /* "80us": with ns, us, ms or s */
int size_parse_real(const char *s, double *v);			  /* > 0 */
int size_parse_tlb(const char *s, struct size_opts *opts);	  /* "64:4,1536:12" */
int size_parse_memory(const char *s, struct args_amount *memory); /* "1000", "64M", "10%" */
int size_parse_rate(const char *s, struct size_goal *goal);	  /* "100" or "5/s" */

/* size_report.c, size_tables.c; @why: what says that size. Return: an exit code. */
int size_report(struct out *o, const struct size_opts *opts, struct size_data *d);
void size_report_eat(struct out *o, const struct size_opts *opts, const struct size_data *d,
		     const struct mms_size_at *at, const char *why);
void size_report_pages(struct out *o, const struct size_opts *opts, const struct size_data *d,
		       uint64_t bytes, const char *why);

#endif
