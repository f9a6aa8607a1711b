// SPDX-License-Identifier: GPL-2.0-only
/* The working-set policy: resident is what was referenced in the last so many references. */
#include "model/replay/policies.h"
#include "model/replay/slots.h"

struct ws {
	struct mms_slots s; /* one list, latest reference first; the stamp is its time */
	uint64_t now;
	uint64_t window;
	uint64_t expires; /* no page leaves before the reference of that number */
};

static uint64_t ws_bytes(const struct mms_policy_conf *conf)
{
	return sizeof(struct ws) + mms_slots_bytes(conf->nr_pages, 1);
}

static void ws_end(void *state)
{
	struct ws *w = state;

	if (w)
		free(w->s.slot);
	free(w);
}

static void *ws_begin(const struct mms_policy_conf *conf)
{
	struct ws *w = calloc(1, sizeof(*w));

	if (!w || !mms_slots_init(&w->s, conf->nr_pages, 1)) {
		free(w);
		return NULL;
	}
	w->window = conf->param[0];
	return w;
}

/* Those that left the window when the reference of number @time is done. The page that is
 * referenced stays, so the list never becomes empty. */
static __attribute__((noinline)) void expire(struct ws *w, uint64_t time,
					     struct mms_replay_count *count)
{
	uint32_t head = mms_head(&w->s, 0), page;

	for (;;) {
		page = mms_list_last(&w->s, head);
		w->expires = w->s.slot[page].stamp + w->window;
		if (w->expires > time)
			return;
		mms_list_del(&w->s, page);
		w->s.slot[page].where = 0;
		mms_count_evicted(count, w->s.slot[page].dirty);
	}
}

/* References to the page that is at the front already, up to @last. */
static __attribute__((noinline)) void repeats(struct ws *w, uint32_t page, uint64_t last,
					      struct mms_replay_count *count)
{
	uint64_t time = w->now, until;

	w->s.slot[page].stamp = last;
	while (time <= last) {
		if (w->expires <= time)
			expire(w, time, count);
		until = w->expires <= last ? w->expires : last + 1;
		count->sum_resident += (until - time) * count->resident;
		time = until;
	}
}

static inline void ws_touch(void *state, uint32_t page, bool write, uint64_t more,
			    struct mms_replay_count *count)
{
	struct ws *w = state;
	struct mms_slot *p = &w->s.slot[page];
	uint32_t head = mms_head(&w->s, 0);

	if (p->where) {
		mms_list_move(&w->s, head, page);
		p->dirty |= write;
	} else {
		count->faults++;
		count->resident++;
		p->where = 1;
		p->dirty = write;
		mms_list_add(&w->s, head, page);
	}
	p->stamp = w->now;
	if (w->now >= w->expires)
		expire(w, w->now, count);
	/* Who comes as another leaves takes no room besides it. */
	if (count->resident > count->max_resident)
		count->max_resident = count->resident;
	count->sum_resident += count->resident;
	w->now++;
	if (more) {
		repeats(w, page, w->now + more - 1, count);
		w->now += more;
	}
}

static void ws_run(void *state, const struct mms_refs *r, uint64_t from, uint64_t to,
		   struct mms_replay_count *count)
{
	struct ws *w = state;

	mms_slots_run(&w->s, w, ws_touch, true, r, from, to, count);
}

static uint32_t ws_list(void *state, uint32_t *pages)
{
	struct ws *w = state;

	return mms_list_pages(&w->s, mms_head(&w->s, 0), pages, 0);
}

const struct mms_policy mms_policy_ws = {
	.name = "ws",
	.title = "working set",
	.source =
		"P. J. Denning, The working set model for program behavior, Communications of the "
		"ACM 11(5), 1968",
	.flags = MMS_POLICY_VARIABLE,
	.params = {{"window", "references", 10000, 1, 1000000000000}},
	.bytes = ws_bytes,
	.begin = ws_begin,
	.run = ws_run,
	.list = ws_list,
	.end = ws_end,
};
