// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page-fault frequency for many thresholds: Chu and Opderbeck, "The page fault frequency
 * replacement algorithm", AFIPS FJCC 1972. A page that was referenced after the bound of the last
 * time pages were dropped is resident, and no other is: so the time of the last reference of each
 * page, which all thresholds share, tells for each of them who is there.
 */
#include <stdlib.h>

#include "model/replay/curve_impl.h"

#define AHEAD 16

/**
 * struct one - one threshold
 * @bound: pages with a last reference before it are not resident
 * @fault: time of the last fault
 * @since: time of the last change of @resident
 * @referenced: pages that were, from @fault on
 */
struct one {
	uint64_t bound, fault, since;
	uint32_t resident, referenced;
	struct mms_pff_point point;
};

struct mms_pff_curve {
	uint64_t *last;
	uint64_t time;
	uint64_t recent; /* the latest fault of any */
	uint32_t nr_pages;
	size_t nr;
	struct one one[];
};

uint64_t mms_pff_curve_bytes(uint32_t nr_pages, size_t nr)
{
	return sizeof(struct mms_pff_curve) + nr * sizeof(struct one) + nr_pages * 8ULL + 128;
}

struct mms_pff_curve *mms_pff_curve_open(uint32_t nr_pages, const struct mms_pff_point *points,
					 size_t nr)
{
	struct mms_pff_curve *c = calloc(1, sizeof(*c) + nr * sizeof(c->one[0]));

	if (!c)
		return NULL;
	c->last = mms_lines_alloc(nr_pages, sizeof(*c->last));
	if (!c->last) {
		free(c);
		return NULL;
	}
	c->nr_pages = nr_pages;
	c->nr = nr;
	c->recent = 1;
	for (size_t i = 0; i < nr; i++)
		c->one[i] = (struct one){
			.bound = 1, .fault = 1, .since = 1, .point.threshold = points[i].threshold};
	return c;
}

static inline void fault(struct one *o, uint64_t time)
{
	o->point.faults++;
	o->point.sum += o->resident * (time - o->since);
	o->since = time;
	if (time - o->fault >= o->point.threshold) {
		o->bound = o->fault;
		o->resident = o->referenced;
	}
	o->resident++;
	o->fault = time;
	o->referenced = 1;
	if (o->resident > o->point.max)
		o->point.max = o->resident;
}

void mms_pff_curve_feed(struct mms_pff_curve *c, const struct mms_refs *r)
{
	uint64_t time = c->time;

	for (uint64_t i = 0; i < r->nr; i++) {
		uint64_t last = c->last[r->page[i]];

		if (i + AHEAD < r->nr)
			__builtin_prefetch(c->last + r->page[i + AHEAD], 1);
		time++;
		for (size_t k = 0; last < c->recent && k < c->nr; k++) {
			struct one *o = c->one + k;

			if (last < o->bound) {
				fault(o, time);
				continue;
			}
			o->referenced += last < o->fault;
		}
		if (last < c->recent)
			for (size_t k = 0; k < c->nr; k++)
				c->recent =
					c->one[k].fault > c->recent ? c->one[k].fault : c->recent;
		time += mms_refs_more(r, i);
		c->last[r->page[i]] = time;
	}
	c->time = time;
}

int mms_pff_curve_finish(struct mms_pff_curve *c, struct mms_pff_point *points)
{
	for (size_t k = 0; k < c->nr; k++) {
		struct one *o = c->one + k;

		o->point.sum += o->resident * (c->time + 1 - o->since);
		points[k] = o->point;
	}
	free(c->last);
	free(c);
	return 0;
}
