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
	uint64_t v[4];
	char path[64];
	int err;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	err = mms_keyed_read_kb(path, keys, v, 4);
	if (err)
		return err == -ENOENT ? -ESRCH : err;
	if (v[0] == MMS_NO_VALUE || v[1] == MMS_NO_VALUE)
		return -ESRCH;
	c->rss = v[0];
	c->anon = v[1];
	c->shmem = v[2] == MMS_NO_VALUE ? 0 : v[2];
	c->file = v[3] == MMS_NO_VALUE ? 0 : v[3];
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
