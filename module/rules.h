/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rules: how the running kernel uses page-table entries. Set once at load,
 * read by everyone after that.
 */
#ifndef _MMS_RULES_H
#define _MMS_RULES_H

#include "entry.h"

extern struct mms_rules mms_rules __ro_after_init;

void mms_rules_init(void);

#endif /* _MMS_RULES_H */
