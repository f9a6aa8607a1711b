/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Naive policies: arrays, scans, one reference at a time, as the papers tell it. They share
 * nothing with tools/model/replay but the counts they are compared with.
 */
#ifndef _TWINS_B_H
#define _TWINS_B_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define TWIN_PAGES 400
#define TWIN_TIMES 20000

/* Pages in order: [0] came first. */
struct row {
	int v[TWIN_PAGES], n;
};

struct twin {
	int pages, frames;
	const uint64_t *param;
	uint64_t t; /* references before this one */
	uint64_t refs, faults, evictions, writebacks, sum, max;
	int resident;
	bool in[TWIN_PAGES], dirty[TWIN_PAGES], used[TWIN_PAGES];
	uint64_t num[TWIN_PAGES], seq[TWIN_PAGES], last[TWIN_PAGES];
	uint64_t hist[TWIN_PAGES][8];
	int slot[TWIN_PAGES]; /* frame: page */
	struct row row[6];
	uint64_t count, hand;
	double share;
	int before[TWIN_TIMES];
};

static int row_find(const struct row *r, int page)
{
	for (int i = 0; i < r->n; i++)
		if (r->v[i] == page)
			return i;
	return -1;
}

static void row_insert(struct row *r, int at, int page)
{
	memmove(&r->v[at + 1], &r->v[at], sizeof(int) * (r->n - at));
	r->v[at] = page;
	r->n++;
}

static void row_push(struct row *r, int page)
{
	row_insert(r, r->n, page);
}

static int row_cut(struct row *r, int at)
{
	int page = r->v[at];

	r->n--;
	memmove(&r->v[at], &r->v[at + 1], sizeof(int) * (r->n - at));
	return page;
}

static bool row_remove(struct row *r, int page)
{
	int at = row_find(r, page);

	if (at >= 0)
		row_cut(r, at);
	return at >= 0;
}

static void twin_load(struct twin *w, int page)
{
	w->faults++;
	w->resident++;
	w->in[page] = true;
	w->dirty[page] = false;
}

static void twin_drop(struct twin *w, int page)
{
	assert(w->in[page]);
	w->evictions++;
	w->writebacks += w->dirty[page];
	w->resident--;
	w->in[page] = false;
}

static bool twin_full(const struct twin *w)
{
	return w->resident == w->frames;
}

static int nru_class(const struct twin *w, int page)
{
	return 2 * w->used[page] + w->dirty[page];
}

static void nru_clear(struct twin *w)
{
	struct row was = {.n = 0};
	int i, p;

	/* In the order of their arrival, they arrive in the class below. */
	for (p = 0; p < w->pages; p++)
		if (w->in[p] && w->used[p]) {
			for (i = 0; i < was.n && w->seq[was.v[i]] < w->seq[p]; i++)
				;
			row_insert(&was, i, p);
		}
	for (i = 0; i < was.n; i++) {
		w->used[was.v[i]] = false;
		w->seq[was.v[i]] = ++w->count;
	}
}

static void twin_nru(struct twin *w, int page, bool write)
{
	int p, victim = -1, was;

	if (w->t && w->t % w->param[0] == 0)
		nru_clear(w);
	was = w->in[page] ? nru_class(w, page) : -1;
	if (!w->in[page]) {
		for (p = 0; twin_full(w) && p < w->pages; p++) {
			if (!w->in[p])
				continue;
			if (victim < 0 || nru_class(w, p) < nru_class(w, victim) ||
			    (nru_class(w, p) == nru_class(w, victim) && w->seq[p] < w->seq[victim]))
				victim = p;
		}
		if (victim >= 0)
			twin_drop(w, victim);
		twin_load(w, page);
	}
	w->used[page] = true;
	w->dirty[page] |= write;
	if (nru_class(w, page) != was)
		w->seq[page] = ++w->count;
}

static uint64_t aging_value(const struct twin *w, int page)
{
	return ((uint64_t)w->used[page] << w->param[0]) + w->num[page];
}

static void twin_aging(struct twin *w, int page, bool write)
{
	struct row *order = &w->row[0];
	int i, p, victim;

	for (p = 0; w->t && w->t % w->param[1] == 0 && p < w->pages; p++) {
		w->num[p] /= 2;
		if (w->used[p])
			w->num[p] += 1ull << (w->param[0] - 1);
		w->used[p] = false;
	}
	if (!w->in[page]) {
		if (twin_full(w)) {
			victim = order->v[0];
			for (i = 0; i < order->n; i++)
				if (aging_value(w, order->v[i]) < aging_value(w, victim))
					victim = order->v[i];
			row_remove(order, victim);
			twin_drop(w, victim);
		}
		twin_load(w, page);
		w->num[page] = 0;
		w->used[page] = false;
	}
	if (w->used[page])
		return;
	row_remove(order, page);
	w->used[page] = true;
	for (i = 0; i < order->n && aging_value(w, order->v[i]) <= aging_value(w, page); i++)
		;
	row_insert(order, i, page);
}

/* Is @page among references [from, to)? */
static bool among(const struct twin *w, int page, int64_t from, int64_t to)
{
	for (int64_t t = from < 0 ? 0 : from; t < to; t++)
		if (w->before[t] == page)
			return true;
	return false;
}

static void twin_ws(struct twin *w, int page, bool write)
{
	int64_t t = w->t, window = w->param[0];
	bool hit = among(w, page, t - window, t);

	assert(hit == w->in[page]);
	if (!hit)
		twin_load(w, page);
	w->before[t] = page;
	for (int p = 0; p < w->pages; p++)
		if (w->in[p] && !among(w, p, t - window + 1, t + 1))
			twin_drop(w, p);
}

static void twin_pff(struct twin *w, int page, bool write)
{
	int p;

	if (!w->in[page]) {
		for (p = 0; p < w->pages; p++) {
			if (w->in[p] && !w->used[p] && w->t - w->count >= w->param[0])
				twin_drop(w, p);
			w->used[p] = false;
		}
		w->count = w->t;
		twin_load(w, page);
	}
	w->used[page] = true;
}

static int wsclock_frame(struct twin *w)
{
	int i, f, p, dirty = -1, oldest = -1;

	for (i = 0; i < w->frames; i++) {
		f = (w->hand + i) % w->frames;
		p = w->slot[f];
		if (w->used[p]) {
			w->used[p] = false;
			w->last[p] = w->t;
			w->seq[p] = ++w->count;
		} else if (w->t - w->last[p] > w->param[0]) {
			if (!w->dirty[p])
				return f;
			if (dirty < 0)
				dirty = f;
		}
	}
	if (dirty >= 0)
		return dirty;
	for (f = 0; f < w->frames; f++) /* no two notes have the same number */
		if (oldest < 0 || w->seq[w->slot[f]] < w->seq[w->slot[oldest]])
			oldest = f;
	return oldest;
}

static void twin_wsclock(struct twin *w, int page, bool write)
{
	int f;

	if (!w->in[page]) {
		f = w->resident;
		if (twin_full(w)) {
			f = wsclock_frame(w);
			twin_drop(w, w->slot[f]);
			w->hand = (f + 1) % w->frames;
		}
		twin_load(w, page);
		w->slot[f] = page;
		w->last[page] = w->t;
		w->seq[page] = ++w->count;
	}
	w->used[page] = true;
}

static bool lru_k_before(const struct twin *w, int p, int q)
{
	int k = w->param[0] - 1;

	if (w->hist[p][k] != w->hist[q][k])
		return w->hist[p][k] < w->hist[q][k];
	if (!w->hist[p][k])
		return w->last[p] < w->last[q];
	return p < q;
}

static int lru_k_victim(const struct twin *w, uint64_t now)
{
	int p, victim = -1;

	for (p = 0; p < w->pages; p++)
		if (w->in[p] && now - w->last[p] > w->param[1] &&
		    (victim < 0 || lru_k_before(w, p, victim)))
			victim = p;
	for (p = 0; victim < 0 && p < w->pages; p++) {
		int q, older = 0;

		for (q = 0; q < w->pages; q++)
			older += w->in[q] && w->last[q] < w->last[p];
		if (w->in[p] && !older)
			victim = p;
	}
	return victim;
}

static void twin_lru_k(struct twin *w, int page, bool write)
{
	uint64_t now = w->t + 1, *hist = w->hist[page], period = w->last[page] - hist[0];
	int i, k = w->param[0];

	if (w->in[page] && now - w->last[page] <= w->param[1]) {
		w->last[page] = now;
		return;
	}
	if (!w->in[page]) {
		if (twin_full(w))
			twin_drop(w, lru_k_victim(w, now));
		twin_load(w, page);
		if (now - w->last[page] > w->param[2])
			memset(hist, 0, sizeof(w->hist[0]));
		period = 0;
	}
	for (i = k - 1; i > 0; i--)
		hist[i] = hist[i - 1] ? hist[i - 1] + period : 0;
	hist[0] = w->last[page] = now;
}

static void twin_2q(struct twin *w, int page, bool write)
{
	struct row *in = &w->row[0], *out = &w->row[1], *am = &w->row[2];
	int kin = w->frames * w->param[0] / 100, kout = w->frames * w->param[1] / 100, y;
	bool known;

	if (row_find(in, page) >= 0)
		return;
	if (row_remove(am, page)) {
		row_push(am, page);
		return;
	}
	known = row_remove(out, page);
	if (twin_full(w)) {
		if (in->n > (kin ? kin : 1) || !am->n) {
			y = row_cut(in, 0);
			row_push(out, y);
			if (out->n > (kout ? kout : 1))
				row_cut(out, 0);
		} else {
			y = row_cut(am, 0);
		}
		twin_drop(w, y);
	}
	twin_load(w, page);
	row_push(known ? am : in, page);
}

#include "twins_b2.h"

#endif
