// SPDX-License-Identifier: GPL-2.0-only
/* Replacement policies that look at more than recency, against naive twins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/replay/bitset.h"
#include "model/replay/policies.h"
#include "twins_b.h"

#define PAIRS 5000
#define LARGE 40 /* and so many of hundreds of pages */

typedef void twin_fn(struct twin *w, int page, bool write);

/* @span: parameters are drawn from the least value to as many. */
static const struct pair_of {
	const struct mms_policy *policy;
	twin_fn *twin;
	uint64_t span[MMS_POLICY_PARAMS];
} pairs[] = {
	{&mms_policy_nru, twin_nru, {40}},	   {&mms_policy_aging, twin_aging, {10, 20}},
	{&mms_policy_wsclock, twin_wsclock, {60}}, {&mms_policy_ws, twin_ws, {80}},
	{&mms_policy_pff, twin_pff, {30}},	   {&mms_policy_lru_k, twin_lru_k, {4, 6, 100}},
	{&mms_policy_2q, twin_2q, {100, 200}},	   {&mms_policy_arc, twin_arc, {0}},
	{&mms_policy_lirs, twin_lirs, {99}},	   {&mms_policy_s3_fifo, twin_s3, {99}},
	{&mms_policy_linux, twin_linux, {0}},	   {&mms_policy_mglru, twin_mglru, {0}},
};
#define NR (sizeof(pairs) / sizeof(pairs[0]))

static uint64_t seed = 88172645463325252ull;

static uint64_t rnd(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 11) % below;
}

struct string {
	uint32_t page[2048], more[2048];
	uint64_t write[32];
	struct mms_refs refs;
};

/* The first reference to a page gives it the next number. */
static void dense(struct string *s)
{
	uint32_t name[TWIN_PAGES] = {0}, nr = 0;
	uint64_t i;

	s->refs.nr_refs = s->refs.nr;
	for (i = 0; i < s->refs.nr; i++) {
		if (!name[s->page[i]])
			name[s->page[i]] = ++nr;
		s->page[i] = name[s->page[i]] - 1;
		s->refs.nr_refs += s->more[i];
	}
	s->refs.nr_pages = nr;
}

/* Phases: loops, skewed, or any page of some; repeats and writes in some strings only. */
static void draw(struct string *s, uint32_t pages, uint64_t nr)
{
	bool more = rnd(2), write = rnd(4);
	uint64_t i, kind = 0, base = 0, span = 1;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < nr; i++) {
		if (i == 0 || !rnd(25)) {
			kind = rnd(3);
			base = rnd(pages);
			span = 1 + rnd(pages);
		}
		s->page[i] = kind == 0 ? i % span : kind == 1 ? rnd(1 + rnd(span)) : rnd(span);
		s->page[i] = (s->page[i] + base) % pages;
		if (more && !rnd(4))
			s->more[i] = 1 + rnd(rnd(8) ? 4 : 60);
		if (write && !rnd(3))
			s->write[i / 64] |= 1ull << i % 64;
	}
	s->refs = (struct mms_refs){.page = s->page, .nr = nr};
	s->refs.more = more ? s->more : NULL;
	s->refs.write = write ? s->write : NULL;
	dense(s);
}

static void twin_entry(struct twin *w, twin_fn *fn, const struct mms_refs *r, uint64_t i)
{
	uint64_t k;

	for (k = 0; k < 1 + mms_refs_more(r, i); k++, w->t++) {
		fn(w, r->page[i], k == 0 && mms_refs_write(r, i));
		if (k == 0)
			w->dirty[r->page[i]] |= mms_refs_write(r, i);
		w->refs++;
		w->sum += w->resident;
		if ((uint64_t)w->resident > w->max)
			w->max = w->resident;
	}
}

static void check_counts(const struct twin *w, const struct mms_policy *p,
			 const struct mms_replay_count *c)
{
	assert_int_equal(c->refs, w->refs);
	assert_int_equal(c->faults, w->faults);
	assert_int_equal(c->evictions, w->evictions);
	assert_int_equal(c->writebacks, w->writebacks);
	assert_int_equal(c->resident, w->resident);
	assert_int_equal(c->max_resident, w->max);
	assert_int_equal(c->sum_resident, p->flags & MMS_POLICY_VARIABLE ? w->sum : 0);
}

/* The pages in the order that 2q, nru and wsclock say theirs are in. Return: how many. */
static int order_of(const struct twin *w, const struct mms_policy *p, uint32_t *pages)
{
	const struct row *in = &w->row[0], *am = &w->row[2];
	int i, k, nr = 0;

	if (p == &mms_policy_2q) {
		for (i = am->n; i-- > 0;)
			pages[nr++] = am->v[i];
		for (i = in->n; i-- > 0;)
			pages[nr++] = in->v[i];
	} else if (p == &mms_policy_wsclock) {
		for (i = w->frames; i-- > 0;)
			if ((int)(w->hand + i) % w->frames < w->resident)
				pages[nr++] = w->slot[(w->hand + i) % w->frames];
	} else if (p == &mms_policy_nru) {
		for (i = 0; i < w->pages; i++) {
			if (!w->in[i])
				continue;
			for (k = nr++; k && (nru_class(w, pages[k - 1]) < nru_class(w, i) ||
					     (nru_class(w, pages[k - 1]) == nru_class(w, i) &&
					      w->seq[pages[k - 1]] < w->seq[i]));
			     k--)
				pages[k] = pages[k - 1];
			pages[k] = i;
		}
	}
	return nr;
}

/* Where the hand is, and only there. */
static void check_hand(const struct twin *w, const struct mms_policy *p, void *state, uint32_t page)
{
	char buf[MMS_POLICY_NOTE];

	if (p != &mms_policy_wsclock)
		return;
	p->note(state, page, buf);
	assert_int_equal(strchr(buf, '<') != NULL,
			 (int)w->hand < w->resident && w->slot[w->hand] == (int)page);
	assert_int_equal(strchr(buf, 'R') != NULL, w->used[page]);
}

static void check_list(struct twin *w, const struct mms_policy *p, void *state)
{
	uint32_t order[TWIN_PAGES];
	int ordered = order_of(w, p, order);
	bool seen[TWIN_PAGES] = {false};
	uint32_t *pages = malloc(sizeof(*pages) * (w->resident ? w->resident : 1)), i;

	assert_int_equal(p->list(state, pages), w->resident);
	for (i = 0; i < (uint32_t)w->resident; i++) {
		assert_true(w->in[pages[i]] && !seen[pages[i]]);
		seen[pages[i]] = true;
		assert_true(!ordered || pages[i] == order[i]);
		check_hand(w, p, state, pages[i]);
	}
	free(pages);
}

/* A chunk has its own memory, gone after the call. */
static void run_chunk(const struct mms_policy *p, void *state, const struct mms_refs *r,
		      uint64_t from, uint64_t to, struct mms_replay_count *c)
{
	uint64_t nr = to - from, i, *write = calloc(nr / 64 + 1, sizeof(*write));
	uint32_t *page = calloc(nr, sizeof(*page)), *more = calloc(nr, sizeof(*more));
	struct mms_refs chunk = {.page = page, .nr = nr, .nr_pages = r->nr_pages};

	for (i = 0; i < nr; i++) {
		page[i] = r->page[from + i];
		more[i] = mms_refs_more(r, from + i);
		write[i / 64] |= (uint64_t)mms_refs_write(r, from + i) << i % 64;
		chunk.nr_refs += 1 + more[i];
	}
	chunk.more = r->more ? more : NULL;
	chunk.write = r->write ? write : NULL;
	p->run(state, &chunk, 0, nr, c);
	free(page);
	free(more);
	free(write);
}

static void by_steps(const struct pair_of *t, const struct mms_policy_conf *conf,
		     const struct mms_refs *r, struct twin *w)
{
	struct mms_replay_count c = {0};
	struct mms_policy_conf listed = *conf;
	void *state;
	uint64_t i;

	listed.list = true;
	state = t->policy->begin(&listed);
	assert_non_null(state);
	check_list(w, t->policy, state);
	for (i = 0; i < r->nr; i++) {
		t->policy->run(state, r, i, i + 1, &c);
		twin_entry(w, t->twin, r, i);
		assert_int_equal(c.faults, w->faults);
		check_list(w, t->policy, state);
	}
	check_counts(w, t->policy, &c);
	t->policy->end(state);
}

static void by_chunks(const struct pair_of *t, const struct mms_policy_conf *conf,
		      const struct mms_refs *r, const struct twin *w)
{
	struct mms_replay_count c = {0};
	void *state = t->policy->begin(conf);
	uint64_t from, to;

	assert_non_null(state);
	for (from = 0; from < r->nr; from = to) {
		to = from + 1 + rnd(r->nr - from);
		run_chunk(t->policy, state, r, from, to, &c);
	}
	check_counts(w, t->policy, &c);
	t->policy->end(state);
}

static void draw_params(const struct pair_of *t, struct mms_policy_conf *conf)
{
	const struct mms_policy_param *p = t->policy->params;
	size_t k;

	for (k = 0; k < MMS_POLICY_PARAMS && p[k].name; k++) {
		conf->param[k] = p[k].def;
		if (rnd(3))
			conf->param[k] = p[k].min + rnd(t->span[k]);
		assert_in_range(conf->param[k], p[k].min, p[k].max);
	}
}

static void one_pair(const struct pair_of *t, const struct string *s)
{
	struct mms_policy_conf conf = {.nr_pages = s->refs.nr_pages};
	struct mms_replay_count c;
	struct twin *w = calloc(1, sizeof(*w));

	draw_params(t, &conf);
	conf.frames = 1 + rnd(s->refs.nr_pages + 2);
	w->pages = s->refs.nr_pages;
	w->frames = t->policy->flags & MMS_POLICY_VARIABLE ? w->pages + 1 : (int)conf.frames;
	w->param = conf.param;
	by_steps(t, &conf, &s->refs, w);
	by_chunks(t, &conf, &s->refs, w);
	assert_int_equal(mms_policy_replay(t->policy, &conf, &s->refs, &c), 0);
	check_counts(w, t->policy, &c);
	if (!(t->policy->flags & MMS_POLICY_VARIABLE) && conf.frames >= s->refs.nr_pages) {
		assert_int_equal(c.faults, s->refs.nr_pages);
		assert_int_equal(c.evictions, 0);
	}
	assert_true(t->policy->bytes(&conf) > s->refs.nr_pages);
	free(w);
}

static void twins_agree(void **state)
{
	static struct string s;
	size_t i, k;

	for (k = 0; k < PAIRS; k++) {
		draw(&s, 1 + rnd(k % 4 ? 14 : 40), 1 + rnd(120));
		for (i = 0; i < NR; i++)
			one_pair(&pairs[i], &s);
	}
}

static void twins_agree_on_larger_ones(void **state)
{
	static struct string s;
	size_t i, k;

	for (k = 0; k < LARGE; k++) {
		draw(&s, 80 + rnd(TWIN_PAGES - 80), 1000 + rnd(1000));
		if (s.refs.nr_refs > TWIN_TIMES)
			continue;
		for (i = 0; i < NR; i++)
			one_pair(&pairs[i], &s);
	}
}

static void one_page_has_one_fault(void **state)
{
	uint32_t page[3] = {0, 0, 0}, more[3] = {0, UINT32_MAX, 7};
	uint64_t write = 2;
	struct mms_refs r = {page, more, &write, 3, 3 + 7ull + UINT32_MAX, 1};
	struct mms_policy_conf conf = {.frames = 1};
	struct mms_replay_count c;
	const char *why;
	size_t i;

	for (i = 0; i < NR; i++) {
		assert_ptr_equal(mms_policy_parse(pairs[i].policy->name, &conf, &why),
				 pairs[i].policy);
		assert_int_equal(mms_policy_replay(pairs[i].policy, &conf, &r, &c), 0);
		assert_int_equal(c.refs, r.nr_refs);
		assert_int_equal(c.faults, 1);
		assert_int_equal(c.evictions, 0);
		assert_int_equal(c.max_resident, 1);
		if (pairs[i].policy->flags & MMS_POLICY_VARIABLE)
			assert_int_equal(c.sum_resident, r.nr_refs);
	}
}

/* Of all policies: mmscope replay runs one once for all sizes that no page is evicted with. */
static void more_frames_than_pages_change_nothing(void **state)
{
	static struct string s;
	struct mms_policy_conf conf = {.list = false};
	struct mms_replay_count c, want;
	const uint32_t frames[] = {0, 1, 2, 100, UINT32_MAX};
	const char *why;
	size_t i, k, f;

	for (k = 0; k < 40; k++) {
		draw(&s, 1 + rnd(60), 1 + rnd(900));
		want = (struct mms_replay_count){.refs = s.refs.nr_refs,
						 .faults = s.refs.nr_pages,
						 .resident = s.refs.nr_pages,
						 .max_resident = s.refs.nr_pages};
		for (i = 0; mms_policies[i]; i++) {
			if (mms_policies[i]->flags & MMS_POLICY_VARIABLE)
				continue;
			assert_non_null(mms_policy_parse(mms_policies[i]->name, &conf, &why));
			for (f = 0; f < 5; f++) {
				conf.frames =
					frames[f] < 1000 ? s.refs.nr_pages + frames[f] : frames[f];
				assert_int_equal(
					mms_policy_replay(mms_policies[i], &conf, &s.refs, &c), 0);
				assert_memory_equal(&c, &want, sizeof(c));
			}
		}
	}
}

/*
 * So many active pages for an inactive one: touched twice, all are active; then a scan of as many
 * others drives out the part that had to become inactive.
 */
static void active_for_inactive(uint32_t nr, uint32_t ratio)
{
	uint32_t *page = malloc(4ull * nr * sizeof(*page)), i;
	struct mms_refs r = {.page = page, .nr = 4ull * nr, .nr_refs = 4ull * nr};
	struct mms_policy_conf conf = {.frames = nr};
	struct mms_replay_count c;

	for (i = 0; i < 4 * nr; i++)
		page[i] = i < 2 * nr ? i % nr : i - nr;
	for (i = 3 * nr; i < 4 * nr; i++)
		page[i] = 4 * nr - 1 - i; /* last first, so that hits come before faults */
	r.nr_pages = 2 * nr;
	assert_int_equal(mms_policy_replay(&mms_policy_linux, &conf, &r, &c), 0);
	assert_int_equal(c.faults, 3ull * nr - (uint64_t)nr * ratio / (ratio + 1));
	free(page);
}

/* As in mm/vmscan.c: the root of ten times the GiB, rounded down; 1 below one. */
static void linux_keeps_more_active_in_large_memory(void **state)
{
	const uint32_t gib = 1 << 18;

	active_for_inactive(1000, 1);
	active_for_inactive(gib - 1, 1);
	active_for_inactive(gib, 3);
	active_for_inactive(2 * gib - 1, 3);
	active_for_inactive(2 * gib, 4);
	active_for_inactive(5 * gib, 7);
}

/* More generations than have numbers in 16 bits. */
static void mglru_generations_begin_again(void **state)
{
	static struct string s;
	const struct pair_of *t = &pairs[NR - 1];
	struct mms_policy_conf conf = {.nr_pages = 14, .frames = 3};
	struct mms_replay_count c = {0};
	struct twin *w = calloc(1, sizeof(*w));
	void *mglru = t->policy->begin(&conf);
	uint64_t i;

	assert_ptr_equal(t->policy, &mms_policy_mglru);
	w->pages = 14;
	w->frames = 3;
	while (w->count < 140000) {
		draw(&s, 14, 2000);
		for (i = 0; i < s.refs.nr; i++)
			twin_entry(w, t->twin, &s.refs, i);
		t->policy->run(mglru, &s.refs, 0, s.refs.nr, &c);
		check_counts(w, t->policy, &c);
	}
	t->policy->end(mglru);
	free(w);
}

/* Many hot pages, each noted again and again, while one that is not used waits for its turn. */
static void wsclock_notes_outlast_a_full_ring(void **state)
{
	static struct string s;
	uint64_t i, k, hot, tau;

	for (k = 0; k < 200; k++) {
		struct mms_policy_conf conf = {.frames = 12 + rnd(24)};
		struct twin *w = calloc(1, sizeof(*w));
		struct mms_replay_count c;
		uint32_t next = conf.frames;

		hot = 4 + rnd(8);
		tau = conf.param[0] = 20 + rnd(150);
		memset(&s, 0, sizeof(s));
		for (i = 0; i < 2000; i++)
			s.page[i] = i < next		       ? i
				    : rnd(hot + tau / 20) == 0 ? next + i % (TWIN_PAGES - next)
				    : rnd(16)		       ? rnd(hot)
							       : hot + rnd(3);
		s.refs = (struct mms_refs){.page = s.page, .nr = 2000};
		dense(&s);
		w->pages = s.refs.nr_pages;
		w->frames = conf.frames;
		w->param = conf.param;
		for (i = 0; i < s.refs.nr; i++)
			twin_entry(w, twin_wsclock, &s.refs, i);
		assert_int_equal(mms_policy_replay(&mms_policy_wsclock, &conf, &s.refs, &c), 0);
		check_counts(w, &mms_policy_wsclock, &c);
		free(w);
	}
}

static void bitset_finds_the_next(void **state)
{
	static const uint32_t sizes[] = {1, 63, 64, 65, 4096, 4097, 300000};
	struct mms_bitset b;
	uint32_t i, k, from, next;
	size_t n;

	for (n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++) {
		bool *in = calloc(sizes[n], sizeof(*in));

		assert_true(mms_bitset_init(&b, sizes[n]));
		for (k = 0; k < 2000; k++) {
			i = rnd(1 + rnd(sizes[n]));
			in[i] = rnd(2);
			(in[i] ? mms_bitset_set : mms_bitset_clear)(&b, i);
			from = rnd(1 + rnd(sizes[n] + 1));
			for (next = from; next < sizes[n] && !in[next]; next++)
				;
			assert_int_equal(mms_bitset_next(&b, from), next);
		}
		free(b.level[0]);
		free(in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twins_agree),
		cmocka_unit_test(twins_agree_on_larger_ones),
		cmocka_unit_test(one_page_has_one_fault),
		cmocka_unit_test(more_frames_than_pages_change_nothing),
		cmocka_unit_test(linux_keeps_more_active_in_large_memory),
		cmocka_unit_test(mglru_generations_begin_again),
		cmocka_unit_test(wsclock_notes_outlast_a_full_ring),
		cmocka_unit_test(bitset_finds_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
