// SPDX-License-Identifier: GPL-2.0-only
/* The child of a self-test, and two pipes. Must not know what it acts. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "collect/actor.h"

int mms_actor_start(struct mms_actor *a, void (*act)(struct mms_actor *a, void *arg), void *arg)
{
	int to[2], from[2];

	if (pipe2(to, O_CLOEXEC))
		return -errno;
	if (pipe2(from, O_CLOEXEC)) {
		close(to[0]);
		close(to[1]);
		return -errno;
	}
	a->pid = fork();
	if (!a->pid) {
		/* Its own ends only, or it would never see the other side close. */
		close(to[1]);
		close(from[0]);
		a->to = to[0];
		a->from = from[1];
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		act(a, arg);
		_exit(1);
	}
	close(to[0]);
	close(from[1]);
	a->to = to[1];
	a->from = from[0];
	if (a->pid > 0)
		return 0;
	close(a->to);
	close(a->from);
	return -EAGAIN;
}

void mms_actor_exec(void)
{
	char *argv[] = {"mmscope", "--version", NULL};
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (null < 0 || dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
		_exit(1);
	execv("/proc/self/exe", argv);
	_exit(1);
}

void mms_actor_reap(struct mms_actor *a)
{
	if (a->pid > 0 && waitpid(a->pid, NULL, WNOHANG) == a->pid)
		a->pid = 0;
}

void mms_actor_end(struct mms_actor *a)
{
	if (a->pid > 0) {
		kill(a->pid, SIGKILL);
		waitpid(a->pid, NULL, 0);
	}
	a->pid = 0;
	close(a->to);
	close(a->from);
}

uint64_t mms_actor_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}
