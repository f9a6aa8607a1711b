// SPDX-License-Identifier: GPL-2.0-only
/* Small kernel files: a number, or lines of "key value". Must not know what the keys mean. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/keyed.h"
#include "collect/read_end.h"

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* @end is behind the digits. Return: 0, -EINVAL or -ERANGE. */
static int digits(const char *text, uint64_t *v, const char **end)
{
	uint64_t n = 0;
	const char *p;

	for (p = text; isdigit((unsigned char)*p); p++)
		if (__builtin_mul_overflow(n, (uint64_t)10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
			return -ERANGE;
	if (p == text)
		return -EINVAL;
	if (n == MMS_NO_VALUE)
		return -ERANGE;
	*v = n;
	*end = p;
	return 0;
}

int mms_keyed_number(const char *text, uint64_t *v)
{
	const char *end;
	uint64_t n;
	int err = digits(skip_blanks(text), &n, &end);

	if (err)
		return err;
	if (*end && !isspace((unsigned char)*end))
		return -EINVAL;
	*v = n;
	return 0;
}

int mms_keyed_kb(const char *text, uint64_t *bytes)
{
	const char *end;
	uint64_t kb;
	int err = digits(skip_blanks(text), &kb, &end);

	if (err)
		return err;
	end = skip_blanks(end);
	if (strncmp(end, "kB", 2) || (end[2] && !isspace((unsigned char)end[2])))
		return -EINVAL;
	return __builtin_mul_overflow(kb, (uint64_t)1024, bytes) ? -ERANGE : 0;
}

/* What a value is: mms_keyed_number() or mms_keyed_kb(). */
typedef int (*value_fn)(const char *text, uint64_t *v);

static void match_line(char *line, const char *const *keys, uint64_t *values, size_t nr,
		       value_fn value)
{
	char *rest = line + strcspn(line, " :");
	size_t i;

	if (!*rest)
		return;
	*rest++ = '\0';
	for (i = 0; i < nr; i++) {
		if (strcmp(line, keys[i]) != 0)
			continue;
		if (values[i] == MMS_NO_VALUE && value(rest, &values[i]))
			values[i] = MMS_NO_VALUE;
		return;
	}
}

static int read_keys(const char *path, const char *const *keys, uint64_t *values, size_t nr,
		     value_fn value)
{
	char *line = NULL;
	size_t sz = 0, i;
	FILE *f;
	int err;

	for (i = 0; i < nr; i++)
		values[i] = MMS_NO_VALUE;
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (getline(&line, &sz, f) >= 0)
		match_line(line, keys, values, nr, value);
	err = mms_read_end(f);
	free(line);
	fclose(f);
	return err;
}

int mms_keyed_read(const char *path, const char *const *keys, uint64_t *values, size_t nr)
{
	return read_keys(path, keys, values, nr, mms_keyed_number);
}

int mms_keyed_read_kb(const char *path, const char *const *keys, uint64_t *bytes, size_t nr)
{
	return read_keys(path, keys, bytes, nr, mms_keyed_kb);
}

int mms_number_read(const char *path, uint64_t *v)
{
	char text[64];
	int err = 0;
	FILE *f = fopen(path, "re");

	if (!f)
		return -errno;
	errno = 0;
	if (!fgets(text, sizeof(text), f))
		err = ferror(f) && errno ? -errno : -EINVAL;
	fclose(f);
	if (err)
		return err;
	text[strcspn(text, "\n")] = '\0';
	if (strcmp(text, "max") == 0) {
		*v = MMS_NO_VALUE;
		return 0;
	}
	if (!isdigit((unsigned char)text[0]) || text[strspn(text, "0123456789")])
		return -EINVAL;
	return mms_keyed_number(text, v) ? -EINVAL : 0;
}

int mms_machine_memory(uint64_t *total, uint64_t *used)
{
	static const char *const keys[] = {"MemTotal", "MemFree"};
	uint64_t v[2];
	int err = mms_keyed_read_kb("/proc/meminfo", keys, v, 2);

	if (err)
		return err;
	if (v[0] == MMS_NO_VALUE || v[1] == MMS_NO_VALUE || v[1] > v[0])
		return -EINVAL;
	*total = v[0];
	*used = v[0] - v[1];
	return 0;
}

uint64_t mms_memory_available(void)
{
	static const char *const key[] = {"MemAvailable"};
	uint64_t bytes;

	return mms_keyed_read_kb("/proc/meminfo", key, &bytes, 1) ? UINT64_MAX : bytes;
}
