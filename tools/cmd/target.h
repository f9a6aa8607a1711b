/* SPDX-License-Identifier: GPL-2.0-only */
/* What all commands on a PID share: its argument, the module or the fallback, and the words for
 * what fails. */
#ifndef _MMS_CMD_TARGET_H
#define _MMS_CMD_TARGET_H

#include <stdbool.h>
#include <sys/types.h>

#include "render/out.h"

struct mms_target;

/* PID argument. Return: EXIT_OK or EXIT_USAGE with the line printed. */
int target_parse_pid(const char *cmd, const char *arg, pid_t *pid);
/* EXIT_OK if @pid has an address space, else EXIT_FAILED with the line printed. */
int target_check(pid_t pid);

/**
 * target_open() - a process by way of the module, or not
 * @pid: the process
 * @no_module: the person asked for the fallback
 * @t: the target; NULL to use the fallback (*why then says why)
 * @why: "mmscope.ko is not loaded (modprobe mmscope)"
 * Return: EXIT_OK, or an exit code with the line printed.
 */
int target_open(pid_t pid, bool no_module, struct mms_target **t, const char **why);
/* The same for commands that have no fallback: EXIT_MISSING without the module. */
int target_open_module(pid_t pid, const char *what, struct mms_target **t);

/* The line for -errno of reading @pid's data. Return: an exit code. */
int target_failed(pid_t pid, const char *what, int err);

/* "pid" and "comm" of the object. */
void target_fields(struct out *o, pid_t pid);

#endif
