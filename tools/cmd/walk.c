// SPDX-License-Identifier: GPL-2.0-only
/* mmscope walk: the entry of every level that translates an address. */
#include <errno.h>
#include <inttypes.h>
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

#define PAGE	 4096ULL
#define SPAN	 (2ULL << 20) /* the module's limit for one request */
#define MAX_PIDS 32

static const struct opts_help help = {
	.usage = "walk [-O FORMAT] [--no-module] PID[,PID]... ADDR[-ADDR]",
	.about = "Shows the page-table entry of every level that translates an address, from the\n"
		 "top to the leaf, and what the leaf is. ADDR is hexadecimal, with or without 0x,\n"
		 "and need not be aligned; ADDR-ADDR shows each page of a range.",
	.options =
		"  -n, --no-module       use /proc/PID/pagemap: no levels, no raw entries\n" OPTS_COMMON,
	.examples = "    mmscope walk 1234 7f3210004123        # one address\n"
		    "    mmscope walk 1234,1250 7f3210004000   # parent and child side by side\n"
		    "    mmscope walk 1234 7f3210000000-7f3210021000 -O csv   # a line per page\n",
};

static const struct option longs[] = {
	{"no-module", no_argument, NULL, 'n'},
	{"output", required_argument, NULL, 'O'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

struct opts {
	enum out_format format;
	bool no_module;
	pid_t pids[MAX_PIDS];
	size_t nr_pids;
	uint64_t start;
	uint64_t end; /* 0: one address */
};

static const struct out_col level_cols[] = {
	{"level", "LEVEL", OUT_STR, -8},  {"table_frame", "TABLE", OUT_HEX, -9},
	{"index", "INDEX", OUT_COUNT, 5}, {"raw", "RAW", OUT_HEX, -18},
	{"frame", "FRAME", OUT_HEX, -9},  {"flags", "FLAGS", OUT_STR, 0},
};

/* csv has no room for levels: one row per page. */
static const struct out_col leaf_cols[] = {
	{"pid", "PID", OUT_COUNT, 7},	      {"va", "VA", OUT_HEX, -14},
	{"kind", "KIND", OUT_STR, -9},	      {"level", "LEVEL", OUT_STR, -5},
	{"size_bytes", "SIZE", OUT_BYTES, 6}, {"frame", "FRAME", OUT_HEX, -9},
	{"phys", "PHYS", OUT_HEX, -13},	      {"rights", "RIGHTS", OUT_STR, -6},
	{"raw", "RAW", OUT_HEX, -18},	      {"flags", "FLAGS", OUT_STR, -12},
	{"swap_type", "TYPE", OUT_COUNT, 4},  {"swap_offset", "OFFSET", OUT_HEX, -9},
	{"vma", "VMA", OUT_STR, 0},	      {"folio_order", "ORDER", OUT_COUNT, 5},
	{"folio_head", "HEAD", OUT_HEX, -9},  {"mapcount", "MAPS", OUT_COUNT, 5},
	{"refcount", "REFS", OUT_COUNT, 5},   {"node", "NODE", OUT_COUNT, 4},
	{"zone", "ZONE", OUT_STR, -7},	      {"page_flags", "PAGE", OUT_STR, 0},
};

#define NR(cols) (sizeof(cols) / sizeof((cols)[0]))

static void show_level(struct out *o, const struct mms_walk_level *l)
{
	out_row(o);
	out_cell_str(o, l->level);
	out_cell_num_if(o, l->has_slot, l->table);
	out_cell_num_if(o, l->has_slot, l->index);
	out_cell_num(o, l->raw);
	out_cell_num_if(o, l->has_frame, l->frame);
	out_cell_str(o, l->flags);
}

static void show_levels(struct out *o, const struct mms_walk *w)
{
	const struct mms_walk_level *user = NULL;
	size_t i, nr = w->nr_levels;

	if (!nr)
		return;
	/* The module tells the user copy of the top entry last: it belongs beside the top. */
	if (!strcmp(w->levels[nr - 1].level, "user-pgd"))
		user = &w->levels[--nr];
	out_table(o, "levels", level_cols, NR(level_cols));
	for (i = 0; i < nr; i++) {
		show_level(o, &w->levels[i]);
		if (user && !i)
			show_level(o, user);
	}
	out_table_end(o);
}

static void show_vma(struct out *o, const struct mms_vma *vma)
{
	char text[64];

	if (!vma->name) {
		out_str(o, "vma", "vma", "none");
		return;
	}
	snprintf(text, sizeof(text), "%" PRIx64 "-%" PRIx64 " %s", vma->start, vma->end,
		 vma->perms);
	out_str(o, "vma", "vma", text);
	out_str(o, "vma_name", "name", vma->name);
}

static void show_page(struct out *o, const struct mms_walk *w)
{
	const struct mms_walk_page *p = &w->page;

	out_num(o, "folio_order", "folio order", OUT_COUNT, p->order);
	out_num(o, "folio_head", "folio head", OUT_HEX, p->head);
	if (w->known & MMS_LEAF_MAPCOUNT)
		out_num(o, "mapcount", "mapped by", OUT_COUNT, p->mapcount);
	out_num(o, "refcount", "references", OUT_COUNT, p->refcount);
	out_num(o, "node", "node", OUT_COUNT, p->node);
	out_str(o, "zone", "zone", p->zone);
	out_str(o, "page_flags", "page flags", p->flags[0] ? p->flags : "none");
}

/* @offset: of the address asked for in its page. */
static void show_leaf(struct out *o, const struct mms_walk *w, uint64_t offset)
{
	out_str(o, "kind", "kind", w->kind);
	if (w->known & MMS_LEAF_LEVEL)
		out_str(o, "level", NULL, w->level);
	if (w->known & MMS_LEAF_SIZE)
		out_num(o, "size_bytes", "page size", OUT_BYTES, w->size);
	if (w->known & MMS_LEAF_FRAME) {
		out_num(o, "frame", "frame", OUT_HEX, w->frame);
		out_num(o, "phys", "physical", OUT_HEX, w->frame * PAGE + offset);
	}
	if (w->known & MMS_LEAF_RIGHTS)
		out_str(o, "rights", "rights", w->rights);
	if (w->known & MMS_LEAF_SWAP) {
		out_num(o, "swap_type", "type", OUT_COUNT, w->swap_type);
		out_num(o, "swap_offset", "offset", OUT_HEX, w->swap_offset);
	}
	if (w->known & MMS_LEAF_MARKER)
		out_str(o, "marker", "marker", w->marker);
	if (!w->nr_levels)
		out_str(o, "flags", "flags", w->flags[0] ? w->flags : "none");
	if (w->known & MMS_LEAF_PAGE)
		show_page(o, w);
}

static void show_object(struct out *o, pid_t pid, const struct mms_walk *w, uint64_t offset)
{
	out_begin(o);
	target_fields(o, pid);
	out_num(o, "va", "address", OUT_HEX, w->va + offset);
	show_vma(o, &w->vma);
	show_levels(o, w);
	show_leaf(o, w, offset);
	out_end(o);
}

static void show_row(struct out *o, pid_t pid, const struct mms_walk *w, uint64_t offset)
{
	const struct mms_walk_level *last = NULL;
	size_t i;

	for (i = 0; i < w->nr_levels; i++)
		if (w->levels[i].has_slot)
			last = &w->levels[i];
	out_row(o);
	out_cell_num(o, pid);
	out_cell_num(o, w->va + offset);
	out_cell_str(o, w->kind);
	out_cell_str(o, w->known & MMS_LEAF_LEVEL ? w->level : NULL);
	out_cell_num_if(o, w->known & MMS_LEAF_SIZE, w->size);
	out_cell_num_if(o, w->known & MMS_LEAF_FRAME, w->frame);
	out_cell_num_if(o, w->known & MMS_LEAF_FRAME, w->frame * PAGE + offset);
	out_cell_str(o, w->known & MMS_LEAF_RIGHTS ? w->rights : NULL);
	out_cell_num_if(o, last, last ? last->raw : 0);
	out_cell_str(o, last ? last->flags : w->flags);
	out_cell_num_if(o, w->known & MMS_LEAF_SWAP, w->swap_type);
	out_cell_num_if(o, w->known & MMS_LEAF_SWAP, w->swap_offset);
	out_cell_str(o, w->vma.name);
	out_cell_num_if(o, w->known & MMS_LEAF_PAGE, w->page.order);
	out_cell_num_if(o, w->known & MMS_LEAF_PAGE, w->page.head);
	out_cell_num_if(o, w->known & MMS_LEAF_MAPCOUNT, w->page.mapcount);
	out_cell_num_if(o, w->known & MMS_LEAF_PAGE, w->page.refcount);
	out_cell_num_if(o, w->known & MMS_LEAF_PAGE, w->page.node);
	out_cell_str(o, w->known & MMS_LEAF_PAGE ? w->page.zone : NULL);
	out_cell_str(o, w->known & MMS_LEAF_PAGE ? w->page.flags : NULL);
}

static void show(struct out *o, const struct opts *opts, pid_t pid, const struct mms_list *walks)
{
	const struct mms_walk *w = walks->v;
	uint64_t offset = opts->end ? 0 : opts->start % PAGE;
	size_t i;

	if (opts->format != OUT_CSV) {
		for (i = 0; i < walks->nr; i++)
			show_object(o, pid, &w[i], offset);
		return;
	}
	out_begin(o);
	out_table(o, "pages", leaf_cols, NR(leaf_cols));
	for (i = 0; i < walks->nr; i++)
		show_row(o, pid, &w[i], offset);
	out_table_end(o);
	out_end(o);
}

static int from_module(struct mms_target *t, uint64_t start, uint64_t end, struct mms_list *walks)
{
	char *text;
	int err = mms_target_walk(t, start, end, &text);

	if (err)
		return err;
	err = mms_text_walk(text, walks);
	free(text);
	if (!err && !walks->nr)
		return -ESRCH; /* an empty answer: the mm is gone */
	return err;
}

static int from_proc(pid_t pid, uint64_t start, uint64_t end, struct mms_list *walks)
{
	struct mms_vmas vmas = {0};
	int err = mms_proc_vmas(pid, &vmas);

	if (!err)
		err = mms_pagemap_walk(pid, &vmas, start, end, walks);
	if (err)
		model_walks_deinit(walks);
	model_vmas_deinit(&vmas);
	return err;
}

static void show_loss(struct out *o, const char *why)
{
	out_note(o, "%s", why);
	out_note(o, "from /proc/PID/pagemap: no levels, raw entries, rights or page sizes;");
	out_note(o, "anon includes ksm");
}

/* The range in pieces that the module takes, shown as they come. @loss: why less can be told. */
static int walk_pid(struct out *o, const struct opts *opts, pid_t pid, struct mms_target *t,
		    const char *loss)
{
	uint64_t va = opts->start & ~(PAGE - 1);
	uint64_t end = opts->end ? (opts->end + PAGE - 1) & ~(PAGE - 1) : va + PAGE;
	struct mms_list walks = {0};

	for (; va < end && !out_error(o); va += SPAN) {
		uint64_t stop = end - va > SPAN ? va + SPAN : end;
		int err = t ? from_module(t, va, stop, &walks) : from_proc(pid, va, stop, &walks);

		if (err == -ERANGE)
			return err_failed("0x%" PRIx64 " is not an address of user space",
					  opts->start);
		if (err)
			return target_failed(pid, t ? "walk" : "pagemap", err);
		if (loss)
			show_loss(o, loss);
		loss = NULL;
		show(o, opts, pid, &walks);
		model_walks_deinit(&walks);
	}
	return EXIT_OK;
}

static int parse_pids(struct opts *opts, char *list)
{
	char *pid;
	int rc = EXIT_OK;

	while (rc == EXIT_OK && (pid = strsep(&list, ","))) {
		if (opts->nr_pids == MAX_PIDS)
			return err_usage("walk", "at most %d pids", MAX_PIDS);
		rc = target_parse_pid("walk", pid, &opts->pids[opts->nr_pids++]);
	}
	return rc;
}

static int parse_operands(struct opts *opts, int argc, char **argv)
{
	int rc;

	if (argc != 2)
		return err_usage("walk", argc < 2 ? "needs PID and ADDR" : "too many arguments");
	rc = parse_pids(opts, argv[0]);
	if (rc != EXIT_OK)
		return rc;
	switch (args_addr_range(argv[1], &opts->start, &opts->end)) {
	case 0:
		break;
	case -ERANGE:
		return err_usage("walk", "'%s' is empty, or beyond 64 bits", argv[1]);
	default:
		return err_usage("walk", "'%s' is not an address", argv[1]);
	}
	if (opts->start > INT64_MAX || opts->end > INT64_MAX)
		return err_failed("%s is not an address of user space", argv[1]);
	return EXIT_OK;
}

static int run(const struct opts *opts)
{
	struct out *o = out_create(opts->format, stdout, "walk");
	int rc = EXIT_OK, end;
	size_t i;

	if (!o)
		return err_failed("out of memory");
	for (i = 0; i < opts->nr_pids && rc == EXIT_OK; i++) {
		struct mms_target *t;
		const char *why;

		rc = target_open(opts->pids[i], opts->no_module, &t, &why);
		if (rc != EXIT_OK)
			break;
		rc = walk_pid(o, opts, opts->pids[i], t, t || i ? NULL : why);
		mms_target_close(t);
	}
	end = err_output(out_destroy(o));
	return rc == EXIT_OK ? end : rc;
}

/** cmd_walk() - mmscope walk */
int cmd_walk(int argc, char **argv)
{
	struct opts opts = {.format = OUT_TEXT};
	int c, rc;

	while ((c = opts_next(argc, argv, ":nO:h", longs)) != -1) {
		switch (c) {
		case 'n':
			opts.no_module = true;
			break;
		case 'O':
			if (args_format(optarg, &opts.format))
				return err_usage("walk", "unknown format '%s'", optarg);
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
