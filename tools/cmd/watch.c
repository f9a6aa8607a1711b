// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whom to watch, and until when. Must not know what is counted meanwhile, nor how
 * it is shown.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "cmd/watch.h"
#include "collect/cgroup.h"
#include "collect/switches.h"
#include "util/args.h"
#include "util/err.h"

#define STEP_NS 200000000ULL /* how often a look is taken at the command or process */

int watch_parse_pid(struct watch *w, const char *name, const char *arg)
{
	if (args_pid(arg, &w->pid))
		return err_usage(name, "'%s' is not a process id", arg);
	return EXIT_OK;
}

int watch_parse_cgroup(struct watch *w, const char *name, const char *arg)
{
	const char *why = NULL;
	int err;

	free(w->cgroup);
	w->cgroup = NULL;
	err = mms_cgroup_find(arg, &w->cgroup, &why);
	if (err)
		return err_failed("cgroup '%s': %s", arg, why ? why : strerror(-err));
	w->cgroup_id = mms_cgroup_id(w->cgroup);
	return w->cgroup_id ? EXIT_OK : err_failed("cgroup '%s': it has no id", arg);
}

int watch_parse_attach(const char **attach, const char *name, const char *arg,
		       const char *(*kind)(size_t i))
{
	const char *k;
	size_t i;

	for (i = 0; (k = kind(i)); i++) {
		if (strcmp(k, arg))
			continue;
		*attach = k;
		return EXIT_OK;
	}
	return err_usage(name, "no attach kind '%s'", arg);
}

int watch_parse_operands(struct watch *w, const char *name, int argc, char **argv)
{
	int left = argc - optind;

	if (optind > 1 && !strcmp(argv[optind - 1], "--")) {
		if (!left)
			return err_usage(name, "no command after '--'");
		w->command = argv + optind;
		return EXIT_OK;
	}
	if (left > 2)
		return err_usage(name, "too many arguments; a command comes after '--'");
	if (left > 0 && args_seconds(argv[optind], &w->interval_ns))
		return err_usage(name, "'%s' is not an interval; a command comes after '--'",
				 argv[optind]);
	if (left > 1 && (args_u64(argv[optind + 1], &w->count) || !w->count))
		return err_usage(name, "'%s' is not a count", argv[optind + 1]);
	return EXIT_OK;
}

int watch_check_whom(const struct watch *w, const char *name, bool all)
{
	if (all + !!w->pid + !!w->cgroup_id + !!w->command > 1)
		return err_usage(name, "-a, or -p, or -c, or a command: one of them");
	return EXIT_OK;
}

uint64_t watch_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

/* Taken by sigtimedwait(): whatever ends us, what was set in the kernel is undone. */
static void block_signals(struct watch *w)
{
	struct sigaction hup;

	sigemptyset(&w->waited);
	sigaddset(&w->waited, SIGINT);
	sigaddset(&w->waited, SIGTERM);
	sigaddset(&w->waited, SIGCHLD);
	/* nohup(1) has it ignored; blocked, it would come all the same. */
	if (!sigaction(SIGHUP, NULL, &hup) && hup.sa_handler != SIG_IGN)
		sigaddset(&w->waited, SIGHUP);
	sigprocmask(SIG_BLOCK, &w->waited, &w->mask);
}

int watch_begin(struct watch *w)
{
	int err;

	w->cmd.go = -1;
	w->pidfd = -1;
	block_signals(w);
	if (w->pid)
		w->pidfd = (int)syscall(SYS_pidfd_open, w->pid, 0);
	if (w->pid && w->pidfd < 0 && errno == ESRCH)
		return err_failed("no process %d", w->pid);
	if (w->pidfd >= 0 && poll(&(struct pollfd){.fd = w->pidfd, .events = POLLIN}, 1, 0) > 0)
		return err_failed("process %d has ended: its parent has not waited for it", w->pid);
	if (!w->command)
		return EXIT_OK;
	err = mms_command_hold(&w->cmd, w->command, &w->mask);
	return err ? err_failed("fork: %s", strerror(-err)) : EXIT_OK;
}

int watch_go(struct watch *w)
{
	int err;

	if (!w->command)
		return EXIT_OK;
	err = mms_command_go(&w->cmd);
	return err ? err_failed("cannot run '%s': %s", w->command[0], strerror(-err)) : EXIT_OK;
}

/* The command, the process or the thread may have ended, the cgroup may have been removed. */
static void look_after(struct watch *w)
{
	struct pollfd p = {.fd = w->pidfd, .events = POLLIN};
	pid_t pid = w->tid ? w->tid : w->pid;

	/* Another one by that name is another one. */
	if (w->cgroup && !w->ended && mms_cgroup_id(w->cgroup) != w->cgroup_id) {
		warn("cgroup '%s' is gone", mms_cgroup_name(w->cgroup));
		w->ended = true;
	}
	if (w->command)
		w->ended = mms_command_ended(&w->cmd, &w->status, &w->rusage) != 0;
	else if (w->pidfd >= 0)
		w->ended = poll(&p, 1, 0) > 0;
	else if (pid)
		w->ended = kill(pid, 0) && errno == ESRCH;
}

/* Return: false if the signal ends the watch. */
static bool take_signal(struct watch *w, int sig, const siginfo_t *info)
{
	if (sig != SIGINT && sig != SIGTERM && sig != SIGHUP)
		return true;
	if (!w->command)
		return false;
	/* The command's end is ours. A terminal's Ctrl-C reaches it as well, kill(1) only us. */
	if (sig != SIGINT || info->si_code <= 0)
		kill(w->cmd.pid, sig);
	return true;
}

bool watch_until(struct watch *w, uint64_t moment_ns)
{
	struct timespec t = {0};
	uint64_t step, now;
	siginfo_t info;
	int sig;

	for (;;) {
		now = watch_now_ns();
		if (moment_ns && now >= moment_ns)
			return true;
		step = moment_ns ? moment_ns - now : STEP_NS;
		if (step > STEP_NS)
			step = STEP_NS;
		t.tv_nsec = (long)step;
		sig = sigtimedwait(&w->waited, &info, &t);
		look_after(w);
		if (w->ended || !take_signal(w, sig, &info))
			return false;
	}
}

struct mms_whom watch_whom(const struct watch *w)
{
	return (struct mms_whom){
		.tgid = w->pid,
		.children = w->children,
		.cgroup_id = w->cgroup_id,
		.command = w->command ? w->cmd.pid : 0,
	};
}

int watch_observe(struct watch *w, uint64_t begin_ns, const struct watch_ops *ops, void *arg)
{
	uint64_t next = begin_ns, left = w->count, until;
	int more = 1, err = 0;

	while (more && !err && !ops->broken(arg)) {
		next += w->interval_ns;
		until = w->interval_ns ? next : 0;
		more = ops->wait ? ops->wait(arg, until) : watch_until(w, until);
		if (more < 0)
			return more;
		if (left && !--left)
			more = 0;
		if (!more && ops->stop)
			ops->stop(arg);
		err = ops->report(arg);
	}
	return err;
}

void watch_report_command(struct out *o, bool command, int status)
{
	if (!command)
		return;
	if (WIFEXITED(status))
		out_num(o, "exit_status", NULL, OUT_COUNT, (uint64_t)WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		out_num(o, "signal", "killed by signal", OUT_COUNT, (uint64_t)WTERMSIG(status));
}

void watch_note_lost(struct out *o, uint64_t nr, const char *what)
{
	if (nr)
		out_note(o, "lost: %" PRIu64 " %s", nr, what);
}

void watch_report_identity(struct out *o, const struct watch_identity *i)
{
	bool samples = i->sampled_out != UINT64_MAX;
	bool tell = i->dropped || (samples && i->sampled_out);
	const char *off = mms_switched_off();

	out_num(o, "seen", tell ? "seen" : NULL, OUT_COUNT, i->seen);
	out_num(o, "stored", tell ? "stored" : NULL, OUT_COUNT, i->stored);
	out_num(o, "filtered", tell ? "filtered" : NULL, OUT_COUNT, i->filtered);
	if (samples)
		out_num(o, "sampled_out", tell ? "sampled out" : NULL, OUT_COUNT, i->sampled_out);
	out_num(o, "dropped", tell ? "dropped" : NULL, OUT_COUNT, i->dropped);
	if (off)
		out_note(o, "%s", off);
}

/*
 * What is gone, did not pass the self-test or found no memory has failed; for the rest
 * the kernel or the rights lack something.
 */
int watch_open_error(const char *name, const struct watch *w, int err, const char *why)
{
	if (!why)
		return err_failed("%s: %s", name, strerror(-err));
	if (err == -ESTALE && w && w->cgroup)
		return err_failed("cgroup '%s': %s", mms_cgroup_name(w->cgroup), why);
	switch (err) {
	case -ESRCH:
	case -ESTALE:
	case -EIO:
	case -ENOMEM:
		return err_failed("%s: %s", name, why);
	case -EPERM:
	case -ENOENT:
	case -EOPNOTSUPP:
		return err_missing("%s: %s", name, why);
	default: /* the library's word is of what was done, not of what went wrong */
		return err_missing("%s: %s: %s", name, why, strerror(-err));
	}
}

int watch_status(const struct watch *w)
{
	if (!w->command)
		return EXIT_OK;
	return WIFSIGNALED(w->status) ? 128 + WTERMSIG(w->status) : WEXITSTATUS(w->status);
}

/**
 * watch_end() - let go of the command, give signals back
 * @w: begun, or not
 */
void watch_end(struct watch *w)
{
	if (w->command)
		mms_command_drop(&w->cmd);
	if (w->pidfd >= 0)
		close(w->pidfd);
	free(w->cgroup);
	w->cgroup = NULL;
	sigprocmask(SIG_SETMASK, &w->mask, NULL);
}
