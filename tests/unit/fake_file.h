/* SPDX-License-Identifier: GPL-2.0-only */
/* What fopen() finds at the end of a path. For one test program, linked with --wrap=fopen. */
#ifndef _MMS_FAKE_FILE_H
#define _MMS_FAKE_FILE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__real_fopen(const char *path, const char *mode);

#define FAKE_FILES 4

static struct {
	const char *end;
	const char *text;
} fake_files[FAKE_FILES];

/* What a path that ends so leads to from now on; "" is an empty file. */
static inline void fake_file(const char *end, const char *text)
{
	size_t i;

	for (i = 0; fake_files[i].end && strcmp(fake_files[i].end, end); i++)
		if (i + 1 == FAKE_FILES)
			abort();
	fake_files[i].end = end;
	fake_files[i].text = text;
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
	size_t len = strlen(path), end, i;

	for (i = 0; i < FAKE_FILES && fake_files[i].end; i++) {
		end = strlen(fake_files[i].end);
		if (len < end || strcmp(path + len - end, fake_files[i].end))
			continue;
		if (!*fake_files[i].text) /* fmemopen() makes none of no bytes */
			return __real_fopen("/dev/null", "r");
		return fmemopen((char *)fake_files[i].text, strlen(fake_files[i].text), "r");
	}
	return __real_fopen(path, mode);
}

#endif
