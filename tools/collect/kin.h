/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who was forked by whom before anybody looked, as far as /proc knows. Knows nothing
 * of faults.
 */
#ifndef _MMS_KIN_H
#define _MMS_KIN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/table.h"

/**
 * struct mms_kin - a process and its parent
 * @pid: the process
 * @parent: its parent now: not who forked it, if that one has ended
 * @forked: it still has the address space that it got by the fork: program, stack and arguments are
 *	where the parent has them
 * @start_ns: when it was forked, CLOCK_MONOTONIC, to a hundredth of a second
 * @comm: its name
 */
struct mms_kin {
	pid_t pid;
	pid_t parent;
	bool forked;
	uint64_t start_ns;
	char comm[16];
};

/**
 * mms_kin_read() - a process and all below it
 * @root: 0 = all processes
 * @kin: struct mms_kin appended, parents before their children; its .v is to be freed
 * Return: 0 or -errno.
 */
int mms_kin_read(pid_t root, struct mms_list *kin);

/* Does a process live in this cgroup, a path as in /proc/PID/cgroup, or below it? */
bool mms_kin_in_cgroup(pid_t pid, const char *path);

#endif
