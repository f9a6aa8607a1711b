/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MMS_CONTROL_H
#define _MMS_CONTROL_H

#include <linux/fs.h>

struct mms_target;

/**
 * struct mms_control_hooks - how targets become visible, debugfs.c's part
 * @show: make the directory of a target; 0 or -errno
 * @hide: remove it and wait for the readers in it; cannot fail
 */
struct mms_control_hooks {
	int (*show)(struct mms_target *t);
	void (*hide)(struct mms_target *t);
};

extern const struct file_operations mms_control_fops;

void mms_control_init(const struct mms_control_hooks *hooks);
void mms_control_clear(void);

#endif /* _MMS_CONTROL_H */
