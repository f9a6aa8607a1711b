/* SPDX-License-Identifier: GPL-2.0-only */
/* The second half of twins_b.h, and the only file to include it. */
#ifndef _TWINS_B2_H
#define _TWINS_B2_H

enum { T1, T2, B1, B2 };

static void arc_replace(struct twin *w, bool from_b2)
{
	struct row *t1 = &w->row[T1];
	int y;

	if (t1->n >= 1 && ((from_b2 && t1->n == w->share) || t1->n > w->share)) {
		y = row_cut(t1, 0);
		row_push(&w->row[B1], y);
	} else {
		y = row_cut(&w->row[T2], 0);
		row_push(&w->row[B2], y);
	}
	twin_drop(w, y);
}

static void arc_new(struct twin *w)
{
	struct row *r = w->row;
	int c = w->frames;

	if (r[T1].n + r[B1].n == c) {
		if (r[T1].n < c) {
			row_cut(&r[B1], 0);
			arc_replace(w, false);
		} else {
			twin_drop(w, row_cut(&r[T1], 0));
		}
	} else if (r[T1].n + r[T2].n + r[B1].n + r[B2].n >= c) {
		if (r[T1].n + r[T2].n + r[B1].n + r[B2].n == 2 * c)
			row_cut(&r[B2], 0);
		arc_replace(w, false);
	}
}

static void twin_arc(struct twin *w, int page, bool write)
{
	struct row *r = w->row;
	double n1 = r[B1].n, n2 = r[B2].n, c = w->frames;

	if (row_remove(&r[T1], page) || row_remove(&r[T2], page)) {
		row_push(&r[T2], page);
		return;
	}
	if (row_find(&r[B1], page) >= 0) {
		w->share += n1 >= n2 ? 1 : n2 / n1;
		w->share = w->share > c ? c : w->share;
		arc_replace(w, false);
		row_remove(&r[B1], page);
		row_push(&r[T2], page);
	} else if (row_find(&r[B2], page) >= 0) {
		w->share -= n2 >= n1 ? 1 : n1 / n2;
		w->share = w->share < 0 ? 0 : w->share;
		arc_replace(w, true);
		row_remove(&r[B2], page);
		row_push(&r[T2], page);
	} else {
		arc_new(w);
		row_push(&r[T1], page);
	}
	twin_load(w, page);
	assert(r[T1].n + r[T2].n == w->resident);
}

/* used: LIR. Row 0: the stack; row 1: the queue. */
static void lirs_prune(struct twin *w)
{
	while (w->row[0].n && !w->used[w->row[0].v[0]])
		row_cut(&w->row[0], 0);
}

static void lirs_exchange(struct twin *w, int page)
{
	int bottom = w->row[0].v[0];

	assert(w->used[bottom] && bottom != page);
	w->used[page] = true;
	w->used[bottom] = false;
	row_push(&w->row[1], bottom);
}

static void twin_lirs(struct twin *w, int page, bool write)
{
	struct row *stack = &w->row[0], *queue = &w->row[1];
	int hir = w->frames * w->param[0] / 100, victim;
	bool on_stack, hit = w->in[page];

	hir = hir ? hir : 1;
	if (!hit) {
		if (twin_full(w)) {
			victim = row_cut(queue, 0);
			twin_drop(w, victim);
		}
		twin_load(w, page);
	}
	on_stack = row_remove(stack, page);
	row_push(stack, page);
	if (w->used[page]) {
		; /* LIR */
	} else if (!hit && (int)w->count < w->frames - hir) {
		w->count++;
		w->used[page] = true;
	} else {
		row_remove(queue, page);
		if (on_stack)
			lirs_exchange(w, page);
		else
			row_push(queue, page);
	}
	lirs_prune(w);
}

/* num: frequency. Rows: S, M, G. */
static int s3_evict(struct twin *w)
{
	struct row *s = &w->row[0], *m = &w->row[1], *g = &w->row[2];
	int small = w->frames * w->param[0] / 100, t;

	small = small ? small : 1;
	if (s->n >= small) {
		while (s->n) {
			t = row_cut(s, 0);
			if (w->num[t] > 1) {
				w->num[t] = 0;
				row_push(m, t);
				continue;
			}
			row_push(g, t);
			while (g->n > w->frames - small)
				row_cut(g, 0);
			return t;
		}
	}
	for (;;) {
		t = row_cut(m, 0);
		if (!w->num[t])
			return t;
		w->num[t]--;
		row_push(m, t);
	}
}

static void twin_s3(struct twin *w, int page, bool write)
{
	bool ghost;

	if (w->in[page]) {
		w->num[page] += w->num[page] < 3;
		return;
	}
	ghost = row_remove(&w->row[2], page);
	if (twin_full(w))
		twin_drop(w, s3_evict(w));
	twin_load(w, page);
	w->num[page] = 0;
	row_push(&w->row[ghost], page);
}

/* Rows: inactive, active. used: the mark. num: age at eviction; hand: 1 + page before. */
static void twin_linux(struct twin *w, int page, bool write)
{
	struct row *inactive = &w->row[0], *active = &w->row[1];
	bool again = (int)w->hand == page + 1;
	int y;

	w->hand = page + 1;
	if (w->in[page]) {
		if (again)
			return;
		if (w->used[page] && row_remove(inactive, page)) {
			row_push(active, page);
			w->used[page] = false;
			w->count++;
		} else {
			w->used[page] = true;
		}
		return;
	}
	if (twin_full(w)) {
		while (inactive->n < active->n)
			row_push(inactive, row_cut(active, 0));
		y = row_cut(inactive, 0);
		w->num[y] = w->count++;
		w->last[y] = 1; /* it has a shadow entry */
		twin_drop(w, y);
	}
	twin_load(w, page);
	w->used[page] = true;
	if (w->last[page] && w->count - w->num[page] <= (uint64_t)active->n) {
		w->count++;
		row_push(active, page);
	} else {
		row_push(inactive, page);
	}
}

/* num: generation. used: accessed bit. Rows: by generation modulo 4. count: youngest. */
static void mglru_age(struct twin *w)
{
	for (;;) {
		while (w->count - w->hand + 1 > 2 && !w->row[w->hand % 4].n)
			w->hand++;
		if (w->count - w->hand + 1 > 2)
			return;
		for (int p = 0; p < w->pages; p++)
			if (w->in[p] && w->used[p]) {
				w->num[p] = w->count;
				w->used[p] = false;
			}
		w->count++;
	}
}

static int mglru_evict(struct twin *w)
{
	for (;;) {
		int t;

		mglru_age(w);
		t = row_cut(&w->row[w->hand % 4], 0);
		if (w->num[t] == w->hand && !w->used[t])
			return t;
		if (w->num[t] == w->hand) {
			w->num[t] = w->count;
			w->used[t] = false;
		}
		row_push(&w->row[w->num[t] % 4], t);
	}
}

static void twin_mglru(struct twin *w, int page, bool write)
{
	if (!w->count)
		w->count = 3;
	if (!w->in[page]) {
		if (twin_full(w))
			twin_drop(w, mglru_evict(w));
		twin_load(w, page);
		w->num[page] = w->count;
		row_push(&w->row[w->count % 4], page);
	}
	w->used[page] = true;
}

#endif
