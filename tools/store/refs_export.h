/* SPDX-License-Identifier: GPL-2.0-only */
/* Reference strings in the formats of other programs. */
#ifndef _MMS_REFS_EXPORT_H
#define _MMS_REFS_EXPORT_H

#include <stdio.h>

#include "store/refs_file.h"

/**
 * struct mms_export_format - a format
 * @name: as people type it
 * @write: the whole string. Return: 0 or -errno, with @why
 */
struct mms_export_format {
	const char *name;
	int (*write)(struct mms_refs_reader *r, FILE *f, const char **why);
};

const struct mms_export_format *mms_export_find(const char *name); /* or NULL */

/* Memory that it takes; 0: next to none. */
uint64_t mms_export_bytes(const struct mms_export_format *f, const struct mms_refs_info *info);

/**
 * mms_export() - write a string to a file
 * @path: "-": stdout; a file that could not be written to its end is removed
 * @why: on error, what is wrong, with the string (-EBADMSG) or else with @path
 * Return: 0 or -errno.
 */
int mms_export(const struct mms_export_format *f, struct mms_refs_reader *r, const char *path,
	       const char **why);

#endif
