// SPDX-License-Identifier: GPL-2.0-only
/*
 * cow_rule: tells copies, fills and reuses apart. Pure.
 */
#include <linux/types.h>
#include "cow_rule.h"

/**
 * mms_cow_judge - what a write fault that was resolved did
 * @before: the entry when the fault was taken
 * @after: the entry when it had ended; @anon and @home told if @before is empty
 *
 * PROT_NONE and NUMA-hint entries are not present: what they hide, the fault
 * uncovers first and takes a second one to copy. Anonymous memory touched for
 * the first time gets a page too, but nothing was there to be copied.
 *
 * Return: what it did.
 */
enum mms_cow_what mms_cow_judge(const struct mms_cow_look *before, const struct mms_cow_look *after)
{
	if (after->state != MMS_COW_READ && after->state != MMS_COW_WRITE)
		return MMS_COW_NOTHING;
	switch (before->state) {
	case MMS_COW_EMPTY:
		return after->anon && !after->home ? MMS_COW_MAYBE_FILLED : MMS_COW_NOTHING;
	case MMS_COW_READ:
		if (before->zero)
			return after->zero ? MMS_COW_NOTHING : MMS_COW_FILLED;
		if (before->frame != after->frame)
			return MMS_COW_COPIED;
		return after->state == MMS_COW_WRITE ? MMS_COW_REUSED : MMS_COW_NOTHING;
	case MMS_COW_WRITE:
		return MMS_COW_LATE;
	default:
		return MMS_COW_NOTHING;
	}
}

/**
 * mms_cow_what_name - the word for what was done
 * @what: below __MMS_COW_MAX
 */
const char *mms_cow_what_name(unsigned int what)
{
	static const char *const names[__MMS_COW_MAX] = {"copied", "filled", "reused"};

	return names[what];
}
