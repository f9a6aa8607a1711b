// SPDX-License-Identifier: GPL-2.0-only
/* What `mmscope size` computes, in one pass over the string. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/memory.h"
#include "cmd/size.h"
#include "model/replay/bound.h"
#define SHIFT_4K   12
#define MAP_BYTES  12 /* of a page that is mapped to a larger one */
#define SORT_BYTES 16 /* while that is found out */

/**
 * struct pass - what is fed
 * @bound: of sampled strings; @fed: entries of them; @next_mark: the first mark not passed;
 * @writes: references of entries that write
 * @renamed: room for a chunk with larger pages, @room entries
 */
struct pass {
	struct size_data *d;
	struct mms_lru_curve *lru;
	struct mms_opt_curve *opt;
	struct mms_writeback_curve *writeback;
	struct mms_bound *bound;
	uint64_t fed, next_mark, writes;
	uint32_t *renamed;
	uint64_t room;
};

static int no_memory(const struct size_opts *opts)
{
	return err_failed("%s: out of memory for %s", opts->path,
			  opts->page_size ? "its curves; try without --page-size" : "its curves");
}

int size_open(struct size_data *d, const struct size_opts *opts)
{
	char size[OUT_SIZE_CHARS];
	const char *why = NULL;
	int err = mms_refs_open(&d->reader, opts->path, &why);

	if (err)
		return err_failed("%s: %s", opts->path, why ? why : strerror(-err));
	d->info = mms_refs_info(d->reader);
	if (opts->has_memory &&
	    memory_pages(&opts->memory, d->info->nr_pages, d->info->page_shift, &d->asked))
		return err_failed("%s: -m is less than one of its pages of %s", opts->path,
				  out_size(1ULL << d->info->page_shift, size));
	if (d->info->nr_pages > MMS_LRU_CURVE_MAX_PAGES)
		return err_failed("%s: has more than 2^31 pages; try mmscope replay --sample",
				  opts->path);
	if (d->info->nr_pages > MMS_OPT_CURVE_MAX_PAGES && !opts->no_opt && size_ordered(d, opts))
		return err_failed("%s: has more than 2^30 pages; try --no-opt", opts->path);
	if (opts->page_size && d->info->ids)
		return err_failed("%s: --page-size needs addresses, and its pages are ids: import "
				  "the trace again with --addresses, if it has any",
				  opts->path);
	if (opts->page_size && (d->info->page_shift != SHIFT_4K || !d->info->vpn))
		return err_failed("%s: --page-size needs a string of addresses in pages of 4 KiB",
				  opts->path);
	if (opts->page_size && d->info->sampled)
		return err_failed("%s: --page-size needs an exact string: this one is sampled",
				  opts->path);
	return EXIT_OK;
}

static void close_pages(struct size_data *d)
{
	size_t i;

	for (i = 0; i < d->nr_pages; i++) {
		mms_page_map_deinit(&d->pages[i].map);
		mms_tlbsim_close(d->pages[i].tlb);
		mms_distances_deinit(&d->pages[i].dist);
		free(d->pages[i].writebacks);
	}
	d->nr_pages = 0;
}

void size_close(struct size_data *d)
{
	close_pages(d);
	free(d->lru);
	free(d->opt);
	free(d->writebacks);
	free(d->least);
	free(d->most);
	free(d->least_writebacks);
	free(d->most_writebacks);
	size_opt_close(d);
	mms_refs_close(d->reader);
}

/* The data TLB of Intel's Skylake and its relatives; see the man page. */
static void default_tlb(struct size_pages *p)
{
	p->l1 = (struct mms_tlbsim_level){64, 4};
	p->l2 = (struct mms_tlbsim_level){1536, 12};
	if (p->shift >= 21)
		p->l1.entries = 32;
	if (p->shift >= 30) {
		p->l1.entries = 4;
		p->l2 = (struct mms_tlbsim_level){16, 4};
	}
}

/* @bytes are used from now on. Return: 0, or -E2BIG, with the line printed. */
static int takes(struct size_data *d, const struct size_opts *opts, uint64_t bytes, const char *of)
{
	const char *fix = opts->page_size ? "try without --page-size"
			  : opts->no_opt  ? "try mmscope replay --sample"
					  : "try --no-opt";
	char what[300];

	snprintf(what, sizeof(what), "%s: %s", opts->path, of);
	if (memory_fits(bytes, d->left, what, fix) != EXIT_OK)
		return -E2BIG;
	d->left -= bytes;
	return 0;
}

/* TLB and curves of one page size. */
static uint64_t page_size_bytes(const struct size_opts *opts, uint32_t nr_pages)
{
	uint64_t bytes = nr_pages * 8ULL;

	if (opts->page_size)
		bytes += mms_lru_curve_bytes(nr_pages);
	if (opts->page_size && opts->dirty_from == SIZE_FROM_STRING)
		bytes += mms_writeback_curve_bytes(nr_pages) + nr_pages * 8ULL;
	return bytes;
}

static int open_page_size(struct size_data *d, const struct size_opts *opts, unsigned int shift)
{
	const struct mms_refs_info *info = d->info;
	struct size_pages *p = &d->pages[d->nr_pages++];
	int err;

	p->shift = shift;
	default_tlb(p);
	if (opts->has_tlb) {
		p->l1 = opts->l1;
		p->l2 = opts->l2;
	}
	err = takes(d, opts, (uint64_t)info->nr_pages * (MAP_BYTES + SORT_BYTES),
		    "a larger page size");
	if (err)
		return err;
	err = mms_page_map_init(&p->map, info->proc_of, info->vpn, info->nr_pages, info->page_shift,
				shift);
	if (!err)
		err = mms_table_count(&p->tables, info->proc_of, info->vpn, info->nr_pages,
				      info->page_shift, shift);
	d->left += (uint64_t)info->nr_pages * SORT_BYTES;
	if (!err)
		err = takes(d, opts, page_size_bytes(opts, p->map.nr_pages), "a larger page size");
	if (err)
		return err;
	p->tlb = mms_tlbsim_open(&p->l1, &p->l2, p->map.nr_pages, p->map.vpn);
	if (!opts->page_size)
		return p->tlb ? 0 : -ENOMEM;
	p->lru = mms_lru_curve_open(p->map.nr_pages);
	if (opts->dirty_from == SIZE_FROM_STRING)
		p->writeback = mms_writeback_curve_open(p->map.nr_pages);
	if (opts->dirty_from == SIZE_FROM_STRING && !p->writeback)
		return -ENOMEM;
	return p->tlb && p->lru ? 0 : -ENOMEM;
}

/* The string's own size for the TLB, and the larger ones if asked for. */
static int open_page_sizes(struct size_data *d, const struct size_opts *opts)
{
	static const unsigned int larger[] = {14, 16, 21, 30};
	size_t i;
	int err;

	if (d->info->sampled || d->info->ids || !d->info->vpn)
		return 0;
	err = open_page_size(d, opts, d->info->page_shift);
	for (i = 0; opts->page_size && !err && i < sizeof(larger) / sizeof(larger[0]); i++)
		err = open_page_size(d, opts, larger[i]);
	return err;
}

static int feed_larger(struct pass *p, const struct mms_refs *r)
{
	struct mms_refs larger = *r;
	size_t i;

	if (p->room < r->nr) {
		free(p->renamed);
		p->renamed = malloc(r->nr * sizeof(*p->renamed));
		p->room = p->renamed ? r->nr : 0;
	}
	if (!p->renamed && r->nr)
		return -ENOMEM;
	larger.page = p->renamed;
	for (i = 0; i < p->d->nr_pages; i++) {
		struct size_pages *s = &p->d->pages[i];

		mms_page_map_rename(&s->map, r->page, r->nr, p->renamed);
		larger.nr_pages = s->map.nr_pages;
		mms_tlbsim_feed(s->tlb, &larger, &s->looked_up);
		if (s->lru)
			mms_lru_curve_feed(s->lru, &larger);
		if (s->writeback)
			mms_writeback_curve_feed(s->writeback, &larger);
	}
	return 0;
}

/* A chunk may hold the ends of several intervals, or none. */
static int feed_bound(struct pass *p, const struct mms_refs *r)
{
	const struct mms_refs_info *info = p->d->info;
	uint64_t from = 0, to;
	int err = 0;

	while (!err && from < r->nr) {
		to = r->nr;
		if (p->next_mark < info->nr_marks && info->marks[p->next_mark] - p->fed < to)
			to = info->marks[p->next_mark] - p->fed;
		err = mms_bound_feed(p->bound, r, from, to);
		from = to;
		for (; p->next_mark < info->nr_marks && info->marks[p->next_mark] == p->fed + from;
		     p->next_mark++)
			mms_bound_mark(p->bound);
	}
	p->fed += r->nr;
	for (from = 0; r->write && from < r->nr; from++)
		if (mms_refs_write(r, from))
			p->writes += 1 + mms_refs_more(r, from);
	return err;
}

static int feed(struct pass *p, const struct size_opts *opts)
{
	const char *why = NULL;
	struct mms_refs chunk;
	int ret;

	while ((ret = mms_refs_next(p->d->reader, &chunk, &why)) > 0) {
		mms_lru_curve_feed(p->lru, &chunk);
		if (p->opt)
			mms_opt_curve_feed(p->opt, &chunk);
		if (p->writeback)
			mms_writeback_curve_feed(p->writeback, &chunk);
		if (feed_larger(p, &chunk) || (p->bound && feed_bound(p, &chunk)))
			return no_memory(opts);
	}
	return ret ? err_failed("%s: %s", opts->path, why ? why : strerror(-ret)) : EXIT_OK;
}

/* All curves of the string's own pages, and what they are at the end. */
static uint64_t pass_bytes(const struct mms_refs_info *info, const struct size_opts *opts)
{
	uint64_t curve = (info->nr_pages + 1ULL) * 8;
	uint64_t bytes = mms_lru_curve_bytes(info->nr_pages) + curve;

	if (!opts->no_opt)
		bytes += mms_opt_curve_bytes(info->nr_pages) + curve;
	if (opts->dirty_from == SIZE_FROM_STRING)
		bytes += mms_writeback_curve_bytes(info->nr_pages) + curve;
	if (info->sampled)
		bytes += mms_bound_bytes(info->nr_pages, info->nr_marks, 0) + 2 * curve;
	return bytes;
}

static int open_pass(struct pass *p, const struct size_opts *opts)
{
	const struct mms_refs_info *info = p->d->info;
	bool writes = opts->dirty_from == SIZE_FROM_STRING;
	int err;

	p->d->left = memory_limit(opts->max_memory);
	err = takes(p->d, opts, pass_bytes(info, opts), "computing its curves");
	if (err)
		return err;
	p->lru = mms_lru_curve_open(info->nr_pages);
	if (!opts->no_opt)
		p->opt = mms_opt_curve_open(info->nr_pages);
	if (writes)
		p->writeback = mms_writeback_curve_open(info->nr_pages);
	if (info->sampled)
		p->bound = mms_bound_open(info->nr_pages, info->nr_marks, NULL, 0);
	if (!p->lru || (!opts->no_opt && !p->opt) || (writes && !p->writeback) ||
	    (info->sampled && !p->bound))
		return -ENOMEM;
	return open_page_sizes(p->d, opts);
}

/* @c is freed. */
static uint64_t *writebacks_of(struct mms_writeback_curve *c, uint32_t nr_pages)
{
	uint64_t *writebacks = malloc(((size_t)nr_pages + 1) * sizeof(*writebacks));

	if (writebacks)
		mms_writeback_curve_finish(c, writebacks);
	else
		mms_writeback_curve_abort(c);
	return writebacks;
}

static int close_page_size(struct size_pages *p)
{
	bool writes = p->writeback;
	int err = 0;

	if (p->lru)
		err = mms_lru_curve_finish(p->lru, &p->dist);
	if (writes)
		p->writebacks = writebacks_of(p->writeback, p->map.nr_pages);
	p->lru = NULL;
	p->writeback = NULL;
	return err || (writes && !p->writebacks) ? -ENOMEM : 0;
}

/* In any order: from none, to all that is evicted or all that is written, whichever is less. */
static int bound_writebacks(struct pass *p)
{
	struct size_data *d = p->d;
	size_t m, nr = (size_t)d->info->nr_pages + 1;

	d->least_writebacks = calloc(nr, sizeof(*d->least_writebacks));
	d->most_writebacks = calloc(nr, sizeof(*d->most_writebacks));
	if (!d->least_writebacks || !d->most_writebacks)
		return -ENOMEM;
	for (m = 0; m < nr; m++) {
		uint64_t evicted = d->most[m] > m ? d->most[m] - m : 0;

		d->most_writebacks[m] = evicted < p->writes ? evicted : p->writes;
	}
	return 0;
}

static int close_bound(struct pass *p)
{
	struct mms_distances least, most;

	mms_bound_finish(p->bound, &least, &most);
	p->d->least = mms_distances_take(&least);
	p->d->most = mms_distances_take(&most);
	if (!p->d->least || !p->d->most)
		return -ENOMEM;
	return p->writeback ? bound_writebacks(p) : 0;
}

/* Every curve that was opened ends here, also after an error. */
static int close_pass(struct pass *p)
{
	struct size_data *d = p->d;
	struct mms_distances dist = {0};
	bool opt = p->opt;
	int err = 0;
	size_t i;

	if (p->lru && !(err = mms_lru_curve_finish(p->lru, &dist))) {
		d->cold = dist.cold;
		d->lru = mms_distances_take(&dist);
	}
	if (p->opt && !mms_opt_curve_finish(p->opt, &dist))
		d->opt = mms_distances_take(&dist);
	if (p->writeback)
		d->writebacks = writebacks_of(p->writeback, d->info->nr_pages);
	if (p->bound)
		err |= close_bound(p);
	for (i = 0; i < d->nr_pages; i++)
		err |= close_page_size(&d->pages[i]);
	free(p->renamed);
	if (err || !d->lru || (opt && !d->opt) || (p->writeback && !d->writebacks))
		return -ENOMEM;
	return 0;
}

int size_compute(struct size_data *d, const struct size_opts *opts)
{
	struct pass p = {.d = d};
	int rc = EXIT_OK, err;

	err = open_pass(&p, opts);
	if (!err)
		rc = feed(&p, opts);
	if (close_pass(&p) && !err)
		err = -ENOMEM;
	if (rc != EXIT_OK || err == -E2BIG)
		return rc != EXIT_OK ? rc : EXIT_FAILED;
	return err ? no_memory(opts) : size_opt_open(d, opts);
}
