/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MMS_FLUSH_H
#define _MMS_FLUSH_H

struct mm_struct;

const char *mms_flush_refusal(void);
void mms_flush_mm(struct mm_struct *mm);

#endif /* _MMS_FLUSH_H */
