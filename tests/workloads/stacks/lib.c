// SPDX-License-Identifier: GPL-2.0-only
/* The shared object of stacks: the same work, from functions of a library. */
#include "stacks.h"

static FRAME void lib_touch(volatile char *p, unsigned long nr)
{
	unsigned long i;

	KEEP_FRAME();
	for (i = 0; i < nr; i++)
		p[i * PG] = 1;
}

void FRAME lib_outer(volatile char *p, unsigned long nr)
{
	lib_touch(p, nr);
}
