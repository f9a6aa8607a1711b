// SPDX-License-Identifier: GPL-2.0-only
/* Reads memory pressure. Must not know what anyone concludes from it. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/keyed.h"
#include "collect/psi.h"

/* Return: false if the line does not have its shape. */
static bool parse_line(const char *line, struct mms_psi *psi)
{
	const char *total = strstr(line, "total=");
	uint64_t ns;

	if (!total || mms_keyed_number(total + strlen("total="), &ns) ||
	    __builtin_mul_overflow(ns, (uint64_t)1000, &ns))
		return false;
	if (strncmp(line, "some ", 5) == 0)
		psi->some_ns = ns;
	else if (strncmp(line, "full ", 5) == 0)
		psi->full_ns = ns;
	return true;
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
	for (; !err && fgets(line, sizeof(line), f); lines++)
		if (!parse_line(line, psi))
			err = -EBADMSG;
	if (!lines)
		err = errno ? -errno : -EOPNOTSUPP;
	fclose(f);
	return err;
}
