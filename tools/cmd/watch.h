/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What commands share that watch for a time: a process, a cgroup, a command or all,
 * until the time is over, a signal comes or what is watched ends. Owns signals and
 * the clock; knows nothing of what is counted.
 */
#ifndef _MMS_CMD_WATCH_H
#define _MMS_CMD_WATCH_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include "collect/command.h"

/**
 * struct watch - whom, and how long
 * @pid: a process, 0 = none
 * @cgroup: directory of a cgroup, to be freed; NULL = none
 * @cgroup_id: its id
 * @command: a command to run, NULL = none
 * @interval_ns: between reports; 0 = one report at the end
 * @count: reports; 0 = without end
 * @cmd: the command's process, held until watch_go()
 * @status: its wait status, once @ended
 * @rusage: of it and of the children that it waited for
 * @ended: the command, or the process
 */
struct watch {
	pid_t pid;
	char *cgroup;
	uint64_t cgroup_id;
	char **command;
	uint64_t interval_ns;
	uint64_t count;

	struct mms_command cmd;
	int status;
	struct rusage rusage;
	bool ended;
	int pidfd;
	sigset_t waited, mask;
};

/* Return: EXIT_OK, or an exit code with the line printed. */
int watch_parse_pid(struct watch *w, const char *name, const char *arg);
int watch_parse_cgroup(struct watch *w, const char *name, const char *arg);
/* "[INTERVAL [COUNT]]" or "-- COMMAND [ARGUMENT]...", from optind on. */
int watch_parse_operands(struct watch *w, const char *name, int argc, char **argv);

/* Signals are held back, the command is forked and waits. EXIT_OK or an exit code. */
int watch_begin(struct watch *w);
/* The command runs. EXIT_OK or an exit code. */
int watch_go(struct watch *w);
/* Waits until a moment of CLOCK_MONOTONIC (0 = for ever). Return: false if the end came before. */
bool watch_until(struct watch *w, uint64_t moment_ns);
/* As perf stat: the command's status is ours; 128 + the number of the signal that killed it. */
int watch_status(const struct watch *w);
void watch_end(struct watch *w);

uint64_t watch_now_ns(void);

#endif
