// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmscope thp: collapses and splits of transparent huge pages by process, and cover.
 * Parses, runs the clock, hands snapshots on; the words of the report are in
 * thp_report.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cmd.h"
#include "cmd/thp_report.h"
#include "cmd/watch.h"
#include "util/args.h"
#include "util/opts.h"

struct thp_args {
	struct watch watch;
	enum out_format format;
	const char *path; /* NULL = stdout */
	bool all, verbose;
};

/* Everything of one run. */
struct thp_run {
	struct thp_args *args;
	struct mms_thp *t;
	struct out *o;
	struct thp_snap begin;
	unsigned int n;
};

static const struct opts_help help = {
	.usage = "thp [OPTION]... [INTERVAL [COUNT]]\n"
		 "thp [OPTION]... -- COMMAND [ARGUMENT]...",
	.about =
		"Counts collapses of memory into huge pages and splits of them by the process whose\n"
		"memory it is, with reasons, and shows how much of its memory huge pages cover; of all\n"
		"processes, a process, a cgroup or a command and its children. Without INTERVAL one\n"
		"report when it ends or at Ctrl-C.",
	.options =
		"  -a, --all             everything (default)\n"
		"  -p, --pid PID         only this process, all its threads\n"
		"      --children        and what it forks from now on\n"
		"  -c, --cgroup CGROUP   only this cgroup and those below it\n"
		"  -o, --to FILE         write to FILE: the command's own output goes to stdout\n"
		"  -v, --verbose         own cost, too\n" OPTS_COMMON,
	.examples = "    mmscope thp 1                        # the whole system, every second\n"
		    "    mmscope thp -p 1234 10 1             # a process, for 10 seconds\n"
		    "    mmscope thp -- redis-server          # a command with its children\n",
};

enum { OPT_CHILDREN = 256, PARSED = -1 };

/* Return: PARSED to go on, else the exit code. */
static int parse_option(int c, struct thp_args *a)
{
	int ret = EXIT_OK;

	switch (c) {
	case 'a':
		a->all = true;
		break;
	case 'p':
		ret = watch_parse_pid(&a->watch, "thp", optarg);
		break;
	case OPT_CHILDREN:
		a->watch.children = true;
		break;
	case 'c':
		ret = watch_parse_cgroup(&a->watch, "thp", optarg);
		break;
	case 'o':
		a->path = optarg;
		break;
	case 'O':
		if (args_format(optarg, &a->format))
			return err_usage("thp", "no output format '%s'", optarg);
		break;
	case 'v':
		a->verbose = true;
		break;
	case 'h':
		return opts_print_help(&help);
	default:
		return EXIT_USAGE;
	}
	return ret == EXIT_OK ? PARSED : ret;
}

static int parse(int argc, char **argv, struct thp_args *a)
{
	static const struct option longs[] = {
		{"all", no_argument, NULL, 'a'},
		{"pid", required_argument, NULL, 'p'},
		{"children", no_argument, NULL, OPT_CHILDREN},
		{"cgroup", required_argument, NULL, 'c'},
		{"to", required_argument, NULL, 'o'},
		{"verbose", no_argument, NULL, 'v'},
		{"output", required_argument, NULL, 'O'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c, ret;

	while ((c = opts_next(argc, argv, "+:ap:c:o:vO:h", longs)) != -1) {
		ret = parse_option(c, a);
		if (ret != PARSED)
			return ret;
	}
	ret = watch_parse_operands(&a->watch, "thp", argc, argv);
	if (ret == EXIT_OK)
		ret = watch_check_whom(&a->watch, "thp", a->all);
	if (ret != EXIT_OK)
		return ret;
	if (a->watch.children && !a->watch.pid)
		return err_usage("thp", "--children goes with -p");
	return PARSED;
}

static int report(void *arg)
{
	struct thp_run *r = arg;
	struct thp_span span = {
		.n = ++r->n,
		.begin = &r->begin,
		.watch = &r->args->watch,
		.for_people = r->args->format == OUT_TEXT,
		.verbose = r->args->verbose,
	};
	struct thp_snap end;
	int err = thp_snap(r->t, &end);

	span.end = &end;
	if (!err)
		err = thp_report(r->o, r->t, &span);
	if (err) {
		thp_snap_free(&end);
		return err;
	}
	thp_snap_free(&r->begin);
	r->begin = end;
	return 0;
}

static void stop(void *arg)
{
	mms_thp_stop(((struct thp_run *)arg)->t);
}

static bool broken(void *arg)
{
	return out_error(((struct thp_run *)arg)->o);
}

static const struct watch_ops ops = {.report = report, .stop = stop, .broken = broken};

static int run_open(struct thp_run *r, FILE *file)
{
	int ret, err;

	r->o = out_create(r->args->format, file, "thp");
	if (!r->o)
		return err_failed("%s", strerror(errno));
	thp_snap_begin(&r->begin);
	ret = watch_go(&r->args->watch);
	err = ret ? 0 : watch_observe(&r->args->watch, r->begin.ns, &ops, r);
	if (err)
		ret = err_failed("thp: %s", strerror(-err));
	err = out_destroy(r->o);
	if (ret)
		return ret;
	ret = err_output(err);
	return ret ? ret : watch_status(&r->args->watch);
}

static int run(struct thp_args *args)
{
	struct thp_run r = {.args = args};
	const char *why = NULL;
	struct mms_whom whom;
	FILE *file = stdout;
	int ret, err;

	if (args->path) {
		file = fopen(args->path, "we");
		if (!file) {
			ret = err_failed("%s: %s", args->path, strerror(errno));
			free(args->watch.cgroup);
			return ret;
		}
	}
	ret = watch_begin(&args->watch);
	if (!ret) {
		whom = watch_whom(&args->watch);
		err = mms_thp_open(&r.t, &whom, args->verbose, &why);
		ret = err ? watch_open_error("thp", &args->watch, err, why) : run_open(&r, file);
	}
	watch_end(&args->watch);
	mms_thp_close(r.t);
	thp_snap_free(&r.begin);
	if (args->path && fclose(file) && !ret)
		ret = err_failed("%s: %s", args->path, strerror(errno));
	return ret;
}

/** cmd_thp() - mmscope thp */
int cmd_thp(int argc, char **argv)
{
	struct thp_args args = {.format = OUT_TEXT};
	int ret = parse(argc, argv, &args);

	if (ret == PARSED)
		return run(&args);
	free(args.watch.cgroup);
	return ret;
}
