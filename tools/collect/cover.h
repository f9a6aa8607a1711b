/* SPDX-License-Identifier: GPL-2.0-only */
/* How much of a process's memory is mapped by huge pages, from smaps_rollup. */
#ifndef _MMS_COVER_H
#define _MMS_COVER_H

#include <stdint.h>
#include <sys/types.h>

/**
 * struct mms_cover - bytes
 * @rss: resident
 * @anon: of these, anonymous memory in huge pages
 * @shmem: shared memory mapped by huge entries
 * @file: the same of files
 */
struct mms_cover {
	uint64_t rss, anon, shmem, file;
};

/* Return: 0; -ESRCH: gone, or without an address space; -EACCES; -errno. */
int mms_cover_read(pid_t pid, struct mms_cover *c);
uint64_t mms_cover_huge(const struct mms_cover *c);

#endif
