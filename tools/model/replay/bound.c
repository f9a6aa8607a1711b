// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bounds on stack distances and gaps of a sampled string: see bound.h. Interval by interval:
 * its pages are gathered, and judged when it ends by the interval that each was in last. How
 * many pages were last in which interval is kept in a Fenwick tree.
 */
#include <errno.h>
#include <stdlib.h>

#include "model/replay/bound.h"

/**
 * struct visit - a page in the current interval
 * @was: the interval it was in before, 0: none
 * @end: references until its last one there, if all of them come first in that interval
 * @page: it
 */
struct visit {
	uint64_t was;
	uint64_t end;
	uint32_t page;
};

/**
 * struct mms_bound - state
 * @nr_intervals: at most
 * @now: the current interval, from 1
 * @last: of each page, the interval it was in last, 0: none
 * @times: of each page, references in that interval
 * @tree: Fenwick tree over intervals: pages that were last in them, the current one left out
 * @begin: of each interval, references before it
 * @here: pages of the current interval, @nr_here of them, room for @room
 * @refs: until now
 * @seen: pages in @tree
 * @least, @most: how often each distance is the least, the most
 * @least_gaps, @most_gaps: [k] = references that fault with windows below the k-th, not from it on
 */
struct mms_bound {
	uint32_t nr_pages;
	uint64_t nr_intervals, now;
	uint64_t *last, *times;
	uint32_t *tree;
	uint64_t *begin;
	struct visit *here;
	size_t nr_here, room;
	uint64_t refs, cold, seen;
	uint64_t *least, *most;
	struct mms_bound_window *windows;
	size_t nr_windows;
	uint64_t *least_gaps, *most_gaps;
};

/* The room for the pages of an interval doubles, up to twice the pages, and moves as it does. */
uint64_t mms_bound_bytes(uint32_t nr_pages, uint64_t nr_marks, size_t nr_windows)
{
	const uint64_t per_page = 4 * sizeof(uint64_t) + 3 * sizeof(struct visit);
	const uint64_t per_interval = sizeof(uint32_t) + sizeof(uint64_t);

	return sizeof(struct mms_bound) + (nr_pages + 1ULL) * per_page +
	       (nr_marks + 3) * per_interval + (nr_windows + 1ULL) * 2 * sizeof(uint64_t) +
	       64 * sizeof(struct visit);
}

static void bound_free(struct mms_bound *b)
{
	free(b->last);
	free(b->times);
	free(b->tree);
	free(b->begin);
	free(b->here);
	free(b->least);
	free(b->most);
	free(b->least_gaps);
	free(b->most_gaps);
	free(b);
}

struct mms_bound *mms_bound_open(uint32_t nr_pages, uint64_t nr_marks,
				 struct mms_bound_window *windows, size_t nr)
{
	struct mms_bound *b = calloc(1, sizeof(*b));
	size_t pages = (size_t)nr_pages + 1;

	if (!b)
		return NULL;
	b->nr_pages = nr_pages;
	b->nr_intervals = nr_marks + 1;
	b->now = 1;
	b->windows = windows;
	b->nr_windows = nr;
	b->last = calloc(pages, sizeof(*b->last));
	b->times = calloc(pages, sizeof(*b->times));
	b->tree = calloc(b->nr_intervals + 1, sizeof(*b->tree));
	b->begin = calloc(b->nr_intervals + 2, sizeof(*b->begin));
	b->least = calloc(pages, sizeof(*b->least));
	b->most = calloc(pages, sizeof(*b->most));
	b->least_gaps = calloc(nr + 1, sizeof(*b->least_gaps));
	b->most_gaps = calloc(nr + 1, sizeof(*b->most_gaps));
	if (b->last && b->times && b->tree && b->begin && b->least && b->most && b->least_gaps &&
	    b->most_gaps)
		return b;
	bound_free(b);
	return NULL;
}

static void tree_add(struct mms_bound *b, uint64_t interval, int by)
{
	for (; interval <= b->nr_intervals; interval += interval & -interval)
		b->tree[interval] += by;
}

/* Pages that were last in an interval up to @interval. */
static uint64_t tree_upto(const struct mms_bound *b, uint64_t interval)
{
	uint64_t sum = 0;

	for (; interval; interval -= interval & -interval)
		sum += b->tree[interval];
	return sum;
}

static int visit_add(struct mms_bound *b, uint32_t page)
{
	size_t room = b->room ? 2 * b->room : 64;
	uint64_t was = b->last[page];
	struct visit *here;

	if (b->nr_here == b->room) {
		here = realloc(b->here, room * sizeof(*here));
		if (!here)
			return -ENOMEM;
		b->here = here;
		b->room = room;
	}
	b->here[b->nr_here++] = (struct visit){
		.was = was,
		.end = was ? b->begin[was] + b->times[page] : 0,
		.page = page,
	};
	b->last[page] = b->now;
	b->times[page] = 0;
	return 0;
}

int mms_bound_feed(struct mms_bound *b, const struct mms_refs *r, uint64_t from, uint64_t to)
{
	uint64_t i, n;
	uint32_t p;

	for (i = from; i < to; i++) {
		p = r->page[i];
		n = 1 + mms_refs_more(r, i);
		if (b->last[p] != b->now && visit_add(b, p))
			return -ENOMEM;
		b->times[p] += n;
		b->refs += n;
	}
	return 0;
}

static void count_gap(const struct mms_bound *b, uint64_t *gaps, uint64_t gap, uint64_t times)
{
	size_t lo = 0, hi = b->nr_windows, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (b->windows[mid].window < gap)
			lo = mid + 1;
		else
			hi = mid;
	}
	gaps[lo] += times;
}

/* A page of the interval that ends. @earlier: pages in it whose interval before is an earlier one,
 * or none. */
static void judge(struct mms_bound *b, const struct visit *v, size_t earlier)
{
	uint64_t again = b->times[v->page] - 1, length = b->refs - b->begin[b->now];

	if (again) {
		b->least[1] += again;
		b->most[b->nr_here] += again;
		count_gap(b, b->least_gaps, 1, again);
		count_gap(b, b->most_gaps, length - again, again);
	}
	if (!v->was) {
		b->cold++;
		return;
	}
	b->least[1 + b->seen - tree_upto(b, v->was)]++;
	b->most[b->seen - tree_upto(b, v->was - 1) + earlier]++;
	count_gap(b, b->least_gaps, b->begin[b->now] - b->begin[v->was + 1] + 1, 1);
	count_gap(b, b->most_gaps, b->refs - again - v->end, 1);
}

static int by_interval(const void *a, const void *b)
{
	const struct visit *x = a, *y = b;

	return (x->was > y->was) - (x->was < y->was);
}

void mms_bound_mark(struct mms_bound *b)
{
	size_t k, earlier = 0;

	if (!b->nr_here) /* nothing lies in it: as if it were not there */
		return;
	qsort(b->here, b->nr_here, sizeof(*b->here), by_interval);
	for (k = 0; k < b->nr_here; k++) {
		if (b->here[k].was != b->here[earlier].was)
			earlier = k;
		judge(b, &b->here[k], earlier);
	}
	for (k = 0; k < b->nr_here; k++) {
		if (b->here[k].was)
			tree_add(b, b->here[k].was, -1);
		else
			b->seen++;
		tree_add(b, b->now, 1);
	}
	b->nr_here = 0;
	b->begin[++b->now] = b->refs;
}

static void finish_windows(struct mms_bound *b)
{
	uint64_t least = b->cold, most = b->cold;
	size_t k;

	for (k = b->nr_windows; k-- > 0;) {
		least += b->least_gaps[k + 1];
		most += b->most_gaps[k + 1];
		b->windows[k].least = least;
		b->windows[k].most = most;
	}
}

static struct mms_distances distances(const struct mms_bound *b, uint64_t *hits)
{
	return (struct mms_distances){
		.nr_pages = b->nr_pages,
		.hits = hits,
		.cold = b->cold,
		.refs = b->refs,
	};
}

void mms_bound_finish(struct mms_bound *b, struct mms_distances *least, struct mms_distances *most)
{
	mms_bound_mark(b);
	finish_windows(b);
	*least = distances(b, b->least);
	*most = distances(b, b->most);
	b->least = b->most = NULL;
	bound_free(b);
}

void mms_bound_abort(struct mms_bound *b)
{
	if (b)
		bound_free(b);
}

int mms_bound_refs(const struct mms_refs *r, const uint64_t *marks, uint64_t nr_marks,
		   struct mms_bound_window *windows, size_t nr, struct mms_distances *least,
		   struct mms_distances *most)
{
	struct mms_bound *b = mms_bound_open(r->nr_pages, nr_marks, windows, nr);
	uint64_t k, from = 0;
	int err = b ? 0 : -ENOMEM;

	for (k = 0; !err && k <= nr_marks; k++) {
		uint64_t to = k < nr_marks ? marks[k] : r->nr;

		err = mms_bound_feed(b, r, from, to);
		mms_bound_mark(b);
		from = to;
	}
	if (err)
		mms_bound_abort(b);
	else
		mms_bound_finish(b, least, most);
	return err;
}
