// SPDX-License-Identifier: GPL-2.0-only
/* The clock of mmscope faults: waits, looks after whom it watches, empties the ring. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include "cmd/faults_run.h"
#include "cmd/watch.h"

#define EVENT_PERIOD_NS 50000000ULL /* how often the ring is emptied */
#define EVENT_CHUNK	1000
#define LOOK_PERIOD_NS	200000000ULL /* and how often we look who has ended */

void faults_block_signals(struct faults_run *r)
{
	struct sigaction hup;

	sigemptyset(&r->waited);
	sigaddset(&r->waited, SIGINT);
	sigaddset(&r->waited, SIGTERM);
	sigaddset(&r->waited, SIGCHLD);
	/* nohup(1) has it ignored; blocked, it would come all the same. */
	if (!sigaction(SIGHUP, NULL, &hup) && hup.sa_handler != SIG_IGN)
		sigaddset(&r->waited, SIGHUP);
	sigprocmask(SIG_BLOCK, &r->waited, &r->mask);
}

static void keep_event(const struct mms_fault_event *e, void *ctx)
{
	struct faults_run *r = ctx;
	size_t room = r->room_batch ? r->room_batch * 2 : 1024;
	struct mms_fault_event *batch;

	r->nr_read++;
	if (!(r->args->kinds >> e->kind & 1)) {
		r->nr_other_kinds++;
		return;
	}
	if (r->nr_batch == r->room_batch) {
		batch = reallocarray(r->batch, room, sizeof(*batch));
		if (!batch) {
			r->nr_dropped++;
			return;
		}
		r->batch = batch;
		r->room_batch = room;
	}
	r->batch[r->nr_batch++] = *e;
}

/* Telling a full ring takes seconds: the budget is looked at in between. */
void faults_drain(struct faults_run *r)
{
	size_t i, nr;

	if (!r->args->opts.events)
		return;
	mms_faults_poll(r->f, 0, keep_event, r);
	for (i = 0; i < r->nr_batch && !out_error(r->events); i += nr) {
		nr = r->nr_batch - i < EVENT_CHUNK ? r->nr_batch - i : EVENT_CHUNK;
		r->tell(r, r->batch + i, nr);
		if (!r->err)
			r->err = faults_budget_check(r);
	}
	r->nr_batch = 0;
}

/* The command, the process or the thread may have ended. */
static void look_after(struct faults_run *r)
{
	const struct mms_fault_opts *opts = &r->args->opts;
	struct pollfd p = {.fd = r->pidfd, .events = POLLIN};
	pid_t pid = opts->tid ? opts->tid : opts->tgid;

	if (r->args->command)
		r->ended = mms_command_ended(&r->cmd, &r->status, &r->rusage) != 0;
	else if (r->pidfd >= 0)
		r->ended = poll(&p, 1, 0) > 0;
	else if (pid)
		r->ended = kill(pid, 0) && errno == ESRCH;
}

/* Return: false if the signal ends the observation. */
static bool take_signal(struct faults_run *r, int sig, const siginfo_t *info)
{
	if (sig != SIGINT && sig != SIGTERM && sig != SIGHUP)
		return true;
	if (!r->args->command)
		return false;
	/* The command's end is ours. A terminal's Ctrl-C reaches it as well, kill(1) only us. */
	if (sig != SIGINT || info->si_code <= 0)
		kill(r->cmd.pid, sig);
	return true;
}

/* Sleeps a step towards the moment. Return: the signal that came, or -1. */
static int step(struct faults_run *r, uint64_t left, siginfo_t *info)
{
	uint64_t most = r->args->opts.events || r->used ? EVENT_PERIOD_NS : LOOK_PERIOD_NS;
	struct timespec t = {.tv_nsec = (long)(left < most ? left : most)};

	return sigtimedwait(&r->waited, info, &t);
}

bool faults_wait(struct faults_run *r, uint64_t moment)
{
	siginfo_t info;
	uint64_t now;
	int sig;

	for (;;) {
		now = watch_now_ns();
		if (moment && now >= moment)
			return true;
		sig = step(r, moment ? moment - now : UINT64_MAX, &info);
		faults_drain(r);
		if (r->stacks)
			faults_stacks_poll(r->stacks);
		if (r->used)
			faults_used_look(r->used, r->f);
		look_after(r);
		if (r->ended || out_error(r->out) || out_error(r->events))
			return false;
		if (!take_signal(r, sig, &info))
			return false;
		if (!r->err)
			r->err = faults_budget_check(r);
		if (r->err)
			return false;
	}
}
