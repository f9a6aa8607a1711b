// SPDX-License-Identifier: GPL-2.0-only
/* Strings of `mmscope allot`, and what is computed of each before memory is divided. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/allot.h"
#include "cmd/memory.h"
#include "model/replay/bound.h"

#define PFF_POINTS   33 /* thresholds of a pass */
#define SHARED_BYTES 40 /* of a page: in the one list of all, or in hull and division */

static int no_memory(void)
{
	return err_failed("out of memory for the curves of the strings");
}

static void name_proc(struct allot_data *d, const struct mms_refs_proc *p, const char *path)
{
	char *to = d->name[d->nr];
	size_t len = sizeof(d->name[0]);
	const char *base = strrchr(path, '/');

	if (p->name[0] && p->pid)
		snprintf(to, len, "%s (%u)", p->name, p->pid);
	else if (p->name[0])
		snprintf(to, len, "%s", p->name);
	else
		snprintf(to, len, "%s", base ? base + 1 : path);
}

static int open_one(struct allot_data *d, size_t i, const char *path)
{
	char its[OUT_SIZE_CHARS], others[OUT_SIZE_CHARS];
	const struct mms_refs_info *info;
	const char *why = NULL;
	int err = mms_refs_open(&d->reader[i], path, &why);

	if (err)
		return err_failed("%s: %s", path, why ? why : strerror(-err));
	info = mms_refs_info(d->reader[i]);
	if (i && info->page_shift != d->page_shift)
		return err_failed(
			"%s: has pages of %s, the strings before of %s: import it again, -s %u",
			path, out_size(1ULL << info->page_shift, its),
			out_size(1ULL << d->page_shift, others), d->page_shift);
	d->page_shift = info->page_shift;
	if (info->sampled && !d->sampled)
		d->sampled = path;
	if (info->cut && !d->cut)
		d->cut = path;
	if (info->sampled && info->delta_ns > d->delta_ns)
		d->delta_ns = info->delta_ns;
	return EXIT_OK;
}

static uint64_t more_of(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Bounds of a string, or of a part of it with marks of its own. */
static uint64_t bound_bytes(const struct mms_refs_info *info)
{
	return mms_bound_bytes(info->nr_pages, info->nr_marks, 0) + info->nr_marks * 8;
}

/* Strings and their curves; and, one after the other, what makes them and what divides by them. */
static uint64_t bytes_of(const struct allot_data *d, size_t nr, bool split)
{
	uint64_t held = 0, pages = 0, work = 0;
	size_t i;

	for (i = 0; i < nr; i++) {
		const struct mms_refs_info *info = mms_refs_info(d->reader[i]);

		held += mms_refs_bytes(info) * (split ? 2 : 1) + info->nr_pages * 8ULL;
		pages += info->nr_pages;
		work = more_of(work, mms_lru_curve_bytes(info->nr_pages));
		work = more_of(work, mms_ws_curve_bytes(info->nr_pages, info->nr, info->nr_refs));
		work = more_of(work, mms_pff_curve_bytes(info->nr_pages, PFF_POINTS));
		if (d->sampled)
			held += info->nr_pages * 16ULL;
		if (info->sampled)
			work = more_of(work, bound_bytes(info));
	}
	return held + more_of(work, pages * SHARED_BYTES);
}

static int check_memory(const struct allot_data *d, const struct allot_opts *opts, bool split)
{
	uint64_t bytes = bytes_of(d, opts->nr_paths, split);
	char what[300];

	snprintf(what, sizeof(what), "%s%s", opts->paths[0],
		 opts->nr_paths > 1 ? " and the other strings: loading them" : ": taking it apart");
	return memory_fits(bytes, memory_limit(opts->max_memory), what,
			   "import less with --max-refs");
}

/* -m, now that it is known what percent and bytes are of. */
static void set_frames(const struct allot_data *d, struct allot_opts *opts)
{
	uint64_t pages = 0;
	size_t i;

	for (i = 0; i < opts->nr_paths; i++)
		pages += mms_refs_info(d->reader[i])->nr_pages;
	if (memory_pages(&opts->memory, pages, d->page_shift, &opts->frames))
		opts->frames = 0; /* too few for anybody */
}

static int load(struct mms_refs_reader *r, const char *path, struct mms_refs *refs)
{
	const char *why = NULL;
	int err = mms_refs_load(r, refs, &why);

	return err ? err_failed("%s: %s", path, why ? why : strerror(-err)) : EXIT_OK;
}

/* One file with several processes: each is a string, and they are interleaved as they were. */
static int open_split(struct allot_data *d, const struct allot_opts *opts)
{
	const struct mms_refs_info *info = mms_refs_info(d->reader[0]);
	size_t i;
	int rc;

	if (info->nr_procs > ALLOT_MAX_PROCS)
		return err_failed("%s: has %u processes, at most %d can be told apart",
				  opts->paths[0], info->nr_procs, ALLOT_MAX_PROCS);
	rc = load(d->reader[0], opts->paths[0], &d->whole);
	if (rc != EXIT_OK)
		return rc;
	d->proc_of = info->proc_of;
	if (mms_allot_split(&d->whole, d->proc_of, info->nr_procs, d->refs))
		return no_memory();
	d->split = true;
	for (i = 0; i < info->nr_procs; i++, d->nr++)
		name_proc(d, &info->procs[i], opts->paths[0]);
	for (i = 0; i < d->nr; i++)
		if (!d->refs[i].nr)
			return err_failed("%s: process %s has no reference", opts->paths[0],
					  d->name[i]);
	return EXIT_OK;
}

/* Two of a name get a number, so that rows can be told apart. */
static void tell_apart(struct allot_data *d)
{
	size_t i, j;

	for (i = 0; i < d->nr; i++)
		for (j = 0; j < i; j++) {
			size_t len = strlen(d->name[i]);

			if (strcmp(d->name[i], d->name[j]))
				continue;
			snprintf(d->name[i] + (len < 70 ? len : 70), 10, " #%u",
				 (unsigned int)(i + 1) % 1000);
			break;
		}
}

/* Rules that divide, or replay, by the order of the references. */
static int check_order(const struct allot_data *d, struct allot_opts *opts)
{
	static const unsigned int by_order =
		1U << ALLOT_WS | 1U << ALLOT_PFF | 1U << ALLOT_OPTIMAL | 1U << ALLOT_GLOBAL;
	enum allot_rule rule;

	if (allot_ordered(d, opts))
		return EXIT_OK;
	for (rule = 0; rule < ALLOT_RULES && opts->rules_asked; rule++)
		if (opts->rules & by_order & 1U << rule)
			return err_failed("%s: sampled every %.3g s, and rule %s needs the order "
					  "of references within that; --sampled-ok takes the one "
					  "in the file",
					  d->sampled, (double)d->delta_ns / 1e9,
					  allot_rule_name(rule));
	opts->rules &= ~by_order;
	return EXIT_OK;
}

int allot_open(struct allot_data *d, struct allot_opts *opts)
{
	bool split;
	size_t i;
	int rc;

	for (i = 0; i < opts->nr_paths; i++) {
		rc = open_one(d, i, opts->paths[i]);
		if (rc != EXIT_OK)
			return rc;
	}
	set_frames(d, opts);
	rc = check_order(d, opts);
	if (rc != EXIT_OK)
		return rc;
	split = opts->nr_paths == 1 && mms_refs_info(d->reader[0])->proc_of &&
		mms_refs_info(d->reader[0])->nr_procs > 1;
	rc = split || opts->nr_paths > 1 ? check_memory(d, opts, split) : EXIT_OK;
	if (rc != EXIT_OK)
		return rc;
	if (split) {
		rc = open_split(d, opts);
		tell_apart(d);
		return rc;
	}
	if (opts->nr_paths < 2)
		return err_failed("%s: has one process: give another STRING to divide memory with",
				  opts->paths[0]);
	for (i = 0; i < opts->nr_paths; i++) {
		if (mms_refs_info(d->reader[i])->nr_procs > 1)
			return err_failed(
				"%s: has %u processes, and other strings beside it: join "
				"them (mmscope import refs -o ALL STRING...), and allot that",
				opts->paths[i], mms_refs_info(d->reader[i])->nr_procs);
		name_proc(d, &mms_refs_info(d->reader[i])->procs[0], opts->paths[i]);
		rc = load(d->reader[i], opts->paths[i], &d->refs[i]);
		if (rc != EXIT_OK)
			return rc;
		d->nr++;
	}
	tell_apart(d);
	return EXIT_OK;
}

void allot_close(struct allot_data *d)
{
	size_t i;

	for (i = 0; i < d->nr; i++) {
		free(d->faults[i]);
		free(d->least[i]);
		free(d->most[i]);
		if (!d->split)
			mms_refs_unload(&d->refs[i]);
	}
	if (d->split)
		mms_allot_split_free(d->refs, d->nr);
	if (d->proc_of)
		mms_refs_unload(&d->whole);
	for (i = 0; i < ALLOT_MAX_PROCS; i++)
		mms_refs_close(d->reader[i]);
}

/* Of an exact string, or a part of one, the bounds are the curve. */
static int bounds(struct allot_data *d, size_t i)
{
	const struct mms_refs_info *info = mms_refs_info(d->reader[d->split ? 0 : i]);
	struct mms_distances least, most;
	const uint64_t *marks = info->marks;
	uint64_t *own = NULL;
	int err;

	if (!info->sampled) {
		size_t bytes = ((size_t)d->refs[i].nr_pages + 1) * sizeof(*d->faults[i]);

		d->least[i] = malloc(bytes);
		d->most[i] = malloc(bytes);
		if (!d->least[i] || !d->most[i])
			return -ENOMEM;
		memcpy(d->least[i], d->faults[i], bytes);
		memcpy(d->most[i], d->faults[i], bytes);
		return 0;
	}
	if (d->split) {
		own = malloc((info->nr_marks + 1) * sizeof(*own));
		if (!own)
			return -ENOMEM;
		mms_allot_split_marks(&d->whole, d->proc_of, i, info->marks, info->nr_marks, own);
		marks = own;
	}
	err = mms_bound_refs(&d->refs[i], marks, info->nr_marks, NULL, 0, &least, &most);
	free(own);
	if (err)
		return err;
	d->least[i] = mms_distances_take(&least);
	d->most[i] = mms_distances_take(&most);
	return d->least[i] && d->most[i] ? 0 : -ENOMEM;
}

static int curve(struct allot_data *d, size_t i)
{
	const struct mms_refs *r = &d->refs[i];
	struct mms_lru_curve *c = mms_lru_curve_open(r->nr_pages);
	struct mms_distances dist = {0};

	if (!c)
		return -ENOMEM;
	mms_lru_curve_feed(c, r);
	if (mms_lru_curve_finish(c, &dist))
		return -ENOMEM;
	d->cold[i] = dist.cold;
	d->faults[i] = mms_distances_take(&dist);
	d->proc[i] = (struct mms_allot_proc){d->faults[i], r->nr_pages, r->nr_refs};
	if (!d->faults[i])
		return -ENOMEM;
	return d->sampled ? bounds(d, i) : 0;
}

int allot_compute(struct allot_data *d, const struct allot_opts *opts)
{
	size_t i;

	if (opts->frames < d->nr)
		return err_failed("%zu processes need %zu frames, one each at least: -m gives %llu",
				  d->nr, d->nr, (unsigned long long)opts->frames);
	if (opts->nr_priority && opts->nr_priority != d->nr)
		return err_usage("allot", "--priority: %zu given, one for each of %zu is needed",
				 opts->nr_priority, d->nr);
	for (i = 0; i < d->nr; i++)
		if (curve(d, i))
			return no_memory();
	if (mms_allot_working_sets(d->refs, d->nr, opts->window, d->ws))
		return no_memory();
	if (opts->rules & 1U << ALLOT_PFF &&
	    mms_allot_pff(d->refs, d->nr, opts->frames, d->pff, &d->pff_threshold))
		return no_memory();
	return EXIT_OK;
}
