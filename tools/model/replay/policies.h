/* SPDX-License-Identifier: GPL-2.0-only */
/* The policies there are, and how one is named with its parameters. */
#ifndef _MMS_POLICIES_H
#define _MMS_POLICIES_H

#include "model/replay/policy.h"

/* One line each: the variable, in the order in which they are listed. */
#define MMS_POLICIES(X)             \
	X(mms_policy_opt)           \
	X(mms_policy_fifo)          \
	X(mms_policy_lru)           \
	X(mms_policy_lfu)           \
	X(mms_policy_clock)         \
	X(mms_policy_second_chance) \
	X(mms_policy_sieve)         \
	X(mms_policy_random)        \
	X(mms_policy_nru)           \
	X(mms_policy_aging)         \
	X(mms_policy_wsclock)       \
	X(mms_policy_ws)            \
	X(mms_policy_pff)           \
	X(mms_policy_lru_k)         \
	X(mms_policy_2q)            \
	X(mms_policy_arc)           \
	X(mms_policy_lirs)          \
	X(mms_policy_s3_fifo)       \
	X(mms_policy_linux)         \
	X(mms_policy_mglru)

#define MMS_POLICY_EXTERN(variable) extern const struct mms_policy variable;
MMS_POLICIES(MMS_POLICY_EXTERN)
#undef MMS_POLICY_EXTERN

/* All of them, ended by NULL. */
extern const struct mms_policy *const mms_policies[];

/**
 * mms_policy_parse() - "lru", "clock:bit=0", "lfu:halve=1000"
 * @text: name, then after a colon KEY=VALUE,... ; values may end in k, m, g (1,000s)
 * @conf: its param are set, defaults included
 * @why: on error, what is wrong, for "policy '%s': %s"; kept until the next call
 *
 * Return: the policy, or NULL.
 */
const struct mms_policy *mms_policy_parse(const char *text, struct mms_policy_conf *conf,
					  const char **why);

/* Why there can be no run, for "%s: %s" after the policy's name; NULL: there can. */
const char *mms_policy_unfit(const struct mms_policy *p, const struct mms_policy_conf *conf);

/**
 * mms_policy_replay() - a whole string through a policy
 * @p: policy
 * @conf: frames and parameters; nr_pages and whole are set here
 * @r: whole string
 * @count: zeroed and filled in
 * Return: 0, -ENOMEM, or -EOVERFLOW: unfit.
 */
int mms_policy_replay(const struct mms_policy *p, const struct mms_policy_conf *conf,
		      const struct mms_refs *r, struct mms_replay_count *count);

#endif
