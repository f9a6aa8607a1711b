// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines for the person on stderr. Owns their shape (one line, one prefix, no
 * terminal escapes from what the user or a file name put in); knows nothing
 * of what went wrong.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util/err.h"

static void say(const char *cmd, const char *fmt, va_list ap, const char *tail)
{
	char line[1024];
	char *p;

	vsnprintf(line, sizeof(line), fmt, ap);
	for (p = line; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	fflush(stdout);
	fprintf(stderr, "mmscope: %s%s%s%s\n", cmd ? cmd : "", cmd ? ": " : "", line, tail);
}

/**
 * err_failed() - say why the command failed
 * @fmt: the reason, without a newline
 * Return: EXIT_FAILED.
 */
int err_failed(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(NULL, fmt, ap, "");
	va_end(ap);
	return EXIT_FAILED;
}

/**
 * err_usage() - say what is wrong with the command line and where help is
 * @cmd: the subcommand, NULL for the tool itself
 * @fmt: what is wrong
 * Return: EXIT_USAGE.
 */
int err_usage(const char *cmd, const char *fmt, ...)
{
	char tail[64];
	va_list ap;

	snprintf(tail, sizeof(tail), " (try 'mmscope %s%s-h')", cmd ? cmd : "", cmd ? " " : "");
	va_start(ap, fmt);
	say(cmd, fmt, ap, tail);
	va_end(ap);
	return EXIT_USAGE;
}

/**
 * err_missing() - name what is missing and the fix
 * @fmt: "WHAT is missing: FIX"
 * Return: EXIT_MISSING.
 */
int err_missing(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(NULL, fmt, ap, "");
	va_end(ap);
	return EXIT_MISSING;
}

/**
 * warn() - something the person should know that does not stop the command
 * @fmt: the line
 */
void warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(NULL, fmt, ap, "");
	va_end(ap);
}

/**
 * err_output() - turn the end of an output into an exit code
 * @err: what out_destroy() returned
 *
 * A closed pipe ("| head") is the reader's choice, so it gets no line.
 * Return: EXIT_OK or EXIT_FAILED.
 */
int err_output(int err)
{
	if (!err)
		return EXIT_OK;
	if (err == -EPIPE)
		return EXIT_FAILED;
	return err_failed("cannot write the output: %s", strerror(-err));
}
