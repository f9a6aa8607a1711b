// SPDX-License-Identifier: GPL-2.0-only
/* The command line of mmscope faults: options, words, what goes with what. */
#include <string.h>
#include "cmd/faults_opts.h"
#include "cmd/faults_used.h"
#include "util/args.h"
#include "util/err.h"
#include "util/opts.h"

static const struct opts_help help = {
	.usage = "faults [OPTION]... [INTERVAL [COUNT]]\n"
		 "faults [OPTION]... -- COMMAND [ARGUMENT]...",
	.about =
		"Counts page faults by kind, with latency, of all processes, a process, a thread, a cgroup or\n"
		"a command and its children. Without INTERVAL one report when it ends or at Ctrl-C.",
	.options =
		"  -a, --all             everything (default)\n"
		"  -p, --pid PID         only this process, all its threads\n"
		"      --children        and what it forks from now on\n"
		"  -t, --tid TID         only this thread\n"
		"  -c, --cgroup CGROUP   only this cgroup and those below it\n"
		"      --by KEY[,KEY]    rows by process, thread, cgroup, vma, file, segment, swap, origin,\n"
		"                        kind (default)\n"
		"  -e, --each            --by process,kind\n"
		"  -k, --kind KIND[,...] rows of these kinds only, the others in one\n"
		"      --sort ORDER      by count (default), time, max or bytes\n"
		"      --top N           the first N rows, the others in one\n"
		"      --hist            latency histograms, too\n"
		"      --around          pages that came along with the faults, too\n"
		"      --used[=MS]       and which of these were used later, by scans of accessed bits every\n"
		"                        MS ms (10..600000, default 100); with -p or a COMMAND\n"
		"      --no-kinds        do not look at the tables: cheaper, all faults are \"any\"\n"
		"      --events          every single fault in place of counts\n"
		"      --cold            the cold-start curve of the COMMAND\n"
		"      --stacks[=SIDE]   the code that takes the faults, in lines for flamegraph.pl; SIDE is\n"
		"                        user, kernel or both (default)\n"
		"      --weight WEIGHT   their numbers: count (default), ns or bytes\n"
		"      --max-overhead P  look less closely when it costs more than P per cent of a CPU\n"
		"  -v, --verbose         own cost, too\n"
		"  -o, --to FILE         write to FILE: the command's own output goes to stdout\n"
		"      --attach KIND     kprobe.session, fentry/fexit or kprobe+kretprobe; default: the\n"
		"                        best that loses nothing here\n" OPTS_COMMON,
	.examples =
		"    mmscope faults 1                     # the whole system, every second\n"
		"    mmscope faults -p 1234 0.5 10        # a process, ten half seconds\n"
		"    mmscope faults -- sort big.txt       # a command from its start to its end\n"
		"    mmscope faults --by vma --sort time -p 1234    # where its faults cost most\n"
		"    mmscope faults --by process --top 10 5         # who faults, every five seconds\n"
		"    mmscope faults --cold -- python3 -c pass       # what its start brings in, and when\n"
		"    mmscope faults --stacks -o out.folded -- make  # then: flamegraph.pl out.folded\n"
		"    mmscope faults --events -p 1234      # each fault with address, kind and file\n"
		"    mmscope faults --used -- python3 -c pass       # neighbours mapped along: who used them\n",
};

static const char *const kind_names[] = {
#define KIND_NAME(id, name) [MMS_FAULT_##id] = name,
	MMS_FAULT_KINDS(KIND_NAME)
#undef KIND_NAME
		[MMS_FAULT_NR_KINDS] = "any",
};

static const struct {
	const char *name;
	unsigned int by;	/* enum model_fault_by */
	unsigned int kernel_by; /* what the programs must keep apart for it */
} keys[] = {
	{"process", MODEL_BY_PROCESS, 0},     {"thread", MODEL_BY_THREAD, MMS_BY_THREAD},
	{"cgroup", MODEL_BY_CGROUP, 0},	      {"vma", MODEL_BY_VMA, MMS_BY_VMA},
	{"file", MODEL_BY_FILE, MMS_BY_FILE}, {"segment", MODEL_BY_SEGMENT, MMS_BY_VMA},
	{"swap", MODEL_BY_SWAP, MMS_BY_SWAP}, {"origin", MODEL_BY_ORIGIN, 0},
	{"kind", MODEL_BY_KIND, 0},
};

#define NR(a) (sizeof(a) / sizeof((a)[0]))

const char *faults_kind_name(unsigned int kind)
{
	return kind < NR(kind_names) ? kind_names[kind] : kind_names[MMS_FAULT_OTHER];
}

const char *faults_key_name(unsigned int by)
{
	size_t i;

	for (i = 0; i < NR(keys) && keys[i].by != by; i++)
		;
	return i < NR(keys) ? keys[i].name : "?";
}

/* Cuts the next word off a list; NULL after the last. */
static char *next_word(char **list)
{
	return *list ? strsep(list, ",") : NULL;
}

static int add_key(struct faults_args *a, const char *word)
{
	size_t i;

	for (i = 0; i < NR(keys) && strcmp(keys[i].name, word); i++)
		;
	if (i == NR(keys))
		return err_usage("faults",
				 "no key '%s': process, thread, cgroup, vma, file, "
				 "segment, swap, origin or kind",
				 word);
	if (a->by & keys[i].by)
		return err_usage("faults", "--by names '%s' twice", word);
	if (a->nr_keys == FAULTS_MAX_KEYS)
		return err_usage("faults", "too many keys after --by");
	a->keys[a->nr_keys++] = keys[i].by;
	a->by |= keys[i].by;
	a->opts.by |= keys[i].kernel_by;
	return FAULTS_PARSED;
}

/* The last --by or -e counts. */
static int parse_by(struct faults_args *a, char *list)
{
	const unsigned int places = MMS_BY_VMA | MMS_BY_FILE | MMS_BY_SWAP;
	unsigned int place;
	char *word;
	int ret;

	a->nr_keys = 0;
	a->by = 0;
	a->opts.by &= ~(places | MMS_BY_THREAD);
	while ((word = next_word(&list))) {
		ret = add_key(a, word);
		if (ret != FAULTS_PARSED)
			return ret;
	}
	place = a->opts.by & places;
	if (place & (place - 1))
		return err_usage("faults", "of vma (and segment), file and swap, one at a time");
	return FAULTS_PARSED;
}

static int parse_kinds(struct faults_args *a, char *list)
{
	uint64_t kinds = 0;
	unsigned int k;
	char *word;

	while ((word = next_word(&list))) {
		for (k = 0; k < MMS_FAULT_NR_KINDS && strcmp(kind_names[k], word); k++)
			;
		if (k == MMS_FAULT_NR_KINDS)
			return err_usage("faults", "no kind '%s': they are in mmscope-faults(8)",
					 word);
		kinds |= 1ULL << k;
	}
	a->kinds = kinds;
	return FAULTS_PARSED;
}

static int parse_sort(struct faults_args *a, const char *word)
{
	static const char *const orders[] = {
		[MODEL_SORT_COUNT] = "count",
		[MODEL_SORT_TIME] = "time",
		[MODEL_SORT_MAX] = "max",
		[MODEL_SORT_BYTES] = "bytes",
	};
	size_t i;

	for (i = 0; i < NR(orders); i++) {
		if (strcmp(orders[i], word))
			continue;
		a->sort = i;
		return FAULTS_PARSED;
	}
	return err_usage("faults", "no order '%s': count, time, max or bytes", word);
}

static int parse_top(struct faults_args *a, const char *word)
{
	uint64_t n;

	if (args_u64(word, &n) || !n || n > SIZE_MAX)
		return err_usage("faults", "'%s' is not a number of rows", word);
	a->top = n;
	return FAULTS_PARSED;
}

static int parse_stacks(struct faults_args *a, const char *side)
{
	static const struct {
		const char *name;
		unsigned int by;
	} sides[] = {{"user", MMS_BY_USTACK},
		     {"kernel", MMS_BY_KSTACK},
		     {"both", MMS_BY_USTACK | MMS_BY_KSTACK}};
	size_t i;

	a->stacks = true;
	for (i = 0; i < NR(sides); i++) {
		if (strcmp(sides[i].name, side ? side : "both"))
			continue;
		a->side = sides[i].by;
		return FAULTS_PARSED;
	}
	return err_usage("faults", "no stacks '%s': --stacks=user, kernel or both", side);
}

static int parse_weight(struct faults_args *a, const char *word)
{
	static const char *const weights[] = {
		[FAULTS_WEIGHT_COUNT] = "count",
		[FAULTS_WEIGHT_NS] = "ns",
		[FAULTS_WEIGHT_BYTES] = "bytes",
	};
	size_t i;

	a->weighed = true;
	for (i = 0; i < NR(weights); i++) {
		if (strcmp(weights[i], word))
			continue;
		a->weight = i;
		return FAULTS_PARSED;
	}
	return err_usage("faults", "no weight '%s': count, ns or bytes", word);
}

enum {
	OPT_EVENTS = 256,
	OPT_HIST,
	OPT_ATTACH,
	OPT_BY,
	OPT_SORT,
	OPT_TOP,
	OPT_CHILDREN,
	OPT_NO_KINDS,
	OPT_AROUND,
	OPT_USED,
	OPT_BUDGET,
	OPT_COLD,
	OPT_STACKS,
	OPT_WEIGHT,
};

static int parse_used(struct faults_args *a, const char *ms)
{
	uint64_t v = FAULTS_USED_DEFAULT_MS;

	if (ms && (args_u64(ms, &v) || v < FAULTS_USED_MIN_MS || v > FAULTS_USED_MAX_MS))
		return err_usage("faults", "'%s' is not %d to %d milliseconds", ms,
				 FAULTS_USED_MIN_MS, FAULTS_USED_MAX_MS);
	a->used_ms = (unsigned int)v;
	a->opts.around = true;
	return FAULTS_PARSED;
}

/* Options that only switch something on. Return: false if @c is none of them. */
static bool parse_switch(int c, struct faults_args *a)
{
	bool *const on = c == 'a'	     ? &a->whole
			 : c == 'v'	     ? &a->verbose
			 : c == OPT_CHILDREN ? &a->watch.children
			 : c == OPT_HIST     ? &a->hist
			 : c == OPT_AROUND   ? &a->opts.around
			 : c == OPT_NO_KINDS ? &a->opts.no_kinds
			 : c == OPT_EVENTS   ? &a->opts.events
			 : c == OPT_COLD     ? &a->cold
					     : NULL;

	if (on)
		*on = true;
	return on;
}

static int parse_tid(struct faults_args *a, const char *arg)
{
	if (args_pid(arg, &a->watch.tid))
		return err_usage("faults", "'%s' is not a thread id", arg);
	return FAULTS_PARSED;
}

static int parse_option(int c, struct faults_args *a)
{
	char both[] = "process,kind";
	int ret;

	switch (c) {
	case 'p':
		ret = watch_parse_pid(&a->watch, "faults", optarg);
		return ret ? ret : FAULTS_PARSED;
	case 't':
		return parse_tid(a, optarg);
	case 'c':
		ret = watch_parse_cgroup(&a->watch, "faults", optarg);
		return ret ? ret : FAULTS_PARSED;
	case 'e':
		return parse_by(a, both);
	case OPT_BY:
		return parse_by(a, optarg);
	case 'k':
		return parse_kinds(a, optarg);
	case OPT_SORT:
		return parse_sort(a, optarg);
	case OPT_TOP:
		return parse_top(a, optarg);
	case OPT_BUDGET:
		if (args_percent(optarg, &a->budget))
			return err_usage("faults", "'%s' is not a share of a CPU in per cent",
					 optarg);
		return FAULTS_PARSED;
	case 'O':
		if (args_format(optarg, &a->format))
			return err_usage("faults", "no output format '%s'", optarg);
		return FAULTS_PARSED;
	case 'o':
		a->path = optarg;
		return FAULTS_PARSED;
	case OPT_STACKS:
		return parse_stacks(a, optarg);
	case OPT_USED:
		return parse_used(a, optarg);
	case OPT_WEIGHT:
		return parse_weight(a, optarg);
	case OPT_ATTACH:
		ret = watch_parse_attach(&a->opts.attach, "faults", optarg,
					 mms_faults_attach_kinds);
		return ret ? ret : FAULTS_PARSED;
	case 'h':
		return opts_print_help(&help);
	default:
		return parse_switch(c, a) ? FAULTS_PARSED : EXIT_USAGE;
	}
}

/* What a view has no use for. */
static int check_view(const struct faults_args *a)
{
	bool rows = a->by || a->hist || a->top || a->sort != MODEL_SORT_COUNT;

	if (a->opts.events && rows)
		return err_usage(
			"faults",
			"--events gives no counts: not with -e, --by, --hist, --sort or --top");
	if (a->cold && (rows || a->opts.events || a->kinds || a->budget || a->opts.around))
		return err_usage("faults", "--cold has its own table: with -v, -o and -O only");
	if (a->stacks && (rows || a->opts.events || a->cold || a->budget > 0 || a->opts.around))
		return err_usage("faults", "--stacks has lines of its own: not with -e, --by, "
					   "--hist, --sort, --top, --events, --cold, "
					   "--around, --used or --max-overhead");
	if (a->used_ms && (a->opts.events || a->budget > 0))
		return err_usage("faults", "--used has events of its own: not with --events or "
					   "--max-overhead");
	if (a->weighed && !a->stacks)
		return err_usage("faults", "--weight goes with --stacks");
	if (a->opts.no_kinds &&
	    (a->kinds || a->opts.events || a->cold || a->opts.around || a->by & MODEL_BY_SWAP))
		return err_usage("faults", "--no-kinds does not look: not with -k, --events, "
					   "--cold, --around or --by swap");
	return FAULTS_PARSED;
}

static int check_subject(const struct faults_args *a)
{
	const struct watch *w = &a->watch;
	int nr = a->whole + !!w->pid + !!w->tid + !!w->cgroup_id;

	if (nr > 1)
		return err_usage("faults", "-a, -p, -t or -c: one of them");
	if (w->command && nr && !a->whole)
		return err_usage("faults", "a command, or -p, -t or -c: one of them");
	if (w->children && !w->pid)
		return err_usage("faults", "--children goes with -p");
	if (a->used_ms && (w->children || a->whole || !(w->pid || w->command)))
		return err_usage("faults", "--used is of one process: with -p PID or a command");
	if (a->cold && (!w->command || a->whole))
		return err_usage("faults", "--cold is of a command: faults --cold -- COMMAND");
	return FAULTS_PARSED;
}

static int finish(struct faults_args *a)
{
	int ret = check_view(a);

	if (ret == FAULTS_PARSED)
		ret = check_subject(a);
	if (ret != FAULTS_PARSED)
		return ret;
	if (!a->nr_keys) {
		a->keys[a->nr_keys++] = MODEL_BY_KIND;
		a->by = MODEL_BY_KIND;
	}
	if (!a->kinds)
		a->kinds = ~0ULL;
	a->opts.tgid = a->watch.pid;
	a->opts.tid = a->watch.tid;
	a->opts.follow = a->watch.children;
	a->opts.cgroup_id = a->watch.cgroup_id;
	a->opts.events |= a->cold;
	a->opts.by |= a->side;
	a->opts.measure = a->verbose || a->budget > 0;
	return FAULTS_PARSED;
}

int faults_parse(int argc, char **argv, struct faults_args *a)
{
	static const struct option longs[] = {
		{"all", no_argument, NULL, 'a'},
		{"pid", required_argument, NULL, 'p'},
		{"children", no_argument, NULL, OPT_CHILDREN},
		{"tid", required_argument, NULL, 't'},
		{"cgroup", required_argument, NULL, 'c'},
		{"by", required_argument, NULL, OPT_BY},
		{"each", no_argument, NULL, 'e'},
		{"kind", required_argument, NULL, 'k'},
		{"sort", required_argument, NULL, OPT_SORT},
		{"top", required_argument, NULL, OPT_TOP},
		{"hist", no_argument, NULL, OPT_HIST},
		{"around", no_argument, NULL, OPT_AROUND},
		{"used", optional_argument, NULL, OPT_USED},
		{"no-kinds", no_argument, NULL, OPT_NO_KINDS},
		{"events", no_argument, NULL, OPT_EVENTS},
		{"cold", no_argument, NULL, OPT_COLD},
		{"stacks", optional_argument, NULL, OPT_STACKS},
		{"weight", required_argument, NULL, OPT_WEIGHT},
		{"max-overhead", required_argument, NULL, OPT_BUDGET},
		{"verbose", no_argument, NULL, 'v'},
		{"attach", required_argument, NULL, OPT_ATTACH},
		{"to", required_argument, NULL, 'o'},
		{"output", required_argument, NULL, 'O'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c, ret;

	while ((c = opts_next(argc, argv, "+:ap:t:c:ek:vo:O:h", longs)) != -1) {
		ret = parse_option(c, a);
		if (ret != FAULTS_PARSED)
			return ret;
	}
	ret = watch_parse_operands(&a->watch, "faults", argc, argv);
	return ret ? ret : finish(a);
}
