// SPDX-License-Identifier: GPL-2.0-only
/* Clock: frames in a circle, a hand that takes away reference bits, and the first page without. */
#include <stdlib.h>

#include "model/replay/loop.h"
#include "model/replay/policies.h"

#define AHEAD 16

/**
 * struct clock - state
 * @page: in each frame
 * @nr: frames in use
 * @hand: the frame it looks at next; when all are in use this is the one loaded first
 * @loaded: state of a page that comes in
 */
struct clock {
	uint32_t *page;
	uint8_t *state;
	uint32_t frames;
	uint32_t nr;
	uint32_t hand;
	uint8_t loaded;
};

static uint64_t clock_bytes(const struct mms_policy_conf *conf)
{
	return sizeof(struct clock) + 4 * (mms_loop_frames(conf) + (uint64_t)AHEAD) +
	       conf->nr_pages;
}

static void *clock_begin(const struct mms_policy_conf *conf)
{
	struct clock *s = calloc(1, clock_bytes(conf));

	if (!s)
		return NULL;
	s->frames = mms_loop_frames(conf);
	s->page = (uint32_t *)(s + 1);
	s->state = (uint8_t *)(s->page + s->frames + AHEAD);
	s->loaded = MMS_PAGE_IN | (conf->param[0] ? MMS_PAGE_REF : 0);
	return s;
}

/*
 * One step of the hand over four frames, without a branch: reference bits up to the first frame
 * without one are taken away. Return: how many frames these are.
 */
static unsigned int sweep4(struct clock *s, uint32_t at)
{
	unsigned int k, bits = 0;
	uint8_t *v[4];

	for (k = 0; k < 4; k++) {
		v[k] = &s->state[s->page[at + k]];
		bits |= (*v[k] / MMS_PAGE_REF & 1) << k;
	}
	bits &= ~(bits + 1); /* the lowest ones */
	for (k = 0; k < 4; k++)
		*v[k] &= ~((bits >> k & 1) * MMS_PAGE_REF);
	return __builtin_ctz(~bits);
}

/* Return: the frame whose page leaves. */
static uint32_t find_victim(struct clock *s)
{
	unsigned int passed = 4;
	uint32_t at = s->hand;

	while (passed == 4) {
		if (s->frames - at >= 4) {
			/* Behind the last frame are zeroes. */
			__builtin_prefetch(&s->state[s->page[at + AHEAD]], 1);
			__builtin_prefetch(&s->state[s->page[at + AHEAD + 1]], 1);
			passed = sweep4(s, at);
			at += passed;
		} else if (s->state[s->page[at]] & MMS_PAGE_REF) {
			s->state[s->page[at++]] &= ~MMS_PAGE_REF;
		} else {
			passed = 0;
		}
		if (at == s->frames)
			at = 0;
	}
	s->hand = at + 1 < s->frames ? at + 1 : 0;
	return at;
}

/* @more: repeats are hits, they set the bit whatever the load does. */
static void load(struct clock *s, uint32_t page, uint64_t more, struct mms_replay_count *count)
{
	uint32_t frame = s->nr;

	count->faults++;
	if (s->nr < s->frames) {
		s->nr++;
	} else {
		uint8_t *v;

		frame = find_victim(s);
		v = &s->state[s->page[frame]];
		count->evictions++;
		count->writebacks += !!(*v & MMS_PAGE_DIRTY);
		*v = 0;
	}
	s->page[frame] = page;
	s->state[page] = s->loaded | (more ? MMS_PAGE_REF : 0);
}

MMS_LOOP_INLINE void ref(void *policy, const struct mms_refs *r, uint64_t i, unsigned int write,
			 struct mms_replay_count *count)
{
	struct clock *s = policy;
	uint32_t page = r->page[i];

	if (s->state[page])
		s->state[page] |= MMS_PAGE_REF;
	else
		load(s, page, mms_refs_more(r, i), count);
	if (write)
		s->state[page] |= MMS_PAGE_DIRTY;
}

static void clock_run(void *state, const struct mms_refs *r, uint64_t from, uint64_t to,
		      struct mms_replay_count *count)
{
	struct clock *s = state;
	const struct mms_loop_bytes l = {s, s->state, MMS_PAGE_IN | MMS_PAGE_REF, count, ref};

	mms_loop_run(&l, r, from, to);
	mms_loop_count(count, r, from, to, s->nr);
}

/* From the frame behind the hand round to the one it looks at next. */
static uint32_t clock_list(void *state, uint32_t *pages)
{
	struct clock *s = state;
	uint32_t i, at = s->nr < s->frames ? s->nr : s->hand;

	for (i = 0; i < s->nr; i++) {
		at = at ? at - 1 : s->nr - 1;
		pages[i] = s->page[at];
	}
	return s->nr;
}

static void clock_note(void *state, uint32_t page, char *buf)
{
	const struct clock *s = state;

	if (s->state[page] & MMS_PAGE_REF)
		*buf++ = 'R';
	if (s->page[s->hand] == page)
		*buf++ = '<';
	*buf = '\0';
}

const struct mms_policy mms_policy_clock = {
	.name = "clock",
	.title = "Clock",
	.source = "F. J. Corbato, A paging experiment with the Multics system, MIT Project MAC "
		  "MAC-M-384, 1968; whether the fault itself sets the reference bit is left open "
		  "there: parameter bit",
	.flags = MMS_POLICY_VARIANTS,
	.params = {{"bit", "reference bit of a page that is loaded, 0 or 1", 1, 0, 1}},
	.bytes = clock_bytes,
	.begin = clock_begin,
	.run = clock_run,
	.list = clock_list,
	.order = "against the way of the hand, the frame that it looks at next last",
	.note = clock_note,
	.notes = "R referenced, < the hand",
	.end = free,
};
