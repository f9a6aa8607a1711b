// SPDX-License-Identifier: GPL-2.0-only
/*
 * region: the rule by which a page grows older, and what becomes of ages when a
 * huge leaf is split or made. Must not know where scans come from.
 */
#include "region.h"

#define WORD(page) ((page) / 64)
#define MASK(page) (1ULL << (page) % 64)

static __u8 older(__u8 age)
{
	if (age == MMSCOPE_IDLE_NEVER || age == MMSCOPE_IDLE_MAX)
		return age;
	return age + 1;
}

static bool known(const struct mms_region *r, unsigned int page)
{
	return (r->mapped[WORD(page)] | r->swapped[WORD(page)]) & MASK(page);
}

/* The one age of a huge leaf becomes that of each of its pages. */
static void split(struct mms_region *r)
{
	__u64 mapped, swapped;
	unsigned int i;

	if (!r->huge)
		return;
	r->huge = 0;
	for (i = 1; i < MMS_AGE_PAGES; i++)
		r->age[i] = r->age[0];
	mapped = r->mapped[0] & 1 ? ~0ULL : 0;
	swapped = r->swapped[0] & 1 ? ~0ULL : 0;
	for (i = 0; i < MMS_AGE_PAGES / 64; i++) {
		r->mapped[i] = mapped;
		r->swapped[i] = swapped;
	}
}

/* Pages that became one huge leaf are as young as the youngest of them. */
static void join(struct mms_region *r)
{
	__u8 age = MMSCOPE_IDLE_NEVER;
	bool any = false;
	unsigned int i;

	if (r->huge)
		return;
	for (i = 0; i < MMS_AGE_PAGES; i++) {
		if (!known(r, i))
			continue;
		any = true;
		if (r->age[i] < age)
			age = r->age[i];
	}
	for (i = 0; i < MMS_AGE_PAGES / 64; i++)
		r->mapped[i] = r->swapped[i] = 0;
	r->huge = 1;
	r->age[0] = age;
	r->mapped[0] = any;
}

static void note(struct mms_region *r, unsigned int page, enum mms_seen seen)
{
	__u64 *mapped = &r->mapped[WORD(page)];
	__u64 *swapped = &r->swapped[WORD(page)];
	__u8 age = known(r, page) ? older(r->age[page]) : MMSCOPE_IDLE_NEVER;

	switch (seen) {
	case MMS_SEEN_GONE:
		*mapped &= ~MASK(page);
		*swapped &= ~MASK(page);
		return;
	case MMS_SEEN_MOVING:
		if (!known(r, page))
			return;
		break;
	case MMS_SEEN_SWAPPED:
		*mapped &= ~MASK(page);
		*swapped |= MASK(page);
		break;
	case MMS_SEEN_REFERENCED:
	case MMS_SEEN_IDLE:
		*mapped |= MASK(page);
		*swapped &= ~MASK(page);
		break;
	}
	r->age[page] = seen == MMS_SEEN_REFERENCED ? 0 : age;
}

/**
 * mms_region_note - what a scan saw of one page
 * @r: the region
 * @page: 0..511
 * @seen: what; a page that is new here begins as never referenced, unless it is
 */
void mms_region_note(struct mms_region *r, unsigned int page, enum mms_seen seen)
{
	split(r);
	note(r, page, seen);
}

/**
 * mms_region_note_huge - what a scan saw of a leaf that maps the whole region
 * @r: the region
 * @seen: what
 */
void mms_region_note_huge(struct mms_region *r, enum mms_seen seen)
{
	join(r);
	note(r, 0, seen);
}

/**
 * mms_region_forget - pages that have no age any more
 * @r: the region
 * @page: the first
 * @nr: how many
 */
void mms_region_forget(struct mms_region *r, unsigned int page, unsigned int nr)
{
	split(r);
	while (nr--)
		note(r, page++, MMS_SEEN_GONE);
}

/**
 * mms_region_empty - has no page an age
 * @r: the region
 *
 * Return: true if it can be freed.
 */
bool mms_region_empty(const struct mms_region *r)
{
	unsigned int i;

	for (i = 0; i < MMS_AGE_PAGES / 64; i++)
		if (r->mapped[i] | r->swapped[i])
			return false;
	return true;
}

/**
 * mms_region_known - has a page an age
 * @r: the region
 * @page: 0..511; 0 alone if @r->huge
 * @swapped: set if it has: it is not present
 *
 * Return: true if @r->age[@page] is valid.
 */
bool mms_region_known(const struct mms_region *r, unsigned int page, bool *swapped)
{
	if (!known(r, page))
		return false;
	*swapped = r->swapped[WORD(page)] & MASK(page);
	return true;
}
