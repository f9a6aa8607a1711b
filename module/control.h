/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MMS_CONTROL_H
#define _MMS_CONTROL_H

#include <linux/fs.h>

extern const struct file_operations mms_control_fops;

void mms_control_clear(void);

#endif /* _MMS_CONTROL_H */
