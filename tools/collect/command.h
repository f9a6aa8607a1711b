/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A command to be observed: forked, held until the observer is ready, then let go.
 * Knows nothing of what is observed.
 */
#ifndef _MMS_COMMAND_H
#define _MMS_COMMAND_H

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

struct mms_command {
	bool with_us; /* set before: it is killed when we end, however that comes */
	pid_t pid;
	int go;	    /* closing it without a byte makes the child leave */
	int failed; /* the child's errno of execve comes here */
};

/**
 * mms_command_hold() - fork a child that waits
 * @c: filled in, but for with_us
 * @argv: the command, ended by NULL; looked up in PATH
 * @mask: signal mask for the command
 * Return: 0 or -errno.
 */
int mms_command_hold(struct mms_command *c, char *const argv[], const sigset_t *mask);

/* Let it call execve. Return: 0 once it runs, or -errno of execve: then it is already reaped. */
int mms_command_go(struct mms_command *c);

/**
 * mms_command_ended() - has it ended?
 * @status: as of wait(2)
 * @ru: of the command and of those of its children that it waited for
 * Does not wait. Return: 1 ended, 0 not yet, -errno.
 */
int mms_command_ended(struct mms_command *c, int *status, struct rusage *ru);

/**
 * mms_command_path() - the file that a command is
 * @name: with a slash: the file; else looked for in PATH, by valgrind's rules: what is no folder
 *        and can be read and executed; an empty part is the current folder
 * Return: 0, or -ENOENT (or -ENAMETOOLONG): there is none.
 */
int mms_command_path(const char *name, char *path, size_t room);

/* Not let go: the child leaves without running anything. Else nothing. */
void mms_command_drop(struct mms_command *c);

#endif
