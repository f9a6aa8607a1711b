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
#include "collect/whom.h"
#include "render/out.h"

/**
 * struct watch - whom, and how long
 * @pid: a process, 0 = none
 * @tid: a thread, 0 = none; not a part of watch_whom()
 * @cgroup: directory of a cgroup, to be freed; NULL = none
 * @cgroup_id: its id
 * @children: of the process, too: those that it forks from now on
 * @command: a command to run, NULL = none
 * @interval_ns: between reports; 0 = one report at the end
 * @count: reports; 0 = without end
 * @cmd: the command's process, held until watch_go()
 * @status: its wait status, once @ended
 * @rusage: of it and of the children that it waited for
 * @ended: the command, the process, the thread or the cgroup
 */
struct watch {
	pid_t pid, tid;
	char *cgroup;
	uint64_t cgroup_id;
	bool children;
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
/* A word of a list: @kind(0), @kind(1), ... until NULL. Return: EXIT_OK, or as above. */
int watch_parse_attach(const char **attach, const char *name, const char *arg,
		       const char *(*kind)(size_t i));
/* "[INTERVAL [COUNT]]" or "-- COMMAND [ARGUMENT]...", from optind on. */
int watch_parse_operands(struct watch *w, const char *name, int argc, char **argv);
/* At most one of @all (-a), a process, a cgroup and a command. */
int watch_check_whom(const struct watch *w, const char *name, bool all);

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

/* The filter for programs that count; the command is held already. */
struct mms_whom watch_whom(const struct watch *w);

/**
 * struct watch_ops - what is done meanwhile
 * @wait: in place of watch_until(), 0 = for ever; 1, 0 if the end came before, -errno
 * @report: at the end of each interval; 0 or -errno ends it
 * @stop: before the last report: count no more; NULL = go on
 * @broken: the output takes no more
 */
struct watch_ops {
	int (*wait)(void *arg, uint64_t moment_ns);
	int (*report)(void *arg);
	void (*stop)(void *arg);
	bool (*broken)(void *arg);
};

/* Reports, as many as asked for, from a moment on. Return: 0 or -errno of @wait or a report. */
int watch_observe(struct watch *w, uint64_t begin_ns, const struct watch_ops *ops, void *arg);

/* How the command ended, if there was one; something lost, if there was any. */
void watch_report_command(struct out *o, bool command, int status);
void watch_note_lost(struct out *o, uint64_t nr, const char *what);

/**
 * struct watch_identity - where what was seen has gone
 * @sampled_out: not looked at; UINT64_MAX = there is no such thing
 */
struct watch_identity {
	uint64_t seen;
	uint64_t stored;
	uint64_t filtered;
	uint64_t sampled_out;
	uint64_t dropped;
};

/* For programs always; for people where more than a filter lies between seen and stored. */
void watch_report_identity(struct out *o, const struct watch_identity *i);

/* What could not be opened, in words; @w may be NULL. Return: an exit code. */
int watch_open_error(const char *name, const struct watch *w, int err, const char *why);

#endif
