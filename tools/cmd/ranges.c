// SPDX-License-Identifier: GPL-2.0-only
/* mmscope ranges: neighbouring equal entries of each mapping, merged. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "cmd/target.h"
#include "collect/module.h"
#include "collect/module_text.h"
#include "collect/proc.h"
#include "render/out.h"
#include "util/args.h"
#include "util/opts.h"

static const struct opts_help help = {
	.usage = "ranges [-a] [-e] [-O FORMAT] [--no-module] PID",
	.about = "Shows the page tables of a process as ranges: neighbouring entries of one\n"
		 "mapping with equal kind, level, rights and flags are one line.",
	.options =
		"  -a, --all             holes (kind none) too\n"
		"  -e, --extended        pages young and dirty, whole paths\n"
		"  -n, --no-module       use /proc/PID/pagemap: no levels, rights or hardware bits\n" OPTS_COMMON,
	.examples = "    mmscope ranges 1234               # what is there\n"
		    "    mmscope ranges -a 1234            # and what is not\n"
		    "    mmscope ranges 1234 | grep pmd    # huge pages\n",
};

static const struct option longs[] = {
	{"all", no_argument, NULL, 'a'},       {"extended", no_argument, NULL, 'e'},
	{"no-module", no_argument, NULL, 'n'}, {"output", required_argument, NULL, 'O'},
	{"help", no_argument, NULL, 'h'},      {0},
};

struct opts {
	enum out_format format;
	bool all;
	bool extended;
	bool no_module;
	pid_t pid;
};

#define SHARED_COLS                                                             \
	{"start", "START", OUT_HEX, -14}, {"size_bytes", "SIZE", OUT_BYTES, 7}, \
		{"level", "LEVEL", OUT_STR, -5}, {"kind", "KIND", OUT_STR, -9}, \
	{                                                                       \
		"rights", "RIGHTS", OUT_STR, -6                                 \
	}

static const struct out_col brief_cols[] = {
	SHARED_COLS,
	{"flags", "FLAGS", OUT_STR, -14},
	{"name", "NAME", OUT_STR, 0},
};

static const struct out_col all_cols[] = {
	SHARED_COLS,
	{"young_pages", "YOUNG", OUT_COUNT, 7},
	{"dirty_pages", "DIRTY", OUT_COUNT, 7},
	{"flags", "FLAGS", OUT_STR, -14},
	{"name", "NAME", OUT_STR, 0},
};

static void cell_count(struct out *o, uint64_t v)
{
	if (v == MMS_NO_COUNT)
		out_cell_none(o);
	else
		out_cell_num(o, v);
}

static void show(struct out *o, const struct opts *opts, const struct mms_list *ranges)
{
	bool brief = opts->format == OUT_TEXT && !opts->extended;
	const struct mms_range *r = ranges->v;
	size_t i;

	if (brief)
		out_table(o, "ranges", brief_cols, sizeof(brief_cols) / sizeof(*brief_cols));
	else
		out_table(o, "ranges", all_cols, sizeof(all_cols) / sizeof(*all_cols));
	for (i = 0; i < ranges->nr && !out_error(o); i++) {
		if (!opts->all && !strcmp(r[i].kind, "none"))
			continue;
		out_row(o);
		out_cell_num(o, r[i].start);
		out_cell_num(o, r[i].end - r[i].start);
		out_cell_str(o, r[i].level);
		out_cell_str(o, r[i].kind);
		out_cell_str(o, r[i].rights);
		if (!brief) {
			cell_count(o, r[i].young);
			cell_count(o, r[i].dirty);
		}
		out_cell_str(o, r[i].flags[0] ? r[i].flags : NULL);
		out_cell_str(o, brief ? model_vma_short_name(r[i].name) : r[i].name);
	}
	out_table_end(o);
}

static void show_loss(struct out *o, const char *why)
{
	out_note(o, "%s", why);
	out_note(o, "from /proc/PID/pagemap: no levels, rights, accessed or dirty bits;");
	out_note(o, "'present' may be anon, ksm, the zero page or a raw frame");
}

static int from_module(struct mms_target *t, struct mms_list *ranges)
{
	size_t len;
	char *text;
	int err = mms_target_read(t, "ranges", &text, &len);

	if (err)
		return err;
	err = mms_text_ranges(text, ranges);
	free(text);
	return err;
}

static int from_proc(pid_t pid, struct mms_list *ranges)
{
	struct mms_vmas vmas = {0};
	int err = mms_proc_vmas(pid, &vmas);

	if (!err)
		err = mms_pagemap_ranges(pid, &vmas, ranges);
	model_vmas_deinit(&vmas);
	return err;
}

static int run(const struct opts *opts)
{
	struct mms_list ranges = {0};
	struct mms_target *t;
	const char *why;
	struct out *o;
	int err, rc;

	rc = target_open(opts->pid, opts->no_module, &t, &why);
	if (rc != EXIT_OK)
		return rc;
	err = t ? from_module(t, &ranges) : from_proc(opts->pid, &ranges);
	if (!err && !ranges.nr)
		err = -ESRCH; /* an empty answer: the mm is gone */
	if (err) {
		rc = target_failed(opts->pid, t ? "ranges" : "pagemap", err);
		goto out;
	}
	o = out_create(opts->format, stdout, "ranges");
	if (!o) {
		rc = err_failed("out of memory");
		goto out;
	}
	out_begin(o);
	target_fields(o, opts->pid);
	out_str(o, "source", NULL, t ? "module" : "pagemap");
	if (!t)
		show_loss(o, why);
	show(o, opts, &ranges);
	out_end(o);
	rc = err_output(out_destroy(o));
out:
	model_ranges_deinit(&ranges);
	mms_target_close(t);
	return rc;
}

/** cmd_ranges() - mmscope ranges */
int cmd_ranges(int argc, char **argv)
{
	struct opts opts = {.format = OUT_TEXT};
	int c, rc;

	while ((c = opts_next(argc, argv, ":aenO:h", longs)) != -1) {
		switch (c) {
		case 'a':
			opts.all = true;
			break;
		case 'e':
			opts.extended = true;
			break;
		case 'n':
			opts.no_module = true;
			break;
		case 'O':
			if (args_format(optarg, &opts.format))
				return err_usage("ranges", "unknown format '%s'", optarg);
			break;
		case 'h':
			return opts_print_help(&help);
		default:
			return EXIT_USAGE;
		}
	}
	if (argc - optind != 1)
		return err_usage("ranges", argc == optind ? "needs PID" : "too many arguments");
	rc = target_parse_pid("ranges", argv[optind], &opts.pid);
	return rc == EXIT_OK ? run(&opts) : rc;
}
