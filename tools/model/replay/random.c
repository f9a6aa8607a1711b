// SPDX-License-Identifier: GPL-2.0-only
/* RANDOM: any page leaves, each as likely as the others. */
#include <stdlib.h>

#include "model/replay/loop.h"
#include "model/replay/policies.h"

struct rnd {
	uint32_t *page;
	uint8_t *state;
	uint32_t frames;
	uint32_t nr;
	uint64_t seed;
};

static uint64_t random_bytes(const struct mms_policy_conf *conf)
{
	return sizeof(struct rnd) + 4ULL * mms_loop_frames(conf) + conf->nr_pages;
}

static void *random_begin(const struct mms_policy_conf *conf)
{
	struct rnd *s = calloc(1, random_bytes(conf));

	if (!s)
		return NULL;
	s->frames = mms_loop_frames(conf);
	s->page = (uint32_t *)(s + 1);
	s->state = (uint8_t *)(s->page + s->frames);
	s->seed = conf->param[0];
	return s;
}

/* Splitmix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014), scaled. Return: below @n. */
static uint32_t draw(uint64_t *seed, uint32_t n)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	z ^= z >> 31;
	return (unsigned __int128)z * n >> 64;
}

static void load(struct rnd *s, uint32_t page, struct mms_replay_count *count)
{
	uint32_t frame = s->nr;

	count->faults++;
	if (s->nr < s->frames) {
		s->nr++;
	} else {
		uint8_t *v;

		frame = draw(&s->seed, s->frames);
		v = &s->state[s->page[frame]];
		count->evictions++;
		count->writebacks += !!(*v & MMS_PAGE_DIRTY);
		*v = 0;
	}
	s->page[frame] = page;
	s->state[page] = MMS_PAGE_IN;
}

MMS_LOOP_INLINE void ref(void *policy, const struct mms_refs *r, uint64_t i, unsigned int write,
			 struct mms_replay_count *count)
{
	struct rnd *s = policy;
	uint32_t page = r->page[i];

	if (!s->state[page])
		load(s, page, count);
	if (write)
		s->state[page] |= MMS_PAGE_DIRTY;
}

static void random_run(void *state, const struct mms_refs *r, uint64_t from, uint64_t to,
		       struct mms_replay_count *count)
{
	struct rnd *s = state;
	const struct mms_loop_bytes l = {s, s->state, MMS_PAGE_IN, count, ref};

	mms_loop_run(&l, r, from, to);
	mms_loop_count(count, r, from, to, s->nr);
}

/* By frame. */
static uint32_t random_list(void *state, uint32_t *pages)
{
	struct rnd *s = state;
	uint32_t i;

	for (i = 0; i < s->nr; i++)
		pages[i] = s->page[i];
	return s->nr;
}

const struct mms_policy mms_policy_random = {
	.name = "random",
	.title = "RANDOM",
	.source = "L. A. Belady, A study of replacement algorithms for a virtual-storage "
		  "computer, IBM Systems Journal 5(2), 1966",
	.flags = MMS_POLICY_RANDOM,
	.params = {{"seed", "of the draws, the same seed gives the same faults", 1, 0, UINT64_MAX}},
	.bytes = random_bytes,
	.begin = random_begin,
	.run = random_run,
	.list = random_list,
	.order = "the frames",
	.end = free,
};
