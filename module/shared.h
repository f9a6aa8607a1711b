/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shared: which frames of memory two processes both map.
 */
#ifndef _MMS_SHARED_H
#define _MMS_SHARED_H

#include <linux/types.h>
#include <linux/xarray.h>

struct mm_struct;
struct mms_walk;

/**
 * struct mms_frames - a set of frames
 * @chunks: bitmaps of 2^15 frames each
 */
struct mms_frames {
	struct xarray chunks;
};

/**
 * struct mms_shared - pages of one VMA, or of all
 * @anon: anonymous ones, KSM's included, of 4 KiB
 * @file: others
 */
struct mms_shared {
	u64 anon;
	u64 file;
};

struct mms_frames *mms_frames_create(void);
void mms_frames_destroy(struct mms_frames *f);
int mms_frames_read(struct mms_frames *f, struct mms_walk *w, struct mm_struct *mm,
		    const bool *stop);
void mms_shared_count(const struct mms_frames *f, const struct mms_walk *w, struct mms_shared *s);

#endif /* _MMS_SHARED_H */
