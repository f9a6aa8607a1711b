// SPDX-License-Identifier: GPL-2.0-only
/* Who else takes accessed bits, as far as the kernel tells. */
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "collect/agers.h"
#include "collect/proc.h"

bool mms_ager_damon_stat(void)
{
	char line[64];

	return !mms_file_line("/sys/module/damon_stat/parameters/enabled", line, sizeof(line)) &&
	       line[0] == 'Y';
}

bool mms_ager_damon(void)
{
	bool on = false;
	char line[64];
	size_t i;
	glob_t g;

	if (glob("/sys/kernel/mm/damon/admin/kdamonds/*/state", 0, NULL, &g))
		return false;
	for (i = 0; i < g.gl_pathc; i++)
		if (!mms_file_line(g.gl_pathv[i], line, sizeof(line)) && !strcmp(line, "on"))
			on = true;
	globfree(&g);
	return on;
}

bool mms_ager_lru_gen(void)
{
	char line[64];

	return !mms_file_line("/sys/kernel/mm/lru_gen/enabled", line, sizeof(line)) &&
	       strtoul(line, NULL, 16) & 1;
}
