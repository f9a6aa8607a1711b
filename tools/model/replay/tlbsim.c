// SPDX-License-Identifier: GPL-2.0-only
/* A set-associative TLB: each set is a short array, latest use first. */
#include <stdlib.h>
#include <string.h>

#include "model/replay/tlbsim.h"

#define NOBODY UINT32_MAX

/**
 * struct level - one level's state
 * @ways: of a set
 * @set: of each page: where its set begins in @held
 * @held: pages, set by set, the latest use first
 */
struct level {
	uint32_t ways;
	uint32_t *set;
	uint32_t *held;
};

struct mms_tlbsim {
	struct level l1, l2;
	uint32_t last;
};

bool mms_tlbsim_level_ok(const struct mms_tlbsim_level *l)
{
	return l->entries && l->ways && l->entries <= MMS_TLBSIM_MAX_ENTRIES &&
	       l->entries % l->ways == 0;
}

static int level_init(struct level *l, const struct mms_tlbsim_level *conf, uint32_t nr_pages,
		      const uint64_t *vpn)
{
	uint32_t sets, i;

	if (!conf->entries)
		return 0;
	sets = conf->entries / conf->ways;
	l->ways = conf->ways;
	l->set = malloc(((size_t)nr_pages + 1) * sizeof(*l->set));
	l->held = malloc(conf->entries * sizeof(*l->held));
	if (!l->set || !l->held)
		return -1;
	for (i = 0; i < nr_pages; i++)
		l->set[i] = vpn[i] % sets * conf->ways;
	for (i = 0; i < conf->entries; i++)
		l->held[i] = NOBODY;
	return 0;
}

struct mms_tlbsim *mms_tlbsim_open(const struct mms_tlbsim_level *l1,
				   const struct mms_tlbsim_level *l2, uint32_t nr_pages,
				   const uint64_t *vpn)
{
	struct mms_tlbsim *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->last = NOBODY;
	if (!level_init(&t->l1, l1, nr_pages, vpn) && !level_init(&t->l2, l2, nr_pages, vpn))
		return t;
	mms_tlbsim_close(t);
	return NULL;
}

/* Look @page up; it is the latest of its set after that. Return: was it there? */
static bool look(struct level *l, uint32_t page)
{
	uint32_t *held = l->held + l->set[page], i;

	for (i = 0; i < l->ways - 1 && held[i] != page; i++)
		;
	if (held[i] == page && !i)
		return true;
	if (held[i] == page) {
		memmove(held + 1, held, i * sizeof(*held));
		held[0] = page;
		return true;
	}
	memmove(held + 1, held, (l->ways - 1) * sizeof(*held));
	held[0] = page;
	return false;
}

void mms_tlbsim_feed(struct mms_tlbsim *t, const struct mms_refs *r, struct mms_tlbsim_count *count)
{
	uint64_t i;

	for (i = 0; i < r->nr; i++) {
		uint32_t page = r->page[i];

		if (page == t->last)
			continue;
		t->last = page;
		if (look(&t->l1, page))
			continue;
		count->l1_misses++;
		if (!t->l2.ways || !look(&t->l2, page))
			count->walks++;
	}
	count->refs += r->nr_refs;
}

void mms_tlbsim_close(struct mms_tlbsim *t)
{
	if (!t)
		return;
	free(t->l1.set);
	free(t->l1.held);
	free(t->l2.set);
	free(t->l2.held);
	free(t);
}
