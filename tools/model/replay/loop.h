/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the loops of the policies share: how references are counted, and the loop for policies
 * that need one byte of state per page. Must not know any policy.
 */
#ifndef _MMS_LOOP_H
#define _MMS_LOOP_H

#include "model/replay/policy.h"

/* For bodies that are given constants: each call becomes its own loop. */
#define MMS_LOOP_INLINE static inline __attribute__((always_inline))

/* Entries between the one that is replayed and the one whose state is fetched. */
#define MMS_LOOP_AHEAD 64
/* State of this many bytes and less is near enough without. */
#define MMS_LOOP_NEAR (128 << 10)

/* Frames that can ever be used, at least one. */
static inline uint32_t mms_loop_frames(const struct mms_policy_conf *conf)
{
	uint32_t n = conf->frames < conf->nr_pages ? conf->frames : conf->nr_pages;

	return n ? n : 1;
}

/* References of the entries [from, to). */
static inline uint64_t mms_loop_refs(const struct mms_refs *r, uint64_t from, uint64_t to)
{
	uint64_t i, sum = to - from;

	if (!from && to == r->nr)
		return r->nr_refs;
	for (i = from; r->more && i < to; i++)
		sum += r->more[i];
	return sum;
}

/* At the end of run(), of policies whose pages leave for another page only. */
static inline void mms_loop_count(struct mms_replay_count *count, const struct mms_refs *r,
				  uint64_t from, uint64_t to, uint32_t resident)
{
	count->refs += mms_loop_refs(r, from, to);
	count->resident = resident;
	if (resident > count->max_resident)
		count->max_resident = resident;
}

/* State of a page in one byte; 0 is without a frame. */
enum {
	MMS_PAGE_IN = 1 << 0,	 /* has a frame */
	MMS_PAGE_REF = 1 << 1,	 /* referenced: when it is cleared is the policy's affair */
	MMS_PAGE_DIRTY = 1 << 2, /* written since it got the frame */
};

/**
 * struct mms_loop_bytes - a run over one byte of state per page
 * @state: of nr_pages
 * @quiet: a page with all these bits is referenced without any change
 * @ref: entry @i, for the others; @write is 0 or 1
 */
struct mms_loop_bytes {
	void *policy;
	uint8_t *state;
	uint8_t quiet;
	struct mms_replay_count *count;
	void (*ref)(void *policy, const struct mms_refs *r, uint64_t i, unsigned int write,
		    struct mms_replay_count *count);
};

MMS_LOOP_INLINE uint8_t mms_loop_and8(const uint8_t *s, const uint32_t *p)
{
	return s[p[0]] & s[p[1]] & s[p[2]] & s[p[3]] & s[p[4]] & s[p[5]] & s[p[6]] & s[p[7]];
}

MMS_LOOP_INLINE void mms_loop_fetch8(const uint8_t *s, const uint32_t *p)
{
	unsigned int k;

	for (k = 0; k < 8; k++)
		__builtin_prefetch(s + p[k], 1);
}

/*
 * Eight entries at a time are looked at together: most often they are all quiet, and then one
 * branch is all that they cost. @from is a multiple of 8, or the range is shorter than that.
 */
MMS_LOOP_INLINE void mms_loop_body(const struct mms_loop_bytes *l, const struct mms_refs *r,
				   uint64_t from, uint64_t to, const bool write, const bool far)
{
	uint64_t i = from;
	unsigned int k;

	for (; i + 8 <= to; i += 8) {
		unsigned int w = 0;
		uint8_t all;

		if (far && i + MMS_LOOP_AHEAD + 8 <= to)
			mms_loop_fetch8(l->state, r->page + i + MMS_LOOP_AHEAD);
		if (write && r->write)
			w = r->write[i / 64] >> (i % 64) & 0xff;
		all = mms_loop_and8(l->state, r->page + i);
		if ((all & l->quiet) == l->quiet && (!w || (all & MMS_PAGE_DIRTY)))
			continue;
		for (k = 0; k < 8; k++)
			l->ref(l->policy, r, i + k, w >> k & 1, l->count);
	}
	for (; i < to; i++)
		l->ref(l->policy, r, i, write && mms_refs_write(r, i), l->count);
}

/* Entries [from, to) of @r, and the counts that do not depend on the policy. */
MMS_LOOP_INLINE void mms_loop_run(const struct mms_loop_bytes *l, const struct mms_refs *r,
				  uint64_t from, uint64_t to)
{
	uint64_t even = (from + 7) & ~7ULL;
	bool far = r->nr_pages > MMS_LOOP_NEAR;

	if (even > to)
		even = to;
	mms_loop_body(l, r, from, even, true, false);
	if (r->write && far)
		mms_loop_body(l, r, even, to, true, true);
	else if (r->write)
		mms_loop_body(l, r, even, to, true, false);
	else if (far)
		mms_loop_body(l, r, even, to, false, true);
	else
		mms_loop_body(l, r, even, to, false, false);
}

#endif
