// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmscope faults: page faults by kind, of the system, a process, a thread, a cgroup
 * or a command. Sets a run up and takes it down; what it is about is in
 * faults_opts.c, its clock in faults_run.c, its words in faults_report.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cmd.h"
#include "cmd/faults_run.h"
#include "cmd/watch.h"
#include "collect/proc.h"
#include "util/err.h"

int faults_report_span(struct faults_run *r)
{
	bool budget = r->args->budget > 0;
	struct faults_snap end;
	struct faults_span span = {
		.n = ++r->n,
		.begin = &r->begin,
		.end = &end,
		.period = r->worst,
		.status = r->status,
		.used = r->used,
	};
	int err;

	if (r->used)
		faults_used_look(r->used, r->f);
	err = faults_snap(r->f, budget ? &r->last : &r->begin, r->period, &end);
	if (err)
		return err;
	if (r->ended && !r->args->opts.events && r->execd.ns) {
		span.rusage = &r->rusage;
		span.execd = &r->execd;
		r->begin.ns = r->execd.ns;
	}
	err = faults_report(r->out, r->f, &r->view, &span);
	faults_snap_free(&r->begin);
	r->begin = end;
	r->worst = r->period;
	if (err || !budget)
		return err;
	faults_snap_free(&r->last);
	return faults_snap_copy(&r->begin, &r->last);
}

static enum out_format stream_format(const struct faults_args *a)
{
	return a->stacks && a->format == OUT_TEXT ? OUT_FOLDED : a->format;
}

/* They have no stack yet. In folded lines there is only a note, which goes to stderr. */
static void tell_in_flight(struct out *o, struct mms_faults *f)
{
	uint64_t nr, ns;

	if (mms_faults_in_flight(f, &nr, &ns))
		return;
	out_num(o, "in_flight", NULL, OUT_COUNT, nr);
	out_num(o, "in_flight_ns", NULL, OUT_NS, ns);
	if (nr)
		out_note(o, "not yet ended: %" PRIu64 " faults", nr);
}

/* One object, of stacks in place of rows. */
static int tell_stacks(struct faults_run *r, const struct faults_span *span)
{
	struct mms_fault_losses l = faults_losses_since(span->begin, span->end);
	struct faults_stacks_sum sum;
	struct out *o = r->events;
	int err;

	out_begin(o);
	out_num(o, "interval", NULL, OUT_COUNT, span->n);
	out_num(o, "span_ns", NULL, OUT_NS, span->end->ns - span->begin->ns);
	err = faults_stacks_report(r->stacks, o, stream_format(r->args), r->f, r->args->kinds,
				   &sum);
	if (span->rusage)
		faults_report_rusage(o, span, sum.minor, sum.major);
	tell_in_flight(o, r->f);
	faults_report_identity(o, &l);
	faults_report_missing(o, r->f);
	cost_report(o, &span->begin->cost, &span->end->cost, r->args->verbose);
	faults_report_losses(o, &l);
	out_end(o);
	return err;
}

static int report_stacks(struct faults_run *r)
{
	struct faults_snap end;
	struct faults_span span = {
		.n = ++r->n,
		.begin = &r->begin,
		.end = &end,
		.period = 1,
		.status = r->status,
	};
	int err = faults_stacks_take(r->stacks, r->f);

	faults_snap_begin(r->f, &end);
	if (!err)
		err = mms_faults_losses(r->f, &end.losses);
	if (err)
		return err;
	if (r->ended && r->execd.ns) {
		span.rusage = &r->rusage;
		span.execd = &r->execd;
	}
	err = tell_stacks(r, &span);
	r->begin = end;
	return err;
}

static int report(struct faults_run *r)
{
	return r->stacks ? report_stacks(r) : faults_report_span(r);
}

/* Rows of counts, or stacks, once or for each interval. */
static int count(struct faults_run *r)
{
	uint64_t next = watch_now_ns(), left = r->args->count;
	int err = 0;

	if (!r->args->interval_ns) {
		faults_wait(r, 0);
		return report(r);
	}
	while (!err) {
		bool more = faults_wait(r, next += r->args->interval_ns);

		err = report(r);
		if (!more || (left && !--left) || out_error(r->out))
			break;
	}
	return err;
}

/* Counting begins: of a command with its execve, of others a moment ago. */
static int begin(struct faults_run *r)
{
	const struct faults_snap none = {};
	struct faults_snap now;
	int err;

	faults_snap_begin(r->f, &r->start);
	if (r->args->opts.events || r->args->stacks || (r->args->command && !r->args->whole)) {
		r->begin = r->start;
		return 0;
	}
	/* Twice: the first makes the room, by faults that would count between two readings. */
	err = faults_snap(r->f, &none, 1, &now);
	if (err)
		return err;
	faults_snap_free(&now);
	return faults_snap(r->f, &none, 1, &r->begin);
}

static int let_go(struct faults_run *r)
{
	int err;

	if (!r->args->command)
		return EXIT_OK;
	err = mms_command_go(&r->cmd);
	if (err)
		return err_failed("cannot run '%s': %s", r->args->command[0], strerror(-err));
	if (mms_faults_execd(r->f, &r->execd))
		r->execd.ns = 0;
	return EXIT_OK;
}

static int observe(struct faults_run *r)
{
	int err = faults_budget_begin(r);

	if (err)
		return err;
	if (r->args->cold)
		err = faults_cold(r);
	else
		err = r->args->opts.events ? faults_stream(r) : count(r);
	return err ? err : r->err;
}

/* As perf stat: the command's status is ours; a signal is 128 + its number, as in a shell. */
static int command_status(const struct faults_run *r)
{
	if (!r->args->command)
		return EXIT_OK;
	return WIFSIGNALED(r->status) ? 128 + WTERMSIG(r->status) : WEXITSTATUS(r->status);
}

static int sample(struct faults_run *r)
{
	const struct faults_args *a = r->args;

	if (!a->used_ms)
		return EXIT_OK;
	return faults_used_open(&r->used, a->command ? r->cmd.pid : a->opts.tgid, a->used_ms,
				a->command != NULL);
}

static int run_observed(struct faults_run *r)
{
	int err = begin(r), ret;

	if (err)
		return err_failed("faults: %s", strerror(-err));
	ret = let_go(r);
	if (!ret)
		ret = sample(r);
	if (ret)
		return ret;
	err = observe(r);
	return err ? err_failed("faults: %s", strerror(-err)) : EXIT_OK;
}

static int run_open(struct faults_run *r)
{
	const char *stream = r->args->cold     ? "faults-cold"
			     : r->args->stacks ? "fault-stacks"
					       : "fault-events";
	int ret, err, err2;

	r->out = out_create(r->args->format, r->file, "faults");
	r->events = out_create(stream_format(r->args), r->file, stream);
	err = r->out && r->events ? faults_view_open(&r->view, r->args) : -errno;
	ret = err ? err_failed("%s", strerror(-err)) : run_observed(r);
	faults_view_close(&r->view);
	err = out_destroy(r->out);
	err2 = out_destroy(r->events);
	if (ret)
		return ret;
	ret = err_output(err ? err : err2);
	return ret ? ret : command_status(r);
}

/* Return: an exit code. */
static int hold_command(struct faults_run *r, struct mms_fault_opts *opts)
{
	int err;

	if (!r->args->command)
		return EXIT_OK;
	err = mms_command_hold(&r->cmd, r->args->command, &r->mask);
	if (err)
		return err_failed("fork: %s", strerror(-err));
	if (!r->args->whole)
		opts->command = r->cmd.pid;
	return EXIT_OK;
}

/* Before counting begins: no fault is then older than what is known of its process. */
static int open_stacks(struct faults_run *r, const struct mms_fault_opts *opts)
{
	pid_t pid = opts->command ? opts->command
		    : opts->tid	  ? mms_proc_tgid(opts->tid)
				  : opts->tgid;
	int err;

	if (!r->args->stacks)
		return EXIT_OK;
	err = faults_stacks_open(&r->stacks, pid, r->args->weight);
	return err ? err_failed("faults: %s", strerror(-err)) : EXIT_OK;
}

static void release(struct faults_run *r)
{
	mms_command_drop(&r->cmd);
	mms_faults_close(r->f);
	faults_stacks_close(r->stacks);
	faults_used_close(r->used);
	faults_snap_free(&r->begin);
	faults_snap_free(&r->last);
	free(r->batch);
	if (r->pidfd >= 0)
		close(r->pidfd);
	sigprocmask(SIG_SETMASK, &r->mask, NULL);
}

static int run(const struct faults_args *args)
{
	struct faults_run r = {
		.args = args, .cmd = {.go = -1}, .file = stdout, .pidfd = -1, .period = 1};
	struct mms_fault_opts opts = args->opts;
	const char *why = NULL;
	int err, ret;

	if (args->path) {
		r.file = fopen(args->path, "we");
		if (!r.file)
			return err_failed("%s: %s", args->path, strerror(errno));
	}
	faults_block_signals(&r);
	if (args->opts.tgid)
		r.pidfd = (int)syscall(SYS_pidfd_open, args->opts.tgid, 0);
	opts.events |= args->used_ms != 0;
	ret = args->used_ms ? faults_used_check(args->command != NULL) : EXIT_OK;
	if (!ret)
		ret = hold_command(&r, &opts);
	if (!ret)
		ret = open_stacks(&r, &opts);
	if (!ret) {
		err = mms_faults_open(&r.f, &opts, &why);
		ret = err ? watch_open_error("faults", err, why) : run_open(&r);
	}
	release(&r);
	if (args->path && fclose(r.file) && !ret)
		ret = err_failed("%s: %s", args->path, strerror(errno));
	return ret;
}

int cmd_faults(int argc, char **argv)
{
	struct faults_args args = {.format = OUT_TEXT};
	int ret = faults_parse(argc, argv, &args);

	return ret == FAULTS_PARSED ? run(&args) : ret;
}
