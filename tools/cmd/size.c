// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmscope size: how much memory is enough for a string. Parses; size_run.c
 * computes, size_report.c tells.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "cmd/memory.h"
#include "cmd/size.h"
#include "util/args.h"
#include "util/opts.h"

static const struct opts_help help = {
	.usage = "size [OPTION]... STRING",
	.about = "How many frames are enough for a reference string: for a fault rate, a share\n"
		 "of time in faults, a slowdown; and where the curve bends.",
	.options =
		"  -m, --memory SIZE       a size to show too: frames, 64M, 10% of the pages\n"
		"      --max-fault-rate R  faults per million references, or per second: \"5/s\"\n"
		"      --max-stall PCT     share of the time that faults take\n"
		"      --max-slowdown X    time / time with all memory, 1 or more\n"
		"      --device NAME       zram, nvme (default), ssd or hdd: typical latency\n"
		"      --latency TIME      of a fault: 80us, 8ms; TIMEs are in ns, us, ms or s\n"
		"      --measure FILE      latency: random reads of FILE, median\n"
		"      --write-latency TIME  of a write-back (default: that of a fault)\n"
		"      --dirty PCT         evicted pages that are dirty, if not to be counted\n"
		"      --ref-time TIME     of a reference without a fault (default 1ns)\n"
		"      --span TIME         of all references\n"
		"      --no-cold           first references cost nothing\n"
		"      --no-opt            without the bound that OPT sets: faster\n"
		"      --page-size         the same with pages of 16K, 64K, 2M and 1G\n"
		"      --tlb ENTRIES:WAYS  of the TLB; the second level after a comma\n"
		"      --tlb-time TIME     of a look into the second level (default 2ns)\n"
		"      --walk-time TIME    of a walk of the page table (default 20ns)\n"
		"      --max-memory SIZE   take no more than that (90% of what is available)\n"
		"      --sampled-ok        take the order of a sampled string as it is\n" OPTS_COMMON,
	.examples = "    mmscope size --max-slowdown 1.1 app.refs          # at most 10 % slower\n"
		    "    mmscope size --max-fault-rate 100 --device hdd app.refs\n"
		    "    mmscope size --max-stall 5 --measure /swapfile app.refs\n"
		    "    mmscope size --page-size -m 64M app.refs          # other page sizes\n",
};

enum {
	OPT_RATE = 256,
	OPT_STALL,
	OPT_SLOWDOWN,
	OPT_DEVICE,
	OPT_LATENCY,
	OPT_MEASURE,
	OPT_WRITE,
	OPT_DIRTY,
	OPT_REF,
	OPT_SPAN,
	OPT_NO_COLD,
	OPT_NO_OPT,
	OPT_PAGE_SIZE,
	OPT_TLB,
	OPT_TLB_TIME,
	OPT_WALK,
	OPT_MAX_MEMORY,
	OPT_SAMPLED_OK,
};

static const struct option longs[] = {
	{"memory", required_argument, NULL, 'm'},
	{"max-fault-rate", required_argument, NULL, OPT_RATE},
	{"max-stall", required_argument, NULL, OPT_STALL},
	{"max-slowdown", required_argument, NULL, OPT_SLOWDOWN},
	{"device", required_argument, NULL, OPT_DEVICE},
	{"latency", required_argument, NULL, OPT_LATENCY},
	{"measure", required_argument, NULL, OPT_MEASURE},
	{"write-latency", required_argument, NULL, OPT_WRITE},
	{"dirty", required_argument, NULL, OPT_DIRTY},
	{"ref-time", required_argument, NULL, OPT_REF},
	{"span", required_argument, NULL, OPT_SPAN},
	{"no-cold", no_argument, NULL, OPT_NO_COLD},
	{"no-opt", no_argument, NULL, OPT_NO_OPT},
	{"page-size", no_argument, NULL, OPT_PAGE_SIZE},
	{"tlb", required_argument, NULL, OPT_TLB},
	{"tlb-time", required_argument, NULL, OPT_TLB_TIME},
	{"walk-time", required_argument, NULL, OPT_WALK},
	{"max-memory", required_argument, NULL, OPT_MAX_MEMORY},
	{"sampled-ok", no_argument, NULL, OPT_SAMPLED_OK},
	{"output", required_argument, NULL, 'O'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static int parse_goal(struct size_opts *opts, int c, const char *arg)
{
	struct size_goal *g = &opts->goals[opts->nr_goals];

	if (opts->nr_goals == SIZE_GOALS)
		return err_usage("size", "at most %d bounds", SIZE_GOALS);
	opts->nr_goals++;
	if (c == OPT_RATE)
		return size_parse_rate(arg, g)
			       ? err_usage("size",
					   "'%s' is not a fault rate: 100 (per million references) "
					   "or 5/s, at most 1000000",
					   arg)
			       : EXIT_OK;
	if (c == OPT_STALL) {
		g->kind = MMS_SIZE_STALL;
		if (args_percent(arg, &g->limit) || g->limit >= 100)
			return err_usage("size", "'%s' is not a share below 100 %%", arg);
		snprintf(g->said, sizeof(g->said), "stall <= %g%%", g->limit);
		g->limit /= 100;
		return EXIT_OK;
	}
	g->kind = MMS_SIZE_SLOWDOWN;
	if (size_parse_real(arg, &g->limit) || g->limit < 1)
		return err_usage("size", "'%s' is not a slowdown: 1 or more", arg);
	snprintf(g->said, sizeof(g->said), "slowdown <= %g", g->limit);
	return EXIT_OK;
}

static int parse_time(const char *arg, double *ns)
{
	if (size_parse_time(arg, ns))
		return err_usage("size", "'%s' is not a time: a number and ns, us, ms or s", arg);
	return EXIT_OK;
}

static int parse_cost(struct size_opts *opts, int c, const char *arg)
{
	switch (c) {
	case OPT_DEVICE:
		opts->device_given = true;
		return size_device(opts, arg);
	case OPT_LATENCY:
		opts->fault_from = SIZE_GIVEN;
		return parse_time(arg, &opts->cost.fault_ns);
	case OPT_MEASURE:
		opts->measure = arg;
		return EXIT_OK;
	case OPT_WRITE:
		opts->write_from = SIZE_GIVEN;
		return parse_time(arg, &opts->cost.write_ns);
	case OPT_DIRTY:
		opts->dirty_from = SIZE_GIVEN;
		if (strcmp(arg, "0") &&
		    (args_percent(arg, &opts->cost.dirty) || opts->cost.dirty > 100))
			return err_usage("size", "'%s' is not a share", arg);
		opts->cost.dirty /= 100;
		return EXIT_OK;
	case OPT_REF:
		opts->ref_from = SIZE_GIVEN;
		return parse_time(arg, &opts->cost.ref_ns);
	case OPT_TLB_TIME:
		return parse_time(arg, &opts->l2_ns);
	case OPT_WALK:
		return parse_time(arg, &opts->walk_ns);
	}
	opts->ref_from = SIZE_GIVEN; /* OPT_SPAN */
	return parse_time(arg, &opts->span_ns);
}

static int parse_one(struct size_opts *opts, int c)
{
	switch (c) {
	case OPT_MAX_MEMORY:
		return memory_parse("size", optarg, &opts->max_memory);
	case 'm':
		opts->has_memory = true;
		if (size_parse_memory(optarg, &opts->memory))
			return err_usage("size", "'%s' is not an amount of memory: 1000, 64M, 10%%",
					 optarg);
		return EXIT_OK;
	case OPT_RATE:
	case OPT_STALL:
	case OPT_SLOWDOWN:
		return parse_goal(opts, c, optarg);
	case OPT_SAMPLED_OK:
		opts->sampled_ok = true;
		return EXIT_OK;
	case OPT_NO_COLD:
		opts->cost.cold = false;
		return EXIT_OK;
	case OPT_NO_OPT:
		opts->no_opt = true;
		return EXIT_OK;
	case OPT_PAGE_SIZE:
		opts->page_size = true;
		return EXIT_OK;
	case OPT_TLB:
		if (size_parse_tlb(optarg, opts))
			return err_usage("size", "'%s' is not a TLB: ENTRIES:WAYS, whole sets",
					 optarg);
		return EXIT_OK;
	case 'O':
		if (args_format(optarg, &opts->format))
			return err_usage("size", "unknown format '%s': text, json or csv", optarg);
		return EXIT_OK;
	}
	return parse_cost(opts, c, optarg);
}

static int check(const struct size_opts *opts, int nr_operands)
{
	if (nr_operands != 1)
		return err_usage("size", nr_operands ? "takes one STRING" : "needs STRING");
	if (!!opts->device + (opts->fault_from == SIZE_GIVEN) + !!opts->measure > 1)
		return err_usage("size", "--device, --latency and --measure exclude each other");
	if (opts->span_ns > 0 && opts->cost.ref_ns > 0)
		return err_usage("size", "--span and --ref-time exclude each other");
	return EXIT_OK;
}

static int run(struct size_opts *opts)
{
	struct size_data d = {0};
	struct out *o;
	int rc, end;

	rc = size_measure(opts);
	if (rc == EXIT_OK)
		rc = size_open(&d, opts);
	if (rc == EXIT_OK) {
		opts->no_opt |= !size_ordered(&d, opts); /* it looks ahead, in order */
		size_complete_cost(opts, d.info);
		rc = size_compute(&d, opts);
	}
	if (rc == EXIT_OK) {
		o = out_create(opts->format, stdout, "size");
		if (!o) {
			size_close(&d);
			return err_failed("out of memory");
		}
		rc = size_report(o, opts, &d);
		end = err_output(out_destroy(o));
		rc = rc == EXIT_OK ? end : rc;
	}
	size_close(&d);
	return rc;
}

/** cmd_size() - mmscope size */
int cmd_size(int argc, char **argv)
{
	struct size_opts opts = {.cost = {.cold = true}, .l2_ns = 2, .walk_ns = 20};
	int c, rc;

	while ((c = opts_next(argc, argv, ":m:O:h", longs)) != -1) {
		if (c == 'h')
			return opts_print_help(&help);
		if (c == OPTS_BAD)
			return EXIT_USAGE;
		rc = parse_one(&opts, c);
		if (rc != EXIT_OK)
			return rc;
	}
	rc = check(&opts, argc - optind);
	if (rc != EXIT_OK)
		return rc;
	opts.path = argv[optind];
	return run(&opts);
}
