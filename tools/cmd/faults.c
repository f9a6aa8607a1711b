// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmscope faults: page faults by kind, of the system, a process, a cgroup or a
 * command. Parses, runs the clock, hands snapshots on; the words of the report are
 * in faults_report.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "cmd.h"
#include "cmd/faults_report.h"
#include "collect/bpf_fault.h"
#include "collect/cgroup.h"
#include "collect/command.h"
#include "render/out.h"
#include "util/args.h"
#include "util/err.h"
#include "util/opts.h"

#define EVENT_PERIOD_NS 50000000ULL /* how often the ring is emptied */

struct faults_args {
	struct mms_fault_opts opts;
	enum out_format format;
	const char *path; /* NULL = stdout */
	bool by_process;
	bool hist;
	uint64_t interval_ns; /* 0 = one report at the end */
	uint64_t count;	      /* 0 = without end */
	char **command;	      /* NULL = none */
};

/* Everything of one run. */
struct faults_run {
	const struct faults_args *args;
	struct mms_faults *f;
	FILE *file;
	struct out *o, *events;
	struct mms_fault_event *batch;
	size_t nr_batch, room_batch;
	uint64_t nr_dropped; /* events for which this program had no memory */
	int pidfd;	     /* of the process, -1 = none */
	struct mms_command cmd;
	struct mms_fault_execd execd;
	struct rusage rusage;
	int status;
	bool ended; /* the command, or the process */
	struct faults_snap begin;
	unsigned int n;
	sigset_t waited, mask;
};

static const struct opts_help help = {
	.usage = "faults [OPTION]... [INTERVAL [COUNT]]\n"
		 "faults [OPTION]... -- COMMAND [ARGUMENT]...",
	.about =
		"Counts page faults by kind, with latency, of all processes, a process, a cgroup or a\n"
		"command and its children. Without INTERVAL one report when it ends or at Ctrl-C.",
	.options =
		"  -p, --pid PID         only this process, all its threads\n"
		"  -c, --cgroup CGROUP   only this cgroup and those below it\n"
		"  -e, --each            rows per process\n"
		"      --hist            latency histograms, too\n"
		"      --events          every single fault in place of counts\n"
		"  -o, --to FILE         write to FILE: the command's own output goes to stdout\n"
		"      --attach KIND     kprobe.session, fentry/fexit or kprobe+kretprobe; default: the\n"
		"                        best that loses nothing here\n" OPTS_COMMON,
	.examples =
		"    mmscope faults 1                     # the whole system, every second\n"
		"    mmscope faults -p 1234 0.5 10        # a process, ten half seconds\n"
		"    mmscope faults -- sort big.txt       # a command from its start to its end\n"
		"    mmscope faults --events -p 1234      # each fault with address, kind and file\n",
};

static int parse_cgroup(const char *name, uint64_t *id)
{
	const char *why = NULL;
	char *dir;
	int err = mms_cgroup_find(name, &dir, &why);

	/* Faults need no memory controller, but a thing to count in must exist. */
	if (err)
		return err_failed("cgroup '%s': %s", name, why ? why : strerror(-err));
	*id = mms_cgroup_id(dir);
	free(dir);
	return *id ? EXIT_OK : err_failed("cgroup '%s': it has no id", name);
}

static bool known_attach(const char *kind)
{
	const char *k;
	size_t i;

	for (i = 0; (k = mms_faults_attach_kinds(i)); i++)
		if (!strcmp(k, kind))
			return true;
	return false;
}

enum { OPT_EVENTS = 256, OPT_HIST, OPT_ATTACH, PARSED = -1 };

static int parse_option(int c, struct faults_args *a)
{
	switch (c) {
	case 'p':
		if (args_pid(optarg, &a->opts.tgid))
			return err_usage("faults", "'%s' is not a process id", optarg);
		return PARSED;
	case 'c': {
		int ret = parse_cgroup(optarg, &a->opts.cgroup_id);

		return ret ? ret : PARSED;
	}
	case 'e':
		a->by_process = true;
		return PARSED;
	case 'O':
		if (args_format(optarg, &a->format))
			return err_usage("faults", "no output format '%s'", optarg);
		return PARSED;
	case 'o':
		a->path = optarg;
		return PARSED;
	case OPT_EVENTS:
		a->opts.events = true;
		return PARSED;
	case OPT_HIST:
		a->hist = true;
		return PARSED;
	case OPT_ATTACH:
		if (!known_attach(optarg))
			return err_usage("faults", "no attach kind '%s'", optarg);
		a->opts.attach = optarg;
		return PARSED;
	case 'h':
		return opts_print_help(&help);
	default:
		return EXIT_USAGE;
	}
}

static int parse_operands(int argc, char **argv, struct faults_args *a)
{
	int left = argc - optind;

	if (a->opts.events && (a->by_process || a->hist))
		return err_usage("faults", "--events gives no counts: not with -e or --hist");
	if (optind > 1 && !strcmp(argv[optind - 1], "--")) {
		if (!left)
			return err_usage("faults", "no command after '--'");
		if (a->opts.tgid || a->opts.cgroup_id)
			return err_usage("faults", "a command, or -p, or -c: one of them");
		a->command = argv + optind;
		return PARSED;
	}
	if (a->opts.tgid && a->opts.cgroup_id)
		return err_usage("faults", "-p or -c: one of them");
	if (left > 2)
		return err_usage("faults", "too many arguments; a command comes after '--'");
	if (left > 0 && args_seconds(argv[optind], &a->interval_ns))
		return err_usage("faults", "'%s' is not an interval; a command comes after '--'",
				 argv[optind]);
	if (left > 1 && (args_u64(argv[optind + 1], &a->count) || !a->count))
		return err_usage("faults", "'%s' is not a count", argv[optind + 1]);
	return PARSED;
}

/* Return: PARSED to go on, else the exit code. */
static int parse(int argc, char **argv, struct faults_args *a)
{
	static const struct option longs[] = {
		{"pid", required_argument, NULL, 'p'},
		{"cgroup", required_argument, NULL, 'c'},
		{"each", no_argument, NULL, 'e'},
		{"events", no_argument, NULL, OPT_EVENTS},
		{"hist", no_argument, NULL, OPT_HIST},
		{"attach", required_argument, NULL, OPT_ATTACH},
		{"to", required_argument, NULL, 'o'},
		{"output", required_argument, NULL, 'O'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c, ret;

	while ((c = opts_next(argc, argv, "+:p:c:eo:O:h", longs)) != -1) {
		ret = parse_option(c, a);
		if (ret != PARSED)
			return ret;
	}
	return parse_operands(argc, argv, a);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

static void keep_event(const struct mms_fault_event *e, void *ctx)
{
	struct faults_run *r = ctx;
	size_t room = r->room_batch ? r->room_batch * 2 : 1024;
	struct mms_fault_event *batch;

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

static void drain_events(struct faults_run *r)
{
	if (!r->args->opts.events)
		return;
	mms_faults_poll(r->f, 0, keep_event, r);
	faults_report_events(r->events, r->batch, r->nr_batch);
	r->nr_batch = 0;
}

/* The command or the process may have ended. */
static void look_after(struct faults_run *r)
{
	struct pollfd p = {.fd = r->pidfd, .events = POLLIN};

	if (r->args->command)
		r->ended = mms_command_ended(&r->cmd, &r->status, &r->rusage) != 0;
	else if (r->pidfd >= 0)
		r->ended = poll(&p, 1, 0) > 0;
	else if (r->args->opts.tgid)
		r->ended = kill(r->args->opts.tgid, 0) && errno == ESRCH;
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

/* Waits until a moment (0 = for ever). Return: false if the end or a signal came before. */
static bool wait_until(struct faults_run *r, uint64_t moment)
{
	struct timespec t;
	uint64_t step, now;
	siginfo_t info;
	int sig;

	for (;;) {
		now = now_ns();
		if (moment && now >= moment)
			return true;
		step = moment ? moment - now : 200000000ULL;
		if (r->args->opts.events && step > EVENT_PERIOD_NS)
			step = EVENT_PERIOD_NS;
		if (step > 200000000ULL)
			step = 200000000ULL;
		t.tv_sec = 0;
		t.tv_nsec = (long)step;
		sig = sigtimedwait(&r->waited, &info, &t);
		drain_events(r);
		look_after(r);
		if (r->ended || out_error(r->o) || (r->events && out_error(r->events)))
			return false;
		if (!take_signal(r, sig, &info))
			return false;
	}
}

static int report(struct faults_run *r)
{
	struct faults_span span = {.n = ++r->n, .begin = &r->begin, .status = r->status};
	struct faults_snap end;
	int err = faults_snap(r->f, r->args->by_process, &end);

	if (err)
		return err;
	span.end = &end;
	if (r->args->command && !mms_faults_execd(r->f, &r->execd)) {
		span.rusage = &r->rusage;
		span.execd = &r->execd;
	}
	err = faults_report(r->o, r->f, &span, r->args->by_process, r->args->hist);
	if (err) {
		faults_snap_free(&end);
		return err;
	}
	faults_snap_free(&r->begin);
	r->begin = end;
	return 0;
}

/* Events take the place of counts; what was lost is said all the same. */
static int conclude(struct faults_run *r)
{
	struct mms_fault_losses l;
	int err;

	if (!r->args->opts.events)
		return report(r);
	drain_events(r);
	err = mms_faults_losses(r->f, &l);
	if (err)
		return err;
	out_begin(r->events);
	out_num(r->events, "streamed", "events", OUT_COUNT, l.events);
	out_num(r->events, "dropped", NULL, OUT_COUNT, l.dropped_ring_full + r->nr_dropped);
	out_str(r->events, "attach", "attached by", mms_faults_attach_kind(r->f));
	faults_report_losses(r->events, &l);
	if (r->nr_dropped)
		out_note(r->events, "lost: %" PRIu64 " events, no memory for them here",
			 r->nr_dropped);
	out_end(r->events);
	return 0;
}

static int observe(struct faults_run *r)
{
	uint64_t next = now_ns(), left = r->args->count;
	int err = 0;

	if (!r->args->interval_ns || r->args->opts.events) {
		wait_until(r,
			   r->args->interval_ns && left ? next + r->args->interval_ns * left : 0);
		return conclude(r);
	}
	err = faults_snap(r->f, r->args->by_process, &r->begin);
	while (!err) {
		bool more = wait_until(r, next += r->args->interval_ns);

		err = report(r);
		if (!more || (left && !--left) || out_error(r->o))
			break;
	}
	return err;
}

static int open_error(int err, const char *why)
{
	if (!why)
		return err_failed("faults: %s", strerror(-err));
	if (err == -ESRCH || err == -ESTALE)
		return err_failed("faults: %s", why);
	if (err == -EPERM || err == -ENOENT || err == -EOPNOTSUPP)
		return err_missing("faults: %s", why);
	return err_missing("faults: %s: %s", why, strerror(-err));
}

static int let_go(struct faults_run *r)
{
	int err;

	if (!r->args->command)
		return EXIT_OK;
	err = mms_command_go(&r->cmd);
	return err ? err_failed("cannot run '%s': %s", r->args->command[0], strerror(-err))
		   : EXIT_OK;
}

/* As perf stat: the command's status is ours; a signal is 128 + its number, as in a shell. */
static int command_status(const struct faults_run *r)
{
	if (!r->args->command)
		return EXIT_OK;
	return WIFSIGNALED(r->status) ? 128 + WTERMSIG(r->status) : WEXITSTATUS(r->status);
}

static int run_open(struct faults_run *r)
{
	int ret, err, err2;

	r->o = out_create(r->args->format, r->file, "faults");
	r->events = out_create(r->args->format, r->file, "fault-events");
	if (!r->o || !r->events) {
		err = errno;
		out_destroy(r->o);
		out_destroy(r->events);
		return err_failed("%s", strerror(err));
	}
	ret = let_go(r);
	if (!ret) {
		err = observe(r);
		if (err)
			ret = err_failed("faults: %s", strerror(-err));
	}
	err = out_destroy(r->o);
	err2 = out_destroy(r->events);
	if (ret)
		return ret;
	ret = err_output(err ? err : err2);
	return ret ? ret : command_status(r);
}

/* Taken by sigtimedwait(): whatever ends us, what was set in the kernel is undone. */
static void block_signals(struct faults_run *r)
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

static int run(const struct faults_args *args)
{
	struct faults_run r = {.args = args, .cmd = {.go = -1}, .file = stdout, .pidfd = -1};
	struct mms_fault_opts opts = args->opts;
	const char *why = NULL;
	int err, ret;

	if (args->path) {
		r.file = fopen(args->path, "we");
		if (!r.file)
			return err_failed("%s: %s", args->path, strerror(errno));
	}
	block_signals(&r);
	if (args->opts.tgid)
		r.pidfd = (int)syscall(SYS_pidfd_open, args->opts.tgid, 0);
	if (args->command) {
		err = mms_command_hold(&r.cmd, args->command, &r.mask);
		if (err)
			return err_failed("fork: %s", strerror(-err));
		opts.command = r.cmd.pid;
	}
	err = mms_faults_open(&r.f, &opts, &why);
	ret = err ? open_error(err, why) : run_open(&r);
	mms_command_drop(&r.cmd);
	mms_faults_close(r.f);
	faults_snap_free(&r.begin);
	free(r.batch);
	if (r.pidfd >= 0)
		close(r.pidfd);
	if (args->path && fclose(r.file) && !ret)
		ret = err_failed("%s: %s", args->path, strerror(errno));
	sigprocmask(SIG_SETMASK, &r.mask, NULL);
	return ret;
}

int cmd_faults(int argc, char **argv)
{
	struct faults_args args = {.format = OUT_TEXT};
	int ret = parse(argc, argv, &args);

	return ret == PARSED ? run(&args) : ret;
}
