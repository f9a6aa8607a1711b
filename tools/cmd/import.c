// SPDX-License-Identifier: GPL-2.0-only
/* mmscope import: traces of other programs to a reference string: what is asked for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "cmd/import.h"
#include "util/args.h"
#include "util/opts.h"

#define MAX_SHIFT 30

#define FORMATS "lackey, oracleGeneral, csv, u32, u64, refs"

static const struct opts_help help = {
	.usage = "import FORMAT [OPTION]... FILE... -o STRING\n"
		 "import lackey [OPTION]... -o STRING -- COMMAND [ARGUMENT]...",
	.about =
		"Makes a reference string of traces of memory accesses, one process per FILE ('-' is\n"
		"stdin; gzip and zstd are unpacked), or of COMMAND under valgrind. FORMAT is lackey,\n"
		"oracleGeneral, csv, u32 or u64; with refs, the FILEs are strings, to be joined.",
	.options =
		"  -o, --out STRING      the file to write; '-' is stdout\n"
		"  -s, --page-shift N    of addresses: log2 of the page size (0..30, default 12)\n"
		"      --name NAME       of a process, instead of its file's; once per FILE\n"
		"      --interleave N    N references of each FILE in turn, not one after the other\n"
		"      --max-refs N      the first N references alone (k, m, g: thousands); then\n"
		"                        COMMAND is ended\n"
		"      --sampled TIME    csv: the order within intervals of TIME ('100ms') is unknown\n"
		"      --no-fetch        lackey: without fetches of instructions\n"
		"      --addresses       u32, u64, oracleGeneral: numbers are addresses, not ids\n"
		"      --columns LIST    csv: address|page|id,proc,pid,rw,time_ns|interval or -, in the\n"
		"                        order of the columns; else the first line has their names\n"
		"      --separator C     csv: a character, or 'tab' (default ',')\n"
		"      --hex             csv: addresses and pages are hexadecimal\n" OPTS_COMMON,
	.examples = "    mmscope import lackey -o ls.refs -- ls -l   # what ls does to its memory\n"
		    "    mmscope import lackey a.txt b.txt.zst --interleave 1000 -o ab.refs\n"
		    "    mmscope import refs a.refs b.refs --interleave 100k -o ab.refs\n"
		    "    mmscope import csv --columns pid,address,rw t.csv -o t.refs\n"
		    "    mmscope import oracleGeneral web.oracleGeneral.zst -o web.refs\n",
};

enum {
	OPT_NAME = 256,
	OPT_INTERLEAVE,
	OPT_MAX_REFS,
	OPT_SAMPLED,
	OPT_NO_FETCH,
	OPT_ADDRESSES,
	OPT_COLUMNS,
	OPT_SEPARATOR,
	OPT_HEX,
};

static const struct option longs[] = {
	{"out", required_argument, NULL, 'o'},
	{"page-shift", required_argument, NULL, 's'},
	{"name", required_argument, NULL, OPT_NAME},
	{"interleave", required_argument, NULL, OPT_INTERLEAVE},
	{"max-refs", required_argument, NULL, OPT_MAX_REFS},
	{"sampled", required_argument, NULL, OPT_SAMPLED},
	{"no-fetch", no_argument, NULL, OPT_NO_FETCH},
	{"addresses", no_argument, NULL, OPT_ADDRESSES},
	{"columns", required_argument, NULL, OPT_COLUMNS},
	{"separator", required_argument, NULL, OPT_SEPARATOR},
	{"hex", no_argument, NULL, OPT_HEX},
	{"output", required_argument, NULL, 'O'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static int parse_count(const char *name, uint64_t *v)
{
	if (args_refs(optarg, v))
		return err_usage("import", "--%s '%s' is not a number of references (1, 100k, 3m)",
				 name, optarg);
	return EXIT_OK;
}

static int parse_separator(struct mms_import_opts *o)
{
	if (!strcmp(optarg, "tab"))
		o->separator = '\t';
	else if (strlen(optarg) == 1)
		o->separator = *optarg;
	else
		return err_usage("import", "--separator '%s' is not one character, or 'tab'",
				 optarg);
	return EXIT_OK;
}

static int parse_value(struct import_args *a, int c)
{
	uint64_t v;

	switch (c) {
	case 's':
		if (args_u64(optarg, &v) || v > MAX_SHIFT)
			return err_usage("import", "--page-shift '%s' is not 0 to %d", optarg,
					 MAX_SHIFT);
		a->opts.page_shift = v;
		a->has_shift = true;
		return EXIT_OK;
	case OPT_INTERLEAVE:
		return parse_count("interleave", &a->interleave);
	case OPT_MAX_REFS:
		return parse_count("max-refs", &a->max_refs);
	case OPT_SAMPLED:
		if (args_seconds(optarg, &a->opts.delta_ns))
			return err_usage("import", "--sampled '%s' is not a time as '100ms'",
					 optarg);
		return EXIT_OK;
	case OPT_SEPARATOR:
		return parse_separator(&a->opts);
	case 'O':
		if (args_format(optarg, &a->output))
			return err_usage("import", "unknown format '%s': text, json or csv",
					 optarg);
	}
	return EXIT_OK;
}

/* One option. Return: an exit code. */
static int take_option(struct import_args *a, int c)
{
	switch (c) {
	case 'o':
		a->out = optarg;
		return EXIT_OK;
	case OPT_NAME:
		a->names[a->nr_names++] = optarg;
		return EXIT_OK;
	case OPT_NO_FETCH:
		a->opts.no_fetch = true;
		return EXIT_OK;
	case OPT_ADDRESSES:
		a->opts.addresses = true;
		return EXIT_OK;
	case OPT_COLUMNS:
		a->opts.columns = optarg;
		return EXIT_OK;
	case OPT_HEX:
		a->opts.hex = true;
		return EXIT_OK;
	case OPTS_BAD:
		return EXIT_USAGE;
	default:
		return parse_value(a, c);
	}
}

static int check_options(const struct import_args *a)
{
	const struct mms_import_opts *o = &a->opts;
	bool csv = a->format == &mms_import_csv, lackey = a->format == &mms_import_lackey;
	bool refs = a->format == &import_refs;
	const char *why;

	if (o->no_fetch && !lackey)
		return err_usage("import", "--no-fetch is for lackey");
	if ((o->columns || o->hex || o->separator != ',') && !csv)
		return err_usage("import", "--columns, --separator and --hex are for csv");
	if (o->addresses && (csv || lackey || refs))
		return err_usage("import", "--addresses is for u32, u64, oracleGeneral");
	if (a->command && !lackey)
		return err_usage("import", "a command is for lackey, which runs it");
	if (o->delta_ns && !csv)
		return err_usage("import",
				 "--sampled is for csv, whose lines have times or "
				 "intervals: %s has none",
				 a->format->name);
	if (o->columns && mms_import_columns(o, &why))
		return err_usage("import", "--columns: %s", why);
	if (a->has_shift && refs)
		return err_usage("import", "--page-shift is for traces: strings have a page size");
	if (a->interleave && a->nr_files < 2)
		return err_usage("import", "--interleave needs more than one file");
	if (a->interleave && o->delta_ns)
		return err_usage("import", "what is --sampled has no order to interleave by");
	if (a->nr_names > (a->command ? 1 : a->nr_files))
		return err_usage("import", "more --name than FILE: one for each");
	return EXIT_OK;
}

static int parse_operands(struct import_args *a, int argc, char **argv)
{
	size_t i, stdins = 0;

	if (!argc)
		return err_usage("import", "needs FORMAT (" FORMATS ")");
	a->format = strcmp(argv[0], "refs") ? mms_import_find(argv[0]) : &import_refs;
	if (!a->format)
		return err_usage("import", "unknown format '%s': there are " FORMATS, argv[0]);
	a->files = argv + 1;
	a->nr_files = argc - 1;
	if (a->command && a->nr_files)
		return err_usage("import", "both FILE and a command: give one of them");
	if (a->command ? !*a->command : !a->nr_files)
		return err_usage("import",
				 a->command ? "needs a command after --, or FILE" : "needs FILE");
	if (!a->out)
		return err_usage("import", "needs -o STRING");
	if (a->command && !strcmp(a->out, "-"))
		return err_usage("import",
				 "-o - with a command, whose stdout it is: give -o a file");
	for (i = 0; i < a->nr_files; i++)
		stdins += !strcmp(a->files[i], "-");
	if (stdins > 1)
		return err_usage("import", "'-' can be read once: give the others as files");
	return check_options(a);
}

static int parse_and_run(struct import_args *a, int argc, char **argv)
{
	int before = argc, c, rc;

	/* What is behind "--" is the command's, whatever it looks like. */
	for (c = 1; c < argc && !a->command; c++) {
		if (!strcmp(argv[c], "--")) {
			before = c;
			a->command = argv + c + 1;
			argv[c] = NULL;
		}
	}
	while ((c = opts_next(before, argv, ":o:s:O:h", longs)) != -1) {
		if (c == 'h')
			return opts_print_help(&help);
		rc = take_option(a, c);
		if (rc != EXIT_OK)
			return rc;
	}
	rc = parse_operands(a, before - optind, argv + optind);
	return rc == EXIT_OK ? import_run(a) : rc;
}

/** cmd_import() - mmscope import */
int cmd_import(int argc, char **argv)
{
	struct import_args a = {.opts = {.page_shift = 12, .separator = ','}, .output = OUT_TEXT};
	int rc;

	a.names = calloc(argc, sizeof(*a.names));
	if (!a.names)
		return err_failed("out of memory");
	rc = parse_and_run(&a, argc, argv);
	free(a.names);
	return rc;
}
