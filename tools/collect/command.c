// SPDX-License-Identifier: GPL-2.0-only
/* fork, hold, execve, wait. Must not know who observes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "collect/command.h"

static void child(int go, int failed, char *const argv[], const sigset_t *mask)
{
	char byte;
	int err;

	if (read(go, &byte, 1) != 1)
		_exit(127);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	err = errno;
	if (write(failed, &err, sizeof(err)) < 0)
		_exit(126);
	_exit(127);
}

int mms_command_hold(struct mms_command *c, char *const argv[], const sigset_t *mask)
{
	int go[2], failed[2], err;

	if (pipe2(go, O_CLOEXEC))
		return -errno;
	if (pipe2(failed, O_CLOEXEC)) {
		err = -errno;
		goto close_go;
	}
	c->pid = fork();
	if (c->pid < 0) {
		err = -errno;
		goto close_failed;
	}
	if (!c->pid) {
		close(go[1]);
		if (c->with_us)
			prctl(PR_SET_PDEATHSIG, SIGKILL);
		child(go[0], failed[1], argv, mask);
	}
	close(go[0]);
	close(failed[1]);
	c->go = go[1];
	c->failed = failed[0];
	return 0;

close_failed:
	close(failed[0]);
	close(failed[1]);
close_go:
	close(go[0]);
	close(go[1]);
	return err;
}

int mms_command_go(struct mms_command *c)
{
	int err = 0, ret = 0;

	if (write(c->go, "", 1) != 1)
		ret = -errno;
	close(c->go);
	c->go = -1;
	/* Closed by a successful execve: then nothing comes. */
	if (!ret && read(c->failed, &err, sizeof(err)) == (ssize_t)sizeof(err))
		ret = -err;
	close(c->failed);
	c->failed = -1;
	if (ret)
		waitpid(c->pid, NULL, 0);
	return ret;
}

int mms_command_ended(struct mms_command *c, int *status, struct rusage *ru)
{
	pid_t pid = wait4(c->pid, status, WNOHANG, ru);

	if (pid < 0)
		return -errno;
	return pid == c->pid;
}

void mms_command_drop(struct mms_command *c)
{
	if (c->go < 0)
		return;
	close(c->go);
	close(c->failed);
	c->go = -1;
	waitpid(c->pid, NULL, 0);
}

static bool can_be_run(const char *path)
{
	struct stat st;

	return !stat(path, &st) && !S_ISDIR(st.st_mode) && !access(path, R_OK | X_OK);
}

int mms_command_path(const char *name, char *path, size_t room)
{
	const char *at = getenv("PATH"), *end;
	size_t n;

	if (strchr(name, '/')) {
		n = (size_t)snprintf(path, room, "%s", name);
		return n < room ? 0 : -ENAMETOOLONG;
	}
	for (; at; at = *end ? end + 1 : NULL) {
		end = strchrnul(at, ':');
		n = (size_t)snprintf(path, room, "%.*s/%s", end == at ? 1 : (int)(end - at),
				     end == at ? "." : at, name);
		if (n < room && can_be_run(path))
			return 0;
	}
	return -ENOENT;
}
