/* SPDX-License-Identifier: GPL-2.0-only */
/* Each string once, until the end: what is handed out stays good. Bounded. Pure. */
#ifndef _MMS_NAMES_H
#define _MMS_NAMES_H

struct mms_names;

struct mms_names *mms_names_new(void);
void mms_names_free(struct mms_names *n);
/* Return: the copy; beyond the bound, or without memory, "[too many names]". Never NULL. */
const char *mms_names_get(struct mms_names *n, const char *s);

#endif
