/* SPDX-License-Identifier: GPL-2.0-only */
/* Why a loop of getline() ended: a file that was cut off is not a shorter one. */
#ifndef _MMS_READ_END_H
#define _MMS_READ_END_H

#include <errno.h>
#include <stdio.h>

/* Right behind the getline() that gave no line. Return: 0 at the end of the file, or -errno. */
static inline int mms_read_end(FILE *f)
{
	if (feof(f))
		return 0;
	return errno ? -errno : -EIO;
}

#endif
