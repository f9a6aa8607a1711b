// SPDX-License-Identifier: GPL-2.0-only
/*
 * WSClock. The hand is said to look at frame after frame; here it goes straight to what it
 * looks for, and handles only the referenced frames on its way: sets of frames say where
 * they are, and a queue of the times of last use when frames become old.
 */
#include "model/replay/bitset.h"
#include "model/replay/policies.h"
#include "model/replay/slots.h"

enum { OUT, NOTED, OLD };
#define BATCH 32
#define AHEAD 8 /* frames that the hand comes to soon */

/* Holds while the page is NOTED with that time as its stamp. */
struct note {
	uint64_t time;
	uint32_t page;
};

struct wsclock {
	struct mms_slots s; /* prev: frame; mark: referenced bit; stamp: time of last use */
	uint64_t now;
	uint64_t tau;
	uint32_t frames;
	uint32_t hand;
	uint32_t *page_of;	 /* frame */
	struct mms_bitset used;	 /* frames with the referenced bit */
	struct mms_bitset clean; /* without it, older than tau */
	struct mms_bitset dirty; /* likewise */
	struct note *notes;	 /* a ring, oldest at first */
	uint64_t first, end, mask;
};

static uint32_t frames_of(const struct mms_policy_conf *conf)
{
	return conf->frames < conf->nr_pages ? conf->frames : conf->nr_pages;
}

/* Twice the frames, so that half of a full one does not hold any more. */
static uint64_t ring_size(const struct mms_policy_conf *conf)
{
	uint64_t size = 2;

	while (size < 2ull * frames_of(conf))
		size *= 2;
	return size;
}

static uint64_t wsclock_bytes(const struct mms_policy_conf *conf)
{
	return sizeof(struct wsclock) + mms_slots_bytes(conf->nr_pages, 0) +
	       sizeof(uint32_t) * frames_of(conf) + sizeof(struct note) * ring_size(conf) +
	       3 * sizeof(uint64_t) * mms_bitset_words(frames_of(conf));
}

static void wsclock_end(void *state)
{
	struct wsclock *w = state;

	if (w) {
		free(w->s.slot);
		free(w->page_of);
		free(w->notes);
		free(w->used.level[0]);
		free(w->clean.level[0]);
		free(w->dirty.level[0]);
	}
	free(w);
}

static void *wsclock_begin(const struct mms_policy_conf *conf)
{
	struct wsclock *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->frames = frames_of(conf);
	w->tau = conf->param[0];
	w->page_of = calloc(w->frames, sizeof(*w->page_of));
	w->mask = ring_size(conf) - 1;
	w->notes = calloc(ring_size(conf), sizeof(*w->notes)); /* looked at ahead of its end */
	if (!w->page_of || !w->notes || !mms_slots_init(&w->s, conf->nr_pages, 0) ||
	    !mms_bitset_init(&w->used, w->frames) || !mms_bitset_init(&w->clean, w->frames) ||
	    !mms_bitset_init(&w->dirty, w->frames)) {
		wsclock_end(w);
		return NULL;
	}
	return w;
}

/* The next frame of a set at or after the hand, all round; none: the number of frames. */
static uint32_t ahead(const struct wsclock *w, const struct mms_bitset *set)
{
	uint32_t frame = mms_bitset_next(set, w->hand);

	return frame == w->frames && w->hand ? mms_bitset_next(set, 0) : frame;
}

static bool holds(const struct wsclock *w, const struct note *n)
{
	const struct mms_slot *p = &w->s.slot[n->page];

	return p->where == NOTED && p->stamp == n->time;
}

/* Used now. */
static void note(struct wsclock *w, uint32_t page)
{
	struct mms_slot *p = &w->s.slot[page];
	uint64_t i, end = w->first;

	if (w->end - w->first > w->mask) {
		for (i = w->first; i < w->end; i++)
			if (holds(w, &w->notes[i & w->mask]))
				w->notes[end++ & w->mask] = w->notes[i & w->mask];
		w->end = end;
	}
	p->where = NOTED;
	p->stamp = w->now;
	w->notes[w->end++ & w->mask] = (struct note){.time = w->now, .page = page};
}

/* Notes that became older than tau. */
static void find_old(struct wsclock *w)
{
	for (; w->first < w->end; w->first++) {
		const struct note *n = &w->notes[w->first & w->mask];
		struct mms_slot *p = &w->s.slot[n->page];

		if (w->now - n->time <= w->tau)
			return;
		__builtin_prefetch(&w->s.slot[w->notes[(w->first + 8) & w->mask].page], 1);
		if (!holds(w, n))
			continue;
		p->where = OLD;
		if (!p->mark)
			mms_bitset_set(p->dirty ? &w->dirty : &w->clean, p->prev);
	}
}

/* There is one, after a whole turn. */
static uint32_t oldest(struct wsclock *w)
{
	while (!holds(w, &w->notes[w->first & w->mask]))
		w->first++;
	return w->s.slot[w->notes[w->first & w->mask].page].prev;
}

/* The hand passes frames [from, to). */
static void pass(struct wsclock *w, uint32_t from, uint32_t to)
{
	uint32_t pages[BATCH], frame, nr, i;

	do {
		for (nr = 0; nr < BATCH; nr++) {
			frame = mms_bitset_next(&w->used, from);
			if (frame >= to)
				break;
			mms_bitset_clear(&w->used, frame);
			pages[nr] = w->page_of[frame];
			__builtin_prefetch(&w->s.slot[pages[nr]], 1);
			from = frame + 1;
		}
		for (i = 0; i < nr; i++) {
			w->s.slot[pages[i]].mark = 0;
			note(w, pages[i]);
		}
	} while (nr == BATCH);
}

static uint32_t choose(struct wsclock *w)
{
	uint32_t frame;

	find_old(w);
	frame = ahead(w, &w->clean);
	if (frame < w->frames) {
		pass(w, w->hand, frame < w->hand ? w->frames : frame);
		if (frame < w->hand)
			pass(w, 0, frame);
		return frame;
	}
	pass(w, w->hand, w->frames);
	pass(w, 0, w->hand);
	frame = ahead(w, &w->dirty);
	return frame < w->frames ? frame : oldest(w);
}

static uint32_t evict(struct wsclock *w, struct mms_replay_count *count)
{
	uint32_t frame = choose(w), f;
	struct mms_slot *p = &w->s.slot[w->page_of[frame]];

	mms_bitset_clear(&w->clean, frame);
	mms_bitset_clear(&w->dirty, frame);
	p->where = OUT;
	mms_count_evicted(count, p->dirty);
	w->hand = frame + 1 < w->frames ? frame + 1 : 0;
	for (f = w->hand; f < w->hand + AHEAD && f < w->frames; f++)
		__builtin_prefetch(&w->s.slot[w->page_of[f]], 1);
	return frame;
}

static __attribute__((noinline)) void wsclock_fault(struct wsclock *w, uint32_t page,
						    struct mms_replay_count *count)
{
	uint32_t frame = count->resident < w->frames ? count->resident : evict(w, count);
	struct mms_slot *p = &w->s.slot[page];

	mms_count_fault(count);
	w->page_of[frame] = page;
	p->prev = frame;
	p->mark = 1;
	p->dirty = 0;
	mms_bitset_set(&w->used, frame);
	note(w, page);
}

static inline void wsclock_touch(void *state, uint32_t page, bool write, uint64_t more,
				 struct mms_replay_count *count)
{
	struct wsclock *w = state;
	struct mms_slot *p = &w->s.slot[page];

	if (p->where == OUT) {
		wsclock_fault(w, page, count);
	} else if (!p->mark) {
		p->mark = 1;
		mms_bitset_set(&w->used, p->prev);
		if (p->where == OLD)
			mms_bitset_clear(p->dirty ? &w->dirty : &w->clean, p->prev);
	}
	p->dirty |= write;
	w->now += 1 + more;
}

static void wsclock_run(void *state, const struct mms_refs *r, uint64_t from, uint64_t to,
			struct mms_replay_count *count)
{
	struct wsclock *w = state;

	mms_slots_run(&w->s, w, wsclock_touch, false, r, from, to, count);
}

/* The frame at the hand last. */
static uint32_t wsclock_list(void *state, uint32_t *pages)
{
	struct wsclock *w = state;
	uint32_t frame, nr = 0;
	uint64_t i;

	for (i = (uint64_t)w->hand + w->frames; i-- > w->hand;) {
		frame = i % w->frames;
		if (w->s.slot[w->page_of[frame]].where &&
		    w->s.slot[w->page_of[frame]].prev == frame)
			pages[nr++] = w->page_of[frame];
	}
	return nr;
}

static void wsclock_note(void *state, uint32_t page, char *buf)
{
	const struct wsclock *w = state;
	const struct mms_slot *p = &w->s.slot[page];

	if (p->mark)
		*buf++ = 'R';
	if (p->prev == w->hand)
		*buf++ = '<';
	*buf = '\0';
}

const struct mms_policy mms_policy_wsclock = {
	.name = "wsclock",
	.title = "WSClock",
	.source =
		"R. W. Carr and J. L. Hennessy, WSClock: a simple and effective algorithm for "
		"virtual memory management, SOSP 1981. Taken is the first clean page from the hand "
		"that is out of the working set; without one, after the whole turn, the first dirty "
		"one, written then; without that, where the paper would stop a process, the page "
		"whose noted time of last use is the oldest",
	.params = {{"tau", "references after which a page is out of the working set", 10000, 0,
		    1000000000000}},
	.bytes = wsclock_bytes,
	.begin = wsclock_begin,
	.run = wsclock_run,
	.list = wsclock_list,
	.order = "against the way of the hand, the frame that it looks at next last",
	.note = wsclock_note,
	.notes = "R referenced, < the hand",
	.end = wsclock_end,
};
