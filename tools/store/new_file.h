/* SPDX-License-Identifier: GPL-2.0-only */
/* A file that has its name only when it is whole. Must not know what is in it. */
#ifndef _MMS_NEW_FILE_H
#define _MMS_NEW_FILE_H

#include <stdbool.h>

/**
 * struct mms_new_file - a file on its way
 * @fd: to write to
 * @path: what it will be called
 * @temp: its name until then; NULL: it has none, and whatever ends the process, nothing is left
 */
struct mms_new_file {
	int fd;
	char *path, *temp;
};

/* In the folder of @path, or of what @path links to, with the rights that open(2) would give, or
 * those of the plain file that is there, and its owner if that is permitted.
 * Return: 0 or -errno; -EACCES: a link of somebody else in a folder that is open to everybody. */
int mms_new_file_open(struct mms_new_file *f, const char *path);
/* To the disk, then its name, in place of what had it. Frees. Return: 0 or -errno: then nothing is
 * left. */
int mms_new_file_commit(struct mms_new_file *f);
void mms_new_file_abort(struct mms_new_file *f); /* one that is all zero, or ended, is fine */

/* Is the plain file that is read as @from ('-': stdin) the one that is called @to? */
bool mms_same_file(const char *from, const char *to);

#endif
