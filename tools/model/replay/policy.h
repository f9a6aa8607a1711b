/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a replacement policy is. To add one: tools/model/replay/NAME.c with a
 * struct mms_policy, its line in policies.h, and its naive twin in
 * tests/unit (policies_a_twins.h, twins_b.h), which shares no code with it.
 */
#ifndef _MMS_POLICY_H
#define _MMS_POLICY_H

#include "model/replay/refs.h"

#define MMS_POLICY_PARAMS 4
#define MMS_POLICY_NOTE	  24 /* room for a note, with its end */

/* Flags of a policy. */
enum {
	MMS_POLICY_WHOLE = 1 << 0,    /* wants the whole string at begin(): not for streams */
	MMS_POLICY_VARIABLE = 1 << 1, /* no fixed number of frames: conf.frames is not used */
	MMS_POLICY_STACK = 1 << 2,    /* more frames never mean more faults */
	MMS_POLICY_RANDOM = 1 << 3,   /* has a parameter "seed" */
	MMS_POLICY_VARIANTS = 1 << 4, /* books differ: reports name it with its parameters */
};

/**
 * struct mms_policy_param - one knob of a policy, a whole number
 * @name: as in "lfu:halve=1000"; NULL ends the list
 * @what: for the help, with its unit
 * @def: unless given; 0 may mean what @what says it does
 * @min: inclusive
 * @max: inclusive
 */
struct mms_policy_param {
	const char *name;
	const char *what;
	uint64_t def, min, max;
};

/**
 * struct mms_policy_conf - what a run is asked for
 * @nr_pages: of the string: ids are below it
 * @frames: > 0, may exceed @nr_pages
 * @param: in the order of the policy's params, each within its bounds
 * @whole: the string, for MMS_POLICY_WHOLE; else may be NULL
 * @list: mms_policy.list will be called: a policy may take a slower way that allows it
 */
struct mms_policy_conf {
	uint32_t nr_pages;
	uint32_t frames;
	uint64_t param[MMS_POLICY_PARAMS];
	const struct mms_refs *whole;
	bool list;
};

/**
 * struct mms_replay_count - what was counted; zeroed by the caller, added to by run()
 * @refs: references; hits are @refs - @faults
 * @faults: references to a page without a frame
 * @evictions: pages that lost their frame (not those that are left at the end)
 * @writebacks: of these, dirty ones: written since they got the frame
 * @resident: now
 * @max_resident: at any time after a reference
 * @sum_resident: over all references, pages resident after it; only of MMS_POLICY_VARIABLE
 */
struct mms_replay_count {
	uint64_t refs;
	uint64_t faults;
	uint64_t evictions;
	uint64_t writebacks;
	uint32_t resident;
	uint32_t max_resident;
	uint64_t sum_resident;
};

/**
 * struct mms_policy - a replacement policy, with demand paging: nothing comes before its fault
 * @name: lower case, as given with --policy
 * @title: for people
 * @source: who described it: author, title, where, year; and what was added or left open there
 * @flags: MMS_POLICY_*
 * @params: of it
 * @unfit: why no run can be had with that configuration whatever memory there is, or NULL; NULL
 *         itself: there is no such reason
 * @bytes: memory that begin() takes for that configuration, an upper bound
 * @begin: state before the first reference. NULL: no memory, or unfit
 * @run: entries [from, to) of @r, which follow those of the call before. With MMS_POLICY_WHOLE
 *       @r is conf.whole; else it may be any chunk, and need not stay after the call
 *       @count is the same one in all calls, as the call before left it
 * @list: the pages that are resident now, in the order of the policy's own structure (next
 *        victim last, if there is such an order); @pages has room for count.resident (at least 1)
 * @order: what list() is sorted by where its last page need not be the next victim; NULL: it is
 * @note: what the policy keeps of a resident page, in a few characters, "" if there is nothing to
 *        say; @buf has room for MMS_POLICY_NOTE. NULL: notes are not made
 * @notes: what those characters mean
 * @end: NULL is fine
 */
struct mms_policy {
	const char *name;
	const char *title;
	const char *source;
	unsigned int flags;
	struct mms_policy_param params[MMS_POLICY_PARAMS];
	const char *(*unfit)(const struct mms_policy_conf *conf);
	uint64_t (*bytes)(const struct mms_policy_conf *conf);
	void *(*begin)(const struct mms_policy_conf *conf);
	void (*run)(void *state, const struct mms_refs *r, uint64_t from, uint64_t to,
		    struct mms_replay_count *count);
	uint32_t (*list)(void *state, uint32_t *pages);
	const char *order;
	void (*note)(void *state, uint32_t page, char *buf);
	const char *notes;
	void (*end)(void *state);
};

#endif
