// SPDX-License-Identifier: GPL-2.0-only
/*
 * Options and help of a subcommand. Owns the words of a wrong option; knows no
 * command.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/err.h"
#include "util/opts.h"

/**
 * opts_next() - the next option
 * @argc: as main()
 * @argv: as main(); argv[0] is the subcommand's name
 * @shorts: as getopt(), beginning with ':' or "+:"
 * @longs: as getopt_long(), ended by zeroes
 * Return: the option's value, -1 after the last, OPTS_BAD once the line about
 * a wrong one is printed.
 */
int opts_next(int argc, char **argv, const char *shorts, const struct option *longs)
{
	int before = optind ? optind : 1;
	const char *word;
	int c;

	opterr = 0;
	c = getopt_long(argc, argv, shorts, longs, NULL);
	if (c != '?' && c != ':')
		return c;
	/* A long option is wrong as a word; optopt names a short one. */
	word = argv[optind > before ? optind - 1 : before];
	if (c == ':')
		err_usage(argv[0], "option '%s' needs a value", word);
	else if (strncmp(word, "--", 2) && optopt > 0 && optopt < 128)
		err_usage(argv[0], "unknown option '-%c'", optopt);
	else
		err_usage(argv[0], "bad option '%s'", word);
	return OPTS_BAD;
}

/**
 * opts_print_help() - print what -h prints
 * @help: the command's
 * Return: an exit code.
 */
int opts_print_help(const struct opts_help *help)
{
	const char *line = help->usage;
	const char *lead = "Usage:";

	while (*line) {
		size_t len = strcspn(line, "\n");

		printf("%s mmscope %.*s\n", lead, (int)len, line);
		lead = "      ";
		line += len + (line[len] == '\n');
	}
	printf("\n%s\n\nOptions:\n%s\nEXAMPLES:\n%s", help->about, help->options, help->examples);
	if (fflush(stdout))
		return err_output(-errno);
	return EXIT_OK;
}
