// SPDX-License-Identifier: GPL-2.0-only
/* mmscope maps: what the page tables hold, per mapping. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd.h"
#include "cmd/target.h"
#include "collect/module.h"
#include "collect/module_text.h"
#include "collect/proc.h"
#include "render/out.h"
#include "util/args.h"
#include "util/opts.h"

static const struct opts_help help = {
	.usage = "maps [-e] [-O FORMAT] [--no-module] PID",
	.about = "Shows what the page tables of a process hold, per mapping and in total.",
	.options = "  -e, --extended        all columns that are not zero throughout, whole paths\n"
		   "  -n, --no-module       use /proc/PID/smaps: fewer columns\n" OPTS_COMMON,
	.examples =
		"    mmscope maps 1234            # sizes, what is present, swapped and absent\n"
		"    mmscope maps -e 1234         # zero page, page sizes, shared, nodes, dirty, ...\n"
		"    mmscope maps -O json 1234    # everything, in bytes\n",
};

static const struct option longs[] = {
	{"extended", no_argument, NULL, 'e'},
	{"no-module", no_argument, NULL, 'n'},
	{"output", required_argument, NULL, 'O'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

struct opts {
	enum out_format format;
	bool extended;
	bool no_module;
	pid_t pid;
};

/* A column of bytes and where it comes from. */
struct source {
	struct out_col col;
	enum mms_map_key key;
	bool brief; /* in text without -e */
};

static const struct source sources[] = {
	{{"size_bytes", "SIZE", OUT_BYTES, 7}, MMS_MAP_SIZE, true},
	{{"rss_bytes", "RSS", OUT_BYTES, 7}, MMS_MAP_RSS, true},
	{{"anon_bytes", "ANON", OUT_BYTES, 7}, MMS_MAP_ANON, true},
	{{"file_bytes", "FILE", OUT_BYTES, 7}, MMS_MAP_FILE, true},
	{{"swap_bytes", "SWAP", OUT_BYTES, 7}, MMS_MAP_SWAP, true},
	{{"absent_bytes", "ABSENT", OUT_BYTES, 7}, MMS_MAP_ABSENT, true},
	{{"2m_bytes", "2M", OUT_BYTES, 7}, MMS_MAP_2M, true},
	{{"4k_bytes", "4K", OUT_BYTES, 7}, MMS_MAP_4K, false},
	{{"1g_bytes", "1G", OUT_BYTES, 7}, MMS_MAP_1G, false},
	{{"young_bytes", "YOUNG", OUT_BYTES, 7}, MMS_MAP_YOUNG, false},
	{{"dirty_bytes", "DIRTY", OUT_BYTES, 7}, MMS_MAP_DIRTY, false},
	{{"ksm_bytes", "KSM", OUT_BYTES, 7}, MMS_MAP_KSM, false},
	{{"zero_bytes", "ZERO", OUT_BYTES, 7}, MMS_MAP_ZERO, false},
	{{"special_bytes", "SPECIAL", OUT_BYTES, 7}, MMS_MAP_SPECIAL, false},
	{{"hugetlb_bytes", "HUGETLB", OUT_BYTES, 7}, MMS_MAP_HUGETLB, false},
	{{"migration_bytes", "MIGRAT", OUT_BYTES, 7}, MMS_MAP_MIGRATION, false},
	{{"marker_bytes", "MARKER", OUT_BYTES, 7}, MMS_MAP_MARKER, false},
	{{"other_bytes", "OTHER", OUT_BYTES, 7}, MMS_MAP_OTHER, false},
	{{"protnone_bytes", "PROTNONE", OUT_BYTES, 8}, MMS_MAP_PROTNONE, false},
	{{"writable_bytes", "WRITABLE", OUT_BYTES, 8}, MMS_MAP_WRITABLE, false},
	{{"executable_bytes", "EXEC", OUT_BYTES, 7}, MMS_MAP_EXECUTABLE, false},
	{{"usernx_bytes", "NX", OUT_BYTES, 7}, MMS_MAP_USERNX, false},
	{{"shared_bytes", "SHARED", OUT_BYTES, 7}, MMS_MAP_SHARED, false},
	{{"exclusive_bytes", "EXCL", OUT_BYTES, 7}, MMS_MAP_EXCLUSIVE, false},
	{{"16k_bytes", "16K", OUT_BYTES, 7}, MMS_MAP_16K, false},
	{{"32k_bytes", "32K", OUT_BYTES, 7}, MMS_MAP_32K, false},
	{{"64k_bytes", "64K", OUT_BYTES, 7}, MMS_MAP_64K, false},
	{{"128k_bytes", "128K", OUT_BYTES, 7}, MMS_MAP_128K, false},
	{{"256k_bytes", "256K", OUT_BYTES, 7}, MMS_MAP_256K, false},
	{{"512k_bytes", "512K", OUT_BYTES, 7}, MMS_MAP_512K, false},
	{{"1m_bytes", "1M", OUT_BYTES, 7}, MMS_MAP_1M, false},
	{{"numahint_bytes", "NUMAHINT", OUT_BYTES, 8}, MMS_MAP_NUMAHINT, false},
	{{"wx_bytes", "WX", OUT_BYTES, 7}, MMS_MAP_WX, false},
	{{"wxvma_bytes", "WXVMA", OUT_BYTES, 7}, MMS_MAP_WXVMA, false},
	{{"nxclear_bytes", "NXCLEAR", OUT_BYTES, 7}, MMS_MAP_NXCLEAR, false},
};

#define NR_SOURCES (sizeof(sources) / sizeof(sources[0]))

#define NR_NUMBERED (MMS_MAP_NODES + MMS_MAP_SWAPS)

/* The columns of this run: those for people are fewer. */
struct columns {
	struct out_col cols[NR_SOURCES + NR_NUMBERED + 4];
	int keys[NR_SOURCES + NR_NUMBERED];
	char names[NR_NUMBERED][2][24]; /* of nodes and swap areas: for machines, for people */
	size_t nr;
	size_t nr_keys;
	bool end; /* has the end address */
};

static bool worth_it(const struct mms_map *total, int key)
{
	return total->known[key] && total->bytes[key];
}

/* Nodes and swap areas: a column for each that there is; for people, if there are two. */
static void pick_numbered(struct columns *c, const struct mms_map *total, bool text, int first,
			  int nr, const char *name)
{
	size_t at = first - MMS_NR_NAMED_KEYS;
	int i, used = 0;

	for (i = 0; i < nr; i++)
		used += worth_it(total, first + i);
	for (i = 0; i < nr; i++, at++) {
		if (text ? used < 2 || !worth_it(total, first + i) : !total->known[first + i])
			continue;
		snprintf(c->names[at][0], sizeof(c->names[at][0]), "%s%d_bytes", name, i);
		snprintf(c->names[at][1], sizeof(c->names[at][1]), "%c%d", toupper(*name), i);
		c->cols[c->nr++] = (struct out_col){c->names[at][0], c->names[at][1], OUT_BYTES, 7};
		c->keys[c->nr_keys++] = first + i;
	}
}

/* Text leaves out columns of -e that are zero or unknown throughout: all fit no screen. */
static void pick_columns(struct columns *c, const struct opts *opts, const struct mms_map *total)
{
	bool all = opts->extended || opts->format != OUT_TEXT;
	size_t i;

	c->nr = c->nr_keys = 0;
	c->cols[c->nr++] = (struct out_col){"start", "START", OUT_HEX, -14};
	c->end = opts->format != OUT_TEXT;
	if (c->end)
		c->cols[c->nr++] = (struct out_col){"end", "END", OUT_HEX, -14};
	c->cols[c->nr++] = (struct out_col){"perms", "PERM", OUT_STR, -4};
	for (i = 0; i < NR_SOURCES; i++) {
		if (!all && !sources[i].brief)
			continue;
		if (opts->format == OUT_TEXT && !sources[i].brief &&
		    !worth_it(total, sources[i].key))
			continue;
		c->cols[c->nr++] = sources[i].col;
		c->keys[c->nr_keys++] = sources[i].key;
	}
	if (all) {
		bool text = opts->format == OUT_TEXT;

		pick_numbered(c, total, text, MMS_MAP_NODE0, MMS_MAP_NODES, "node");
		pick_numbered(c, total, text, MMS_MAP_SWAP0, MMS_MAP_SWAPS, "swap");
	}
	c->cols[c->nr++] = (struct out_col){"name", "NAME", OUT_STR, 0};
}

static void show_amounts(struct out *o, const struct columns *c, const struct mms_map *m)
{
	size_t i;

	for (i = 0; i < c->nr_keys; i++) {
		/* an area that a mapping has nothing in is not named there: that is 0 */
		if (m->known[c->keys[i]] || c->keys[i] >= MMS_NR_NAMED_KEYS)
			out_cell_num(o, m->bytes[c->keys[i]]);
		else
			out_cell_none(o);
	}
}

static void show_row(struct out *o, const struct columns *c, const struct mms_map *m, bool brief)
{
	out_row(o);
	out_cell_num(o, m->vma.start);
	if (c->end)
		out_cell_num(o, m->vma.end);
	out_cell_str(o, m->vma.perms);
	show_amounts(o, c, m);
	out_cell_str(o, brief ? model_vma_short_name(m->vma.name) : m->vma.name);
}

static void show_total(struct out *o, const struct columns *c, const struct mms_map *total)
{
	out_row(o);
	out_cell_none(o);
	if (c->end)
		out_cell_none(o);
	out_cell_none(o);
	show_amounts(o, c, total);
	out_cell_str(o, "total");
}

/* Whoever adds up the rows of a machine format must not meet the total among them. */
static void show(struct out *o, const struct columns *c, const struct opts *opts,
		 const struct mms_list *maps, const struct mms_map *total)
{
	bool brief = opts->format == OUT_TEXT && !opts->extended;
	const struct mms_map *m = maps->v;
	size_t i;

	out_table(o, "maps", c->cols, c->nr);
	for (i = 0; i < maps->nr; i++)
		show_row(o, c, &m[i], brief);
	if (opts->format == OUT_TEXT)
		show_total(o, c, total);
	out_table_end(o);
	if (opts->format == OUT_JSON) {
		out_table(o, "total", c->cols, c->nr);
		show_total(o, c, total);
		out_table_end(o);
	}
}

static void show_loss(struct out *o, const char *why)
{
	out_note(o, "%s", why);
	out_note(o, "from /proc/PID/smaps: absent pages, zero page, raw frames, markers, accessed");
	out_note(o, "and dirty bits are not known ('-'); anon includes ksm, rss not hugetlb");
}

static int from_module(struct mms_target *t, struct mms_list *maps)
{
	size_t len;
	char *text;
	int err = mms_target_read(t, "maps", &text, &len);

	if (err)
		return err;
	err = mms_text_maps(text, maps);
	free(text);
	return err;
}

static int run(const struct opts *opts)
{
	struct mms_list maps = {0};
	struct mms_target *t;
	struct mms_map total;
	struct columns c;
	const char *why;
	struct out *o;
	int err, rc;

	rc = target_open(opts->pid, opts->no_module, &t, &why);
	if (rc != EXIT_OK)
		return rc;
	err = t ? from_module(t, &maps) : mms_proc_smaps(opts->pid, &maps);
	if (!err && !maps.nr)
		err = -ESRCH; /* an empty answer: the mm is gone */
	if (err) {
		rc = target_failed(opts->pid, t ? "maps" : "smaps", err);
		goto out;
	}
	o = out_create(opts->format, stdout, "maps");
	if (!o) {
		rc = err_failed("out of memory");
		goto out;
	}
	model_maps_total(maps.v, maps.nr, &total);
	pick_columns(&c, opts, &total);
	out_begin(o);
	target_fields(o, opts->pid);
	out_str(o, "source", NULL, t ? "module" : "smaps");
	if (!t)
		show_loss(o, why);
	show(o, &c, opts, &maps, &total);
	out_end(o);
	rc = err_output(out_destroy(o));
out:
	model_maps_deinit(&maps);
	mms_target_close(t);
	return rc;
}

/** cmd_maps() - mmscope maps */
int cmd_maps(int argc, char **argv)
{
	struct opts opts = {.format = OUT_TEXT};
	int c, rc;

	while ((c = opts_next(argc, argv, ":enO:h", longs)) != -1) {
		switch (c) {
		case 'e':
			opts.extended = true;
			break;
		case 'n':
			opts.no_module = true;
			break;
		case 'O':
			if (args_format(optarg, &opts.format))
				return err_usage("maps", "unknown format '%s'", optarg);
			break;
		case 'h':
			return opts_print_help(&help);
		default:
			return EXIT_USAGE;
		}
	}
	if (argc - optind != 1)
		return err_usage("maps", argc == optind ? "needs PID" : "too many arguments");
	rc = target_parse_pid("maps", argv[optind], &opts.pid);
	return rc == EXIT_OK ? run(&opts) : rc;
}
