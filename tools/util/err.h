/* SPDX-License-Identifier: GPL-2.0-only */
/* Talk to the person: one line on stderr, "mmscope: " in front. */
#ifndef _MMS_ERR_H
#define _MMS_ERR_H

/* Exit codes, the same for every command. */
enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1, /* one line on stderr says why */
	EXIT_USAGE = 2,
	EXIT_MISSING = 3, /* something needed is missing: named, with the fix */
};

/* Print the line; never exits. Return: EXIT_FAILED, EXIT_USAGE, EXIT_MISSING, for "return
 * err_...(...)". */
int err_failed(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int err_usage(const char *cmd, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int err_missing(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* For "return err_output(out_destroy(o))": 0 is EXIT_OK, a closed pipe fails without a word. */
int err_output(int err);

#endif
