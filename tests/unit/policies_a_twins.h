/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For test_policies_a: random strings, and naive twins of the policies, which go reference by
 * reference and scan all they have.
 */
#ifndef _MMS_POLICIES_A_TWINS_H
#define _MMS_POLICIES_A_TWINS_H

#include <stdlib.h>
#include <string.h>

#include "model/replay/policies.h"

#define MAX_ENTRIES 6000
#define MAX_PAGES   64
#define NEVER	    UINT64_MAX

static uint64_t rng = 5;

static uint32_t below(uint32_t n)
{
	rng = rng * 6364136223846793005u + 1442695040888963407u;
	return (rng >> 33) % n;
}

/* --- strings --------------------------------------------------------------------- */

static uint32_t page[MAX_ENTRIES], more[MAX_ENTRIES];
static uint64_t written[MAX_ENTRIES / 64 + 1];

static uint32_t any_page(unsigned int kind, uint32_t i, uint32_t nr_pages)
{
	uint32_t p = below(nr_pages);

	switch (kind) {
	case 0: /* all alike */
		return p;
	case 1: /* some often */
		return below(p + 1);
	case 2: /* a loop, at times left */
		return below(8) ? i % nr_pages : p;
	case 3: /* phases */
		return (i / 40 * 7 + below(3)) % nr_pages;
	default: /* there and back */
		return i / nr_pages % 2 ? nr_pages - 1 - i % nr_pages : i % nr_pages;
	}
}

static struct mms_refs any_refs(uint32_t max_entries, uint32_t max_pages)
{
	struct mms_refs r = {.page = page, .nr = 1 + below(max_entries)};
	unsigned int kind = below(5), runs = below(4), writes = below(4);
	uint32_t i;

	r.nr_pages = 1 + below(max_pages);
	memset(written, 0, sizeof(written));
	r.nr_refs = r.nr;
	for (i = 0; i < r.nr; i++) {
		page[i] = any_page(kind, i, r.nr_pages);
		more[i] = runs > 1 && !below(runs) ? below(below(20) ? 6 : 60) : 0;
		r.nr_refs += more[i];
		if (writes > 1 && !below(2 * writes))
			written[i / 64] |= 1ULL << (i % 64);
	}
	r.more = runs ? more : NULL;
	r.write = writes ? written : NULL;
	return r;
}

/* --- twins ----------------------------------------------------------------------- */

struct slot {
	uint32_t page;
	uint64_t last, count;
	bool ref, dirty;
};

/* Slots are in the order in which pages came, unless a policy says otherwise. */
struct twin {
	const struct kind *kind;
	const struct mms_refs *r;
	struct slot slot[MAX_PAGES + 1];
	uint32_t nr, frames, hand;
	uint64_t param, now, refs;
	struct mms_replay_count count;
};

struct kind {
	const struct mms_policy *policy;
	uint32_t (*victim)(struct twin *t, uint64_t entry);
	bool in_place; /* the new page gets the place of the victim */
	bool ref_on_load;
	bool victim_is_last; /* of list(): asking for the victim changes nothing */
};

static uint32_t victim_fifo(struct twin *t, uint64_t entry)
{
	return 0;
}

static uint32_t victim_lru(struct twin *t, uint64_t entry)
{
	uint32_t i, v = 0;

	for (i = 1; i < t->nr; i++)
		if (t->slot[i].last < t->slot[v].last)
			v = i;
	return v;
}

static uint32_t victim_lfu(struct twin *t, uint64_t entry)
{
	uint32_t i, v = 0;

	for (i = 1; i < t->nr; i++)
		if (t->slot[i].count < t->slot[v].count ||
		    (t->slot[i].count == t->slot[v].count && t->slot[i].last < t->slot[v].last))
			v = i;
	return v;
}

static uint64_t comes_back(const struct twin *t, uint32_t p, uint64_t entry)
{
	uint64_t i;

	for (i = entry; i < t->r->nr; i++)
		if (t->r->page[i] == p)
			return i;
	return NEVER;
}

static uint32_t victim_opt(struct twin *t, uint64_t entry)
{
	uint64_t best = 0, next;
	uint32_t i, v = 0;

	for (i = 0; i < t->nr; i++) {
		next = comes_back(t, t->slot[i].page, entry);
		if (next > best ||
		    (next == NEVER && best == NEVER && t->slot[i].last < t->slot[v].last)) {
			best = next;
			v = i;
		}
	}
	return v;
}

static uint32_t victim_clock(struct twin *t, uint64_t entry)
{
	uint32_t v;

	while (t->slot[t->hand].ref) {
		t->slot[t->hand].ref = false;
		t->hand = (t->hand + 1) % t->frames;
	}
	v = t->hand;
	t->hand = (t->hand + 1) % t->frames;
	return v;
}

static uint32_t victim_second(struct twin *t, uint64_t entry)
{
	while (t->slot[0].ref) {
		struct slot front = t->slot[0];

		front.ref = false;
		memmove(t->slot, t->slot + 1, (t->nr - 1) * sizeof(front));
		t->slot[t->nr - 1] = front;
	}
	return 0;
}

/* Slot 0 is the tail, the last one the head. */
static uint32_t victim_sieve(struct twin *t, uint64_t entry)
{
	uint32_t v = t->hand;

	while (t->slot[v].ref) {
		t->slot[v].ref = false;
		v = v + 1 == t->nr ? 0 : v + 1;
	}
	t->hand = v + 1 == t->nr ? 0 : v; /* what comes after it moves into its place */
	return v;
}

/* Splitmix64, and the upper half of its product with the number of frames, by hand. */
static uint32_t victim_random(struct twin *t, uint64_t entry)
{
	uint64_t x;

	t->param += 0x9e3779b97f4a7c15ULL;
	x = t->param;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	x = x ^ (x >> 31);
	return ((x >> 32) * t->frames + ((x & 0xffffffff) * t->frames >> 32)) >> 32;
}

static const struct kind kinds[] = {
	{&mms_policy_opt, victim_opt, .victim_is_last = true},
	{&mms_policy_fifo, victim_fifo, .victim_is_last = true},
	{&mms_policy_lru, victim_lru, .victim_is_last = true},
	{&mms_policy_lfu, victim_lfu, .victim_is_last = true},
	{&mms_policy_clock, victim_clock, .in_place = true},
	{&mms_policy_second_chance, victim_second, .ref_on_load = true},
	{&mms_policy_sieve, victim_sieve, .in_place = false},
	{&mms_policy_random, victim_random, .in_place = true},
};

#define NR_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static uint32_t twin_load(struct twin *t, uint32_t p, uint64_t entry)
{
	uint32_t v = t->nr;

	t->count.faults++;
	if (t->nr < t->frames) {
		t->nr++;
	} else {
		v = t->kind->victim(t, entry);
		t->count.evictions++;
		t->count.writebacks += t->slot[v].dirty;
		if (!t->kind->in_place) {
			memmove(&t->slot[v], &t->slot[v + 1], (t->nr - v - 1) * sizeof(t->slot[0]));
			v = t->nr - 1;
		}
	}
	t->slot[v] = (struct slot){.page = p, .ref = t->kind->ref_on_load};
	if (t->kind->policy == &mms_policy_clock)
		t->slot[v].ref = t->param;
	return v;
}

static void twin_ref(struct twin *t, uint32_t p, bool write, uint64_t entry)
{
	uint32_t i;

	for (i = 0; i < t->nr && t->slot[i].page != p; i++)
		;
	if (i < t->nr)
		t->slot[i].ref = true;
	else
		i = twin_load(t, p, entry);
	t->slot[i].last = t->now++;
	t->slot[i].count++;
	t->slot[i].dirty |= write;
	t->refs++;
	if (t->kind->policy == &mms_policy_lfu && t->param && t->refs % t->param == 0)
		for (i = 0; i < t->nr; i++)
			t->slot[i].count /= 2;
}

static void twin_run(struct twin *t, uint64_t from, uint64_t to)
{
	uint64_t i, k;

	for (i = from; i < to; i++)
		for (k = 0; k <= mms_refs_more(t->r, i); k++)
			twin_ref(t, t->r->page[i], mms_refs_write(t->r, i), i);
}

#endif
