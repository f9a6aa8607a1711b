/* SPDX-License-Identifier: GPL-2.0-only */
/* What fopen() finds at the end of a path. For one test program, linked with --wrap=fopen. */
#ifndef _MMS_FAKE_FILE_H
#define _MMS_FAKE_FILE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__real_fopen(const char *path, const char *mode);

#define FAKE_FILES 16

static struct {
	const char *end;
	const char *text; /* NULL: not to be opened */
	int err;	  /* of that, or of reading on behind the text; 0 = none */
} fake_files[FAKE_FILES];

static inline void fake_put(const char *end, const char *text, int err)
{
	size_t i;

	for (i = 0; fake_files[i].end && strcmp(fake_files[i].end, end); i++)
		if (i + 1 == FAKE_FILES)
			abort();
	fake_files[i].end = end;
	fake_files[i].text = text;
	fake_files[i].err = err;
}

/* What a path that ends so leads to from now on; "" is an empty file. */
static inline void fake_file(const char *end, const char *text)
{
	fake_put(end, text, 0);
}

/* Reading it ends in an error. */
static inline void fake_cut(const char *end, const char *text, int err)
{
	fake_put(end, text, err);
}

static inline void fake_no_file(const char *end, int err)
{
	fake_put(end, NULL, err);
}

struct fake_cookie {
	const char *at;
	int err;
};

static ssize_t fake_read(void *cookie, char *to, size_t size)
{
	struct fake_cookie *c = cookie;
	size_t len = strlen(c->at);

	if (!len && c->err) {
		errno = c->err;
		return -1;
	}
	len = len < size ? len : size;
	memcpy(to, c->at, len);
	c->at += len;
	return (ssize_t)len;
}

static int fake_close(void *cookie)
{
	free(cookie);
	return 0;
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
	size_t len = strlen(path), end, i;
	struct fake_cookie *c;

	for (i = 0; i < FAKE_FILES && fake_files[i].end; i++) {
		end = strlen(fake_files[i].end);
		if (len < end || strcmp(path + len - end, fake_files[i].end))
			continue;
		if (!fake_files[i].text) {
			errno = fake_files[i].err;
			return NULL;
		}
		c = aligned_alloc(_Alignof(struct fake_cookie), sizeof(*c)); /* not failing.h's */
		if (!c)
			abort();
		c->at = fake_files[i].text;
		c->err = fake_files[i].err;
		return fopencookie(c, "r",
				   (cookie_io_functions_t){.read = fake_read, .close = fake_close});
	}
	return __real_fopen(path, mode);
}

#endif
