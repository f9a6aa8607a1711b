// SPDX-License-Identifier: GPL-2.0-only
/* mmscope census: pages per combination of entry flags. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd.h"
#include "cmd/target.h"
#include "collect/module.h"
#include "collect/module_text.h"
#include "render/out.h"
#include "util/args.h"
#include "util/opts.h"

static const struct opts_help help = {
	.usage = "census [-O FORMAT] PID",
	.about = "Shows how many pages of a process each combination of entry flags maps, most\n"
		 "first. Pages are counted in units of 4 KiB, also those of larger leaves.",
	.options = OPTS_COMMON,
	.examples = "    mmscope census 1234                       # who is dirty, young, NX\n"
		    "    mmscope census 1234 | grep -v NX          # what may be executed\n"
		    "    mmscope census -O json 1234\n",
};

static const struct option longs[] = {
	{"output", required_argument, NULL, 'O'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static const struct out_col cols[] = {
	{"mask", "MASK", OUT_HEX, -10},	      {"pages", "PAGES", OUT_COUNT, 10},
	{"size_bytes", "SIZE", OUT_BYTES, 8}, {"share_percent", "SHARE", OUT_PERCENT, 6},
	{"flags", "FLAGS", OUT_STR, 0},
};

static void show(struct out *o, const struct mms_list *rows)
{
	const struct mms_census_row *r = rows->v;
	uint64_t total = 0;
	size_t i;

	for (i = 0; i < rows->nr; i++)
		total += r[i].pages;
	out_num(o, "pages", "pages", OUT_COUNT, total);
	out_num(o, "size_bytes", "size", OUT_BYTES, total * 4096);
	out_table(o, "census", cols, sizeof(cols) / sizeof(cols[0]));
	for (i = 0; i < rows->nr; i++) {
		out_row(o);
		if (r[i].mask == MMS_CENSUS_LOST)
			out_cell_none(o);
		else
			out_cell_num(o, r[i].mask);
		out_cell_num(o, r[i].pages);
		out_cell_num(o, r[i].pages * 4096);
		out_cell_real(o, total ? 100.0 * r[i].pages / total : 0);
		out_cell_str(o, r[i].mask == MMS_CENSUS_LOST ? "(flags lost)" : r[i].names);
	}
	out_table_end(o);
}

static int collect(struct mms_target *t, struct mms_list *rows)
{
	size_t len;
	char *text;
	int err = mms_target_read(t, "census", &text, &len);

	if (err)
		return err;
	err = len ? mms_text_census(text, rows) : -ESRCH;
	free(text);
	return err;
}

static int run(pid_t pid, enum out_format format)
{
	struct mms_list rows = {0};
	struct mms_target *t = NULL;
	struct out *o;
	int err, rc;

	rc = target_open_module(pid, "census", &t);
	if (rc != EXIT_OK)
		return rc;
	err = collect(t, &rows);
	if (err) {
		rc = target_failed(pid, "census", err);
		goto out;
	}
	o = out_create(format, stdout, "census");
	if (!o) {
		rc = err_failed("out of memory");
		goto out;
	}
	out_begin(o);
	target_fields(o, pid);
	show(o, &rows);
	out_end(o);
	rc = err_output(out_destroy(o));
out:
	model_census_deinit(&rows);
	mms_target_close(t);
	return rc;
}

/** cmd_census() - mmscope census */
int cmd_census(int argc, char **argv)
{
	enum out_format format = OUT_TEXT;
	pid_t pid;
	int c, rc;

	while ((c = opts_next(argc, argv, ":O:h", longs)) != -1) {
		switch (c) {
		case 'O':
			if (args_format(optarg, &format))
				return err_usage("census", "unknown format '%s'", optarg);
			break;
		case 'h':
			return opts_print_help(&help);
		default:
			return EXIT_USAGE;
		}
	}
	if (argc - optind != 1)
		return err_usage("census", argc == optind ? "needs PID" : "too many arguments");
	rc = target_parse_pid("census", argv[optind], &pid);
	return rc == EXIT_OK ? run(pid, format) : rc;
}
