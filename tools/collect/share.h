/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a process still shares with others that it was forked from or has forked:
 * its anonymous pages, looked at one by one in /proc/PID/pagemap. Knows nothing of
 * faults or of families.
 */
#ifndef _MMS_SHARE_H
#define _MMS_SHARE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/table.h"

/**
 * struct mms_share - anonymous memory of a process, or of one of its mappings, in bytes
 * @shared: mapped by others too: the first write will copy it
 * @private: mapped by nobody else
 * @swapped: in a swap area; whether shared cannot be told
 * @zero: the page of zeros, small or huge: a write fills a page, but copies none
 * @ksm: merged by KSM: a write copies it, but not because of a fork
 */
struct mms_share {
	uint64_t shared;
	uint64_t private;
	uint64_t swapped;
	uint64_t zero;
	uint64_t ksm;
};

/* The same of one private mapping; those of memory that is meant to be shared are left out. */
struct mms_share_vma {
	uint64_t start;
	uint64_t end;
	char perms[5];
	char name[32]; /* as in /proc/PID/maps, of a path its last component; "anon" */
	struct mms_share bytes;
};

/**
 * struct mms_share_look - a look at a process
 * @bytes: all of it
 * @vmas: struct mms_share_vma in order of address, those with nothing left out
 * @entries: pages looked at
 * @ns: it took
 * @blind: frames are hidden from this user: zero and KSM pages count as shared
 */
struct mms_share_look {
	struct mms_share bytes;
	struct mms_list vmas;
	uint64_t entries;
	uint64_t ns;
	bool blind;
};

/**
 * mms_share_read() - look at all private mappings
 * @pid: the process; it goes on meanwhile
 * @look: to be released by mms_share_deinit(), also after an error
 * Return: 0; -ESRCH if it is gone or has no memory any more; -errno.
 */
int mms_share_read(pid_t pid, struct mms_share_look *look);
void mms_share_deinit(struct mms_share_look *look);

#endif
