/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that runs out: what is to be done is done again and again, the first, the second, ...
 * allocation of the program's own code failing, until none is left that could. For one test
 * program, linked with FAILING of tests.mk; that nothing is lost then is the sanitizer's to say.
 */
#ifndef _MMS_FAILING_H
#define _MMS_FAILING_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__wrap_malloc(size_t size);
void *__real_malloc(size_t size);
void *__wrap_calloc(size_t nr, size_t size);
void *__real_calloc(size_t nr, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_reallocarray(void *p, size_t nr, size_t size);
void *__real_reallocarray(void *p, size_t nr, size_t size);
char *__wrap_strdup(const char *s);
char *__real_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);
char *__real_strndup(const char *s, size_t n);
int __wrap_asprintf(char **to, const char *format, ...);
ssize_t __wrap_getline(char **line, size_t *room, FILE *f);
ssize_t __wrap___getdelim(char **line, size_t *room, int end, FILE *f);
ssize_t __real___getdelim(char **line, size_t *room, int end, FILE *f);

/* Allocations until the one that fails; negative: none does. */
static long failing_left = -1;
static bool failing_did;

static inline bool failing_now(void)
{
	if (failing_left < 0 || failing_left--)
		return false;
	failing_did = true;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return failing_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t nr, size_t size)
{
	return failing_now() ? NULL : __real_calloc(nr, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return failing_now() ? NULL : __real_realloc(p, size);
}

void *__wrap_reallocarray(void *p, size_t nr, size_t size)
{
	return failing_now() ? NULL : __real_reallocarray(p, nr, size);
}

char *__wrap_strdup(const char *s)
{
	return failing_now() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
	return failing_now() ? NULL : __real_strndup(s, n);
}

int __wrap_asprintf(char **to, const char *format, ...)
{
	va_list ap;
	int ret;

	if (failing_now())
		return -1;
	va_start(ap, format);
	ret = vasprintf(to, format, ap);
	va_end(ap);
	return ret;
}

/* Takes memory for its first line. */
ssize_t __wrap___getdelim(char **line, size_t *room, int end, FILE *f)
{
	return !*line && failing_now() ? -1 : __real___getdelim(line, room, end, f);
}

ssize_t __wrap_getline(char **line, size_t *room, FILE *f)
{
	return __wrap___getdelim(line, room, '\n', f);
}

/* No more of it. Return: did one fail? */
static inline bool failing_end(void)
{
	failing_left = -1;
	return failing_did;
}

/*
 * @fn: does it, says failing_end(), and checks what came of it. Return: how often an allocation
 * failed, which is how many there are.
 */
static inline size_t failing_each(void (*fn)(void))
{
	size_t n;

	for (n = 0;; n++) {
		failing_left = (long)n;
		failing_did = false;
		fn();
		failing_left = -1;
		if (!failing_did)
			return n;
	}
}

#endif
