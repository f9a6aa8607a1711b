/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * range: neighbouring leaves that are alike, as one. Pure.
 */
#ifndef _MMS_RANGE_H
#define _MMS_RANGE_H

#include "entry.h"

/**
 * struct mms_range - merged leaves
 * @start: first address
 * @end: address after the last
 * @young: pages of 4 KiB whose leaf has the accessed bit
 * @dirty: pages of 4 KiB whose leaf was written to
 * @flags: MMS_FLAG_* of all, less accessed and dirty
 * @kind: enum mms_kind
 * @level: enum mmscope_level; 0 for holes, whose level differs from part to part
 * @rights: MMS_RIGHT_*
 */
struct mms_range {
	__u64 start;
	__u64 end;
	__u64 young;
	__u64 dirty;
	__u32 flags;
	__u8 kind;
	__u8 level;
	__u8 rights;
};

void mms_range_begin(struct mms_range *r, const struct mms_leaf *l);
bool mms_range_merge(struct mms_range *r, const struct mms_leaf *l);

#endif /* _MMS_RANGE_H */
