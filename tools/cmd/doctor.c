// SPDX-License-Identifier: GPL-2.0-only
/* mmscope doctor: what is here, what is missing, what that costs, and the fix. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "cmd/doctor_cost.h"
#include "collect/bpf_features.h"
#include "collect/bpf_watch.h"
#include "collect/features.h"
#include "render/out.h"
#include "util/args.h"
#include "util/opts.h"

#define MAX_ROWS 128

static const struct opts_help help = {
	.usage = "doctor [--cost] [-O FORMAT]",
	.about = "Shows what this kernel and machine offer, what is missing, what each lack costs\n"
		 "and how to fix it. Exit status 3 when no command can work on other\n"
		 "processes; those that take a reference string need nothing of this.",
	.options =
		"      --cost            also what it costs here to be watched: some seconds\n" OPTS_COMMON,
	.examples =
		"    sudo mmscope doctor\n"
		"    sudo mmscope doctor --cost     # what it costs to be watched, measured now\n"
		"    mmscope doctor                 # what is left without root\n"
		"    mmscope doctor -O json | jq '.features[] | select(.status == \"no\")'\n",
};

enum { OPT_COST = 256 };

static const struct option longs[] = {
	{"cost", no_argument, NULL, OPT_COST},
	{"output", required_argument, NULL, 'O'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static const char *const status_names[] = {
	[MMS_STATUS_YES] = "yes",
	[MMS_STATUS_NO] = "no",
	[MMS_STATUS_UNKNOWN] = "?",
	[MMS_STATUS_INFO] = "-",
};

/* Machines get all in one table; for people the lacks, with long lines, come second. */
static const struct out_col all_cols[] = {
	{"feature", "FEATURE", OUT_STR, -22}, {"status", "STATUS", OUT_STR, -6},
	{"detail", "DETAIL", OUT_STR, 0},     {"cost", "WITHOUT IT", OUT_STR, 0},
	{"fix", "FIX", OUT_STR, 0},
};

static const struct out_col lack_cols[] = {
	{"feature", "MISSING", OUT_STR, -22},
	{"text", "WHAT IT COSTS, AND THE FIX", OUT_STR, 0},
};

/* One row of either source. */
struct row {
	const char *name;
	const char *status;
	const char *detail;
	const char *cost;
	const char *fix;
};

struct table {
	struct row v[MAX_ROWS];
	size_t nr;
};

static void gather(struct table *t, struct mms_feature *features, struct mms_ground *ground)
{
	const struct mms_bpf_feature *bpf;
	size_t i, nr;

	nr = mms_features_probe(features, MAX_ROWS / 2, ground);
	for (i = 0; i < nr; i++) {
		const struct mms_feature *f = &features[i];

		t->v[t->nr++] =
			(struct row){f->name, status_names[f->status], f->detail, f->cost, f->fix};
	}
	bpf = mms_bpf_features(&nr);
	for (i = 0; bpf && i < nr && t->nr < MAX_ROWS; i++) {
		if (!strcmp(bpf[i].name, "lockdown"))
			continue; /* "no lockdown" above says it for the module too */
		t->v[t->nr++] = (struct row){
			bpf[i].name,
			status_names[bpf[i].available ? MMS_STATUS_YES : MMS_STATUS_NO], bpf[i].why,
			bpf[i].cost, bpf[i].fix};
	}
}

static void show_all(struct out *o, const struct table *t, size_t nr_cols)
{
	size_t i;

	out_table(o, "features", all_cols, nr_cols);
	for (i = 0; i < t->nr; i++) {
		out_row(o);
		out_cell_str(o, t->v[i].name);
		out_cell_str(o, t->v[i].status);
		out_cell_str(o, t->v[i].detail);
		if (nr_cols == 3)
			continue;
		out_cell_str(o, t->v[i].cost);
		out_cell_str(o, t->v[i].fix);
	}
	out_table_end(o);
}

static void show_lacks(struct out *o, const struct table *t)
{
	bool begun = false;
	size_t i;

	for (i = 0; i < t->nr; i++) {
		if (!t->v[i].cost[0] && !t->v[i].fix[0])
			continue;
		if (!begun)
			out_table(o, "missing", lack_cols, 2);
		begun = true;
		out_row(o);
		out_cell_str(o, t->v[i].name);
		out_cell_str(o, t->v[i].cost);
		if (t->v[i].fix[0]) {
			char fix[256];

			snprintf(fix, sizeof(fix), "fix: %s", t->v[i].fix);
			out_row(o);
			out_cell_str(o, "");
			out_cell_str(o, fix);
		}
	}
	if (begun)
		out_table_end(o);
}

/*
 * What BPF is there for. In another pid namespace, or without a compiler for programs, that is
 * not all, see the features' rows.
 */
struct bpf_use {
	bool any, all;
	const char *why; /* of what is not */
};

static struct bpf_use bpf_use(void)
{
	static const char *const for_all[] = {"pid namespace", "bpf jit"};
	struct bpf_use u = {.why = NULL};

	u.any = !mms_bpf_usable(&u.why);
	u.all = u.any && !mms_watch_needs(for_all, 2, &u.why);
	return u;
}

static void show_usable(struct out *o, const struct mms_ground *ground, const struct bpf_use *bpf)
{
	out_bool(o, "module_usable", "module commands (walk maps ranges census wss)",
		 ground->module);
	out_bool(o, "proc_usable", "less of walk maps ranges, by /proc", ground->proc);
	out_bool(o, "bpf_usable", "BPF commands (faults cow tlb thp thrash)", bpf->all);
	out_bool(o, "thrash_usable", "less of thrash, without -p and stall", bpf->any);
	if (!bpf->all && bpf->why)
		out_note(o, "BPF: %s", bpf->why);
}

static int run(enum out_format format, bool cost)
{
	static struct mms_feature features[MAX_ROWS / 2];
	struct out *o = out_create(format, stdout, "doctor");
	struct mms_ground ground = {0};
	struct table t = {.nr = 0};
	struct bpf_use bpf;
	int rc, err = 0;

	if (!o)
		return err_failed("out of memory");
	gather(&t, features, &ground);
	bpf = bpf_use();
	out_begin(o);
	show_all(o, &t, format == OUT_TEXT ? 3 : 5);
	if (format == OUT_TEXT)
		show_lacks(o, &t);
	if (cost && bpf.all)
		err = doctor_cost(o);
	show_usable(o, &ground, &bpf);
	if (cost && !bpf.all)
		out_note(o, "cost: not measured, BPF cannot be %sused here",
			 bpf.any ? "fully " : "");
	if (err)
		out_note(o, "cost: %s", strerror(-err));
	out_end(o);
	rc = err_output(out_destroy(o));
	if (rc != EXIT_OK)
		return rc;
	if (!ground.module && !ground.proc && !bpf.any)
		return err_missing(
			"no command can work on other processes here; fix: run it with sudo");
	return EXIT_OK;
}

/** cmd_doctor() - mmscope doctor */
int cmd_doctor(int argc, char **argv)
{
	enum out_format format = OUT_TEXT;
	bool cost = false;
	int c;

	while ((c = opts_next(argc, argv, ":O:h", longs)) != -1) {
		switch (c) {
		case 'O':
			if (args_format(optarg, &format))
				return err_usage("doctor", "unknown format '%s'", optarg);
			break;
		case OPT_COST:
			cost = true;
			break;
		case 'h':
			return opts_print_help(&help);
		default:
			return EXIT_USAGE;
		}
	}
	if (optind < argc)
		return err_usage("doctor", "takes no arguments");
	return run(format, cost);
}
