// SPDX-License-Identifier: GPL-2.0-only
/*
 * OPT (MIN): the page whose next reference is the furthest away leaves.
 *
 * Pages are known by the time of their next reference alone: a set of times has one for each
 * page with a frame, entry t is a hit if t is in the set, and the victim is the highest one.
 * The last reference of a page has a next time behind the end of the string, the older the
 * further: pages that are not referenced again leave first, of these the one whose last
 * reference is the oldest. The set is a bitmap with summaries of 64 words each; times that have
 * passed stay in it, as the highest one is never one of them.
 */
#include <stdlib.h>

#include "model/replay/loop.h"
#include "model/replay/policies.h"

#define LEVELS 6

/**
 * struct opt - state
 * @next: of each entry
 * @gone: with list(): the page of each time from the end of the string on
 * @level: [0] is the set, a bit of [n + 1] is clear only if its word of [n] is 0
 * @top: the level of one word
 * @dirty: bit t: the page that comes back at t has been written
 * @now: the next entry
 */
struct opt {
	uint32_t *next;
	uint32_t *gone;
	uint64_t *level[LEVELS];
	unsigned int top;
	uint64_t *dirty;
	uint64_t now;
	uint32_t nr, frames;
	const struct mms_refs *r;
};

/* Words of each level, all times included. Return: the sum. */
static uint64_t words(const struct mms_refs *r, uint64_t level[LEVELS], unsigned int *top)
{
	uint64_t n = r->nr + r->nr_pages + 1, sum = 0;
	unsigned int l = 0;

	do {
		n = (n + 63) / 64;
		level[l] = n;
		*top = l++;
		sum += n;
	} while (n > 1);
	return sum;
}

static uint64_t opt_bytes(const struct mms_policy_conf *conf)
{
	const struct mms_refs *r = conf->whole;
	uint64_t level[LEVELS];
	unsigned int top;
	uint64_t sum = words(r, level, &top);

	return sizeof(struct opt) + 8 * (sum + (r->write ? level[0] : 0)) + 4 * r->nr +
	       (conf->list ? 4ULL * r->nr_pages : 0) + 4ULL * r->nr_pages;
}

/* Backwards: the first reference met of a page is its last one. */
static bool find_next(struct opt *s, const struct mms_refs *r)
{
	uint32_t *seen = calloc((uint64_t)r->nr_pages + 1, sizeof(*seen)), gone = 0;
	uint64_t t;

	if (!seen)
		return false;
	for (t = r->nr; t--;) {
		uint32_t p = r->page[t], next = seen[p];

		if (t >= MMS_LOOP_AHEAD)
			__builtin_prefetch(&seen[r->page[t - MMS_LOOP_AHEAD]], 1);
		if (!next) {
			if (s->gone)
				s->gone[gone] = p;
			next = r->nr + gone++;
		}
		s->next[t] = next;
		seen[p] = t;
	}
	free(seen);
	return true;
}

/* Times are 32 bits. */
static const char *opt_unfit(const struct mms_policy_conf *conf)
{
	if (!conf->whole || conf->whole->nr + conf->whole->nr_pages < UINT32_MAX)
		return NULL;
	return "takes at most 4,294,967,294 entries and pages together; its curve takes more "
	       "(--curve=opt)";
}

static void *opt_begin(const struct mms_policy_conf *conf)
{
	const struct mms_refs *r = conf->whole;
	uint64_t level[LEVELS], *at;
	unsigned int l;
	struct opt *s;

	if (opt_unfit(conf))
		return NULL;
	s = calloc(1, opt_bytes(conf));
	if (!s)
		return NULL;
	words(r, level, &s->top);
	at = (uint64_t *)(s + 1);
	for (l = 0; l <= s->top; at += level[l++])
		s->level[l] = at;
	if (r->write) {
		s->dirty = at;
		at += level[0];
	}
	s->next = (uint32_t *)at;
	s->gone = conf->list ? s->next + r->nr : NULL;
	s->frames = mms_loop_frames(conf);
	s->r = r;
	if (find_next(s, r))
		return s;
	free(s);
	return NULL;
}

static void add(struct opt *s, uint32_t time)
{
	unsigned int l;

	for (l = 0; l <= s->top; l++, time /= 64) {
		uint64_t *word = &s->level[l][time / 64], old = *word;

		*word = old | 1ULL << (time % 64);
		if (old)
			break;
	}
}

/* Take the highest time out of the set, which is not empty. */
static uint32_t take_highest(struct opt *s)
{
	unsigned int l = s->top;
	uint64_t at = 0;

	for (;;) {
		uint64_t word = s->level[l][at];

		if (!word) { /* a summary that is too old */
			l++;
			s->level[l][at / 64] &= ~(1ULL << (at % 64));
			at /= 64;
			continue;
		}
		if (!l) {
			unsigned int bit = 63 - __builtin_clzll(word);

			s->level[0][at] = word & ~(1ULL << bit);
			return at * 64 + bit;
		}
		at = at * 64 + 63 - __builtin_clzll(word);
		l--;
	}
}

static bool bit(const uint64_t *map, uint64_t i)
{
	return map[i / 64] >> (i % 64) & 1;
}

static void fault(struct opt *s, struct mms_replay_count *count, bool dirty)
{
	uint32_t victim;

	count->faults++;
	if (s->nr < s->frames) {
		s->nr++;
		return;
	}
	victim = take_highest(s);
	count->evictions++;
	if (dirty)
		count->writebacks += bit(s->dirty, victim);
}

MMS_LOOP_INLINE void body(struct opt *s, uint64_t from, uint64_t to, struct mms_replay_count *count,
			  const bool dirty, const bool far)
{
	const uint32_t *next = s->next;
	uint64_t t;

	for (t = from; t < to; t++) {
		bool hit = bit(s->level[0], t);

		if (far && t + MMS_LOOP_AHEAD < to)
			__builtin_prefetch(&s->level[0][next[t + MMS_LOOP_AHEAD] / 64], 1);
		if (!hit)
			fault(s, count, dirty);
		add(s, next[t]);
		if (dirty && ((hit && bit(s->dirty, t)) || mms_refs_write(s->r, t)))
			s->dirty[next[t] / 64] |= 1ULL << (next[t] % 64);
	}
}

static void opt_run(void *state, const struct mms_refs *r, uint64_t from, uint64_t to,
		    struct mms_replay_count *count)
{
	struct opt *s = state;
	bool far = r->nr_pages > MMS_LOOP_NEAR;

	if (r->write && far)
		body(s, from, to, count, true, true);
	else if (r->write)
		body(s, from, to, count, true, false);
	else if (far)
		body(s, from, to, count, false, true);
	else
		body(s, from, to, count, false, false);
	s->now = to;
	mms_loop_count(count, r, from, to, s->nr);
}

/* By next reference, the furthest one last. */
static uint32_t opt_list(void *state, uint32_t *pages)
{
	struct opt *s = state;
	uint64_t t, end = s->r->nr + s->r->nr_pages;
	uint32_t n = 0;

	for (t = s->now; t < end; t++)
		if (bit(s->level[0], t))
			pages[n++] = t < s->r->nr ? s->r->page[t] : s->gone[t - s->r->nr];
	return n;
}

const struct mms_policy mms_policy_opt = {
	.name = "opt",
	.title = "OPT",
	.source = "L. A. Belady, A study of replacement algorithms for a virtual-storage "
		  "computer, IBM Systems Journal 5(2), 1966 (MIN); of the pages that are not "
		  "referenced again the one whose last reference is the oldest leaves first",
	.flags = MMS_POLICY_WHOLE | MMS_POLICY_STACK,
	.unfit = opt_unfit,
	.bytes = opt_bytes,
	.begin = opt_begin,
	.run = opt_run,
	.list = opt_list,
	.end = free,
};
