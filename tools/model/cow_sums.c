// SPDX-License-Identifier: GPL-2.0-only
/*
 * What was counted in the epochs of an address space, and its sums over the span
 * of a bill. Must not know how lives begin and end. Pure.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/cow_impl.h"

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int by_cell(const void *a, const void *b)
{
	const struct cow_cell *x = a, *y = b;
	int d = order(x->mm, y->mm);

	if (!d)
		d = order(x->key.epoch, y->key.epoch);
	if (!d)
		d = order(x->key.where, y->key.where);
	if (!d)
		d = order((uint32_t)x->key.ustack, (uint32_t)y->key.ustack);
	if (!d)
		d = order(x->key.tgid, y->key.tgid);
	return d ? d : order(x->key.what, y->key.what);
}

/* Sorts, and makes one of equal ones. */
static void merge(struct mms_list *l)
{
	struct cow_cell *v = l->v;
	size_t i, n = 0;

	if (!l->nr)
		return;
	qsort(v, l->nr, sizeof(*v), by_cell);
	for (i = 1; i < l->nr; i++) {
		if (by_cell(&v[n], &v[i])) {
			v[++n] = v[i];
			continue;
		}
		v[n].val.nr += v[i].val.nr;
		v[n].val.bytes += v[i].val.bytes;
		v[n].val.ns += v[i].val.ns;
		if (v[i].val.last_ns > v[n].val.last_ns)
			v[n].val.last_ns = v[i].val.last_ns;
	}
	l->nr = n + 1;
}

/* No moment has told of it, or not yet; others without an address space are forgotten. */
static bool is_orphan(const struct model_cow *c, uint32_t epoch)
{
	const uint32_t *v = c->unseen.v;
	size_t lo = 0, hi = c->unseen.nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (v[mid] < epoch / 2)
			lo = mid + 1;
		else
			hi = mid;
	}
	return epoch > c->latest || (lo < c->unseen.nr && v[lo] == epoch / 2);
}

int model_cow_counts(struct model_cow *c, const struct model_cow_count *counts, size_t nr)
{
	size_t i, finals = c->final.nr;

	c->now.nr = 0;
	c->orphans = c->final_orphans;
	for (i = 0; i < nr; i++) {
		uint32_t mm = cow_epoch_mm(c, counts[i].key.epoch);
		struct cow_cell *cell;

		if (!mm) {
			if (!is_orphan(c, counts[i].key.epoch))
				continue;
			c->orphans += counts[i].val.nr;
			if (counts[i].final)
				c->final_orphans += counts[i].val.nr;
			continue;
		}
		cell = model_list_add(counts[i].final ? &c->final : &c->now, sizeof(*cell));
		if (!cell)
			return -ENOMEM;
		*cell = (struct cow_cell){.mm = mm, .key = counts[i].key, .val = counts[i].val};
	}
	if (c->final.nr > finals)
		merge(&c->final);
	merge(&c->now);
	return 0;
}

/* First cell of epochs from @epoch on. */
static size_t first_cell(const struct mms_list *l, uint32_t mm, uint32_t epoch)
{
	const struct cow_cell *v = l->v;
	size_t lo = 0, hi = l->nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (v[mid].mm < mm || (v[mid].mm == mm && v[mid].key.epoch < epoch))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void each_cell(const struct model_cow *c, uint32_t mm, uint32_t from, uint32_t to,
		      enum model_bill_part part, model_cow_fn fn, void *ctx)
{
	const struct mms_list *lists[] = {&c->final, &c->now};
	size_t i, k;

	for (k = 0; k < 2; k++) {
		const struct cow_cell *v = lists[k]->v;

		for (i = first_cell(lists[k], mm, from);
		     i < lists[k]->nr && v[i].mm == mm && v[i].key.epoch < to; i++)
			fn(ctx, part, &v[i].key, &v[i].val);
	}
}

/**
 * model_cow_each() - every counter of a bill
 * @c: families
 * @b: the bill
 * @fn: called for each, in no order
 * @ctx: for @fn
 */
void model_cow_each(const struct model_cow *c, const struct model_bill *b, model_cow_fn fn,
		    void *ctx)
{
	each_cell(c, b->parent_mm, b->from, b->to, MODEL_PART_PARENT, fn, ctx);
	each_cell(c, b->mm, 0, MODEL_BILL_OPEN, MODEL_PART_CHILD, fn, ctx);
	if (b->tail)
		each_cell(c, b->parent_mm, b->to, b->tail, MODEL_PART_TAIL, fn, ctx);
}

static bool in_a_bill(const struct model_cow *c, uint32_t mm)
{
	const struct model_bill *b = c->bills.v;
	size_t i;

	for (i = 0; i < c->bills.nr; i++)
		if (b[i].mm == mm || b[i].parent_mm == mm)
			return true;
	return false;
}

void model_cow_all(const struct model_cow *c, model_cow_fn fn, void *ctx)
{
	const struct mms_list *lists[] = {&c->final, &c->now};
	size_t i, k;

	for (k = 0; k < 2; k++) {
		const struct cow_cell *v = lists[k]->v;

		for (i = 0; i < lists[k]->nr; i++)
			if (in_a_bill(c, v[i].mm))
				fn(ctx, MODEL_NR_PARTS, &v[i].key, &v[i].val);
	}
}

static void add_to_part(void *ctx, enum model_bill_part part, const struct mms_bill_key *key,
			const struct mms_bill_val *val)
{
	struct model_cow_sum *s = (struct model_cow_sum *)ctx + part;

	s->nr[key->what] += val->nr;
	s->bytes[key->what] += val->bytes;
	s->ns[key->what] += val->ns;
}

/**
 * model_cow_sums() - the sums of a bill
 * @c: families
 * @b: the bill
 * @sums: MODEL_NR_PARTS of them, overwritten
 */
void model_cow_sums(const struct model_cow *c, const struct model_bill *b,
		    struct model_cow_sum *sums)
{
	memset(sums, 0, MODEL_NR_PARTS * sizeof(*sums));
	model_cow_each(c, b, add_to_part, sums);
}

uint64_t model_cow_bytes(const struct model_cow_sum *sums)
{
	const struct model_cow_sum *child = &sums[MODEL_PART_CHILD];

	return sums[MODEL_PART_PARENT].bytes[MMS_BILL_COPIED] +
	       sums[MODEL_PART_TAIL].bytes[MMS_BILL_COPIED] + child->bytes[MMS_BILL_COPIED] +
	       child->bytes[MMS_BILL_FILE_COPIED] + child->bytes[MMS_BILL_KSM_COPIED] +
	       child->bytes[MMS_BILL_FILLED];
}

/*
 * A page that the parent copied leaves the old one to the child alone. What the child copied,
 * filled or wrote to after it was swapped in is its own.
 */
uint64_t model_cow_own(const struct model_cow_sum *sums)
{
	return model_cow_bytes(sums) - sums[MODEL_PART_TAIL].bytes[MMS_BILL_COPIED] +
	       sums[MODEL_PART_CHILD].bytes[MMS_BILL_SWAP_WRITTEN];
}

uint64_t model_cow_private(const struct model_bill *b, const struct model_cow_sum *sums)
{
	uint64_t own = model_cow_own(sums);

	return b->scanned ? b->scan_private + own - b->scan_own : own;
}

static void add_to_member(void *ctx, enum model_bill_part part, const struct mms_bill_key *key,
			  const struct mms_bill_val *val)
{
	add_to_part(ctx, MODEL_PART_PARENT, key, val);
}

int model_cow_members(const struct model_cow *c, struct model_member **v, size_t *nr)
{
	const struct cow_life *l = c->lives.v;
	struct model_member *m = calloc(c->lives.nr + 1, sizeof(*m));
	size_t i, n = 0;

	if (!m)
		return -ENOMEM;
	for (i = 0; i < c->lives.nr; i++) {
		if (l[i].mm != l[i].id || !in_a_bill(c, l[i].mm))
			continue;
		m[n] = (struct model_member){
			.pid = l[i].pid,
			.parent = l[i].parent,
			.root = l[i].root,
			.generation = l[i].generation,
			.state = l[i].state,
			.mm = l[i].mm,
		};
		memcpy(m[n].comm, l[i].comm, sizeof(m[n].comm));
		each_cell(c, l[i].mm, 0, MODEL_BILL_OPEN, MODEL_PART_PARENT, add_to_member,
			  &m[n].sum);
		n++;
	}
	*v = m;
	*nr = n;
	return 0;
}

static void forget_cells(struct model_cow *c, struct mms_list *l)
{
	struct cow_cell *v = l->v;
	size_t i, n = 0;

	for (i = 0; i < l->nr; i++)
		if (in_a_bill(c, v[i].mm))
			v[n++] = v[i];
	l->nr = n;
}

void model_cow_forget(struct model_cow *c)
{
	struct model_bill *b = c->bills.v;
	struct cow_life *l = c->lives.v;
	struct cow_epoch *e = c->epochs.v;
	size_t i, n = 0;

	for (i = 0; i < c->bills.nr; i++)
		if (!b[i].told || b[i].tail == MODEL_BILL_OPEN)
			b[n++] = b[i];
	if (n == c->bills.nr)
		return;
	c->bills.nr = n;
	forget_cells(c, &c->final);
	/* The living may fork again. */
	for (i = n = 0; i < c->lives.nr; i++)
		if (l[i].state == MODEL_BILL_LIVE || in_a_bill(c, l[i].mm))
			l[n++] = l[i];
	c->lives.nr = n;
	for (i = n = 0; i < c->epochs.nr; i++)
		if (cow_find_life(c, e[i].mm))
			e[n++] = e[i];
	c->epochs.nr = n;
}

uint64_t model_cow_orphans(const struct model_cow *c)
{
	return c->orphans;
}
