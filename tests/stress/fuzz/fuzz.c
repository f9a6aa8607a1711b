// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz [-s SEED] [-n OPS] [-t SECONDS] [-r FILE | -f FILE] [-d]: operations on all
 * files of mmscope.ko, made by a grammar and changed at random, and, where the
 * kernel tells what of the module ran (KCOV), made from programs that reached
 * something new. -r keeps every program in FILE, before it runs: what a crash
 * leaves is replayed by -f. Without KCOV, or with -d, the stream depends on the
 * seed alone; its hash is printed. Status 1 if an error came that the ABI does
 * not name.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "../args.h"
#include "fuzz.h"

#define CORPUS 2048
#define RECENT 64

static struct prog corpus[CORPUS];
static unsigned int kept;

void target_serve(void);

struct options {
	uint64_t seed;
	long ops;
	long seconds;
	const char *record;
	const char *replay;
	bool deterministic;
};

static void usage(void)
{
	fputs("usage: fuzz [-s SEED] [-n OPS] [-t SECONDS] [-r FILE | -f FILE] [-d]\n"
	      "  -s SEED     of the stream of programs (1)\n"
	      "  -n OPS      end after so many operations; this, -t or -f must be given\n"
	      "  -t SECONDS  end after so long\n"
	      "  -r FILE     write each program to FILE before it runs\n"
	      "  -f FILE     run the programs of FILE, made by -r\n"
	      "  -d          not guided by KCOV: the seed alone decides\n",
	      stderr);
	exit(2);
}

static void parse(int argc, char **argv, struct options *o)
{
	char *end;
	int c;

	while ((c = getopt(argc, argv, "s:n:t:r:f:dh")) != -1) {
		switch (c) {
		case 's':
			o->seed = strtoull(optarg, &end, 0);
			if (*optarg < '0' || *optarg > '9' || *end)
				usage();
			break;
		case 'n':
			o->ops = arg_number(optarg);
			if (!o->ops)
				usage();
			break;
		case 't':
			o->seconds = arg_number(optarg);
			if (!o->seconds)
				usage();
			break;
		case 'r':
			o->record = optarg;
			break;
		case 'f':
			o->replay = optarg;
			break;
		case 'd':
			o->deterministic = true;
			break;
		default:
			usage();
		}
	}
	if (optind < argc || (o->record && o->replay) || (!o->ops && !o->seconds && !o->replay))
		usage();
}

/* The next program: a new one, or one of those kept, changed. */
static void next(struct prog *p, unsigned int have)
{
	if (!have || !rnd(3)) {
		prog_make(p);
		return;
	}
	*p = corpus[rnd(have)];
	prog_mutate(p, &corpus[rnd(have)]);
}

/* With coverage those are kept that reached something new, without it the latest. */
static void keep(const struct prog *p, bool guided)
{
	if (!guided)
		corpus[kept++ % RECENT] = *p;
	else if (kept < CORPUS)
		corpus[kept++] = *p;
	else
		corpus[rnd(CORPUS)] = *p;
}

static unsigned int kept_now(bool guided)
{
	unsigned int most = guided ? CORPUS : RECENT;

	return kept < most ? kept : most;
}

static long ops_done(void)
{
	long sum = 0;

	for (int i = 0; i < OPS; i++)
		sum += counts[i];
	return sum;
}

static void report(const struct options *o, long progs, uint64_t hash, bool guided, double took)
{
	int i, e;

	printf("# seed %" PRIu64 ", %ld programs, %ld operations in %.0f s, stream %016" PRIx64
	       "\n",
	       o->seed, progs, ops_done(), took, hash);
	if (guided)
		printf("# coverage: %u places of the module and what it calls, %u programs kept\n",
		       kcov_total(), kept_now(true));
	for (i = 0; i < FILES; i++) {
		printf("# %-8s %8ld:", file_name(i), per_file[i]);
		for (e = 0; e < 200; e++)
			if (per_errno[i][e])
				printf(" %s %ld", e ? strerrorname_np(e) ?: "E?" : "ok",
				       per_errno[i][e]);
		putchar('\n');
	}
	if (wrong)
		printf("# %ld wrong; first: %s\n", wrong, first_wrong);
	printf("%sok 1 - fuzz: nothing but the documented errors\n", wrong ? "not " : "");
}

/* Every file was reached, opened well and asked for something. */
static bool broad(void)
{
	int i;

	for (i = 0; i < FILE_NONE; i++)
		if (i != 16 && !per_errno[i][0]) {
			printf("# %s: nothing came of it\n", file_name(i));
			return false;
		}
	return true;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	struct options o = {.seed = 1};
	FILE *record = NULL, *replay = NULL;
	uint64_t hash = 0xcbf29ce484222325;
	bool guided, fine;
	double began = now();
	struct prog p;
	long progs = 0;

	if (argc == 2 && !strcmp(argv[1], "serve")) {
		target_serve();
		return 0;
	}
	parse(argc, argv, &o);
	signal(SIGPIPE, SIG_IGN);
	if (o.replay && !(replay = fopen(o.replay, "re"))) {
		fprintf(stderr, "fuzz: %s: %s\n", o.replay, strerror(errno));
		return 2;
	}
	need_module("fuzz");
	if (o.record && !(record = fopen(o.record, "we"))) {
		fprintf(stderr, "fuzz: %s: %s\n", o.record, strerror(errno));
		return 2;
	}
	rnd_seed(o.seed);
	run_init();
	targets_start();
	guided = !o.deterministic && kcov_start();
	while ((!o.ops || ops_done() < o.ops) && (!o.seconds || now() - began < o.seconds)) {
		if (!replay)
			next(&p, kept_now(guided));
		else if (!prog_read(replay, &p))
			break;
		hash = prog_hash(&p, hash);
		if (record) {
			prog_print(record, &p);
			fflush(record);
		}
		kcov_reset();
		run_prog(&p);
		progs++;
		if (!guided || kcov_news())
			keep(&p, guided);
	}
	run_end();
	targets_end();
	report(&o, progs, hash, guided, now() - began);
	/* a few do not reach all */
	fine = replay || ops_done() < 3000 || broad();
	printf("%sok 2 - fuzz: every file answered\n1..2\n", fine ? "" : "not ");
	return wrong || !fine;
}
