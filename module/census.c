// SPDX-License-Identifier: GPL-2.0-only
/*
 * census: counts leaves. Owns which key of maps a leaf belongs to, and the
 * identities between the keys; must not know VMAs or output.
 */
#include "census.h"

static __u64 pages_of(const struct mms_leaf *l)
{
	return (l->end - l->start) >> 12;
}

/* Exactly one key of Size = Anon + File + ... + Other. */
static enum mms_tally_key kind_key(const struct mms_leaf *l)
{
	if (l->hugetlb && mms_kind_mapped(l->kind))
		return MMS_TALLY_HUGETLB;
	switch (l->kind) {
	case MMS_KIND_NONE:
		return MMS_TALLY_ABSENT;
	case MMS_KIND_ANON:
		return MMS_TALLY_ANON;
	case MMS_KIND_FILE:
		return MMS_TALLY_FILE;
	case MMS_KIND_KSM:
		return MMS_TALLY_KSM;
	case MMS_KIND_ZERO:
		return MMS_TALLY_ZERO;
	case MMS_KIND_SPECIAL:
		return MMS_TALLY_SPECIAL;
	case MMS_KIND_SWAP:
		return MMS_TALLY_SWAP;
	case MMS_KIND_MIGRATION:
		return MMS_TALLY_MIGRATION;
	case MMS_KIND_MARKER:
		return MMS_TALLY_MARKER;
	default:
		return MMS_TALLY_OTHER;
	}
}

static enum mms_tally_key level_key(const struct mms_leaf *l)
{
	if (l->level == MMSCOPE_LEVEL_PTE)
		return MMS_TALLY_4K;
	return l->level == MMSCOPE_LEVEL_PMD ? MMS_TALLY_2M : MMS_TALLY_1G;
}

/* Folios of 16 KiB to 1 MiB; their keys are in order of size. */
#define ORDER_MIN 2
#define ORDER_MAX (ORDER_MIN + MMS_TALLY_1M - MMS_TALLY_16K)

/*
 * A folio's first frame is a multiple of its size. All of it is mapped in a row
 * if as many ptes follow each other, from that frame on; until the last of them
 * is seen they are pages of 4 KiB like others.
 */
static void follow_run(struct mms_tally *t, const struct mms_leaf *l)
{
	struct mms_run *r = &t->run;
	__u64 folio = 1ULL << l->order;

	if (l->order < ORDER_MIN || l->order > ORDER_MAX) {
		r->left = 0;
		return;
	}
	if (!r->left || r->addr != l->start || r->frame != l->frame || r->order != l->order)
		r->left = l->frame & (folio - 1) ? 0 : folio;
	if (!r->left)
		return;
	r->addr = l->end;
	r->frame = l->frame + 1;
	r->order = l->order;
	if (--r->left)
		return;
	t->pages[MMS_TALLY_4K] -= folio;
	t->pages[MMS_TALLY_16K + l->order - ORDER_MIN] += folio;
}

static void add_size(struct mms_tally *t, const struct mms_leaf *l)
{
	t->pages[level_key(l)] += pages_of(l);
	if (l->level == MMSCOPE_LEVEL_PTE)
		follow_run(t, l);
}

/* What has a page of its own: neither the zero page nor raw frames. */
static void add_page(struct mms_tally *t, const struct mms_leaf *l)
{
	__u64 n = pages_of(l);

	if (!l->hugetlb)
		t->pages[MMS_TALLY_RSS] += n;
	t->pages[MMS_TALLY_SHARED] += l->shared;
	t->pages[MMS_TALLY_EXCLUSIVE] += n - l->shared;
	if (l->node < t->nodes)
		t->node[l->node] += n;
}

static void add_rights(struct mms_tally *t, const struct mms_leaf *l)
{
	__u64 n = pages_of(l);

	if (l->rights & MMS_RIGHT_W)
		t->pages[MMS_TALLY_WRITABLE] += n;
	if (l->rights & MMS_RIGHT_X)
		t->pages[MMS_TALLY_EXECUTABLE] += n;
	if ((l->rights & MMS_RIGHT_U) && !(l->rights & MMS_RIGHT_X))
		t->pages[MMS_TALLY_USER_NX] += n;
	if ((l->rights & MMS_RIGHT_W) && (l->rights & MMS_RIGHT_X))
		t->pages[MMS_TALLY_WX] += n;
	if ((l->rights & MMS_RIGHT_X) && !(t->rights & MMS_RIGHT_X))
		t->pages[MMS_TALLY_NX_CLEAR] += n;
}

/**
 * mms_tally_begin - begin with a VMA
 * @t: @node and @nodes are set; all counts become 0
 * @rights: MMS_RIGHT_R, _W and _X that the VMA allows
 */
void mms_tally_begin(struct mms_tally *t, unsigned int rights)
{
	__u32 i;

	for (i = 0; i < t->nodes; i++)
		t->node[i] = 0;
	*t = (struct mms_tally){.node = t->node, .nodes = t->nodes, .rights = rights};
}

/**
 * mms_tally_add - count a leaf or a hole
 * @t: the tally
 * @l: the leaf
 */
void mms_tally_add(struct mms_tally *t, const struct mms_leaf *l)
{
	const __u32 wx = MMS_RIGHT_W | MMS_RIGHT_X;
	enum mms_tally_key key = kind_key(l);
	__u64 n = pages_of(l);

	t->pages[MMS_TALLY_SIZE] += n;
	t->pages[key] += n;
	if ((t->rights & wx) == wx)
		t->pages[MMS_TALLY_WX_VMA] += n;
	if (key == MMS_TALLY_SWAP)
		t->swap[l->type % MMS_TALLY_SWAPS] += n;
	if (!mms_kind_mapped(l->kind))
		return;
	add_size(t, l);
	if (key != MMS_TALLY_ZERO && key != MMS_TALLY_SPECIAL)
		add_page(t, l);
	if (l->flags & MMS_FLAG_A)
		t->pages[MMS_TALLY_YOUNG] += n;
	if (mms_flags_dirty(l->flags))
		t->pages[MMS_TALLY_DIRTY] += n;
	if (l->flags & MMS_FLAG_NUMAHINT)
		t->pages[MMS_TALLY_NUMA_HINT] += n;
	else if (l->flags & MMS_FLAG_PROTNONE)
		t->pages[MMS_TALLY_PROTNONE] += n;
	add_rights(t, l);
}

/**
 * mms_tally_sum - add one tally to another
 * @t: the sum
 * @more: what is added; of as many nodes
 */
void mms_tally_sum(struct mms_tally *t, const struct mms_tally *more)
{
	__u32 i;

	for (i = 0; i < __MMS_TALLY_MAX; i++)
		t->pages[i] += more->pages[i];
	for (i = 0; i < MMS_TALLY_SWAPS; i++)
		t->swap[i] += more->swap[i];
	for (i = 0; i < t->nodes && i < more->nodes; i++)
		t->node[i] += more->node[i];
}

/**
 * mms_tally_name - key as PID/maps spells it
 * @key: enum mms_tally_key
 */
const char *mms_tally_name(unsigned int key)
{
	static const char *const names[__MMS_TALLY_MAX] = {
		"Size",	    "Rss",	 "Anon",       "File",	    "Ksm",     "Zero",
		"Special",  "Absent",	 "Swap",       "Migration", "Marker",  "Other",
		"4K",	    "2M",	 "1G",	       "HugeTLB",   "Young",   "Dirty",
		"ProtNone", "Writable",	 "Executable", "UserNX",    "16K",     "32K",
		"64K",	    "128K",	 "256K",       "512K",	    "1M",      "NumaHint",
		"Shared",   "Exclusive", "WX",	       "WXVma",	    "NxClear",
	};

	return key < __MMS_TALLY_MAX ? names[key] : "?";
}

/**
 * mms_census_add - count a leaf under its flags
 * @c: not yet sorted
 * @l: the leaf; what maps no memory is not counted
 */
void mms_census_add(struct mms_census *c, const struct mms_leaf *l)
{
	__u64 n = pages_of(l);
	unsigned int i, at;

	if (!mms_kind_mapped(l->kind) || !n)
		return;
	/* multiplicative hashing; Knuth, TAOCP vol. 3, 6.4 */
	at = (l->flags * 2654435761U) >> 23;
	for (i = 0; i < MMS_CENSUS_SLOTS; i++, at = (at + 1) % MMS_CENSUS_SLOTS) {
		if (c->slot[at].pages && c->slot[at].flags != l->flags)
			continue;
		c->nr += !c->slot[at].pages;
		c->slot[at].flags = l->flags;
		c->slot[at].pages += n;
		return;
	}
	c->lost += n;
}

static bool before(const struct mms_census *c, unsigned int a, unsigned int b)
{
	if (c->slot[a].pages != c->slot[b].pages)
		return c->slot[a].pages > c->slot[b].pages;
	return c->slot[a].flags < c->slot[b].flags;
}

/**
 * mms_census_sort - most pages first, then smaller masks
 * @c: nothing may be added any more
 */
void mms_census_sort(struct mms_census *c)
{
	unsigned int i, j, n = 0;

	for (i = 0; i < MMS_CENSUS_SLOTS; i++)
		if (c->slot[i].pages)
			c->slot[n++] = c->slot[i];
	for (i = 1; i < n; i++) {
		for (j = i; j && before(c, j, j - 1); j--) {
			const __u64 pages = c->slot[j].pages;
			const __u32 flags = c->slot[j].flags;

			c->slot[j] = c->slot[j - 1];
			c->slot[j - 1].pages = pages;
			c->slot[j - 1].flags = flags;
		}
	}
}
