// SPDX-License-Identifier: GPL-2.0-only
/*
 * Strings of unknown origin made safe to print: a file name may hold any byte
 * but '/' and NUL. Pure: no stream, no backend.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render/escape.h"

/* Bytes of the well-formed UTF-8 sequence at @s (RFC 3629, table 3-7 of Unicode), 0 if there is
 * none. */
static size_t utf8_len(const unsigned char *s)
{
	size_t len, i;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4;
	else
		return 0;
	for (i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90))
		return 0; /* longer than it need be */
	if ((s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0; /* a surrogate, or above U+10FFFF */
	return len;
}

/* C0, DEL, and C1, which some terminals obey as they do ESC. */
static bool is_control(const unsigned char *s)
{
	return s[0] < 0x20 || s[0] == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0);
}

/**
 * out_escape() - copy a string so that it is valid UTF-8
 * @s: any bytes
 * @control: escape control characters too
 * Return: a copy to free(), NULL without memory.
 */
char *out_escape(const char *s, bool control)
{
	const unsigned char *p = (const unsigned char *)s;
	char *copy, *q;

	copy = q = malloc(4 * strlen(s) + 1);
	if (!copy)
		return NULL;
	while (*p) {
		size_t len = utf8_len(p);
		bool keep = len && !(control && is_control(p));

		for (len = len ? len : 1; len; len--, p++) {
			if (keep)
				*q++ = *p;
			else
				q += snprintf(q, 5, "\\x%02x", *p);
		}
	}
	*q = '\0';
	return copy;
}

/**
 * out_plain() - is a string printed as it is, in any format?
 * @s: any bytes
 * @len: set to its length if so, which is also its width
 * Return: true for printable ASCII without what csv or json would have to escape.
 */
bool out_plain(const char *s, size_t *len)
{
	static const bool plain[256] = {
		[' ' ... '!'] = true,
		['#' ... '+'] = true,
		['-' ... '['] = true,
		[']' ... '~'] = true,
	};
	const unsigned char *p = (const unsigned char *)s;

	while (plain[*p])
		p++;
	*len = (size_t)((const char *)p - s);
	return !*p;
}

/**
 * out_columns() - how wide a string is on the screen
 * @s: valid UTF-8
 * Return: its code points; wide and combining characters are counted as one.
 */
size_t out_columns(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}
