/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A workload's word on what it has done: faults by kind, for the file that MMS_EXPECT
 * names. Must not know how they are made.
 */
#ifndef _MMS_EXPECT_H
#define _MMS_EXPECT_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
	const char *kind;
	unsigned long nr;
} expected[16];

static void die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	exit(2);
}

static void skip(const char *why)
{
	fprintf(stderr, "SKIP %s\n", why);
	exit(77);
}

static void expect(const char *kind, unsigned long nr)
{
	int i;

	for (i = 0; expected[i].kind; i++)
		if (!strcmp(expected[i].kind, kind))
			break;
	expected[i].kind = kind;
	expected[i].nr += nr;
}

static void write_expected(void)
{
	const char *path = getenv("MMS_EXPECT");
	FILE *f = path ? fopen(path, "w") : NULL;
	int i;

	for (i = 0; f && expected[i].kind; i++)
		fprintf(f, "%s %lu\n", expected[i].kind, expected[i].nr);
	if (f)
		fclose(f);
}

#endif
