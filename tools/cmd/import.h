/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the options of mmscope import and its work. */
#ifndef _MMS_CMD_IMPORT_H
#define _MMS_CMD_IMPORT_H

#include "collect/import.h"
#include "util/format.h"

/**
 * struct import_args - what is asked for
 * @files: @nr_files of them; none with @command
 * @command: to run under valgrind, ended by NULL, or NULL
 * @has_shift: a page size was given
 * @names: @nr_names: of the processes, instead of those of the files
 * @out: the string
 * @interleave: references of each file in turn; 0: one file after the other
 * @max_refs: the first ones alone; 0: all
 */
struct import_args {
	const struct mms_import_format *format;
	struct mms_import_opts opts;
	bool has_shift;
	char **files;
	size_t nr_files;
	char **command;
	const char **names;
	size_t nr_names;
	const char *out;
	uint64_t interleave;
	uint64_t max_refs;
	enum out_format output;
};

extern const struct mms_import_format import_refs; /* strings of our own */

/* Return: an exit code. */
int import_run(const struct import_args *a);

#endif
