/* SPDX-License-Identifier: GPL-2.0-only */
/* Strings of unknown origin (file names, comms) made safe to print. Pure. */
#ifndef _MMS_ESCAPE_H
#define _MMS_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

/* malloc'ed copy with bad bytes, and control characters if @control, as \xNN. NULL: no memory. */
char *out_escape(const char *s, bool control);
/* Screen columns of valid UTF-8: code points. */
size_t out_columns(const char *s);
/* Is it printed as it is in any format? Then @len is its length and its width. */
bool out_plain(const char *s, size_t *len);

#endif
