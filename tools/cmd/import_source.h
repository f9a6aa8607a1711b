/* SPDX-License-Identifier: GPL-2.0-only */
/* Where mmscope import has references from: a trace, or a string of our own. */
#ifndef _MMS_CMD_IMPORT_SOURCE_H
#define _MMS_CMD_IMPORT_SOURCE_H

#include "cmd/import.h"
#include "store/refs_file.h"

/**
 * struct import_source - one of them
 * @im: of a trace; or
 * @string: of a string, in @chunk of which the next reference is at entry @at, @done of whose
 *          references are handed out; @entry and @mark: counted over the whole string
 * @count: of a string
 * @file: for messages
 * @name: of its processes; NULL: the names that the string has
 * @ended: there is nothing more
 */
struct import_source {
	struct mms_import *im;
	struct mms_refs_reader *string;
	struct mms_refs chunk;
	uint64_t at, done, entry, mark;
	struct mms_import_count count;
	const char *file;
	const char *name;
	bool ended;
};

/* File number @i of those asked for. Return: an exit code. */
int import_source_open(struct import_source *s, const struct import_args *a, size_t i);

/* Can these be one string? Return: an exit code. */
int import_sources_agree(const struct import_source *s, size_t nr, const struct import_args *a);

/* As mms_import_next(). */
ssize_t import_source_next(struct import_source *s, struct mms_import_ref *refs, size_t max,
			   const char **why);

/* Are its pages ids, not parts of addresses? */
bool import_source_ids(const struct import_source *s);

const struct mms_import_count *import_source_count(const struct import_source *s);

/* Of the process that a reference of it has. */
const char *import_source_name(const struct import_source *s, const struct mms_import_ref *ref);

void import_source_close(struct import_source *s);

/* The last part of a path. */
const char *import_base_name(const char *path);

#endif
