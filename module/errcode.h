/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * errcode: error codes of x86 page faults, small enough to count by. Pure.
 */
#ifndef _MMS_ERRCODE_H
#define _MMS_ERRCODE_H

#define MMS_ERRCODE_P (1U << 0) /* protection, not absence */
#define MMS_ERRCODE_W (1U << 1)
#define MMS_ERRCODE_U (1U << 2)

/* Folded codes are below this. */
#define MMS_ERRCODES	 256
#define MMS_ERRCODE_BITS 8

unsigned int mms_errcode_fold(unsigned long error);
unsigned long mms_errcode_unfold(unsigned int folded);
const char *mms_errcode_name(unsigned int bit);

#endif /* _MMS_ERRCODE_H */
