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
#include "cmd.h"
#include "cmd/faults_run.h"
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
		.status = r->watch.status,
		.used = r->used,
	};
	int err;

	if (r->used)
		faults_used_look(r->used, r->f);
	err = faults_snap(r->f, budget ? &r->last : &r->begin, &end);
	if (err)
		return err;
	if (r->watch.ended && !r->args->opts.events && r->execd.ns) {
		span.rusage = &r->watch.rusage;
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
		.status = r->watch.status,
	};
	int err = faults_stacks_take(r->stacks, r->f);

	faults_snap_begin(r->f, &end);
	if (!err)
		err = mms_faults_losses(r->f, &end.losses);
	if (err)
		return err;
	if (r->watch.ended && r->execd.ns) {
		span.rusage = &r->watch.rusage;
		span.execd = &r->execd;
	}
	err = tell_stacks(r, &span);
	r->begin = end;
	return err;
}

static int report(void *arg)
{
	struct faults_run *r = arg;

	return r->stacks ? report_stacks(r) : faults_report_span(r);
}

static int wait_until(void *arg, uint64_t moment)
{
	return faults_wait(arg, moment);
}

static bool broken(void *arg)
{
	return out_error(((struct faults_run *)arg)->out);
}

/* Rows of counts, or stacks, once or for each interval. */
static const struct watch_ops counting = {.wait = wait_until, .report = report, .broken = broken};

/* Counting begins: of a command with its execve, of others a moment ago. */
static int begin(struct faults_run *r)
{
	const struct faults_snap none = {};
	struct faults_snap now;
	int err;

	faults_snap_begin(r->f, &r->start);
	if (r->args->opts.events || r->args->stacks || (r->watch.command && !r->args->whole)) {
		r->begin = r->start;
		return 0;
	}
	/* Twice: the first makes the room, by faults that would count between two readings. */
	err = faults_snap(r->f, &none, &now);
	if (err)
		return err;
	faults_snap_free(&now);
	return faults_snap(r->f, &none, &r->begin);
}

static int let_go(struct faults_run *r)
{
	int ret = watch_go(&r->watch);

	if (!ret && r->watch.command && mms_faults_execd(r->f, &r->execd))
		r->execd.ns = 0;
	return ret;
}

static int observe(struct faults_run *r)
{
	int err = faults_budget_begin(r);

	if (err)
		return err;
	if (r->args->cold)
		err = faults_cold(r);
	else
		err = r->args->opts.events ? faults_stream(r)
					   : watch_observe(&r->watch, watch_now_ns(), &counting, r);
	return err ? err : r->err;
}

static int sample(struct faults_run *r)
{
	const struct watch *w = &r->watch;

	if (!r->args->used_ms)
		return EXIT_OK;
	return faults_used_open(&r->used, w->command ? w->cmd.pid : w->pid, r->args->used_ms,
				w->command != NULL);
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
	return ret ? ret : watch_status(&r->watch);
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
	mms_faults_close(r->f);
	faults_stacks_close(r->stacks);
	faults_used_close(r->used);
	faults_snap_free(&r->begin);
	faults_snap_free(&r->last);
	free(r->batch);
	watch_end(&r->watch);
}

/* The command is held: it runs once everything is there. */
static int open_all(struct faults_run *r)
{
	struct mms_fault_opts opts = r->args->opts;
	const char *why = NULL;
	int err, ret = EXIT_OK;

	opts.events |= r->args->used_ms != 0;
	if (!r->args->whole && r->watch.command)
		opts.command = r->watch.cmd.pid;
	if (r->args->used_ms)
		ret = faults_used_check(r->watch.command != NULL);
	if (!ret)
		ret = open_stacks(r, &opts);
	if (ret)
		return ret;
	err = mms_faults_open(&r->f, &opts, &why);
	return err ? watch_open_error("faults", &r->watch, err, why) : EXIT_OK;
}

static int run(const struct faults_args *args)
{
	struct faults_run r = {.args = args, .watch = args->watch, .file = stdout, .period = 1};
	int ret;

	if (args->path) {
		r.file = fopen(args->path, "we");
		if (!r.file) {
			ret = err_failed("%s: %s", args->path, strerror(errno));
			free(args->watch.cgroup);
			return ret;
		}
	}
	ret = watch_begin(&r.watch);
	if (!ret)
		ret = open_all(&r);
	if (!ret)
		ret = run_open(&r);
	release(&r);
	if (args->path && fclose(r.file) && !ret)
		ret = err_failed("%s: %s", args->path, strerror(errno));
	return ret;
}

int cmd_faults(int argc, char **argv)
{
	struct faults_args args = {.format = OUT_TEXT};
	int ret = faults_parse(argc, argv, &args);

	if (ret == FAULTS_PARSED)
		return run(&args);
	free(args.watch.cgroup);
	return ret;
}
