// SPDX-License-Identifier: GPL-2.0-only
/*
 * model/replay: opt, fifo, lru, lfu, clock, second-chance, sieve, random, each against its naive
 * twin; textbook figures; properties.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/replay/policies.h"
#include "policies_a_twins.h"

/* --- comparison ------------------------------------------------------------------ */

static void same_counts(const struct twin *t, const struct mms_replay_count *c)
{
	assert_int_equal(c->refs, t->refs);
	assert_int_equal(c->faults, t->count.faults);
	assert_int_equal(c->evictions, t->count.evictions);
	assert_int_equal(c->writebacks, t->count.writebacks);
	assert_int_equal(c->resident, t->nr);
	assert_int_equal(c->max_resident, t->nr);
}

static void same_pages(struct twin *t, void *state, uint64_t next)
{
	uint32_t *list = malloc(t->nr * sizeof(*list));
	uint32_t i, k;

	assert_non_null(list);
	assert_int_equal(t->kind->policy->list(state, list), t->nr);
	for (i = 0; i < t->nr; i++) {
		for (k = 0; k < t->nr && list[k] != t->slot[i].page; k++)
			;
		assert_true(k < t->nr);
	}
	if (t->kind->victim_is_last && t->nr == t->frames)
		assert_int_equal(list[t->nr - 1], t->slot[t->kind->victim(t, next)].page);
	free(list);
}

/* A chunk in memory of its own, that is gone after the call. */
static void run_chunk(const struct mms_policy *p, void *state, const struct mms_refs *r,
		      uint64_t from, uint64_t to, struct mms_replay_count *c)
{
	uint64_t i, nr = to - from, *write = calloc((nr + 63) / 64, 8);
	uint32_t *pages = malloc(nr * 4), *rest = malloc(nr * 4);
	struct mms_refs chunk = {.page = pages, .nr = nr, .nr_refs = nr, .nr_pages = r->nr_pages};

	assert_true(pages && rest && write);
	for (i = 0; i < nr; i++) {
		pages[i] = r->page[from + i];
		rest[i] = mms_refs_more(r, from + i);
		chunk.nr_refs += rest[i];
		if (rest[i])
			chunk.more = rest;
		if (mms_refs_write(r, from + i)) {
			write[i / 64] |= 1ULL << (i % 64);
			chunk.write = write;
		}
	}
	p->run(state, &chunk, 0, nr, c);
	free(write);
	free(pages);
	free(rest);
}

static void in_chunks(struct twin *t, const struct mms_policy_conf *conf, uint32_t max_chunk)
{
	const struct mms_policy *p = t->kind->policy;
	struct mms_replay_count c = {0};
	void *state = p->begin(conf);
	uint64_t from, to;

	assert_non_null(state);
	for (from = 0; from < t->r->nr; from = to) {
		to = from + 1 + below(max_chunk);
		if (to > t->r->nr)
			to = t->r->nr;
		if ((p->flags & MMS_POLICY_WHOLE) || max_chunk > 20)
			p->run(state, t->r, from, to, &c);
		else
			run_chunk(p, state, t->r, from, to, &c);
		twin_run(t, from, to);
		same_counts(t, &c);
		same_pages(t, state, to);
	}
	p->end(state);
}

static void compare(const struct kind *kind, const struct mms_refs *r, uint32_t frames,
		    uint32_t max_chunk)
{
	struct mms_policy_conf conf = {.nr_pages = r->nr_pages, .frames = frames, .whole = r};
	struct twin t = {.kind = kind, .r = r, .frames = frames};
	struct mms_replay_count c;

	if (kind->policy == &mms_policy_clock)
		conf.param[0] = below(2);
	else if (kind->policy == &mms_policy_lfu)
		conf.param[0] = below(2) ? 1 + below(40) : 0;
	else if (kind->policy == &mms_policy_random)
		conf.param[0] = below(1000);
	t.param = conf.param[0];
	assert_int_equal(mms_policy_replay(kind->policy, &conf, r, &c), 0);
	conf.list = true;
	in_chunks(&t, &conf, max_chunk);
	same_counts(&t, &c);
}

static void twins_of_short_strings(void **state)
{
	uint32_t i;
	size_t k;

	for (i = 0; i < 5000; i++) {
		struct mms_refs r = any_refs(80, 14);

		for (k = 0; k < NR_KINDS; k++)
			compare(&kinds[k], &r, 1 + below(r.nr_pages + 3), i % 2 ? 1 : 20);
	}
}

/* What is done now and then only: logs made short, times that begin again, upper levels. */
static void twins_of_long_strings(void **state)
{
	uint32_t i;
	size_t k;

	for (i = 0; i < 60; i++) {
		struct mms_refs r = any_refs(i % 6 ? 1500 : MAX_ENTRIES, MAX_PAGES - 3);

		for (k = 0; k < NR_KINDS; k++)
			compare(&kinds[k], &r, 1 + below(r.nr_pages + 3), i % 2 ? 20 : 300);
	}
}

/* Pages far apart are fetched ahead: the counts are those of the same string close together. */
static void names_of_pages_do_not_matter(void **state)
{
	static uint32_t apart[MAX_ENTRIES];
	struct mms_replay_count a, b;
	uint32_t i, e;
	size_t k;

	for (i = 0; i < 40; i++) {
		struct mms_refs near = any_refs(2000, MAX_PAGES), far = near;
		struct mms_policy_conf conf = {.frames = 1 + below(near.nr_pages)};

		for (e = 0; e < near.nr; e++)
			apart[e] = 200000 - 3000 * near.page[e];
		far.page = apart;
		far.nr_pages = 200001;
		for (k = 0; k < NR_KINDS; k++) {
			assert_int_equal(mms_policy_replay(kinds[k].policy, &conf, &near, &a), 0);
			assert_int_equal(mms_policy_replay(kinds[k].policy, &conf, &far, &b), 0);
			assert_memory_equal(&a, &b, sizeof(a));
		}
	}
}

/* --- textbooks ------------------------------------------------------------------- */

static const uint32_t belady[] = {0, 1, 2, 3, 0, 1, 4, 0, 1, 2, 3, 4};
static const uint32_t silberschatz[] = {5, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 2, 1, 2, 0, 1, 5, 0, 1};

static uint64_t faults_of(const char *text, const struct mms_refs *r, uint32_t frames)
{
	struct mms_policy_conf conf = {.frames = frames};
	const struct mms_policy *p;
	struct mms_replay_count c;
	const char *why;

	p = mms_policy_parse(text, &conf, &why);
	assert_non_null(p);
	assert_int_equal(mms_policy_replay(p, &conf, r, &c), 0);
	assert_int_equal(c.evictions, c.faults - c.resident);
	return c.faults;
}

static void textbook_figures(void **state)
{
	static const struct {
		const char *policy;
		int belady[2], silberschatz[2]; /* with 3 and 4 frames */
	} rows[] = {
		{"fifo", {9, 10}, {15, 10}},
		{"lru", {10, 8}, {12, 8}},
		{"opt", {7, 6}, {9, 8}},
		{"clock:bit=0", {10, 8}, {11, 8}},
		{"clock:bit=1", {9, 10}, {14, 9}},
		{"clock", {9, 10}, {14, 9}},
		{"second-chance", {9, 10}, {14, 9}},
	};
	struct mms_refs b = {.page = belady, .nr = 12, .nr_refs = 12, .nr_pages = 5};
	struct mms_refs s = {.page = silberschatz, .nr = 20, .nr_refs = 20, .nr_pages = 6};
	size_t i, k;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (k = 0; k < 2; k++) {
			assert_int_equal(faults_of(rows[i].policy, &b, 3 + k), rows[i].belady[k]);
			assert_int_equal(faults_of(rows[i].policy, &s, 3 + k),
					 rows[i].silberschatz[k]);
		}
}

/* A count that is full stays so: page 0 has had more references than a key can tell, page 1 half.
 */
static void lfu_counts_end(void **state)
{
	static const uint32_t pages[] = {0, 0, 0, 0, 0, 1, 1, 2, 0};
	static const uint32_t most = UINT32_MAX;
	static const uint32_t times[] = {most, most, most, most, most, most, most, 0, 0};
	struct mms_refs r = {pages, times, NULL, 9, 9 + 7 * (uint64_t)most, 3};

	assert_int_equal(faults_of("lfu", &r, 2), 3);
}

/*
 * Halvings inside an entry, against the same references one by one; of very many so many whole
 * periods less that a hundred are left.
 */
static void repeats_are_halved_like_references(void **state)
{
	static uint32_t pages[60], rest[60], single[60 * 120 * 60];
	struct mms_replay_count a, b;
	uint32_t round, i;
	uint64_t k, h, refs;

	for (round = 0; round < 300; round++) {
		struct mms_refs r = {.page = pages, .more = rest, .nr = 60, .nr_pages = 10};
		struct mms_refs s = {.page = single, .nr_pages = 10};
		struct mms_policy_conf conf = {.frames = 2 + below(6)};

		h = conf.param[0] = 1 + below(60);
		for (i = 0; i < 60; i++) {
			pages[i] = i < 10 ? i : below(10);
			rest[i] = below(3)   ? below(6)
				  : below(3) ? below(3 * h)
				  : below(3) ? 71 * h + below(3 * h)
					     : UINT32_MAX - below(100);
			refs = rest[i] + 1ULL;
			r.nr_refs += refs;
			refs = refs > 100 * h ? 100 * h + (refs - 100 * h) % h : refs;
			for (k = 0; k < refs; k++)
				single[s.nr++] = pages[i];
		}
		s.nr_refs = s.nr;
		assert_int_equal(mms_policy_replay(&mms_policy_lfu, &conf, &r, &a), 0);
		assert_int_equal(mms_policy_replay(&mms_policy_lfu, &conf, &s, &b), 0);
		assert_int_equal(a.faults, b.faults);
		assert_int_equal(a.evictions, b.evictions);
	}
}

/* Pages 0..2, two frames, FIFO: 0 is written, and leaves; 1 is written only after it came back. */
static void written_pages_are_written_back_once(void **state)
{
	static const uint32_t pages[] = {0, 1, 2, 0, 1, 2, 0};
	static const uint64_t write = 1 << 0 | 1 << 4;
	struct mms_refs r = {pages, NULL, &write, 7, 7, 3};
	struct mms_policy_conf conf = {.frames = 2};
	struct mms_replay_count c;

	assert_int_equal(mms_policy_replay(&mms_policy_fifo, &conf, &r, &c), 0);
	assert_int_equal(c.faults, 7);
	assert_int_equal(c.evictions, 5);
	assert_int_equal(c.writebacks, 2);
}

/* --- properties ------------------------------------------------------------------ */

static void second_chance_is_clock_with_the_bit(void **state)
{
	uint32_t i, frames;

	for (i = 0; i < 200; i++) {
		struct mms_refs r = any_refs(800, 40);

		frames = 1 + below(r.nr_pages);
		assert_int_equal(faults_of("second-chance", &r, frames),
				 faults_of("clock:bit=1", &r, frames));
	}
}

static void curves_fall_and_opt_is_the_lowest(void **state)
{
	uint32_t i, frames, cold, p;
	size_t k;

	for (i = 0; i < 30; i++) {
		struct mms_refs r = any_refs(1500, 40);
		uint64_t before[NR_KINDS];

		for (cold = p = 0; p < r.nr_pages; p++)
			cold += memmem(page, r.nr * 4, &p, 4) != NULL;
		for (frames = 1; frames <= r.nr_pages + 1; frames++) {
			uint64_t opt = faults_of("opt", &r, frames);

			for (k = 0; k < NR_KINDS; k++) {
				const struct mms_policy *policy = kinds[k].policy;
				uint64_t faults = faults_of(policy->name, &r, frames);

				assert_true(faults >= opt && faults >= cold);
				if (frames >= r.nr_pages)
					assert_int_equal(faults, cold);
				if (frames > 1 && (policy->flags & MMS_POLICY_STACK))
					assert_true(faults <= before[k]);
				before[k] = faults;
			}
		}
	}
}

static void sizes_at_the_ends(void **state)
{
	static const uint32_t zeroes[9], two[] = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1};
	struct mms_refs one = {.page = zeroes, .nr = 9, .nr_refs = 9, .nr_pages = 1};
	struct mms_refs pair = {.page = two, .nr = 12, .nr_refs = 12, .nr_pages = 2};
	size_t k;

	for (k = 0; k < NR_KINDS; k++) {
		assert_int_equal(faults_of(kinds[k].policy->name, &one, 1), 1);
		assert_int_equal(faults_of(kinds[k].policy->name, &one, UINT32_MAX), 1);
		assert_int_equal(faults_of(kinds[k].policy->name, &pair, 1), 12);
		assert_int_equal(faults_of(kinds[k].policy->name, &pair, UINT32_MAX), 2);
	}
}

/* What cannot be counted is said, and not taken for a lack of memory. */
static void unfit_by_name(void **state)
{
	const struct mms_refs long_one = {.nr = UINT32_MAX - 8, .nr_pages = 8};
	const struct mms_refs fits = {.nr = UINT32_MAX - 9, .nr_pages = 8};
	struct mms_policy_conf conf = {.nr_pages = UINT32_MAX, .frames = 1U << 28};

	assert_non_null(mms_policy_unfit(&mms_policy_lru, &conf));
	assert_null(mms_policy_unfit(&mms_policy_lfu, &conf));
	assert_null(mms_policy_unfit(&mms_policy_fifo, &conf));
	conf.frames++;
	assert_non_null(mms_policy_unfit(&mms_policy_lfu, &conf));
	assert_null(mms_policy_lfu.begin(&conf));
	conf.frames = 1U << 27;
	assert_null(mms_policy_unfit(&mms_policy_lru, &conf));
	conf.frames++;
	assert_null(mms_policy_lru.begin(&conf));
	assert_null(mms_policy_unfit(&mms_policy_opt, &conf));
	conf.whole = &fits;
	assert_null(mms_policy_unfit(&mms_policy_opt, &conf));
	conf.whole = &long_one;
	assert_non_null(mms_policy_unfit(&mms_policy_opt, &conf));
	assert_null(mms_policy_opt.begin(&conf));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unfit_by_name),
		cmocka_unit_test(twins_of_short_strings),
		cmocka_unit_test(twins_of_long_strings),
		cmocka_unit_test(names_of_pages_do_not_matter),
		cmocka_unit_test(textbook_figures),
		cmocka_unit_test(lfu_counts_end),
		cmocka_unit_test(repeats_are_halved_like_references),
		cmocka_unit_test(written_pages_are_written_back_once),
		cmocka_unit_test(second_chance_is_clock_with_the_bit),
		cmocka_unit_test(curves_fall_and_opt_is_the_lowest),
		cmocka_unit_test(sizes_at_the_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
