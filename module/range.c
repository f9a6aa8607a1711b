// SPDX-License-Identifier: GPL-2.0-only
/*
 * range: merges leaves. Owns the rule of what is alike; must not know VMAs (the
 * caller ends a range where a VMA ends) or output.
 */
#include "range.h"

/* Accessed and dirty change all the time: counted, not compared. */
#define COUNTED (MMS_FLAG_A | MMS_FLAG_D | MMS_FLAG_SAVED_DIRTY)

/**
 * mms_range_begin - begin a range with its first leaf
 * @r: all of it is written
 * @l: the leaf
 */
void mms_range_begin(struct mms_range *r, const struct mms_leaf *l)
{
	__u64 pages = (l->end - l->start) >> 12;

	*r = (struct mms_range){
		.start = l->start,
		.end = l->end,
		.young = l->flags & MMS_FLAG_A ? pages : 0,
		.dirty = mms_flags_dirty(l->flags) ? pages : 0,
		.flags = l->flags & ~COUNTED,
		.kind = l->kind,
		.level = l->kind == MMS_KIND_NONE ? 0 : l->level,
		.rights = l->rights,
	};
}

/**
 * mms_range_merge - add a leaf if it continues the range
 * @r: the range
 * @l: the next leaf
 *
 * Return: false if @l is not adjacent or not alike; @r is unchanged then.
 */
bool mms_range_merge(struct mms_range *r, const struct mms_leaf *l)
{
	struct mms_range next;

	mms_range_begin(&next, l);
	if (next.start != r->end || next.kind != r->kind || next.level != r->level ||
	    next.rights != r->rights || next.flags != r->flags)
		return false;
	r->end = next.end;
	r->young += next.young;
	r->dirty += next.dirty;
	return true;
}
