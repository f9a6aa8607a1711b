// SPDX-License-Identifier: GPL-2.0-only
/*
 * crowd: prints "ready", then reads lines, does what they say and answers "done"
 * and the pid of the last child:
 *   fork N	N children that wait for a signal
 *   share N	the same, with this process's own memory, as CLONE_VM makes them
 *   chain N	a child that forks a child ... N deep, all wait
 *   storm N	N times a child that exits at once and is waited for
 *   kill 0	kill all children of fork and share, wait for them
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CROWD 4096

static pid_t crowd[CROWD];
static int members;

static int loiter(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return 0;
}

static pid_t share(void)
{
	char *stack = malloc(16384);

	return stack ? clone(loiter, stack + 16384, CLONE_VM | SIGCHLD, NULL) : -1;
}

static pid_t chain(int depth)
{
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (depth > 1)
			chain(depth - 1);
		loiter(NULL);
	}
	return pid;
}

static pid_t member(const char *what, int n)
{
	pid_t pid;

	if (!strcmp(what, "share"))
		return share();
	if (!strcmp(what, "chain"))
		return chain(n);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!strcmp(what, "storm"))
			_exit(0);
		loiter(NULL);
	}
	return pid;
}

static void disperse(void)
{
	for (int i = 0; i < members; i++)
		kill(crowd[i], SIGKILL);
	while (members)
		waitpid(crowd[--members], NULL, 0);
}

int main(void)
{
	char what[16], line[64];
	pid_t pid = 0;
	int n;

	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) && sscanf(line, "%15s %d", what, &n) == 2) {
		if (!strcmp(what, "kill"))
			disperse();
		for (int i = 0; i < n; i++) {
			pid = member(what, n);
			if (pid < 0)
				return 1;
			if (!strcmp(what, "storm"))
				waitpid(pid, NULL, 0);
			else if (members < CROWD)
				crowd[members++] = pid;
			if (!strcmp(what, "chain"))
				break;
		}
		printf("done %d\n", pid);
		fflush(stdout);
	}
	disperse();
	return 0;
}
