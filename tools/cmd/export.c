// SPDX-License-Identifier: GPL-2.0-only
/* mmscope export: a reference string in a format of others, or what it is. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "cmd/memory.h"
#include "cmd/refs_show.h"
#include "store/new_file.h"
#include "store/refs_export.h"
#include "util/args.h"
#include "util/opts.h"

#define FORMATS "info, oracleGeneral, csv, u32"

static const struct opts_help help = {
	.usage = "export FORMAT [--force] STRING -o FILE\n"
		 "export info [-O FORMAT] STRING",
	.about =
		"Writes a reference string in a format of other programs: oracleGeneral (libCacheSim),\n"
		"csv or u32 (page ids). 'info' checks all of it and shows what it is.",
	.options =
		"  -o, --out FILE        the file to write; '-' is stdout\n"
		"  -f, --force           also a sampled string, whose order is partly made up, in\n"
		"                        a format that cannot say so (oracleGeneral, u32)\n"
		"      --max-memory SIZE take no more than that (default: 90% of what is available)\n" OPTS_COMMON,
	.examples = "    mmscope export info ls.refs\n"
		    "    mmscope export oracleGeneral ls.refs -o ls.oracleGeneral\n"
		    "    mmscope export csv ls.refs -o - | head\n",
};

enum { OPT_MAX_MEMORY = 256 };

static const struct option longs[] = {
	{"out", required_argument, NULL, 'o'},
	{"force", no_argument, NULL, 'f'},
	{"max-memory", required_argument, NULL, OPT_MAX_MEMORY},
	{"output", required_argument, NULL, 'O'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

struct opts {
	const char *out;
	const char *string;
	const struct mms_export_format *to; /* NULL: info */
	bool force;
	uint64_t max_memory;
	enum out_format format;
};

static int show(const struct opts *opts, struct mms_refs_reader *r)
{
	const char *why;
	struct refs_sums *sums = refs_sum_up(r, &why);
	struct out *o;

	if (!sums)
		return err_failed("%s: %s", opts->string, why);
	o = out_create(opts->format, stdout, "export");
	if (!o) {
		free(sums);
		return err_failed("out of memory");
	}
	out_begin(o);
	refs_show(o, mms_refs_info(r), sums);
	out_end(o);
	free(sums);
	return err_output(out_destroy(o));
}

static int write_out(const struct opts *opts, struct mms_refs_reader *r)
{
	bool csv = opts->to == mms_export_find("csv");
	const char *why;
	char what[300];
	int err;

	if (mms_refs_info(r)->sampled && !csv) {
		if (!opts->force)
			return err_failed("%s is sampled, the order within its intervals is not "
					  "known, and %s cannot say so: --force writes it",
					  opts->string, opts->to->name);
		warn("%s is sampled: what is exact of %s is not", opts->string, opts->out);
	}
	if (mms_same_file(opts->string, opts->out))
		return err_failed("%s: would be overwritten by itself: give -o another name",
				  opts->string);
	snprintf(what, sizeof(what), "%s: %s, which tells when each page comes next", opts->string,
		 opts->to->name);
	err = memory_fits(mms_export_bytes(opts->to, mms_refs_info(r)),
			  memory_limit(opts->max_memory), what, "export csv or u32");
	if (err != EXIT_OK)
		return err;
	err = mms_export(opts->to, r, opts->out, &why);
	if (err == -EPIPE)
		return EXIT_FAILED;
	if (err)
		return err_failed("%s: %s", err == -EBADMSG ? opts->string : opts->out, why);
	if (strcmp(opts->to->name, "oracleGeneral") == 0 && strcmp(opts->out, "-") &&
	    !strstr(opts->out, "oracleGeneral"))
		warn("%s: libCacheSim's belady wants 'oracleGeneral' in the name", opts->out);
	return EXIT_OK;
}

static int run(const struct opts *opts)
{
	struct mms_refs_reader *r;
	const char *why;
	int rc;

	if (mms_refs_open(&r, opts->string, &why))
		return err_failed("%s: %s", opts->string, why);
	rc = opts->to ? write_out(opts, r) : show(opts, r);
	mms_refs_close(r);
	return rc;
}

static int parse_operands(struct opts *opts, int argc, char **argv)
{
	bool info;

	if (!argc)
		return err_usage("export", "needs FORMAT (" FORMATS ") and STRING");
	info = !strcmp(argv[0], "info");
	opts->to = mms_export_find(argv[0]);
	if (!info && !opts->to)
		return err_usage("export", "unknown format '%s': there are " FORMATS, argv[0]);
	if (argc != 2)
		return err_usage("export", argc < 2 ? "needs STRING, made by 'mmscope import'"
						    : "too many arguments: one STRING at a time");
	opts->string = argv[1];
	if (info && (opts->out || opts->force))
		return err_usage("export", "info has neither -o nor --force: leave them away");
	if (!info && !opts->out)
		return err_usage("export", "needs -o FILE ('-': stdout)");
	return EXIT_OK;
}

/** cmd_export() - mmscope export */
int cmd_export(int argc, char **argv)
{
	struct opts opts = {.format = OUT_TEXT};
	int c, rc;

	while ((c = opts_next(argc, argv, ":o:fO:h", longs)) != -1) {
		switch (c) {
		case 'o':
			opts.out = optarg;
			break;
		case 'f':
			opts.force = true;
			break;
		case OPT_MAX_MEMORY:
			rc = memory_parse("export", optarg, &opts.max_memory);
			if (rc != EXIT_OK)
				return rc;
			break;
		case 'O':
			if (args_format(optarg, &opts.format))
				return err_usage("export", "unknown format '%s': text, json or csv",
						 optarg);
			break;
		case 'h':
			return opts_print_help(&help);
		default:
			return EXIT_USAGE;
		}
	}
	rc = parse_operands(&opts, argc - optind, argv + optind);
	return rc == EXIT_OK ? run(&opts) : rc;
}
