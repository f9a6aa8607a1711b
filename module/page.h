/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MMS_PAGE_H
#define _MMS_PAGE_H

#include <linux/types.h>

struct mms_entry;
struct vm_area_struct;

unsigned int mms_page_kind(struct vm_area_struct *vma, const struct mms_entry *e);
void mms_page_mark_young(u64 frame);

#endif /* _MMS_PAGE_H */
