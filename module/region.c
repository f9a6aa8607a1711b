// SPDX-License-Identifier: GPL-2.0-only
/*
 * region: the rule by which a page grows older, what becomes of ages when a huge
 * leaf is split or made, and when a scan may spare a region. Must not know where
 * scans come from.
 */
#include "region.h"

#define WORD(page) ((page) / 64)
#define MASK(page) (1ULL << (page) % 64)
#define BYTES(b)   (0x0101010101010101ULL * (b))

static __u8 older(__u8 age, unsigned int scans)
{
	if (age == MMSCOPE_IDLE_NEVER)
		return age;
	return age + scans < MMSCOPE_IDLE_MAX ? age + scans : MMSCOPE_IDLE_MAX;
}

/*
 * The same for eight ages at once; @scans below 128. A byte of @full has its top
 * bit where the sum is beyond MMSCOPE_IDLE_MAX, of @never where the age is _NEVER:
 * both are carries out of the seven bits below.
 */
static __u64 older8(__u64 ages, unsigned int scans)
{
	__u64 low = ages & BYTES(0x7f), top = ages & BYTES(0x80);
	__u64 full = (low + BYTES(scans + 1)) & top;
	__u64 never = (low + BYTES(1)) & top;
	__u64 mask = (full << 1) - (full >> 7); /* all bits of those bytes */

	return ((((low + BYTES(scans)) ^ top) & ~mask) | (mask & BYTES(MMSCOPE_IDLE_MAX))) +
	       (never >> 7);
}

static void grow_older(struct mms_region *r, unsigned int page, unsigned int nr)
{
	unsigned int end = page + nr;

	for (; page < end && page % 8; page++)
		r->age[page] = older(r->age[page], 1);
	for (; page + 8 <= end; page += 8)
		r->words[page / 8] = older8(r->words[page / 8], 1);
	for (; page < end; page++)
		r->age[page] = older(r->age[page], 1);
}

/* Write down what the scans that spared the region made of its ages. */
static void settle(struct mms_region *r)
{
	unsigned int i;

	if (!r->late)
		return;
	for (i = 0; i < MMS_AGE_PAGES / 8; i++)
		r->words[i] = older8(r->words[i], r->late);
	r->late = 0;
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

	settle(r);
	if (!r->huge)
		return;
	r->huge = 0;
	for (i = 1; i < MMS_AGE_PAGES; i++)
		r->age[i] = r->age[0];
	mapped = r->mapped[0] & 1 ? ~0ULL : 0;
	swapped = r->swapped[0] & 1 ? ~0ULL : 0;
	for (i = 0; i < MMS_AGE_WORDS; i++) {
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

	settle(r);
	if (r->huge)
		return;
	for (i = 0; i < MMS_AGE_PAGES; i++) {
		if (!known(r, i))
			continue;
		any = true;
		if (r->age[i] < age)
			age = r->age[i];
	}
	for (i = 0; i < MMS_AGE_WORDS; i++)
		r->mapped[i] = r->swapped[i] = 0;
	r->huge = 1;
	r->age[0] = age;
	r->mapped[0] = any;
}

/**
 * mms_region_spare - may this scan leave out the ptes of a region
 * @r: the region, of ptes
 * @referenced: the accessed bit of the entry that points to the ptes was set; the
 *	caller has cleared it, before it looks at any pte, and drops all cached
 *	translations after the scan
 *
 * Why it is sound. A CPU sets the bit when it reads the entry to translate an
 * address, and keeps in its caches only what it has read so; from the flush that
 * ended a scan until the next clear of the bit, no CPU uses the ptes without
 * setting it. Between a clear and the flush after it a CPU that has the entry
 * cached sets bits of ptes alone. So a region whose bit was set is looked at, now
 * and, whatever its bit says, in the next scan, which finds what came in between.
 * If the bit was clear in that next scan then no CPU has the entry at all, and we
 * are quiet: as long as the bit stays clear nothing has been referenced.
 *
 * What the kernel does without such a reference (unmapping, swapping out, mapping
 * ahead of use) is seen late, hence the bound. A new table of ptes comes with the
 * bit set.
 *
 * Return: true if it may; all pages are one scan older then.
 */
bool mms_region_spare(struct mms_region *r, bool referenced)
{
	bool spare = r->quiet && !referenced && r->late < MMS_REGION_SPARES;

	r->quiet = !referenced;
	r->late += spare;
	return spare;
}

static void set_ages(struct mms_region *r, unsigned int word, __u64 pages, __u8 age)
{
	unsigned int i;

	if (pages == ~0ULL) {
		for (i = 0; i < 8; i++)
			r->words[word * 8 + i] = BYTES(age);
		return;
	}
	for (; pages; pages &= pages - 1)
		r->age[word * 64 + __builtin_ctzll(pages)] = age;
}

static void note_word(struct mms_region *r, const struct mms_look *l, unsigned int w)
{
	__u64 mapped = l->referenced[w] | l->idle[w];
	__u64 known = r->mapped[w] | r->swapped[w];
	__u64 keep = l->moving[w];

	/* pages of this word that were not looked at */
	if (w == WORD(l->from))
		keep |= MASK(l->from) - 1;
	if (w == WORD(l->from + l->nr))
		keep |= ~(MASK(l->from + l->nr) - 1);
	set_ages(r, w, (mapped | l->swapped[w]) & ~known, MMSCOPE_IDLE_NEVER);
	set_ages(r, w, l->referenced[w], 0);
	r->mapped[w] = (r->mapped[w] & keep) | mapped;
	r->swapped[w] = (r->swapped[w] & keep) | l->swapped[w];
}

/**
 * mms_region_note - what a scan saw of ptes
 * @r: the region
 * @l: what; a page that is new here begins as never referenced, unless it is
 */
void mms_region_note(struct mms_region *r, const struct mms_look *l)
{
	unsigned int w;

	split(r);
	grow_older(r, l->from, l->nr);
	for (w = WORD(l->from); w * 64 < (unsigned int)l->from + l->nr; w++)
		note_word(r, l, w);
}

/**
 * mms_region_note_huge - what a scan saw of a leaf that maps the whole region
 * @r: the region
 * @seen: what
 */
void mms_region_note_huge(struct mms_region *r, enum mms_seen seen)
{
	join(r);
	r->quiet = 0;
	r->age[0] = known(r, 0) ? older(r->age[0], 1) : MMSCOPE_IDLE_NEVER;
	if (seen == MMS_SEEN_REFERENCED)
		r->age[0] = 0;
	if (seen == MMS_SEEN_MOVING)
		return;
	r->mapped[0] = seen == MMS_SEEN_REFERENCED || seen == MMS_SEEN_IDLE;
	r->swapped[0] = seen == MMS_SEEN_SWAPPED;
}

/**
 * mms_region_forget - pages that have no age any more
 * @r: the region
 * @page: the first
 * @nr: how many, at least one
 */
void mms_region_forget(struct mms_region *r, unsigned int page, unsigned int nr)
{
	split(r);
	for (; nr--; page++) {
		r->mapped[WORD(page)] &= ~MASK(page);
		r->swapped[WORD(page)] &= ~MASK(page);
	}
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

	for (i = 0; i < MMS_AGE_WORDS; i++)
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
 * Return: true if mms_region_age() of @page is valid.
 */
bool mms_region_known(const struct mms_region *r, unsigned int page, bool *swapped)
{
	if (!known(r, page))
		return false;
	*swapped = r->swapped[WORD(page)] & MASK(page);
	return true;
}

/**
 * mms_region_age - how old a page is
 * @r: the region
 * @page: a page that is known
 *
 * Return: 0..MMSCOPE_IDLE_MAX or MMSCOPE_IDLE_NEVER.
 */
unsigned int mms_region_age(const struct mms_region *r, unsigned int page)
{
	return older(r->age[page], r->late);
}
