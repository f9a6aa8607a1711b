// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmscope tlb: TLB flushes by reason and process, shootdowns and who caused them,
 * TLB misses. Parses, runs the clock, hands snapshots on; the words of the report
 * are in tlb_report.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cmd.h"
#include "cmd/tlb_report.h"
#include "cmd/watch.h"
#include "util/args.h"
#include "util/opts.h"

struct tlb_args {
	struct watch watch;
	enum out_format format;
	const char *path;   /* NULL = stdout */
	const char *attach; /* NULL = the best */
	bool all;
	bool by_process;
	bool verbose;
};

/* Everything of one run. */
struct tlb_run {
	struct tlb_args *args;
	struct mms_tlb *t;
	struct mms_pmu *pmu;
	const char *no_pmu;
	struct out *o;
	struct tlb_snap begin;
	unsigned int n;
};

static const struct opts_help help = {
	.usage = "tlb [OPTION]... [INTERVAL [COUNT]]\n"
		 "tlb [OPTION]... -- COMMAND [ARGUMENT]...",
	.about =
		"Counts TLB flushes by reason and process, shootdowns and who caused them, and TLB\n"
		"misses where the CPU counts them; of all processes, a process, a cgroup or a command\n"
		"and its children. Without INTERVAL one report when it ends or at Ctrl-C.",
	.options =
		"  -a, --all             everything (default)\n"
		"  -p, --pid PID         only this process, all its threads\n"
		"  -c, --cgroup CGROUP   only this cgroup and those below it\n"
		"  -e, --each            rows per process, and who caused what whom\n"
		"  -v, --verbose         own cost, too\n"
		"  -o, --to FILE         write to FILE: the command's own output goes to stdout\n"
		"      --attach KIND     fentry or kprobe; default: the best for each function\n" OPTS_COMMON,
	.examples = "    mmscope tlb 1                        # the whole system, every second\n"
		    "    mmscope tlb -e -p 1234 10 1          # a process, and who flushes it\n"
		    "    mmscope tlb -- make -j8              # a command with its children\n",
};

enum { OPT_ATTACH = 256, PARSED = -1 };

/* Return: PARSED to go on, else the exit code. */
static int parse_option(int c, struct tlb_args *a)
{
	int ret = EXIT_OK;

	switch (c) {
	case 'a':
		a->all = true;
		break;
	case 'p':
		ret = watch_parse_pid(&a->watch, "tlb", optarg);
		break;
	case 'c':
		ret = watch_parse_cgroup(&a->watch, "tlb", optarg);
		break;
	case 'e':
		a->by_process = true;
		break;
	case 'v':
		a->verbose = true;
		break;
	case 'o':
		a->path = optarg;
		break;
	case 'O':
		if (args_format(optarg, &a->format))
			return err_usage("tlb", "no output format '%s'", optarg);
		break;
	case OPT_ATTACH:
		ret = watch_parse_attach(&a->attach, "tlb", optarg, mms_tlb_attach_kinds);
		break;
	case 'h':
		return opts_print_help(&help);
	default:
		return EXIT_USAGE;
	}
	return ret == EXIT_OK ? PARSED : ret;
}

static int parse(int argc, char **argv, struct tlb_args *a)
{
	static const struct option longs[] = {
		{"all", no_argument, NULL, 'a'},
		{"pid", required_argument, NULL, 'p'},
		{"cgroup", required_argument, NULL, 'c'},
		{"each", no_argument, NULL, 'e'},
		{"attach", required_argument, NULL, OPT_ATTACH},
		{"verbose", no_argument, NULL, 'v'},
		{"to", required_argument, NULL, 'o'},
		{"output", required_argument, NULL, 'O'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c, ret;

	while ((c = opts_next(argc, argv, "+:ap:c:evo:O:h", longs)) != -1) {
		ret = parse_option(c, a);
		if (ret != PARSED)
			return ret;
	}
	ret = watch_parse_operands(&a->watch, "tlb", argc, argv);
	if (ret == EXIT_OK)
		ret = watch_check_whom(&a->watch, "tlb", a->all);
	return ret == EXIT_OK ? PARSED : ret;
}

static int report(void *arg)
{
	struct tlb_run *r = arg;
	struct tlb_span span = {
		.n = ++r->n,
		.begin = &r->begin,
		.no_pmu = r->no_pmu,
		.verbose = r->args->verbose,
		.for_people = r->args->format == OUT_TEXT,
		.command = r->args->watch.command != NULL,
		.status = r->args->watch.status,
	};
	struct tlb_snap end;
	int err = tlb_snap(r->t, r->pmu, &end);

	span.end = &end;
	if (!err)
		err = tlb_report(r->o, r->t, &span, r->args->by_process);
	if (err) {
		tlb_snap_free(&end);
		return err;
	}
	tlb_snap_free(&r->begin);
	r->begin = end;
	return 0;
}

static void stop(void *arg)
{
	mms_tlb_stop(((struct tlb_run *)arg)->t);
}

static bool broken(void *arg)
{
	return out_error(((struct tlb_run *)arg)->o);
}

static const struct watch_ops ops = {.report = report, .stop = stop, .broken = broken};

static int open_all(struct tlb_run *r)
{
	const struct watch *w = &r->args->watch;
	struct mms_tlb_opts opts = {
		.whom = watch_whom(w),
		.measure = r->args->verbose,
		.attach = r->args->attach,
	};
	struct mms_pmu_opts pmu = {
		.pid = w->pid,
		.command = opts.whom.command,
		.cgroup = w->cgroup,
	};
	const char *why = NULL;
	int err;

	/* Misses are an extra: without them the flushes are all there. */
	mms_pmu_open(&r->pmu, mms_pmu_tlb, mms_pmu_nr_tlb, &pmu, &r->no_pmu);
	err = mms_tlb_open(&r->t, &opts, &why);
	return err ? watch_open_error("tlb", w, err, why) : EXIT_OK;
}

static int run_open(struct tlb_run *r, FILE *file)
{
	int ret, err;

	r->o = out_create(r->args->format, file, "tlb");
	if (!r->o)
		return err_failed("%s", strerror(errno));
	tlb_snap_begin(r->pmu, &r->begin);
	ret = watch_go(&r->args->watch);
	err = ret ? 0 : watch_observe(&r->args->watch, r->begin.ns, &ops, r);
	if (err)
		ret = err_failed("tlb: %s", strerror(-err));
	err = out_destroy(r->o);
	if (ret)
		return ret;
	ret = err_output(err);
	return ret ? ret : watch_status(&r->args->watch);
}

static int run(struct tlb_args *args)
{
	struct tlb_run r = {.args = args};
	FILE *file = stdout;
	int ret;

	if (args->path) {
		file = fopen(args->path, "we");
		if (!file) {
			ret = err_failed("%s: %s", args->path, strerror(errno));
			free(args->watch.cgroup);
			return ret;
		}
	}
	ret = watch_begin(&args->watch);
	if (!ret)
		ret = open_all(&r);
	if (!ret)
		ret = run_open(&r, file);
	watch_end(&args->watch);
	mms_pmu_close(r.pmu);
	mms_tlb_close(r.t);
	tlb_snap_free(&r.begin);
	if (args->path && fclose(file) && !ret)
		ret = err_failed("%s: %s", args->path, strerror(errno));
	return ret;
}

int cmd_tlb(int argc, char **argv)
{
	struct tlb_args args = {.format = OUT_TEXT};
	int ret = parse(argc, argv, &args);

	if (ret == PARSED)
		return run(&args);
	free(args.watch.cgroup);
	return ret;
}
