// SPDX-License-Identifier: GPL-2.0-only
/* Paths that lead to the fuzzer's bytes. Must not know who opens them. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fuzz_file.h"
#include "paths.h"

#define MAX_PATHS 16

static struct {
	const char *end;
	const uint8_t *data;
	size_t len;
} paths[MAX_PATHS];
static size_t nr_paths;

FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__real_fopen(const char *path, const char *mode);
int __wrap_open(const char *path, int flags, ...);
int __real_open(const char *path, int flags, ...);

const uint8_t *fuzz_part(const uint8_t **data, size_t *len, size_t *part)
{
	const uint8_t *begin = *data, *end = *len ? memchr(begin, '\f', *len) : NULL;

	*part = end ? (size_t)(end - begin) : *len;
	*len -= *part + !!end;
	*data += *part + !!end;
	return begin;
}

void fuzz_path(const char *end, const uint8_t *data, size_t len)
{
	MUST(nr_paths < MAX_PATHS);
	paths[nr_paths].end = end;
	paths[nr_paths].data = data;
	paths[nr_paths++].len = len;
}

void fuzz_paths_clear(void)
{
	nr_paths = 0;
}

static bool is_ours(const char *path)
{
	return nr_paths && (!strncmp(path, "/proc/", 6) || !strncmp(path, "/sys/", 5));
}

/* Return: of paths[], or nr_paths with errno. */
static size_t find(const char *path)
{
	size_t len = strlen(path), i, end;

	for (i = 0; i < nr_paths; i++) {
		end = strlen(paths[i].end);
		if (end <= len && !strcmp(path + len - end, paths[i].end))
			return i;
	}
	errno = ENOENT;
	return i;
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
	size_t i;

	if (!is_ours(path))
		return __real_fopen(path, mode);
	i = find(path);
	if (i == nr_paths)
		return NULL;
	if (!paths[i].len) /* fmemopen() makes none of no bytes */
		return __real_fopen("/dev/null", mode);
	return fmemopen((void *)paths[i].data, paths[i].len, "r");
}

int __wrap_open(const char *path, int flags, ...)
{
	va_list ap;
	size_t i;
	int mode;

	if (is_ours(path)) {
		i = find(path);
		return i == nr_paths ? -1 : fuzz_file(paths[i].data, paths[i].len);
	}
	va_start(ap, flags);
	mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(ap, int) : 0;
	va_end(ap);
	return __real_open(path, flags, mode);
}
