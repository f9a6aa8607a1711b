// SPDX-License-Identifier: GPL-2.0-only
/* valgrind with a pipe for its log. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collect/command.h"
#include "collect/lackey.h"

#define OWN_WORDS 7

/* @log: the end of the pipe that valgrind inherits. */
static int run(struct mms_command *c, int log, char *const argv[])
{
	char log_fd[32];
	char *words[OWN_WORDS] = {
		"valgrind",	     "--tool=lackey", "--trace-mem=yes",
		"--basic-counts=no", log_fd,	      "--child-silent-after-fork=yes",
		"--vgdb=no"};
	char **all;
	sigset_t mask;
	size_t nr = 0;
	int err;

	while (argv[nr])
		nr++;
	all = calloc(OWN_WORDS + nr + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	snprintf(log_fd, sizeof(log_fd), "--log-fd=%d", log);
	memcpy(all, words, sizeof(words));
	memcpy(all + OWN_WORDS, argv, nr * sizeof(*all));
	sigprocmask(SIG_SETMASK, NULL, &mask);
	err = mms_command_hold(c, all, &mask);
	if (!err)
		err = mms_command_go(c);
	free(all);
	return err;
}

int mms_lackey_start(struct mms_lackey *l, char *const argv[])
{
	struct mms_command c = {.go = -1, .failed = -1, .with_us = true};
	int ends[2], err;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	fcntl(ends[1], F_SETFD, 0);
	fcntl(ends[0], F_SETPIPE_SZ, 1 << 20); /* or less, if that is not allowed */
	err = run(&c, ends[1], argv);
	close(ends[1]);
	if (err) {
		close(ends[0]);
		return err;
	}
	l->pid = c.pid;
	l->fd = ends[0];
	l->pidfd = (int)syscall(SYS_pidfd_open, c.pid, 0);
	return 0;
}

void mms_lackey_script(const char *command, char *interpreter, size_t room)
{
	char path[PATH_MAX], line[256] = "";
	int fd = mms_command_path(command, path, sizeof(path)) ? -1
							       : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);

	*interpreter = '\0';
	if (n > 2 && !memcmp(line, "#!", 2)) {
		const char *first = line + 2 + strspn(line + 2, " \t");

		snprintf(interpreter, room, "%.*s", (int)strcspn(first, "\r\n"), first);
	}
	if (fd >= 0)
		close(fd);
}

int mms_lackey_end(struct mms_lackey *l, bool enough)
{
	int status;

	if (enough)
		kill(l->pid, SIGKILL);
	while (waitpid(l->pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return status;
}
