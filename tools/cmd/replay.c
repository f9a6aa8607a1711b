// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmscope replay: what replacement policies would have done with a reference string. Parses and
 * hands on; the string is in replay_string.c, what is shown in the other replay_*.c.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "cmd/memory.h"
#include "cmd/replay.h"
#include "util/args.h"
#include "util/opts.h"

static const struct opts_help help = {
	.usage = "replay [OPTION]... STRING\n"
		 "replay [OPTION]... --string PAGE,PAGE,...",
	.about =
		"Replays a reference string through replacement policies: faults, evictions and\n"
		"write-backs with each size of memory. STRING is a file made by mmscope import, or - .",
	.options =
		"  -p, --policy LIST     these policies: \"lru,clock:bit=1\"; all (default)\n"
		"  -f, --frames LIST     sizes: frames, 64M (K, M, G, T: bytes), 10%, A-B, A-B:STEP, all\n"
		"      --curve[=LIST]    all sizes at once: lru,opt (default),fifo,clock,ws,pff\n"
		"      --windows LIST    windows of ws, thresholds of pff, references (k, m, g)\n"
		"      --plot            the curve as a picture\n"
		"      --log             its sizes in powers\n"
		"      --width COLUMNS   of the picture (default: the terminal's)\n"
		"      --steps           what the frames hold, reference by reference\n"
		"      --limit N         of --steps: the first N rows (k, m, g: thousands)\n"
		"      --anomaly         Belady's anomaly, searched over every size of FIFO\n"
		"      --sample RATE     the LRU curve from a part of the pages: 0.01, 1%\n"
		"      --string PAGES    the string itself: 1,2,3*,1 with * for a write\n"
		"      --seed N          of what draws lots\n"
		"      --max-memory SIZE take no more than that (default: 90% of what is available)\n"
		"      --sampled-ok      take the order of a sampled string as it is\n" OPTS_COMMON,
	.examples =
		"    mmscope replay cc1.refs                            # every policy, some sizes\n"
		"    mmscope replay -p lru,arc -f 10%,64M cc1.refs      # two of them\n"
		"    mmscope replay -p aging:period=100,bits=4,lru cc1.refs\n"
		"    mmscope replay --curve=lru,opt --plot cc1.refs     # a picture of all sizes\n"
		"    mmscope replay --steps -p fifo -f 3 --string 1,2,3,4,1,2,5,1,2,3,4,5\n"
		"    mmscope replay --anomaly --string 1,2,3,4,1,2,5,1,2,3,4,5\n",
};

enum {
	OPT_CURVE = 256,
	OPT_WINDOWS,
	OPT_PLOT,
	OPT_LOG,
	OPT_WIDTH,
	OPT_STEPS,
	OPT_LIMIT,
	OPT_ANOMALY,
	OPT_SAMPLE,
	OPT_STRING,
	OPT_SEED,
	OPT_MEMORY,
	OPT_SAMPLED_OK,
	PARSED = -1,
};

static const struct option longs[] = {
	{"policy", required_argument, NULL, 'p'},
	{"frames", required_argument, NULL, 'f'},
	{"curve", optional_argument, NULL, OPT_CURVE},
	{"windows", required_argument, NULL, OPT_WINDOWS},
	{"plot", no_argument, NULL, OPT_PLOT},
	{"log", no_argument, NULL, OPT_LOG},
	{"width", required_argument, NULL, OPT_WIDTH},
	{"steps", no_argument, NULL, OPT_STEPS},
	{"limit", required_argument, NULL, OPT_LIMIT},
	{"anomaly", no_argument, NULL, OPT_ANOMALY},
	{"sample", required_argument, NULL, OPT_SAMPLE},
	{"string", required_argument, NULL, OPT_STRING},
	{"seed", required_argument, NULL, OPT_SEED},
	{"max-memory", required_argument, NULL, OPT_MEMORY},
	{"sampled-ok", no_argument, NULL, OPT_SAMPLED_OK},
	{"output", required_argument, NULL, 'O'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* "clock" or "clock:bit=1": the bit of the policy of that name, or its default. */
static int parse_clock(struct replay_opts *o, const char *word)
{
	struct mms_policy_conf conf = {0};
	const char *why = "";
	const struct mms_policy *p = mms_policy_parse(word, &conf, &why);

	if (!p)
		return err_usage("replay", "--curve '%s': %s", word, why);
	o->clock_bit = conf.param[0];
	o->curves |= REPLAY_CLOCK;
	return EXIT_OK;
}

static int parse_curve(struct replay_opts *o, const char *list)
{
	static const char *const names[] = {"lru", "opt", "fifo", "clock", "ws", "pff"};
	char *copy = strdup(list), *rest = copy, *word;
	int ret = copy ? EXIT_OK : err_failed("no memory");
	size_t k;

	while (ret == EXIT_OK && (word = strsep(&rest, ","))) {
		if (!strcmp(word, "clock") || !strncmp(word, "clock:", 6)) {
			ret = parse_clock(o, word);
			continue;
		}
		for (k = 0; k < 6 && strcmp(word, names[k]); k++)
			;
		if (k == 6)
			ret = err_usage("replay",
					"no curve '%s'; there are: lru opt fifo clock ws pff",
					word);
		else
			o->curves |= 1U << k;
	}
	free(copy);
	return ret;
}

/* A part: "0.01" or "1%". */
static int parse_rate(struct replay_opts *o, const char *text)
{
	size_t len = strlen(text);
	double part;

	if (args_percent(text, &part))
		part = 0;
	if (len && text[len - 1] == '%')
		part /= 100;
	if (!(part > 0 && part <= 1))
		return err_usage("replay", "'%s' is no part of the pages: 0.01, 1%%, at most 1",
				 text);
	o->sample = part;
	return EXIT_OK;
}

static int parse_number(const char *text, uint64_t min, uint64_t max, const char *what, uint64_t *v)
{
	if (args_u64(text, v) || *v < min || *v > max)
		return err_usage("replay", "%s '%s' is not a number from %llu to %llu", what, text,
				 (unsigned long long)min, (unsigned long long)max);
	return EXIT_OK;
}

static int parse_flag(int c, struct replay_opts *o)
{
	switch (c) {
	case OPT_PLOT:
		o->plot = true;
		break;
	case OPT_LOG:
		o->log = true;
		break;
	case OPT_STEPS:
		o->steps = true;
		break;
	case OPT_ANOMALY:
		o->anomaly = true;
		break;
	case OPT_SAMPLED_OK:
		o->sampled_ok = true;
		break;
	default:
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

static int parse_value(int c, struct replay_opts *o)
{
	uint64_t v;
	int ret;

	switch (c) {
	case OPT_CURVE:
		o->curves_default = !optarg;
		return parse_curve(o, optarg ? optarg : "lru,opt");
	case OPT_WIDTH:
		ret = parse_number(optarg, 40, 1000, "--width", &v);
		o->width = v;
		return ret;
	case OPT_LIMIT:
		if (replay_count(optarg, &o->limit))
			return err_usage("replay", "--limit '%s' is no number of rows: 500, 2k",
					 optarg);
		return EXIT_OK;
	case OPT_SAMPLE:
		return parse_rate(o, optarg);
	case OPT_SEED:
		o->has_seed = true;
		return parse_number(optarg, 0, UINT32_MAX, "--seed", &o->seed);
	case OPT_MEMORY:
		return memory_parse("replay", optarg, &o->memory);
	default:
		return parse_flag(c, o);
	}
}

/* Return: PARSED to go on, else the exit code. */
static int parse_option(int c, struct replay_opts *o)
{
	int ret = EXIT_OK;

	switch (c) {
	case 'p':
		ret = replay_policies_parse(o, optarg);
		break;
	case 'f':
		o->frames = optarg;
		break;
	case OPT_WINDOWS:
		o->windows = optarg;
		break;
	case OPT_STRING:
		o->text = optarg;
		break;
	case 'O':
		if (args_format(optarg, &o->format))
			return err_usage("replay", "no output format '%s': text, json, csv",
					 optarg);
		break;
	case 'h':
		return opts_print_help(&help);
	default:
		ret = parse_value(c, o);
	}
	return ret == EXIT_OK ? PARSED : ret;
}

/* What would be ignored. */
static int check_unused(const struct replay_opts *o)
{
	bool unseeded = o->curves || o->anomaly;

	if (o->limit && !o->steps)
		return err_usage("replay", "--limit goes with --steps");
	if (o->has_seed && (unseeded || (o->policies_asked && !replay_policies_random(o))))
		return err_usage("replay", "--seed is of policies that draw lots, random, and of "
					   "--sample");
	if (o->frames && o->policies_asked && replay_policies_variable(o))
		return err_usage("replay", "%s takes no size (-f): as many frames as it wants",
				 o->policies[0].p->name);
	return PARSED;
}

/* What goes with what. */
static int check(const struct replay_opts *o)
{
	if (!!o->curves + o->steps + o->anomaly + (o->sample > 0) > 1)
		return err_usage("replay", "one of --curve, --steps, --anomaly and --sample");
	if (o->policies_asked && (o->curves || o->sample > 0))
		return err_usage("replay", "--policy goes with the table and --steps%s",
				 o->curves ? ": --curve=lru,fifo names its own" : "");
	if (o->anomaly && o->policies_asked && !replay_policies_only(o, "fifo"))
		return err_usage("replay", "--anomaly is searched in fifo alone");
	if (o->steps && (!o->policies_asked || (!o->frames && !replay_policies_variable(o))))
		return err_usage("replay", "--steps wants a policy and a size: -p fifo -f 3");
	if ((o->plot || o->windows) && !o->curves)
		return err_usage("replay", "%s goes with --curve",
				 o->plot ? "--plot" : "--windows");
	if ((o->log || o->width) && !o->plot)
		return err_usage("replay", "%s goes with --plot", o->log ? "--log" : "--width");
	if (o->plot && o->format != OUT_TEXT)
		return err_usage("replay", "--plot is text");
	return check_unused(o);
}

static int parse(int argc, char **argv, struct replay_opts *o)
{
	int c, ret, left;

	while ((c = opts_next(argc, argv, ":p:f:O:h", longs)) != -1) {
		if (c == OPTS_BAD || c == ':')
			return EXIT_USAGE;
		ret = parse_option(c, o);
		if (ret != PARSED)
			return ret;
	}
	left = argc - optind;
	if (o->curves && left + !!o->text > 1)
		return err_usage("replay", "one string at a time; curves are named behind an =: "
					   "--curve=lru,opt");
	if (left && o->text)
		return err_usage("replay", "a file or --string, not both");
	if (!left && !o->text)
		return err_usage("replay", "no reference string: a file, or --string");
	if (left > 1)
		return err_usage("replay", "one file at a time");
	o->path = left ? argv[optind] : NULL;
	return check(o);
}

static int report(struct replay_string *s, const struct replay_opts *opts, struct out *o)
{
	if (opts->curves)
		return replay_curves(s, opts, o);
	if (opts->steps)
		return replay_steps(s, opts, o);
	if (opts->anomaly)
		return replay_anomaly(s, opts, o);
	if (opts->sample > 0)
		return replay_shards(s, opts, o);
	return replay_table(s, opts, o);
}

static int run(const struct replay_opts *opts)
{
	struct replay_string s;
	struct out *o;
	int ret = replay_string_open(&s, opts), err;

	if (!ret) {
		o = out_create(opts->format, stdout, "replay");
		ret = o ? report(&s, opts, o) : err_failed("%s", strerror(errno));
		err = out_destroy(o);
		ret = ret ? ret : err_output(err);
	}
	replay_string_close(&s);
	return ret;
}

/** cmd_replay() - mmscope replay */
int cmd_replay(int argc, char **argv)
{
	struct replay_opts opts = {.format = OUT_TEXT, .seed = 1};
	int ret = parse(argc, argv, &opts);

	if (ret == PARSED && !opts.policies_asked)
		ret = replay_policies_all(&opts) ?: PARSED;
	if (ret == PARSED) {
		replay_policies_seed(&opts);
		ret = run(&opts);
	}
	replay_policies_free(&opts);
	return ret;
}
