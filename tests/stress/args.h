/* SPDX-License-Identifier: GPL-2.0-only */
/* What every program here asks before it does anything. */
#ifndef MMS_STRESS_ARGS_H
#define MMS_STRESS_ARGS_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A decimal number above 0; else 0. */
static inline long arg_number(const char *s)
{
	char *end;
	long n = strtol(s, &end, 10);

	return *s >= '0' && *s <= '9' && !*end && n > 0 && n < 1000000000000L ? n : 0;
}

/* What changes the machine that it runs on does so where the module is: in a guest. */
static inline void need_module(const char *program)
{
	if (!access("/sys/module/mmscope", F_OK))
		return;
	fprintf(stderr,
		"%s: mmscope is not loaded: this changes the machine, run it in a guest (tests/vm/run)\n",
		program);
	exit(1);
}

#endif
