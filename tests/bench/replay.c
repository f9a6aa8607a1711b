// SPDX-License-Identifier: GPL-2.0-only
/*
 * replay [-n RUNS] [-r REFS] [-p PAGES] [-d DIR] [-k WORD] [FILE]...: how fast policies and curves
 * are, on the strings of the files and on a Zipf string that is made here. One thread, its CPU
 * time; million references per second (direct repeats, which are one entry with the first, count),
 * the median of the runs with the slowest and the fastest, beside what was aimed at. Nothing passes
 * or fails.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "model/replay/curve.h"
#include "model/replay/policies.h"
#include "store/refs_file.h"

#define MAX_RUNS  99
#define TOO_LONG  20.0 /* seconds of one run: it is not repeated */
#define BIG_PAGES 500000

/* What was aimed at: million per second with few pages, with a million. */
struct goal {
	const char *name;
	double small, large;
};

static const struct goal policy_goals[] = {
	{"lru", 300, 100},   {"fifo", 300, 100}, {"clock", 300, 100},
	{"sieve", 300, 100}, {"lfu", 120, 45},	 {"opt", 110, 25},
};

static const struct goal other_policy = {"", 60, 20};

struct bench {
	const struct mms_refs *r;
	const char *name;
	const char *path;
	unsigned int runs;
	const char *only; /* lines with that word */
	const struct mms_policy *policy;
	struct mms_policy_conf conf;
	uint32_t *sizes;
	size_t nr_sizes;
};

static void die(const char *what, int err)
{
	fprintf(stderr, "replay: %s: %s\n", what, strerror(err < 0 ? -err : err));
	exit(1);
}

static void *must(void *p)
{
	if (!p)
		die("memory", ENOMEM);
	return p;
}

static double cpu_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* One line of the table. @run returns something that must be the same in every run. */
static void line(const struct bench *b, const char *what, double goal,
		 uint64_t (*run)(const struct bench *b))
{
	double rate[MAX_RUNS], begin, took = 0;
	uint64_t first = 0, sum;
	unsigned int n = 0;

	if (b->only && !strstr(what, b->only))
		return;
	while (n < b->runs && (!n || took < TOO_LONG)) {
		begin = cpu_seconds();
		sum = run(b);
		took = cpu_seconds() - begin;
		if (n && sum != first)
			die(what, EILSEQ);
		first = sum;
		rate[n++] = (double)b->r->nr_refs / took / 1e6;
	}
	qsort(rate, n, sizeof(*rate), ascending);
	printf("| %s | %s | %.1f | %.1f | %.1f | %u | ", b->name, what, rate[n / 2], rate[0],
	       rate[n - 1], n);
	if (goal > 0)
		printf("%.0f |\n", goal);
	else
		printf("- |\n");
	fflush(stdout);
}

static double pick(const struct bench *b, const struct goal *g)
{
	return b->r->nr_pages < BIG_PAGES ? g->small : g->large;
}

static uint64_t run_policy(const struct bench *b)
{
	struct mms_replay_count c;
	int err = mms_policy_replay(b->policy, &b->conf, b->r, &c);

	if (err)
		die(b->policy->name, err);
	return c.faults;
}

static void policies(struct bench *b)
{
	static const unsigned int percents[] = {1, 10, 50};
	const char *why;
	char what[64];
	size_t i, k, g;

	for (i = 0; mms_policies[i]; i++) {
		const struct goal *goal = &other_policy;

		b->policy = mms_policy_parse(mms_policies[i]->name, &b->conf, &why);
		for (g = 0; g < sizeof(policy_goals) / sizeof(*policy_goals); g++)
			if (!strcmp(policy_goals[g].name, b->policy->name))
				goal = &policy_goals[g];
		for (k = 0; k < 3; k++) {
			b->conf.frames = b->r->nr_pages / 100.0 * percents[k] + 1;
			snprintf(what, sizeof(what), "%s, %u %%", b->policy->name, percents[k]);
			if (b->policy->flags & MMS_POLICY_VARIABLE)
				snprintf(what, sizeof(what), "%s", b->policy->name);
			line(b, what, pick(b, goal), run_policy);
			if (b->policy->flags & MMS_POLICY_VARIABLE)
				break;
		}
	}
}

static uint64_t sum_of(struct mms_distances *d)
{
	uint64_t sum = d->cold, k;

	for (k = 1; k <= d->nr_pages; k++)
		sum += k * d->hits[k];
	mms_distances_deinit(d);
	return sum;
}

static uint64_t run_lru(const struct bench *b)
{
	struct mms_lru_curve *c = must(mms_lru_curve_open(b->r->nr_pages));
	struct mms_distances d;

	mms_lru_curve_feed(c, b->r);
	if (mms_lru_curve_finish(c, &d))
		die("lru curve", ENOMEM);
	return sum_of(&d);
}

static uint64_t run_opt(const struct bench *b)
{
	struct mms_opt_curve *c = must(mms_opt_curve_open(b->r->nr_pages));
	struct mms_distances d;

	mms_opt_curve_feed(c, b->r);
	if (mms_opt_curve_finish(c, &d))
		die("opt curve", ENOMEM);
	return sum_of(&d);
}

static uint64_t total(uint64_t *faults, size_t nr)
{
	uint64_t sum = 0;
	size_t k;

	for (k = 0; k < nr; k++)
		sum += faults[k];
	free(faults);
	return sum;
}

static uint64_t run_fifo(const struct bench *b)
{
	struct mms_fifo_curve *c = must(mms_fifo_curve_open(b->r->nr_pages, b->sizes, b->nr_sizes));
	uint64_t *faults = must(calloc(b->nr_sizes, sizeof(*faults)));

	mms_fifo_curve_feed(c, b->r);
	if (mms_fifo_curve_finish(c, faults))
		die("fifo curve", ENOMEM);
	return total(faults, b->nr_sizes);
}

static uint64_t run_clock(const struct bench *b)
{
	struct mms_clock_curve *c =
		must(mms_clock_curve_open(b->r->nr_pages, b->sizes, b->nr_sizes, 1));
	uint64_t *faults = must(calloc(b->nr_sizes, sizeof(*faults)));

	mms_clock_curve_feed(c, b->r);
	if (mms_clock_curve_finish(c, faults))
		die("clock curve", ENOMEM);
	return total(faults, b->nr_sizes);
}

static uint64_t run_ws(const struct bench *b)
{
	struct mms_ws_curve *c = must(mms_ws_curve_open(b->r->nr_pages, b->r->nr_refs));
	struct mms_ws_point p = {.window = 10000};

	mms_ws_curve_feed(c, b->r);
	mms_ws_curve_points(c, &p, 1);
	mms_ws_curve_close(c);
	return p.faults;
}

static uint64_t run_pff(const struct bench *b)
{
	struct mms_pff_point p = {.threshold = 1000};
	struct mms_pff_curve *c = must(mms_pff_curve_open(b->r->nr_pages, &p, 1));

	mms_pff_curve_feed(c, b->r);
	if (mms_pff_curve_finish(c, &p))
		die("pff curve", ENOMEM);
	return p.faults;
}

/* @nr sizes up to all pages: evenly, or by equal factors from 16 on. */
static void sizes(struct bench *b, size_t nr, bool even)
{
	double m = b->r->nr_pages;
	size_t k;

	b->nr_sizes = 0;
	for (k = 1; k <= nr; k++) {
		uint32_t size = even ? m * k / nr : 16 * pow(m / 16, (double)k / nr);

		if (size && (!b->nr_sizes || size > b->sizes[b->nr_sizes - 1]))
			b->sizes[b->nr_sizes++] = size;
	}
}

static void with_simd(struct bench *b, const char *what, struct goal goal,
		      uint64_t (*run)(const struct bench *b))
{
	enum mms_simd best = mms_simd_best();
	char name[96];
	int level;

	for (level = best; level >= MMS_SIMD_SCALAR; level--) {
		if (mms_simd_use(level))
			continue;
		snprintf(name, sizeof(name), "%s, %s", what, mms_simd_name(level));
		line(b, name, pick(b, &goal), run);
	}
	mms_simd_use(best);
}

static void curves(struct bench *b)
{
	with_simd(b, "LRU, all sizes", (struct goal){"", 240, 15}, run_lru);
	with_simd(b, "OPT, all sizes", (struct goal){"", 15, 3}, run_opt);
	sizes(b, 112, true);
	with_simd(b, "FIFO, 112 sizes", (struct goal){"", 90, 20}, run_fifo);
	sizes(b, 64, false);
	with_simd(b, "Clock, 64 sizes", (struct goal){"", 60, 3}, run_clock);
	line(b, "working set, all windows", pick(b, &(struct goal){"", 200, 100}), run_ws);
	line(b, "PFF, one threshold", pick(b, &(struct goal){"", 400, 100}), run_pff);
}

static struct mms_refs_reader *reader(const char *path)
{
	struct mms_refs_reader *r;
	const char *why = NULL;

	if (mms_refs_open(&r, path, &why)) {
		fprintf(stderr, "replay: %s: %s\n", path, why ? why : "cannot be opened");
		exit(1);
	}
	return r;
}

static uint64_t run_load(const struct bench *b)
{
	struct mms_refs_reader *f = reader(b->path);
	struct mms_refs r;
	const char *why = "";
	uint64_t nr;

	if (mms_refs_load(f, &r, &why))
		die(why, EIO);
	nr = r.nr;
	mms_refs_unload(&r);
	mms_refs_close(f);
	return nr;
}

/* A file, chunk by chunk, to the curve: what `mmscope replay --curve=lru` does. */
static uint64_t run_cold(const struct bench *b)
{
	struct mms_refs_reader *f = reader(b->path);
	struct mms_lru_curve *c = must(mms_lru_curve_open(mms_refs_info(f)->nr_pages));
	struct mms_distances d;
	struct mms_refs chunk;
	const char *why = "";
	int err;

	while ((err = mms_refs_next(f, &chunk, &why)) > 0)
		mms_lru_curve_feed(c, &chunk);
	if (err)
		die(why, err);
	if (mms_lru_curve_finish(c, &d))
		die("lru curve", ENOMEM);
	mms_refs_close(f);
	return sum_of(&d);
}

static void all(struct bench *b)
{
	fprintf(stderr, "%s: %llu references in %llu entries, %u pages\n", b->name,
		(unsigned long long)b->r->nr_refs, (unsigned long long)b->r->nr, b->r->nr_pages);
	line(b, "load", 0, run_load);
	line(b, "file to LRU curve", pick(b, &(struct goal){"", 30, 10}), run_cold);
	curves(b);
	policies(b);
}

static uint64_t random64(uint64_t *state) /* splitmix64, Steele, Lea and Flood 2014 */
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* Walker's alias method (1977), tables as Vose makes them (1991): page k has weight 1/(k + 1). */
static void alias_tables(uint32_t n, double *keep, uint32_t *alias)
{
	uint32_t *small = must(calloc(n, sizeof(*small))), *large = must(calloc(n, sizeof(*large)));
	uint32_t nr_small = 0, nr_large = 0, k, s, l;
	double sum = 0;

	for (k = 0; k < n; k++)
		sum += 1.0 / (k + 1);
	for (k = 0; k < n; k++) {
		keep[k] = n / (k + 1.0) / sum;
		alias[k] = k;
		if (keep[k] < 1)
			small[nr_small++] = k;
		else
			large[nr_large++] = k;
	}
	while (nr_small && nr_large) {
		s = small[--nr_small];
		l = large[--nr_large];
		alias[s] = l;
		keep[l] -= 1 - keep[s];
		if (keep[l] < 1)
			small[nr_small++] = l;
		else
			large[nr_large++] = l;
	}
	free(small);
	free(large);
}

/* Independent draws, numbered as they come. Return: pages that came. */
static uint32_t zipf(uint32_t *page, uint64_t nr, uint32_t n)
{
	double *keep = must(calloc(n, sizeof(*keep)));
	uint32_t *alias = must(calloc(n, sizeof(*alias))), *id = must(calloc(n, sizeof(*id)));
	uint64_t state = 5, i, draw;
	uint32_t nr_pages = 0, k;

	alias_tables(n, keep, alias);
	for (i = 0; i < nr; i++) {
		draw = random64(&state);
		k = (draw >> 32) * n >> 32;
		if ((double)(uint32_t)draw / 4294967296.0 >= keep[k])
			k = alias[k];
		if (!id[k])
			id[k] = ++nr_pages;
		page[i] = id[k] - 1;
	}
	free(keep);
	free(alias);
	free(id);
	return nr_pages;
}

static void save(const struct mms_refs *r, const char *path)
{
	struct mms_refs_proc proc = {.name = "zipf"};
	struct mms_refs_info info = {.page_shift = 12, .origin = "zipf", .procs = &proc};
	struct mms_refs_writer *w;
	uint64_t i;
	int err;

	info.nr_procs = 1;
	info.nr_pages = r->nr_pages;
	info.vpn = must(calloc(r->nr_pages, sizeof(*info.vpn)));
	for (i = 0; i < r->nr_pages; i++)
		info.vpn[i] = i;
	err = mms_refs_create(&w, path, &info);
	for (i = 0; !err && i < r->nr; i++)
		err = mms_refs_add(w, r->page[i], false);
	if (!err)
		err = mms_refs_commit(w, &info);
	if (err)
		die(path, err);
	free(info.vpn);
}

static void bench_zipf(struct bench *b, const char *dir, uint64_t nr, uint32_t pages)
{
	uint32_t *page = must(calloc(nr, sizeof(*page)));
	struct mms_refs r = {.page = page, .nr = nr, .nr_refs = nr};
	char path[4096];

	r.nr_pages = zipf(page, nr, pages);
	snprintf(path, sizeof(path), "%s/zipf.refs", dir);
	save(&r, path);
	b->r = &r;
	b->name = "zipf";
	b->path = path;
	all(b);
	free(page);
	unlink(path);
}

static void bench_file(struct bench *b, const char *path)
{
	struct mms_refs_reader *f = reader(path);
	const char *why = "", *name = strrchr(path, '/');
	char short_name[64];
	struct mms_refs r;

	if (mms_refs_load(f, &r, &why))
		die(why, EIO);
	snprintf(short_name, sizeof(short_name), "%s", name ? name + 1 : path);
	short_name[strcspn(short_name, ".")] = '\0';
	b->r = &r;
	b->name = short_name;
	b->path = path;
	all(b);
	mms_refs_unload(&r);
	mms_refs_close(f);
}

int main(int argc, char **argv)
{
	struct bench b = {.runs = 3};
	uint64_t refs = 20000000;
	uint32_t pages = 1000000;
	const char *dir = ".";
	int c;

	while ((c = getopt(argc, argv, "n:r:p:d:k:")) != -1) {
		if (c == 'n')
			b.runs = strtoul(optarg, NULL, 10);
		else if (c == 'r')
			refs = strtoull(optarg, NULL, 10);
		else if (c == 'p')
			pages = strtoul(optarg, NULL, 10);
		else if (c == 'd')
			dir = optarg;
		else if (c == 'k')
			b.only = optarg;
		else
			return 2;
	}
	if (!b.runs || b.runs > MAX_RUNS)
		return 2;
	b.sizes = must(calloc(128, sizeof(*b.sizes)));
	printf("| string | what | million/s, median | min | max | runs | aimed at |\n"
	       "|---|---|---|---|---|---|---|\n");
	for (; optind < argc; optind++)
		bench_file(&b, argv[optind]);
	if (refs)
		bench_zipf(&b, dir, refs, pages);
	free(b.sizes);
	return 0;
}
