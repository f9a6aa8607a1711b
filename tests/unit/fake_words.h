/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading from a file of 64-bit words, as pagemap is one, of which a few are there. */
#ifndef _MMS_FAKE_WORDS_H
#define _MMS_FAKE_WORDS_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

struct fake_words {
	const uint64_t *v;
	size_t first; /* the index that v[0] has in the file */
	size_t nr;    /* the file ends behind them */
	int err;      /* of any reading; 0 = none */
};

static inline ssize_t fake_words_read(const struct fake_words *w, void *to, size_t size, off_t at)
{
	size_t i = (size_t)at / 8 - w->first, nr = size / 8;

	errno = w->err;
	if (w->err)
		return -1;
	if (i >= w->nr)
		return 0;
	nr = nr < w->nr - i ? nr : w->nr - i;
	memcpy(to, w->v + i, nr * 8);
	return (ssize_t)nr * 8;
}

#endif
