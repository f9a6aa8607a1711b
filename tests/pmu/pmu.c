// SPDX-License-Identifier: GPL-2.0-only
/*
 * pmu pid PID | cgroup DIRECTORY | all | command ARGUMENT...: tools/collect/pmu.c put to
 * work on an event that every machine has, minor faults, and on one that none has. Prints
 * "ready", then for each line of its input the count so far. A command runs at the first line,
 * and is waited for.
 */
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "collect/pmu.h"

static const struct mms_pmu_event events[] = {
	{"none", "of no machine", PERF_TYPE_SOFTWARE, 0xffff},
	{"minor", "minor faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MIN},
};

/* Held until a byte comes. */
static pid_t hold(char **argv, int *go)
{
	int fds[2];
	char byte;
	pid_t pid;

	if (pipe(fds))
		return -1;
	pid = fork();
	if (!pid) {
		if (read(fds[0], &byte, 1) != 1)
			_exit(127);
		execvp(argv[0], argv);
		_exit(127);
	}
	*go = fds[1];
	return pid;
}

int main(int argc, char **argv)
{
	struct mms_pmu_opts opts = {0};
	struct mms_pmu_value none, minor;
	const char *why = NULL;
	struct mms_pmu *p;
	char line[64];
	int go = -1;

	if (argc > 2 && !strcmp(argv[1], "pid"))
		opts.pid = (pid_t)strtol(argv[2], NULL, 10);
	else if (argc > 2 && !strcmp(argv[1], "cgroup"))
		opts.cgroup = argv[2];
	else if (argc > 2 && !strcmp(argv[1], "command"))
		opts.command = hold(argv + 2, &go);
	if (mms_pmu_open(&p, events, 2, &opts, &why)) {
		printf("no: %s\n", why);
		return 3;
	}
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		if (go >= 0 && write(go, "", 1) == 1)
			waitpid(opts.command, NULL, 0);
		mms_pmu_read(p, 0, &none);
		mms_pmu_read(p, 1, &minor);
		printf("%d %d %.0f %d\n", none.known, minor.known, minor.count,
		       minor.running_ns == minor.enabled_ns);
		fflush(stdout);
	}
	mms_pmu_close(p);
	return 0;
}
