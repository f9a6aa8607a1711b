/* SPDX-License-Identifier: GPL-2.0-only */
/* The bytes of a trace, unpacked, as lines or records; for tools/collect/import*.c alone. */
#ifndef _MMS_IMPORT_IN_H
#define _MMS_IMPORT_IN_H

#include <stdint.h>

#include "collect/import.h"

#define MMS_IN_LINE   (1 << 16) /* a longer line is an error */
#define MMS_IN_WINDOW 27	/* log2 of the largest of zstd that is read: 128 MiB */

struct mms_in;

/* Takes @fd over. Is it packed? @by_magic: first bytes tell. Else @name may confirm what they say
 * (.gz, .zst), and if it does not, a trial to unpack them. Return: 0 or -errno. */
int mms_in_open(struct mms_in **in, int fd, const char *name, bool by_magic);

/* @writer: pidfd of the only process that writes to it, taken over: the input ends with it, whoever
 * has the pipe open; -1: none. */
void mms_in_writer(struct mms_in *in, int writer);

/**
 * mms_in_line() - the next line
 * @line: valid until the next call; not ended by NUL, without its newline
 * Return: 1, 0 at the end, -errno; -E2BIG: too long; -EFBIG: the window is too large.
 */
int mms_in_line(struct mms_in *in, const char **line, size_t *len);

/* The next @want bytes (at most MMS_IN_LINE). Return: 1, 0 at the end, -errno; -ENODATA: it ends
 * within them. */
int mms_in_record(struct mms_in *in, const uint8_t **p, size_t want);

void mms_in_close(struct mms_in *in); /* NULL is fine */

/**
 * struct mms_import - a trace that is being read
 * @ids: pages are ids
 * @wait, @wait_last: pages of a reference that had no room in the caller's array, none if
 *                    @waiting is not set
 * @priv: the format's, freed with it
 */
struct mms_import {
	const struct mms_import_format *format;
	const struct mms_import_opts *opts;
	struct mms_in *in;
	struct mms_import_count count;
	pid_t pid;
	bool ids, waiting, wait_write;
	uint64_t wait, wait_last;
	void *priv;
};

/* "line 7: WHAT" of the current record in @why. Return: -EINVAL. */
int mms_import_bad(struct mms_import *im, const char **why, const char *what);
/* What mms_in_*() returned, below 0. Return: it, or -EINVAL. */
int mms_import_failed(struct mms_import *im, int err, const char **why);

#endif
