// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmscope allot: M frames for several processes, by the rules of the textbooks.
 * Parses; allot_run.c computes, allot_report.c tells.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "cmd/allot.h"
#include "cmd/memory.h"
#include "cmd/size.h"
#include "util/args.h"
#include "util/opts.h"

#define DEFAULT_WINDOW 100000
#define DEFAULT_TURN   100000
#define DEFAULT_THRASH 0.001

static const struct opts_help help = {
	.usage = "allot -m SIZE [OPTION]... STRING...",
	.about = "Divides memory among reference strings, or among the processes of one, by each\n"
		 "rule: frames, faults, and who thrashes.",
	.options =
		"  -m, --memory SIZE       to divide: frames, 64M, 10% of all their pages\n"
		"      --rule LIST         of equal, proportional, priority, working-set, pff,\n"
		"                          optimal, global; all that can be, unless given\n"
		"      --priority WEIGHTS  for rule priority: one number for each process, W,W,...\n"
		"      --window REFS       of the working sets (default 100000 references)\n"
		"      --turn REFS         references of a turn, for global (default 100000)\n"
		"      --thrash RATIO      faults per reference, above which a process whose\n"
		"                          working set has no room thrashes (0.001)\n"
		"      --max-memory SIZE   take no more than that (90% of what is available)\n"
		"      --sampled-ok        take the order of sampled strings as it is\n" OPTS_COMMON,
	.examples = "    mmscope allot -m 4000 redis.refs sqlite.refs\n"
		    "    mmscope allot -m 64M --rule equal,optimal,global a.refs b.refs c.refs\n"
		    "    mmscope allot -m 16M --rule priority --priority 3,1 a.refs b.refs\n",
};

enum {
	OPT_RULE = 256,
	OPT_PRIORITY,
	OPT_WINDOW,
	OPT_TURN,
	OPT_THRASH,
	OPT_MAX_MEMORY,
	OPT_SAMPLED_OK
};

static const struct option longs[] = {
	{"memory", required_argument, NULL, 'm'},
	{"rule", required_argument, NULL, OPT_RULE},
	{"priority", required_argument, NULL, OPT_PRIORITY},
	{"window", required_argument, NULL, OPT_WINDOW},
	{"turn", required_argument, NULL, OPT_TURN},
	{"thrash", required_argument, NULL, OPT_THRASH},
	{"max-memory", required_argument, NULL, OPT_MAX_MEMORY},
	{"sampled-ok", no_argument, NULL, OPT_SAMPLED_OK},
	{"output", required_argument, NULL, 'O'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static int parse_rule(struct allot_opts *opts, const char *word)
{
	int rule;

	for (rule = 0; rule < ALLOT_RULES; rule++)
		if (!strcmp(word, allot_rule_name(rule))) {
			opts->rules |= 1U << rule;
			return EXIT_OK;
		}
	return err_usage("allot",
			 "unknown rule '%s': equal, proportional, priority, working-set, pff, "
			 "optimal or global",
			 word);
}

static int parse_weight(struct allot_opts *opts, const char *word)
{
	double *w = &opts->priority[opts->nr_priority];

	if (opts->nr_priority == ALLOT_MAX_PROCS)
		return err_usage("allot", "at most %d priorities", ALLOT_MAX_PROCS);
	opts->nr_priority++;
	return size_parse_real(word, w) ? err_usage("allot", "'%s' is not a priority", word)
					: EXIT_OK;
}

/* Each word of a list with commas. */
static int parse_list(struct allot_opts *opts, const char *list,
		      int (*parse)(struct allot_opts *opts, const char *word))
{
	char *copy = strdup(list), *rest = copy, *word;
	int rc = copy ? EXIT_OK : err_failed("out of memory");

	while (rc == EXIT_OK && (word = strsep(&rest, ",")))
		rc = parse(opts, word);
	free(copy);
	return rc;
}

static int parse_refs(const char *arg, uint64_t *refs)
{
	if (args_refs(arg, refs))
		return err_usage("allot", "'%s' is not a number of references (1, 100k, 3m)", arg);
	return EXIT_OK;
}

static int parse_one(struct allot_opts *opts, int c)
{
	switch (c) {
	case 'm':
		if (size_parse_memory(optarg, &opts->memory))
			return err_usage("allot",
					 "'%s' is not an amount of memory: 1000, 64M, 10%%",
					 optarg);
		return EXIT_OK;
	case OPT_MAX_MEMORY:
		return memory_parse("allot", optarg, &opts->max_memory);
	case OPT_SAMPLED_OK:
		opts->sampled_ok = true;
		return EXIT_OK;
	case OPT_RULE:
		opts->rules_asked = true;
		return parse_list(opts, optarg, parse_rule);
	case OPT_PRIORITY:
		opts->nr_priority = 0;
		return parse_list(opts, optarg, parse_weight);
	case OPT_WINDOW:
		return parse_refs(optarg, &opts->window);
	case OPT_TURN:
		return parse_refs(optarg, &opts->turn);
	case OPT_THRASH:
		if (size_parse_real(optarg, &opts->thrash) || opts->thrash >= 1)
			return err_usage("allot", "'%s' is not a ratio below 1", optarg);
		return EXIT_OK;
	}
	if (args_format(optarg, &opts->format))
		return err_usage("allot", "unknown format '%s': text, json or csv", optarg);
	return EXIT_OK;
}

static bool has_memory(const struct args_amount *a)
{
	return a->v || a->unit == ARGS_PERCENT;
}

static int check(struct allot_opts *opts, int nr_operands)
{
	if (nr_operands < 1)
		return err_usage("allot", "needs STRING");
	if (nr_operands > ALLOT_MAX_PROCS)
		return err_usage("allot", "at most %d strings", ALLOT_MAX_PROCS);
	if (!has_memory(&opts->memory))
		return err_usage("allot", "needs -m: how much memory is to be divided");
	if (opts->rules & 1U << ALLOT_PRIORITY && !opts->nr_priority)
		return err_usage("allot", "rule priority needs --priority");
	if (!opts->rules) {
		opts->rules = (1U << ALLOT_RULES) - 1;
		if (!opts->nr_priority)
			opts->rules &= ~(1U << ALLOT_PRIORITY);
	} else if (opts->nr_priority && !(opts->rules & 1U << ALLOT_PRIORITY)) {
		return err_usage("allot", "--priority goes with rule priority");
	}
	return EXIT_OK;
}

static int run(struct allot_opts *opts)
{
	static struct allot_data d;
	struct out *o;
	int rc, end;

	rc = allot_open(&d, opts);
	if (rc == EXIT_OK)
		rc = allot_compute(&d, opts);
	if (rc == EXIT_OK) {
		o = out_create(opts->format, stdout, "allot");
		if (o) {
			rc = allot_report(o, opts, &d);
			end = err_output(out_destroy(o));
			rc = rc == EXIT_OK ? end : rc;
		} else {
			rc = err_failed("out of memory");
		}
	}
	allot_close(&d);
	return rc;
}

/** cmd_allot() - mmscope allot */
int cmd_allot(int argc, char **argv)
{
	struct allot_opts opts = {
		.window = DEFAULT_WINDOW, .turn = DEFAULT_TURN, .thrash = DEFAULT_THRASH};
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
	opts.paths = argv + optind;
	opts.nr_paths = argc - optind;
	return run(&opts);
}
