// SPDX-License-Identifier: GPL-2.0-only
/* Reads memory pressure. Must not know what anyone concludes from it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/psi.h"

static void parse_line(const char *line, struct mms_psi *psi)
{
	const char *total = strstr(line, "total=");
	uint64_t us;

	if (!total)
		return;
	us = strtoull(total + strlen("total="), NULL, 10);
	if (strncmp(line, "some ", 5) == 0)
		psi->some_ns = us * 1000;
	else if (strncmp(line, "full ", 5) == 0)
		psi->full_ns = us * 1000;
}

int mms_psi_read(const char *cgroup, struct mms_psi *psi)
{
	char *path = NULL, line[256];
	int err = 0, lines = 0;
	FILE *f;

	*psi = (struct mms_psi){0};
	if (cgroup && asprintf(&path, "%s/memory.pressure", cgroup) < 0)
		return -ENOMEM;
	f = fopen(path ? path : "/proc/pressure/memory", "re");
	if (!f)
		err = -errno;
	free(path);
	if (!f)
		return err;
	errno = 0;
	for (; fgets(line, sizeof(line), f); lines++)
		parse_line(line, psi);
	if (!lines)
		err = errno ? -errno : -EOPNOTSUPP;
	fclose(f);
	return err;
}
