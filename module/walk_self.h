/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * walk_self: the page tables that this very CPU runs, without a lock.
 */
#ifndef _MMS_WALK_SELF_H
#define _MMS_WALK_SELF_H

#include <linux/types.h>
#include <linux/mmscope.h>

struct mms_cow_look;

unsigned int mms_walk_self(u64 addr, u64 raw[MMSCOPE_LEVEL_PGD + 1]);
void mms_walk_self_look(struct mms_cow_look *l, u64 addr, bool page);

#endif /* _MMS_WALK_SELF_H */
