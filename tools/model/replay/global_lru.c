// SPDX-License-Identifier: GPL-2.0-only
/* One LRU list over the pages of several processes, which take turns. */
#include <errno.h>
#include <stdlib.h>

#include "model/replay/global_lru.h"

#define NONE UINT32_MAX

/* A page; in the list if @resident. */
struct node {
	uint32_t newer, older;
	uint32_t proc;
	bool resident, dirty;
};

/**
 * struct shared - the state
 * @node: of each page
 * @newest: head of the list; @oldest: its tail, the next victim
 * @used: frames in use, of @frames
 * @now: references of all so far
 * @since: of each process: when @count[].resident changed last
 * @sum: of each process: pages times references until then
 */
struct shared {
	struct node *node;
	uint32_t newest, oldest;
	uint64_t used, frames, now;
	uint64_t *since;
	double *sum;
	struct mms_global_count *count;
	size_t nr;
};

static void release(struct shared *s)
{
	free(s->node);
	free(s->since);
	free(s->sum);
}

static int init(struct shared *s, uint64_t nr_pages, size_t nr, uint64_t frames,
		struct mms_global_count *count)
{
	size_t i;

	*s = (struct shared){.newest = NONE, .oldest = NONE, .frames = frames, .nr = nr};
	s->count = count;
	for (i = 0; i < nr; i++)
		count[i] = (struct mms_global_count){0};
	if (nr_pages >= NONE)
		return -ENOMEM;
	s->node = calloc(nr_pages + 1, sizeof(*s->node));
	s->since = calloc(nr + 1, sizeof(*s->since));
	s->sum = calloc(nr + 1, sizeof(*s->sum));
	if (s->node && s->since && s->sum)
		return 0;
	release(s);
	return -ENOMEM;
}

/* One page more or less from the reference that is now being made. */
static void resize(struct shared *s, uint32_t proc, int by)
{
	s->sum[proc] += (double)s->count[proc].resident * (double)(s->now - s->since[proc]);
	s->since[proc] = s->now;
	s->count[proc].resident += by;
}

static void take_out(struct shared *s, uint32_t page)
{
	struct node *n = &s->node[page];

	if (n->newer == NONE)
		s->newest = n->older;
	else
		s->node[n->newer].older = n->older;
	if (n->older == NONE)
		s->oldest = n->newer;
	else
		s->node[n->older].newer = n->newer;
}

static void put_first(struct shared *s, uint32_t page)
{
	struct node *n = &s->node[page];

	n->newer = NONE;
	n->older = s->newest;
	if (s->newest == NONE)
		s->oldest = page;
	else
		s->node[s->newest].newer = page;
	s->newest = page;
}

static void evict(struct shared *s, uint32_t for_proc)
{
	uint32_t page = s->oldest;
	struct node *n = &s->node[page];

	take_out(s, page);
	n->resident = false;
	s->count[n->proc].writebacks += n->dirty;
	s->count[n->proc].lost += n->proc != for_proc;
	n->dirty = false;
	resize(s, n->proc, -1);
	s->used--;
}

/* @times references of @proc to @page, one after the other. */
static void refer(struct shared *s, uint32_t page, uint32_t proc, uint64_t times, bool write)
{
	struct node *n = &s->node[page];

	if (n->resident) {
		take_out(s, page);
	} else {
		s->count[proc].faults++;
		if (s->used == s->frames)
			evict(s, proc);
		n->proc = proc;
		n->resident = true;
		resize(s, proc, 1);
		s->used++;
	}
	put_first(s, page);
	n->dirty |= write;
	s->count[proc].refs += times;
	s->now += times;
}

static void finish(struct shared *s)
{
	size_t i;

	for (i = 0; i < s->nr; i++) {
		resize(s, i, 0);
		s->count[i].mean = s->now ? s->sum[i] / (double)s->now : 0;
	}
	release(s);
}

/* Where a string is: entry @at, of which @done references have been made. */
struct cursor {
	uint64_t at, done;
	uint32_t first_page;
};

/* Which of an entry's references writes is not known: the first one that is made. */
static void take_turn(struct shared *s, const struct mms_refs *r, struct cursor *c, uint32_t proc,
		      uint64_t turn)
{
	while (turn && c->at < r->nr) {
		uint64_t left = 1 + mms_refs_more(r, c->at) - c->done;
		uint64_t times = left < turn ? left : turn;

		refer(s, c->first_page + r->page[c->at], proc, times,
		      !c->done && mms_refs_write(r, c->at));
		turn -= times;
		c->done += times;
		if (times == left) {
			c->at++;
			c->done = 0;
		}
	}
}

int mms_global_lru_turns(const struct mms_refs *r, const uint64_t *turn, size_t nr, uint64_t frames,
			 struct mms_global_count *count)
{
	struct cursor *c = calloc(nr + 1, sizeof(*c));
	uint64_t pages = 0;
	struct shared s;
	bool any = true;
	size_t i;

	for (i = 0; c && i < nr; i++) {
		c[i].first_page = pages;
		pages += r[i].nr_pages;
	}
	if (!c || init(&s, pages, nr, frames, count)) {
		free(c);
		return -ENOMEM;
	}
	while (any) {
		any = false;
		for (i = 0; i < nr; i++) {
			take_turn(&s, &r[i], &c[i], i, turn[i]);
			any |= c[i].at < r[i].nr;
		}
	}
	finish(&s);
	free(c);
	return 0;
}

int mms_global_lru_string(const struct mms_refs *r, const uint16_t *proc_of, size_t nr,
			  uint64_t frames, struct mms_global_count *count)
{
	struct shared s;
	uint64_t i;

	if (init(&s, r->nr_pages, nr, frames, count))
		return -ENOMEM;
	for (i = 0; i < r->nr; i++) {
		uint32_t page = r->page[i];

		refer(&s, page, proc_of[page], 1 + mms_refs_more(r, i), mms_refs_write(r, i));
	}
	finish(&s);
	return 0;
}
