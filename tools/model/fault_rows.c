// SPDX-License-Identifier: GPL-2.0-only
/* Counts of page faults: differences, sums by key, order. Pure. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/fault_rows.h"

#define PAGE_SHIFT 12
#define BY_MAPPING (1U << 31) /* a start may have held several, one after the other */

#define COMPARE(a, b)                              \
	do {                                       \
		if ((a) != (b))                    \
			return (a) < (b) ? -1 : 1; \
	} while (0)

static uint32_t segment(const struct model_fault *f)
{
	return f->has_place ? f->place.segment : MMS_SEG_NR;
}

static int compare_keys(const struct model_fault *x, const struct model_fault *y, unsigned int by)
{
	if (by & MODEL_BY_CGROUP)
		COMPARE(x->cgroup_id, y->cgroup_id);
	if (by & (MODEL_BY_PROCESS | MODEL_BY_THREAD | MODEL_BY_VMA))
		COMPARE(x->tgid, y->tgid);
	if (by & MODEL_BY_THREAD)
		COMPARE(x->tid, y->tid);
	if (by & (MODEL_BY_VMA | MODEL_BY_FILE | MODEL_BY_SWAP)) {
		COMPARE(x->dev, y->dev);
		COMPARE(x->where, y->where);
	}
	if (by & (MODEL_BY_SEGMENT | BY_MAPPING))
		COMPARE(segment(x), segment(y));
	if (by & BY_MAPPING) {
		COMPARE(x->place.dev, y->place.dev);
		COMPARE(x->place.ino, y->place.ino);
	}
	if (by & MODEL_BY_KIND)
		COMPARE(x->kind, y->kind);
	if (by & MODEL_BY_ORIGIN)
		COMPARE(x->origin, y->origin);
	if (by & MODEL_BY_STACK) {
		COMPARE(x->ustack, y->ustack);
		COMPARE(x->kstack, y->kstack);
	}
	return 0;
}

static int by_all_keys(const void *a, const void *b)
{
	return compare_keys(a, b, MODEL_BY_KEYS);
}

void model_faults_free(struct model_faults *f)
{
	free(f->v);
	memset(f, 0, sizeof(*f));
}

static void add(struct model_fault *to, const struct model_fault *f)
{
	size_t i;

	for (i = 0; i < MODEL_NR_SUMS; i++) {
		to->stored[i] += f->stored[i];
		to->sum[i] += f->sum[i];
	}
	for (i = 0; i < MMS_FAULT_BUCKETS; i++)
		to->hist[i] += f->hist[i];
	if (f->max_ns > to->max_ns)
		to->max_ns = f->max_ns;
	if (f->bound_ns > to->bound_ns)
		to->bound_ns = f->bound_ns;
}

/* The mapping may have been remembered at several moments of its growth, or not every time. */
static void widen(struct model_fault *to, const struct model_fault *f)
{
	if (!f->has_place)
		return;
	if (!to->has_place) {
		to->has_place = true;
		to->place = f->place;
		return;
	}
	if (f->place.start < to->place.start) {
		to->place.start = f->place.start;
		to->place.pgoff = f->place.pgoff;
	}
	if (f->place.end > to->place.end)
		to->place.end = f->place.end;
}

static void join_equal(struct model_faults *f, unsigned int by)
{
	size_t i, n = 0;

	for (i = 0; i < f->nr; i++) {
		if (n && !compare_keys(&f->v[n - 1], &f->v[i], by)) {
			add(&f->v[n - 1], &f->v[i]);
			widen(&f->v[n - 1], &f->v[i]);
		} else {
			f->v[n++] = f->v[i];
		}
	}
	f->nr = n;
}

static const struct model_fault *find(const struct model_faults *f, const struct model_fault *key)
{
	return f->nr ? bsearch(key, f->v, f->nr, sizeof(*key), by_all_keys) : NULL;
}

static uint64_t came(const struct model_fault *f, const struct model_fault *old, size_t sum)
{
	return f->stored[sum] - (old ? old->stored[sum] : 0);
}

static uint64_t scaled(uint64_t v, uint64_t part, uint64_t all)
{
	return part == all || !part ? v : (uint64_t)((double)v * (double)all / (double)part + 0.5);
}

void model_faults_settle(struct model_faults *f, const struct model_faults *before,
			 uint64_t left_out)
{
	const struct model_fault *old;
	uint64_t part = 0;
	size_t i, k;

	if (f->nr)
		qsort(f->v, f->nr, sizeof(*f->v), by_all_keys);
	join_equal(f, MODEL_BY_KEYS);
	for (i = 0; i < f->nr; i++)
		part += came(&f->v[i], find(before, &f->v[i]), MODEL_SUM_COUNT);
	for (i = 0; i < f->nr; i++) {
		old = find(before, &f->v[i]);
		for (k = 0; k < MODEL_NR_SUMS; k++)
			f->v[i].sum[k] = (old ? old->sum[k] : 0) +
					 scaled(came(&f->v[i], old, k), part, part + left_out);
	}
}

/* A maximum that grew is of the span; one that did not says what none of the span exceeds. */
static void subtract(struct model_fault *f, const struct model_fault *old)
{
	size_t i;

	if (f->max_ns <= old->max_ns) {
		f->bound_ns = f->max_ns;
		f->max_ns = 0;
	}
	for (i = 0; i < MODEL_NR_SUMS; i++) {
		f->stored[i] -= old->stored[i];
		f->sum[i] -= old->sum[i];
	}
	for (i = 0; i < MMS_FAULT_BUCKETS; i++)
		f->hist[i] -= old->hist[i];
}

int model_faults_since(const struct model_faults *begin, const struct model_faults *end,
		       struct model_faults *span)
{
	const struct model_fault *old;
	size_t i;

	span->nr = 0;
	span->v = calloc(end->nr + 1, sizeof(*span->v));
	if (!span->v)
		return -ENOMEM;
	for (i = 0; i < end->nr; i++) {
		struct model_fault *f = &span->v[span->nr];

		*f = end->v[i];
		old = find(begin, f);
		if (old)
			subtract(f, old);
		if (f->stored[MODEL_SUM_COUNT])
			span->nr++;
	}
	return 0;
}

/* Address at which page 0 of the file would be: the same for all parts of one mapping. */
static uint64_t base(const struct mms_fault_place *p)
{
	return p->ino ? p->start - (p->pgoff << PAGE_SHIFT) : 0;
}

static int same_mapping(const struct model_fault *x, const struct model_fault *y)
{
	COMPARE(x->tgid, y->tgid);
	COMPARE(x->place.segment, y->place.segment);
	COMPARE(x->place.dev, y->place.dev);
	COMPARE(x->place.ino, y->place.ino);
	COMPARE(base(&x->place), base(&y->place));
	return 0;
}

static int by_mapping(const void *a, const void *b)
{
	const struct model_fault *x = a, *y = b;
	int order;

	COMPARE(y->has_place, x->has_place);
	order = same_mapping(x, y);
	if (order)
		return order;
	COMPARE(x->place.start, y->place.start);
	return 0;
}

/* Ranges that overlap get the same start and end. */
static void unite(struct model_faults *f)
{
	struct model_fault *v = f->v;
	size_t i, first = 0, k;

	if (f->nr)
		qsort(v, f->nr, sizeof(*v), by_mapping);
	for (i = 0; i < f->nr && v[i].has_place; i++) {
		if (same_mapping(&v[first], &v[i]) || v[i].place.start >= v[first].place.end)
			first = i;
		v[i].where = v[first].place.start;
		if (v[i].place.end <= v[first].place.end) {
			v[i].place = v[first].place;
			continue;
		}
		for (k = first; k <= i; k++) {
			v[k].place.start = v[first].place.start;
			v[k].place.pgoff = v[first].place.pgoff;
			v[k].place.end = v[i].place.end;
		}
	}
}

static int by_some_keys(const void *a, const void *b, void *ctx)
{
	return compare_keys(a, b, *(const unsigned int *)ctx);
}

int model_faults_by(const struct model_faults *span, unsigned int by, struct model_faults *rows)
{
	rows->nr = span->nr;
	rows->v = calloc(span->nr + 1, sizeof(*rows->v));
	if (!rows->v)
		return -ENOMEM;
	if (span->nr)
		memcpy(rows->v, span->v, span->nr * sizeof(*rows->v));
	if (by & MODEL_BY_VMA) {
		unite(rows);
		by |= BY_MAPPING;
	}
	if (rows->nr)
		qsort_r(rows->v, rows->nr, sizeof(*rows->v), by_some_keys, &by);
	join_equal(rows, by);
	return 0;
}

static void add_to_rest(struct model_fault *rest, const struct model_fault *f,
			enum model_fault_rest what)
{
	rest->rest = what;
	rest->nr_rows++;
	add(rest, f);
}

void model_faults_only(struct model_faults *f, uint64_t kinds, struct model_fault *rest)
{
	size_t i, n = 0;

	memset(rest, 0, sizeof(*rest));
	for (i = 0; i < f->nr; i++) {
		if (kinds >> f->v[i].kind & 1)
			f->v[n++] = f->v[i];
		else
			add_to_rest(rest, &f->v[i], MODEL_REST_KINDS);
	}
	f->nr = n;
}

static uint64_t weight(const struct model_fault *f, enum model_fault_sort sort)
{
	switch (sort) {
	case MODEL_SORT_TIME:
		return f->sum[MODEL_SUM_NS];
	case MODEL_SORT_MAX:
		return f->max_ns > f->bound_ns ? f->max_ns : f->bound_ns;
	case MODEL_SORT_BYTES:
		return f->sum[MODEL_SUM_BYTES];
	default:
		return f->sum[MODEL_SUM_COUNT];
	}
}

static int by_weight(const void *a, const void *b, void *ctx)
{
	const enum model_fault_sort *sort = ctx;

	COMPARE(weight(b, *sort), weight(a, *sort));
	return by_all_keys(a, b);
}

void model_faults_order(struct model_faults *rows, enum model_fault_sort sort)
{
	if (rows->nr)
		qsort_r(rows->v, rows->nr, sizeof(*rows->v), by_weight, &sort);
}

void model_faults_top(struct model_faults *rows, size_t nr, struct model_fault *rest)
{
	size_t i;

	memset(rest, 0, sizeof(*rest));
	if (!nr || rows->nr <= nr)
		return;
	for (i = nr; i < rows->nr; i++)
		add_to_rest(rest, &rows->v[i], MODEL_REST_OTHERS);
	rows->nr = nr;
}

void model_faults_total(const struct model_faults *f, struct model_fault *total)
{
	size_t i;

	memset(total, 0, sizeof(*total));
	for (i = 0; i < f->nr; i++)
		add(total, &f->v[i]);
}

bool model_fault_max_known(const struct model_fault *f)
{
	return f->max_ns && f->max_ns >= f->bound_ns;
}
