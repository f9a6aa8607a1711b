// SPDX-License-Identifier: GPL-2.0-only
/* Huge pages of a process by /proc/PID/smaps_rollup. Must not know who asks. */
#include <errno.h>
#include <stdio.h>

#include "collect/cover.h"
#include "collect/keyed.h"

int mms_cover_read(pid_t pid, struct mms_cover *c)
{
	static const char *const keys[] = {"Rss", "AnonHugePages", "ShmemPmdMapped",
					   "FilePmdMapped"};
	uint64_t kb[4];
	char path[64];
	int err;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	err = mms_keyed_read(path, keys, kb, 4);
	if (err)
		return err;
	if (kb[0] == MMS_NO_VALUE || kb[1] == MMS_NO_VALUE)
		return -ESRCH;
	c->rss = kb[0] << 10;
	c->anon = kb[1] << 10;
	c->shmem = kb[2] == MMS_NO_VALUE ? 0 : kb[2] << 10;
	c->file = kb[3] == MMS_NO_VALUE ? 0 : kb[3] << 10;
	return 0;
}

/**
 * mms_cover_huge() - bytes in huge pages, of whatever kind
 * @c: from mms_cover_read()
 */
uint64_t mms_cover_huge(const struct mms_cover *c)
{
	return c->anon + c->shmem + c->file;
}
