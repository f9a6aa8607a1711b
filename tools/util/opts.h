/* SPDX-License-Identifier: GPL-2.0-only */
/* Options and help of a subcommand, in one shape for all. */
#ifndef _MMS_OPTS_H
#define _MMS_OPTS_H

#include <getopt.h>

/**
 * struct opts_help - what -h prints; the man page says the same at length
 * @usage: one line per form, as in the man page's SYNOPSIS, without "mmscope"
 * @about: what the command shows, one or two lines
 * @options: option lines, indented by two blanks
 * @examples: example lines, indented by four blanks, "# what it does" after each
 */
struct opts_help {
	const char *usage;
	const char *about;
	const char *options;
	const char *examples;
};

/* Every command has these two in its options. */
#define OPTS_COMMON                                                                   \
	"  -O, --output FORMAT   text (default), json (one object per line) or csv\n" \
	"  -h, --help            this help\n"

/* A wrong option: the line is printed. */
#define OPTS_BAD '?'

/* getopt_long() in our words. Return: as getopt_long(), OPTS_BAD for return EXIT_USAGE. */
int opts_next(int argc, char **argv, const char *shorts, const struct option *longs);

/* Print the help. Return: EXIT_OK, or EXIT_FAILED if stdout could not take it. */
int opts_print_help(const struct opts_help *help);

#endif
