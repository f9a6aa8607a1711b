// SPDX-License-Identifier: GPL-2.0-only
/*
 * model/replay: what policies show of themselves after each reference: which order their lists
 * have, and the notes on their pages, beside bits and counters that are kept here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/replay/policies.h"

#define PAGES 12
#define REFS  900 /* fewer than the periods that bits are cleared after, unless one is given */

/**
 * struct player - a policy, reference by reference
 * @list: what it holds now, @nr pages; @was: before the last reference
 */
struct player {
	const struct mms_policy *p;
	void *state;
	struct mms_refs refs;
	uint32_t page[REFS];
	uint64_t write[REFS / 64 + 1];
	struct mms_replay_count count;
	uint32_t list[PAGES], was[PAGES], nr, nr_was, frames;
	bool fault;
};

/* Half of the references to a fourth of the pages; without repeats. */
static void make_string(struct player *w, unsigned int seed)
{
	uint32_t i, page, last = PAGES;

	srandom(seed);
	memset(w->write, 0, sizeof(w->write));
	for (i = 0; i < REFS; i++) {
		do {
			page = random() % (random() % 2 ? PAGES / 4 : PAGES);
		} while (page == last);
		w->page[i] = last = page;
		if (random() % 4 == 0)
			w->write[i / 64] |= 1ULL << i % 64;
	}
	w->refs = (struct mms_refs){
		.page = w->page, .write = w->write, .nr = REFS, .nr_refs = REFS, .nr_pages = PAGES};
}

static void begin(struct player *w, const char *text, uint32_t frames, unsigned int seed)
{
	struct mms_policy_conf conf = {.nr_pages = PAGES, .frames = frames, .list = true};
	const char *why = "";

	memset(w, 0, sizeof(*w));
	make_string(w, seed);
	w->p = mms_policy_parse(text, &conf, &why);
	assert_non_null(w->p);
	conf.whole = &w->refs;
	w->frames = frames;
	w->state = w->p->begin(&conf);
	assert_non_null(w->state);
}

static void step(struct player *w, uint32_t i)
{
	uint64_t faults = w->count.faults;

	memcpy(w->was, w->list, sizeof(w->list));
	w->nr_was = w->nr;
	w->p->run(w->state, &w->refs, i, i + 1, &w->count);
	w->nr = w->p->list(w->state, w->list);
	w->fault = w->count.faults != faults;
}

static bool holds(const struct player *w, uint32_t page)
{
	uint32_t k;

	for (k = 0; k < w->nr; k++)
		if (w->list[k] == page)
			return true;
	return false;
}

/* Return: how many victims were not the last of the list. */
static unsigned int surprises(const char *text, unsigned int seed)
{
	unsigned int n = 0;
	struct player w;
	uint32_t i;

	begin(&w, text, 5, seed);
	for (i = 0; i < REFS; i++) {
		step(&w, i);
		if (w.fault && w.nr_was == w.frames)
			n += holds(&w, w.was[w.nr_was - 1]);
	}
	assert_true(w.count.evictions > 50);
	w.p->end(w.state);
	return n;
}

/* Where no order is named the last one leaves; where one is, it would be wrong to say so. */
static void last_page_leaves_if_it_is_said(void **state)
{
	static const char *const more[] = {"aging:period=5",	 "aging:bits=2,period=3",
					   "lfu:halve=20",	 "lru-k:k=3",
					   "lru-k:correlated=4", "lru-k:retained=9",
					   "lirs:hir=40"};
	unsigned int n, seed;
	char text[32];
	size_t i;

	for (i = 0; mms_policies[i]; i++) {
		if (mms_policies[i]->flags & MMS_POLICY_VARIABLE)
			continue;
		snprintf(text, sizeof(text), "%s%s", mms_policies[i]->name,
			 strcmp(mms_policies[i]->name, "nru") ? "" : ":period=7");
		for (n = 0, seed = 1; seed < 20; seed++)
			n += surprises(text, seed);
		if (!!n != !!mms_policies[i]->order)
			fail_msg("%s: %u victims were not the last", text, n);
	}
	for (i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		for (seed = 1; seed < 20; seed++)
			assert_int_equal(surprises(more[i], seed), 0);
}

static void same_note(const struct player *w, uint32_t page, const char *want)
{
	char buf[MMS_POLICY_NOTE];

	w->p->note(w->state, page, buf);
	assert_string_equal(buf, want);
}

/* --- a circle of frames with bits and a hand ------------------------------------ */

struct circle {
	uint32_t page[PAGES], nr, hand;
	bool bit[PAGES];
};

static void turn(struct circle *c, uint32_t page, uint32_t frames, bool loaded)
{
	uint32_t k;

	for (k = 0; k < c->nr; k++) {
		if (c->page[k] == page) {
			c->bit[k] = true;
			return;
		}
	}
	if (c->nr == frames) {
		for (; c->bit[c->hand]; c->hand = (c->hand + 1) % frames)
			c->bit[c->hand] = false;
		k = c->hand;
		c->hand = (c->hand + 1) % frames;
	} else {
		c->nr++;
	}
	c->page[k] = page;
	c->bit[k] = loaded;
}

static void notes_of_circle(const char *text, bool loaded, bool hand)
{
	struct circle c = {.nr = 0};
	struct player w;
	uint32_t i, k;
	char want[4];

	begin(&w, text, 4, 7);
	for (i = 0; i < REFS; i++) {
		step(&w, i);
		turn(&c, w.page[i], 4, loaded);
		assert_int_equal(w.nr, c.nr);
		for (k = 0; k < c.nr; k++) {
			snprintf(want, sizeof(want), "%s%s", c.bit[k] ? "R" : "",
				 hand && k == c.hand ? "<" : "");
			same_note(&w, c.page[k], want);
		}
	}
	w.p->end(w.state);
}

static void reference_bits_and_the_hand(void **state)
{
	notes_of_circle("clock:bit=0", false, true);
	notes_of_circle("clock:bit=1", true, true);
	notes_of_circle("second-chance", true, false);
}

/* --- sieve: a list, newest first, and a hand in it ------------------------------- */

struct sieve_list {
	uint32_t page[PAGES];
	bool visited[PAGES];
	int nr, hand; /* hand: from the tail */
};

static void sieve_remove(struct sieve_list *l, int at)
{
	for (; at + 1 < l->nr; at++) {
		l->page[at] = l->page[at + 1];
		l->visited[at] = l->visited[at + 1];
	}
	l->nr--;
}

/* Places count from the tail, 0: the oldest. */
static void sieve_touch(struct sieve_list *l, uint32_t page, int frames)
{
	int k;

	for (k = 0; k < l->nr; k++) {
		if (l->page[k] == page) {
			l->visited[k] = true;
			return;
		}
	}
	if (l->nr == frames) {
		for (; l->visited[l->hand]; l->hand = (l->hand + 1) % l->nr)
			l->visited[l->hand] = false;
		sieve_remove(l, l->hand);
		if (l->hand == l->nr)
			l->hand = 0;
	}
	l->page[l->nr] = page;
	l->visited[l->nr++] = false;
}

static void visited_bits_and_the_hand(void **state)
{
	struct sieve_list l = {.nr = 0};
	struct player w;
	char want[4];
	uint32_t i;
	int k;

	begin(&w, "sieve", 5, 3);
	for (i = 0; i < REFS; i++) {
		step(&w, i);
		sieve_touch(&l, w.page[i], 5);
		for (k = 0; k < l.nr; k++) {
			snprintf(want, sizeof(want), "%s%s", l.visited[k] ? "V" : "",
				 k == l.hand ? "<" : "");
			same_note(&w, l.page[k], want);
		}
	}
	w.p->end(w.state);
}

/* --- counters: who is resident is taken from the policy ----------------------------- */

static void counts_since_the_load(void **state)
{
	unsigned int count[PAGES] = {0};
	struct player w;
	char want[12];
	uint32_t i, k;

	begin(&w, "lfu", 5, 5);
	for (i = 0; i < REFS; i++) {
		step(&w, i);
		count[w.page[i]] = w.fault ? 1 : count[w.page[i]] + 1;
		for (k = 0; k < w.nr; k++) {
			snprintf(want, sizeof(want), "%u", count[w.list[k]]);
			same_note(&w, w.list[k], want);
		}
	}
	w.p->end(w.state);
}

static void shift_registers(void **state)
{
	char reg[PAGES][8] = {{0}};
	struct player w;
	uint32_t i, k;

	begin(&w, "aging:bits=4,period=6", 5, 9);
	for (i = 0; i < REFS; i++) {
		step(&w, i);
		for (k = 0; i && i % 6 == 0 && k < PAGES; k++) {
			char bits[8];

			snprintf(bits, sizeof(bits), "0.%c%.3s", reg[k][0], reg[k] + 2);
			memcpy(reg[k], bits, sizeof(bits));
		}
		if (w.fault)
			strcpy(reg[w.page[i]], "1.0000");
		reg[w.page[i]][0] = '1';
		for (k = 0; k < w.nr; k++)
			same_note(&w, w.list[k], reg[w.list[k]]);
	}
	w.p->end(w.state);
}

static void classes(void **state)
{
	bool used[PAGES] = {0}, modified[PAGES] = {0};
	struct player w;
	uint32_t i, k;
	char want[12];

	begin(&w, "nru:period=6", 5, 11);
	for (i = 0; i < REFS; i++) {
		step(&w, i);
		if (i && i % 6 == 0)
			memset(used, 0, sizeof(used));
		if (w.fault)
			modified[w.page[i]] = false;
		used[w.page[i]] = true;
		modified[w.page[i]] |= mms_refs_write(&w.refs, i);
		for (k = 0; k < w.nr; k++) {
			snprintf(want, sizeof(want), "%d",
				 2 * used[w.list[k]] + modified[w.list[k]]);
			same_note(&w, w.list[k], want);
		}
	}
	w.p->end(w.state);
}

/* Of all: short enough for its buffer, plain, and explained. */
static void notes_are_short(void **state)
{
	char text[40], buf[MMS_POLICY_NOTE];
	struct player w;
	uint32_t i, k;
	size_t n;

	for (n = 0; mms_policies[n]; n++) {
		assert_int_equal(!mms_policies[n]->note, !mms_policies[n]->notes);
		if (!mms_policies[n]->note)
			continue;
		snprintf(text, sizeof(text), "%s%s", mms_policies[n]->name,
			 strcmp(mms_policies[n]->name, "aging") ? "" : ":bits=15");
		begin(&w, text, 6, 2);
		for (i = 0; i < REFS; i++) {
			step(&w, i);
			for (k = 0; k < w.nr; k++) {
				memset(buf, 'x', sizeof(buf));
				w.p->note(w.state, w.list[k], buf);
				assert_true(strnlen(buf, sizeof(buf)) < sizeof(buf));
				assert_null(strpbrk(buf, " */"));
			}
		}
		w.p->end(w.state);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(last_page_leaves_if_it_is_said),
		cmocka_unit_test(reference_bits_and_the_hand),
		cmocka_unit_test(visited_bits_and_the_hand),
		cmocka_unit_test(counts_since_the_load),
		cmocka_unit_test(shift_registers),
		cmocka_unit_test(classes),
		cmocka_unit_test(notes_are_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
