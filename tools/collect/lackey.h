/* SPDX-License-Identifier: GPL-2.0-only */
/* A command under valgrind's lackey, its trace in a pipe. Knows nothing of the trace's text. */
#ifndef _MMS_LACKEY_H
#define _MMS_LACKEY_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * struct mms_lackey - a command that runs
 * @pid: of valgrind, which is that of the command
 * @fd: its trace; whoever reads it closes it. What the command forked may hold it for longer
 * @pidfd: for the reader too; -1: the kernel has none
 */
struct mms_lackey {
	pid_t pid;
	int fd, pidfd;
};

/**
 * mms_lackey_start() - run a command
 * @argv: ended by NULL; looked up in PATH by valgrind
 * Its own input and output are left as they are; children that it forks are not traced.
 * Return: 0 or -errno; -ENOENT: there is no valgrind.
 */
int mms_lackey_start(struct mms_lackey *l, char *const argv[]);

/* Is the command a file that begins with #!? The rest of that line into @interpreter; else "". */
void mms_lackey_script(const char *command, char *interpreter, size_t room);

/* Wait for it; @enough: end it first, as it runs on even if nobody reads. Return: status of
 * wait(2), or -errno. */
int mms_lackey_end(struct mms_lackey *l, bool enough);

#endif
