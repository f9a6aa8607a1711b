// SPDX-License-Identifier: GPL-2.0-only
/* Amounts of memory. Must not know what takes it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/memory.h"
#include "collect/cgroup.h"
#include "collect/keyed.h"
#include "util/err.h"

int memory_pages(const struct args_amount *a, uint64_t nr_pages, unsigned int page_shift,
		 uint64_t *pages)
{
	*pages = a->v;
	if (a->unit == ARGS_PERCENT)
		*pages = (uint64_t)(a->percent / 100 * (double)nr_pages + 0.999999);
	else if (a->unit == ARGS_BYTES)
		*pages = a->v >> page_shift;
	return *pages ? 0 : -ERANGE;
}

/* Of the machine and of our cgroup. */
static uint64_t available(void)
{
	uint64_t bytes = mms_memory_available(), room;
	char *dir;

	if (mms_cgroup_of_pid(getpid(), &dir))
		return bytes;
	if (!mms_cgroup_room(dir, &room) && room < bytes)
		bytes = room;
	free(dir);
	return bytes;
}

/* What is available may not be known, and is then more than a double can be cast to. */
static int share_of(uint64_t all, double percent, uint64_t *bytes)
{
	double share = percent / 100 * (double)all;

	if (percent > 100)
		return -ERANGE;
	*bytes = share < (double)UINT64_MAX ? (uint64_t)share : all;
	return *bytes ? 0 : -ERANGE;
}

int memory_parse(const char *cmd, const char *text, uint64_t *bytes)
{
	struct args_amount a;
	int err = args_amount(text, &a);

	*bytes = a.v;
	if (!err && a.unit == ARGS_PERCENT)
		err = share_of(available(), a.percent, bytes);
	if (err)
		return err_usage(cmd, "--max-memory '%s' is not a size: 64M, 2G, 50%%", text);
	return EXIT_OK;
}

uint64_t memory_limit(uint64_t asked)
{
	return asked ? asked : available() / 10 * 9; /* some is left to others */
}

/* "3.2 MiB", "12 bytes": so that small figures are not 0. */
static void say(char *to, size_t len, uint64_t bytes)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB"};
	double v = (double)bytes;
	size_t unit;

	for (unit = 0; unit < 3 && v >= 10240; unit++)
		v /= 1024;
	snprintf(to, len, unit ? "%.1f %s" : "%.0f %s", v, units[unit]);
}

int memory_fits(uint64_t bytes, uint64_t limit, const char *what, const char *fix)
{
	char takes[32], there[32];

	if (bytes <= limit)
		return EXIT_OK;
	say(takes, sizeof(takes), bytes);
	say(there, sizeof(there), limit);
	return err_failed("%s takes %s of memory, and there are %s: %s, or --max-memory", what,
			  takes, there, fix);
}
