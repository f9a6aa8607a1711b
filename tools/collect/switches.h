/* SPDX-License-Identifier: GPL-2.0-only */
/* Switches of the kernel that blind programs that hang already. */
#ifndef _MMS_SWITCHES_H
#define _MMS_SWITCHES_H

/* In words, with the fix; NULL if nothing that can be seen is off. */
const char *mms_switched_off(void);

#endif
