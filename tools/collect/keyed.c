// SPDX-License-Identifier: GPL-2.0-only
/* Small kernel files: a number, or lines of "key value". Must not know what the keys mean. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/keyed.h"

static void match_line(char *line, const char *const *keys, uint64_t *values, size_t nr)
{
	char *rest = line + strcspn(line, " :");
	size_t i;

	if (!*rest)
		return;
	*rest++ = '\0';
	for (i = 0; i < nr; i++) {
		if (strcmp(line, keys[i]) == 0) {
			values[i] = strtoull(rest, NULL, 10);
			return;
		}
	}
}

int mms_keyed_read(const char *path, const char *const *keys, uint64_t *values, size_t nr)
{
	char *line = NULL;
	size_t sz = 0, i;
	FILE *f;
	int err = 0;

	for (i = 0; i < nr; i++)
		values[i] = MMS_NO_VALUE;
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (errno = 0, getline(&line, &sz, f) >= 0)
		match_line(line, keys, values, nr);
	if (ferror(f))
		err = errno ? -errno : -EIO;
	free(line);
	fclose(f);
	return err;
}

int mms_number_read(const char *path, uint64_t *v)
{
	char text[64], *end;
	int err = 0;
	FILE *f = fopen(path, "re");

	if (!f)
		return -errno;
	if (!fgets(text, sizeof(text), f))
		err = ferror(f) ? -errno : -EINVAL;
	fclose(f);
	if (err)
		return err;
	if (strcmp(text, "max\n") == 0) {
		*v = MMS_NO_VALUE;
		return 0;
	}
	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	*v = strtoull(text, &end, 10);
	return *end == '\n' || *end == '\0' ? 0 : -EINVAL;
}

int mms_machine_memory(uint64_t *total, uint64_t *used)
{
	static const char *const keys[] = {"MemTotal", "MemFree"};
	uint64_t kb[2];
	int err = mms_keyed_read("/proc/meminfo", keys, kb, 2);

	if (err)
		return err;
	if (kb[0] == MMS_NO_VALUE || kb[1] == MMS_NO_VALUE)
		return -EINVAL;
	*total = kb[0] << 10;
	*used = (kb[0] - kb[1]) << 10;
	return 0;
}

uint64_t mms_memory_available(void)
{
	static const char *const key[] = {"MemAvailable"};
	uint64_t kb;

	if (mms_keyed_read("/proc/meminfo", key, &kb, 1) || kb == MMS_NO_VALUE)
		return UINT64_MAX;
	return kb << 10;
}
