// SPDX-License-Identifier: GPL-2.0-only
/*
 * Aging: a shift register per page. A page's value is its referenced bit above its register;
 * a shift halves all values, so it keeps the order of the pages: it joins lists of equal
 * values, two by two, and no page is visited.
 */
#include "model/replay/policies.h"
#include "model/replay/slots.h"

struct aging {
	struct mms_slots s; /* a list for each value */
	struct mms_beat beat;
	uint64_t ticks;	  /* shifts so far, from 1; the stamp of the pages referenced since */
	uint64_t *in_use; /* bit v: the list of value v has pages */
	uint32_t words;
	uint32_t top;	 /* the value of the referenced bit */
	uint32_t lowest; /* no page has a value below */
	uint32_t bits;
	uint32_t frames;
};

static uint32_t words_of(uint64_t bits)
{
	return ((2u << bits) + 63) / 64;
}

static uint64_t aging_bytes(const struct mms_policy_conf *conf)
{
	return sizeof(struct aging) + mms_slots_bytes(conf->nr_pages, 2ull << conf->param[0]) +
	       words_of(conf->param[0]) * sizeof(uint64_t);
}

static void aging_end(void *state)
{
	struct aging *a = state;

	if (a) {
		free(a->s.slot);
		free(a->in_use);
	}
	free(a);
}

static void *aging_begin(const struct mms_policy_conf *conf)
{
	struct aging *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->bits = conf->param[0];
	a->top = 1u << a->bits;
	a->lowest = 2 * a->top - 1;
	a->words = words_of(a->bits);
	a->in_use = calloc(a->words, sizeof(*a->in_use));
	if (!a->in_use || !mms_slots_init(&a->s, conf->nr_pages, 2 * a->top)) {
		aging_end(a);
		return NULL;
	}
	a->frames = conf->frames;
	a->beat.period = a->beat.next = conf->param[1];
	a->ticks = 1;
	return a;
}

/* Its value now: what it was at its stamp, halved since. */
static uint32_t value_of(const struct aging *a, uint32_t page)
{
	uint64_t shifts = a->ticks - a->s.slot[page].stamp;

	return shifts > a->bits ? 0 : a->s.slot[page].mark >> shifts;
}

static void leave(struct aging *a, uint32_t page, uint32_t value)
{
	mms_list_del(&a->s, page);
	if (mms_list_empty(&a->s, mms_head(&a->s, value)))
		a->in_use[value / 64] &= ~(1ull << value % 64);
}

static void enter(struct aging *a, uint32_t page, uint32_t value)
{
	a->s.slot[page].stamp = a->ticks;
	a->s.slot[page].mark = value;
	mms_list_add(&a->s, mms_head(&a->s, value), page);
	a->in_use[value / 64] |= 1ull << value % 64;
	if (value < a->lowest)
		a->lowest = value;
}

static __attribute__((noinline)) void shift(struct aging *a)
{
	uint32_t w;

	a->ticks++;
	a->lowest /= 2;
	for (w = 0; w < a->words; w++) {
		uint64_t left = a->in_use[w];

		a->in_use[w] = 0;
		/* Upwards: the half of a value is below it, and done with. */
		for (; left; left &= left - 1) {
			uint32_t v = w * 64 + __builtin_ctzll(left), half = v / 2;

			if (v)
				mms_list_splice(&a->s, mms_head(&a->s, v), mms_head(&a->s, half));
			a->in_use[half / 64] |= 1ull << half % 64;
		}
	}
}

static void evict(struct aging *a, struct mms_replay_count *count)
{
	uint32_t victim, w = a->lowest / 64;

	while (!a->in_use[w])
		w++;
	a->lowest = w * 64 + __builtin_ctzll(a->in_use[w]);
	victim = mms_list_last(&a->s, mms_head(&a->s, a->lowest));
	leave(a, victim, a->lowest);
	a->s.slot[victim].where = 0;
	mms_count_evicted(count, a->s.slot[victim].dirty);
}

static __attribute__((noinline)) void aging_fault(struct aging *a, uint32_t page,
						  struct mms_replay_count *count)
{
	if (count->resident == a->frames)
		evict(a, count);
	mms_count_fault(count);
	a->s.slot[page].where = 1;
	a->s.slot[page].dirty = 0;
	enter(a, page, a->top);
}

static inline void aging_hit(struct aging *a, uint32_t page)
{
	uint32_t value;

	if (a->s.slot[page].stamp == a->ticks)
		return;
	value = value_of(a, page);
	leave(a, page, value);
	enter(a, page, a->top | value);
}

static __attribute__((noinline)) void repeats(struct aging *a, uint32_t page, uint64_t shifts)
{
	/* After so many, this page is all ones and the others are 0: more change nothing. */
	if (shifts > a->bits + 2)
		shifts = a->bits + 2;
	for (; shifts; shifts--) {
		shift(a);
		aging_hit(a, page);
	}
}

static inline void aging_touch(void *state, uint32_t page, bool write, uint64_t more,
			       struct mms_replay_count *count)
{
	struct aging *a = state;
	uint64_t shifts;

	if (mms_beats(&a->beat, 1))
		shift(a);
	if (a->s.slot[page].where)
		aging_hit(a, page);
	else
		aging_fault(a, page, count);
	a->s.slot[page].dirty |= write;
	if (more) {
		shifts = mms_beats(&a->beat, more);
		if (shifts)
			repeats(a, page, shifts);
	}
}

static void aging_run(void *state, const struct mms_refs *r, uint64_t from, uint64_t to,
		      struct mms_replay_count *count)
{
	struct aging *a = state;

	mms_slots_run(&a->s, a, aging_touch, false, r, from, to, count);
}

static uint32_t aging_list(void *state, uint32_t *pages)
{
	struct aging *a = state;
	uint32_t v, nr = 0;

	for (v = 2 * a->top; v--;)
		nr = mms_list_pages(&a->s, mms_head(&a->s, v), pages, nr);
	return nr;
}

static void aging_note(void *state, uint32_t page, char *buf)
{
	const struct aging *a = state;
	uint32_t value = value_of(a, page), k = a->bits + 1;

	while (k--) {
		*buf++ = (char)('0' + (value >> k & 1));
		if (k == a->bits)
			*buf++ = '.';
	}
	*buf = '\0';
}

const struct mms_policy mms_policy_aging = {
	.name = "aging",
	.title = "aging registers",
	.source =
		"described by A. S. Tanenbaum, Modern Operating Systems, 1992 (\"aging\"); added: "
		"a bit not yet shifted in counts above the register, and of equal pages that "
		"one goes which had the lower value before, or else came to its value first",
	.params = {{"bits", "of the register", 8, 1, 15},
		   {"period", "references between shifts", 1000, 1, 1000000000000}},
	.bytes = aging_bytes,
	.begin = aging_begin,
	.run = aging_run,
	.list = aging_list,
	.note = aging_note,
	.notes = "referenced bit and register",
	.end = aging_end,
};
