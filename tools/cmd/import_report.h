/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the work of mmscope import and what it says of it. */
#ifndef _MMS_CMD_IMPORT_REPORT_H
#define _MMS_CMD_IMPORT_REPORT_H

#include "cmd/import.h"

/**
 * struct import_result - what was done
 * @sum: what became of the traces
 * @refs, @nr_pages, @nr_procs: of the string
 * @cut: there was more
 * @script: what runs the command, if that is a script; else empty
 */
struct import_result {
	const struct import_args *a;
	struct mms_import_count sum;
	uint64_t refs;
	uint32_t nr_pages, nr_procs;
	bool cut;
	const char *script;
};

/* To stdout, or stderr where that is a command's or the string's way. Return: an exit code. */
int import_report(const struct import_result *r);

#endif
