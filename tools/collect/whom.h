/* SPDX-License-Identifier: GPL-2.0-only */
/* Whom a command's BPF programs are to count. */
#ifndef _MMS_WHOM_H
#define _MMS_WHOM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct mms_whom - the filter; all 0 = every process
 * @tgid: one process
 * @children: and those that it forks from now on
 * @cgroup_id: those of this cgroup and below it
 * @command: one, from its next execve() on, with its children
 */
struct mms_whom {
	pid_t tgid;
	bool children;
	uint64_t cgroup_id;
	pid_t command;
};

#endif
