// SPDX-License-Identifier: GPL-2.0-only
/*
 * errcode: the seven low bits of a fault's error code and that of SGX, as a
 * number below 256. Pure.
 */
#include <linux/types.h>
#include "errcode.h"

#define LOW_BITS 7
#define SGX_BIT	 15

/**
 * mms_errcode_fold - a small number for an error code
 * @error: as the CPU gave it
 *
 * Bits that no user address can be blamed with are dropped.
 *
 * Return: below MMS_ERRCODES; the low bits are those of @error.
 */
unsigned int mms_errcode_fold(unsigned long error)
{
	return (error & ((1U << LOW_BITS) - 1)) | (error >> SGX_BIT & 1) << LOW_BITS;
}

/**
 * mms_errcode_unfold - the error code of a small number
 * @folded: from mms_errcode_fold()
 */
unsigned long mms_errcode_unfold(unsigned int folded)
{
	return (folded & ((1U << LOW_BITS) - 1)) | (unsigned long)(folded >> LOW_BITS) << SGX_BIT;
}

/**
 * mms_errcode_name - what a bit of a folded code says
 * @bit: below MMS_ERRCODE_BITS
 */
const char *mms_errcode_name(unsigned int bit)
{
	static const char *const names[MMS_ERRCODE_BITS] = {"P", "W",  "U",  "RSVD",
							    "I", "PK", "SS", "SGX"};

	return names[bit];
}
