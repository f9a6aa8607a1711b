/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MMS_DEBUGFS_H
#define _MMS_DEBUGFS_H

int mms_debugfs_init(void);
void mms_debugfs_exit(void);

#endif /* _MMS_DEBUGFS_H */
