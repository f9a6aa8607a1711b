/* SPDX-License-Identifier: GPL-2.0-only */
/* Characters on their way to a stream, many at a time; for files of render/ only. */
#ifndef _MMS_OUT_BUF_H
#define _MMS_OUT_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define OUT_DIGITS 20 /* room that out_dec() and out_hex() may use, whatever they return */

/**
 * struct out_buf - what waits
 * @p: malloc'ed
 * @len: characters
 * @room: for so many
 * @failed: there was no memory for something: the rest is not worth writing
 */
struct out_buf {
	char *p;
	size_t len, room;
	bool failed;
};

/* Room for @n more. Return: false without memory. */
bool out_buf_grow(struct out_buf *b, size_t n);

/**
 * out_buf_flush() - write what waits, by one write(2) where the stream is a file
 * @b: is empty afterwards, whatever happened
 * @f: what others have left in it goes first
 * Return: 0 or -errno.
 */
int out_buf_flush(struct out_buf *b, FILE *f);

/* Where the next @n characters may be written; NULL without memory. Then add to len. */
static inline char *out_buf_space(struct out_buf *b, size_t n)
{
	return b->room - b->len >= n || out_buf_grow(b, n) ? b->p + b->len : NULL;
}

static inline void out_buf_char(struct out_buf *b, char c)
{
	char *p = out_buf_space(b, 1);

	if (!p)
		return;
	*p = c;
	b->len++;
}

static inline void out_buf_put(struct out_buf *b, const char *s, size_t n)
{
	char *p = out_buf_space(b, n);

	if (!p)
		return;
	memcpy(p, s, n);
	b->len += n;
}

static inline void out_buf_str(struct out_buf *b, const char *s)
{
	out_buf_put(b, s, strlen(s));
}

/* The digits of a number, 0x before the second. Return: how many characters. */
size_t out_dec(char *to, uint64_t v);
size_t out_hex(char *to, uint64_t v);

#endif
