// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmscope cow: the live bill of a fork. Parses, runs the clock, hands spans on; what
 * is said of them is in cow_report.c.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cmd.h"
#include "cmd/cow_report.h"
#include "cmd/cow_stacks.h"
#include "cmd/watch.h"
#include "collect/cgroup.h"
#include "util/args.h"
#include "util/opts.h"

#define POLL_NS 200000000ULL /* how often forks and ends are taken in */
#define TOP	20

struct cow_args {
	struct watch watch;
	struct mms_fault_opts opts;
	enum out_format format;
	const char *path; /* NULL = stdout */
	size_t top;	  /* 0 = all */
	bool topped;	  /* it was asked for */
	bool all;
	bool each;
	bool no_shared;
	bool stacks;
	bool verbose;
};

/* Everything of one run. */
struct cow_run {
	const struct cow_args *args;
	struct watch watch;
	struct mms_faults *f;
	struct mms_bills *bills;
	struct model_cow *c;
	struct faults_stacks *stacks; /* NULL = rows */
	FILE *file;
	struct out *o;
	uint64_t since_ns;
	struct mms_fault_losses losses; /* until @since_ns */
	uint64_t lost_moments;
	struct cost cost;
	unsigned int n;
	bool outlived; /* the process has ended, its children have not */
};

static const struct opts_help help = {
	.usage = "cow [OPTION]... [INTERVAL [COUNT]]\n"
		 "cow [OPTION]... -- COMMAND [ARGUMENT]...",
	.about =
		"The bill of each fork: what parent and child have copied on write since, what is new\n"
		"in the child, what was reused, the time it took, and what is still shared.\n"
		"Without INTERVAL one report when it ends or at Ctrl-C.",
	.options =
		"  -p, --pid PID         forks of this process and of its children\n"
		"  -c, --cgroup CGROUP   forks in this cgroup and those below it\n"
		"  -a, --all             forks of all processes (default)\n"
		"  -e, --each            rows per process, too\n"
		"      --by vma          rows per mapping, too\n"
		"      --no-shared       do not look at pages: no SHARED, PRIVATE from faults alone\n"
		"      --stacks          the code that wrote to what was copied, in lines for\n"
		"                        flamegraph.pl, with bytes, in place of rows\n"
		"  -n, --top N           at most N forks in a report, the dearest (20; 0 = all)\n"
		"  -v, --verbose         own cost, too\n"
		"  -o, --to FILE         write to FILE: the command's own output goes to stdout\n"
		"      --attach KIND     as in 'mmscope faults'\n" OPTS_COMMON,
	.examples =
		"    mmscope cow -p $(pidof redis-server) 1   # a snapshot (BGSAVE), every second\n"
		"    mmscope cow --by vma -p 1234             # which memory it was, at the end\n"
		"    mmscope cow --stacks -o out.folded -p 1234   # then: flamegraph.pl out.folded\n"
		"    mmscope cow -- ./server --prefork        # a command from its start to its end\n",
};

enum { OPT_BY = 256, OPT_NO_SHARED, OPT_STACKS, OPT_ATTACH, PARSED = -1 };

static int parse_top(struct cow_args *a)
{
	uint64_t v;

	if (args_u64(optarg, &v) || v > SIZE_MAX)
		return err_usage("cow", "'%s' is not a number of rows", optarg);
	a->top = (size_t)v;
	a->topped = true;
	return PARSED;
}

static int parse_option(int c, struct cow_args *a)
{
	int ret;

	switch (c) {
	case 'p':
		ret = watch_parse_pid(&a->watch, "cow", optarg);
		return ret ? ret : PARSED;
	case 'c':
		ret = watch_parse_cgroup(&a->watch, "cow", optarg);
		return ret ? ret : PARSED;
	case 'a':
		a->all = true;
		return PARSED;
	case 'e':
		a->each = true;
		return PARSED;
	case 'v':
		a->verbose = true;
		return PARSED;
	case 'n':
		return parse_top(a);
	case 'O':
		if (args_format(optarg, &a->format))
			return err_usage("cow", "no output format '%s'", optarg);
		return PARSED;
	case 'o':
		a->path = optarg;
		return PARSED;
	case OPT_BY:
		if (strcmp(optarg, "vma") != 0)
			return err_usage("cow", "--by vma, not '%s'", optarg);
		a->opts.by |= MMS_BY_VMA;
		return PARSED;
	case OPT_NO_SHARED:
		a->no_shared = true;
		return PARSED;
	case OPT_STACKS:
		a->stacks = true;
		a->opts.by |= MMS_BY_USTACK;
		return PARSED;
	case OPT_ATTACH:
		ret = watch_parse_attach(&a->opts.attach, "cow", optarg, mms_faults_attach_kinds);
		return ret ? ret : PARSED;
	case 'h':
		return opts_print_help(&help);
	default:
		return EXIT_USAGE;
	}
}

/* Return: PARSED to go on, else the exit code. */
static int parse(int argc, char **argv, struct cow_args *a)
{
	static const struct option longs[] = {
		{"pid", required_argument, NULL, 'p'},
		{"cgroup", required_argument, NULL, 'c'},
		{"all", no_argument, NULL, 'a'},
		{"each", no_argument, NULL, 'e'},
		{"by", required_argument, NULL, OPT_BY},
		{"no-shared", no_argument, NULL, OPT_NO_SHARED},
		{"stacks", no_argument, NULL, OPT_STACKS},
		{"top", required_argument, NULL, 'n'},
		{"attach", required_argument, NULL, OPT_ATTACH},
		{"verbose", no_argument, NULL, 'v'},
		{"to", required_argument, NULL, 'o'},
		{"output", required_argument, NULL, 'O'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c, ret;

	while ((c = opts_next(argc, argv, "+:p:c:aen:vo:O:h", longs)) != -1) {
		ret = parse_option(c, a);
		if (ret != PARSED)
			return ret;
	}
	ret = watch_parse_operands(&a->watch, "cow", argc, argv);
	if (!ret)
		ret = watch_check_whom(&a->watch, "cow", a->all);
	if (ret)
		return ret;
	if (a->stacks && (a->each || (a->opts.by & MMS_BY_VMA) || a->topped || a->no_shared))
		return err_usage("cow", "--stacks has lines of its own: not with -e, --by, -n or "
					"--no-shared");
	return PARSED;
}

/* A child whose end was lost must not be waited for. */
static bool anybody_lives(struct model_cow *c)
{
	size_t i;

	for (i = 0; i < model_cow_nr_bills(c); i++) {
		const struct model_bill *b = model_cow_bill(c, i);

		if (b->state == MODEL_BILL_LIVE && (!kill(b->pid, 0) || errno != ESRCH))
			return true;
	}
	return false;
}

/* A process has ended: those that it forked may still live, and their bills are not complete. */
static bool outlives(struct cow_run *r)
{
	if (!r->outlived && !(r->watch.pid && r->watch.ended))
		return false;
	r->outlived = true;
	r->watch.ended = false;
	r->watch.pid = 0;
	if (r->watch.pidfd >= 0)
		close(r->watch.pidfd);
	r->watch.pidfd = -1;
	return anybody_lives(r->c);
}

/* Takes in what happens meanwhile. */
static int wait_until(void *arg, uint64_t moment)
{
	struct cow_run *r = arg;

	for (;;) {
		uint64_t now = watch_now_ns(), until = now + POLL_NS;
		bool more;
		int err;

		if (moment && now >= moment)
			return 1;
		if (moment && until > moment)
			until = moment;
		more = watch_until(&r->watch, until);
		if (r->stacks)
			faults_stacks_poll(r->stacks);
		err = mms_bills_poll(r->bills, r->c);
		if (!err && mms_bills_crowded(r->bills))
			err = mms_bills_take(r->bills, r->c);
		if (err)
			return err;
		if (out_error(r->o) || (!more && !r->watch.ended) ||
		    ((r->watch.ended || r->outlived) && !outlives(r)))
			return 0;
	}
}

/* Every member of the struct is a counter. */
static void subtract(struct mms_fault_losses *l, const struct mms_fault_losses *before)
{
	const uint64_t *b = (const uint64_t *)before;
	uint64_t *v = (uint64_t *)l;
	size_t i;

	for (i = 0; i < sizeof(*l) / sizeof(*v); i++)
		v[i] -= b[i];
}

/* As text they are folded. */
static enum out_format format_of(const struct cow_args *a)
{
	return a->stacks && a->format == OUT_TEXT ? OUT_FOLDED : a->format;
}

static int tell(struct cow_run *r, const struct cow_span *span)
{
	if (r->stacks)
		return cow_stacks_report(r->o, format_of(r->args), r->stacks, r->f, r->c, span);
	return cow_report(r->o, r->f, r->bills, r->c, span);
}

static int report(void *arg)
{
	struct cow_run *r = arg;
	struct cow_rows rows;
	struct cow_span span = {
		.n = ++r->n,
		.rows = &rows,
		.each = r->args->each,
		.by_vma = r->args->opts.by & MMS_BY_VMA,
		.begin = r->cost,
		.verbose = r->args->verbose,
		.look = !r->args->no_shared && !r->stacks,
	};
	struct mms_fault_losses losses;
	int err = cow_rows_gather(&rows, r->c, r->bills, r->args->top, span.look, r->since_ns);

	if (!err)
		err = mms_faults_losses(r->f, &losses);
	if (!err) {
		span.ns = rows.ns - r->since_ns;
		span.losses = losses;
		subtract(&span.losses, &r->losses);
		span.lost_moments = mms_bills_lost(r->bills) - r->lost_moments;
		span.end = cost_now();
		span.end.bpf = mms_faults_cost(r->f);
		err = tell(r, &span);
		r->cost = span.end;
		r->losses = losses;
		r->lost_moments += span.lost_moments;
		r->since_ns = rows.ns;
		cow_rows_told(&rows, r->c);
		model_cow_forget(r->c);
	}
	cow_rows_free(&rows);
	return err;
}

static bool broken(void *arg)
{
	return out_error(((struct cow_run *)arg)->o);
}

static const struct watch_ops ops = {.wait = wait_until, .report = report, .broken = broken};

static int run_counted(struct cow_run *r)
{
	const struct watch *w = &r->args->watch;
	int err = mms_bills_open(&r->bills, r->f), ret;

	r->since_ns = watch_now_ns();
	r->cost = cost_now();
	r->cost.bpf = mms_faults_cost(r->f);
	if (!err && !w->command)
		err = mms_bills_find(r->bills, r->c, w->pid,
				     w->cgroup ? mms_cgroup_name(w->cgroup) : NULL);
	if (err)
		return err_failed("cow: %s", strerror(-err));
	ret = watch_go(&r->watch);
	if (ret)
		return ret;
	err = watch_observe(&r->watch, watch_now_ns(), &ops, r);
	if (err)
		return err_failed("cow: %s", strerror(-err));
	return EXIT_OK;
}

static int run_open(struct cow_run *r)
{
	struct mms_fault_opts opts = r->args->opts;
	const char *why = NULL;
	int ret, err;

	r->o = out_create(format_of(r->args), r->file, r->args->stacks ? "cow-stacks" : "cow");
	r->c = model_cow_create();
	if (!r->o || !r->c) {
		out_destroy(r->o);
		return err_failed("%s", strerror(ENOMEM));
	}
	opts.bill = true;
	opts.measure = r->args->verbose;
	opts.tgid = r->watch.pid;
	opts.follow = r->watch.pid != 0;
	opts.cgroup_id = r->watch.cgroup_id;
	opts.command = r->watch.command ? r->watch.cmd.pid : 0;
	/* Before counting begins: no fault is then older than what is known of its process. */
	err = r->args->stacks
		      ? faults_stacks_open(&r->stacks, opts.command ? opts.command : opts.tgid,
					   FAULTS_WEIGHT_BYTES)
		      : 0;
	if (!err)
		err = mms_faults_open(&r->f, &opts, &why);
	ret = err ? watch_open_error("cow", &r->watch, err, why) : run_counted(r);
	err = out_destroy(r->o);
	if (ret)
		return ret;
	ret = err_output(err);
	return ret ? ret : watch_status(&r->watch);
}

static int run(const struct cow_args *args)
{
	struct cow_run r = {.args = args, .watch = args->watch, .file = stdout};
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
		ret = run_open(&r);
	mms_bills_close(r.bills);
	mms_faults_close(r.f);
	faults_stacks_close(r.stacks);
	model_cow_destroy(r.c);
	watch_end(&r.watch);
	if (args->path && fclose(r.file) && !ret)
		ret = err_failed("%s: %s", args->path, strerror(errno));
	return ret;
}

int cmd_cow(int argc, char **argv)
{
	struct cow_args args = {.format = OUT_TEXT, .top = TOP};
	int ret = parse(argc, argv, &args);

	if (ret == PARSED)
		return run(&args);
	free(args.watch.cgroup);
	return ret;
}
