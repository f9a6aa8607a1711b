/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * track: targets come and go here, one change at a time.
 */
#ifndef _MMS_TRACK_H
#define _MMS_TRACK_H

struct mms_target;

/**
 * struct mms_track_hooks - how targets become visible, debugfs.c's part
 * @show: make the directory of a target; 0 or -errno
 * @hide: remove it and wait for the readers in it; cannot fail
 */
struct mms_track_hooks {
	int (*show)(struct mms_target *t);
	void (*hide)(struct mms_target *t);
};

void mms_track_init(const struct mms_track_hooks *hooks);
int mms_track_lock_killable(void);
void mms_track_lock(void);
void mms_track_unlock(void);

int mms_track_show(struct mms_target *t);
void mms_track_hide(struct mms_target *t);
void mms_track_add(struct mms_target *t);
void mms_track_forget(struct mms_target *t);
unsigned int mms_track_followed(void);

#endif /* _MMS_TRACK_H */
