// SPDX-License-Identifier: GPL-2.0-only
/*
 * Thrashing told from streaming. Owns the rule and its thresholds; must not do
 * I/O, print, or know of BPF.
 *
 * Denning's thrashing (P. J. Denning, "Thrashing: its causes and prevention",
 * AFIPS FJCC 1968) is a set of pages in use that does not fit into its frames, so
 * that time goes into bringing back what was just thrown out. Both halves must be
 * seen: evicted pages come back (refaults per eviction: a stream has none, a loop
 * over too large a set one), and it costs time (share of time in faults). Neither
 * alone will do: a first touch of fresh memory under a limit stalls too, and a
 * set that is used slowly is paged in and out without anyone waiting for it.
 *
 * How much would be enough: refault distance counts the pages evicted while a page
 * was out (J. Weiner, "mm: thrash detection-based file cache sizing", 2013). By
 * Little's law the number of pages that are out and will return is their rate
 * times their time out; with time counted in evictions and one refault per
 * eviction, that is the mean distance, whatever the order of access or of
 * replacement. So limit + mean distance holds everything that came back. A high
 * percentile does so for a loop, but overshoots for random access, whose distances
 * are spread like a geometric distribution.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/thrash.h"

/*
 * Measured on cyclic sets and streams under memory.max on 6.1 to 7.x, zram, disk
 * swap and files: refaults per eviction 0.9..1.05 for loops, below 0.02 for streams.
 */
#define RATIO_THRASH  0.5  /* enter: most of what leaves comes back */
#define RATIO_REUSE   0.25 /* leave: less than a quarter does */
#define RATIO_STREAM  0.1
#define STALL_THRASH  0.20 /* of wall time, and of the time the subject was active */
#define STALL_CALM    0.10
#define LOSS_UNSURE   0.10 /* more than this share of events missed: no verdict */
#define QUIET_PAGES   32   /* one batch of reclaim (SWAP_CLUSTER_MAX) a tick is noise */
#define TICKS_ENTER   2
#define TICKS_LEAVE   2
#define WINDOW_TICKS  8
#define WINDOW_PAGES  1024 /* distances that make a good histogram */
#define WINDOW_TURNS  2	   /* and how often what is out should have been replaced */
#define LEAST_PAGES   32   /* below this no distance is told */
#define SETTLED_SHARE 0.9

struct tick_dist {
	uint64_t dist[MMS_DIST_BUCKETS];
	uint64_t kept;	/* pages whose eviction is of this phase */
	uint64_t older; /* pages evicted before it */
	uint64_t unknown;
};

/**
 * struct model_thrash - what is remembered of a subject
 * @verdict: after the latest tick
 * @why: its reason
 * @hot: ticks in a row that looked like thrashing
 * @calm: ticks in a row that did not
 * @phase_clock: pages evicted from the domain since the phase began
 * @window: latest ticks of the phase, oldest overwritten
 * @nr_ticks: ticks of the phase
 */
struct model_thrash {
	enum model_verdict verdict;
	const char *why;
	unsigned int hot;
	unsigned int calm;
	uint64_t phase_clock;
	struct tick_dist window[WINDOW_TICKS];
	size_t nr_ticks;
};

/**
 * model_thrash_create() - state of one subject
 * Return: the state, verdict unknown; NULL when out of memory.
 */
struct model_thrash *model_thrash_create(void)
{
	struct model_thrash *t = calloc(1, sizeof(*t));

	if (t)
		t->why = "no data yet";
	return t;
}

/**
 * model_thrash_destroy() - undo of model_thrash_create()
 * @t: state, NULL is fine
 */
void model_thrash_destroy(struct model_thrash *t)
{
	free(t);
}

/**
 * model_refault_ratio() - pages that came back per page evicted
 * @evictions: pages
 * @refaults: pages
 * Return: the ratio, NAN when nothing was evicted.
 */
double model_refault_ratio(uint64_t evictions, uint64_t refaults)
{
	return evictions ? (double)refaults / evictions : NAN;
}

/*
 * Time in faults misses pages that read(2) waits for; pressure misses faults whose
 * page was not marked as part of the working set. Both are lower bounds.
 */
static uint64_t stall_ns(const struct model_thrash_sample *s)
{
	if (s->stall_ns == MODEL_UNKNOWN)
		return s->psi_some_ns;
	if (s->psi_some_ns == MODEL_UNKNOWN)
		return s->stall_ns;
	return s->stall_ns > s->psi_some_ns ? s->stall_ns : s->psi_some_ns;
}

/**
 * model_stall_share() - time lost for want of memory per wall time
 * @s: tick
 * Return: share (above 1 when several threads wait at once), NAN when unknown.
 */
double model_stall_share(const struct model_thrash_sample *s)
{
	uint64_t ns = stall_ns(s);

	return ns != MODEL_UNKNOWN && s->ns ? (double)ns / s->ns : NAN;
}

/*
 * Of the time in which the subject was active, what part went into faults? Keeps
 * a large service, of whose many threads a few wait, from being called thrashing.
 * Counts the CPU time of the faults twice, so it is a lower bound, at worst half.
 */
static double active_share(const struct model_thrash_sample *s)
{
	uint64_t ns = stall_ns(s);

	if (ns == MODEL_UNKNOWN || s->cpu_ns == MODEL_UNKNOWN || !ns)
		return model_stall_share(s);
	return (double)ns / (ns + s->cpu_ns);
}

static bool stalled(const struct model_thrash_sample *s, double least)
{
	double wall = model_stall_share(s);

	/* Without any measure of time the pages alone must tell. */
	if (isnan(wall))
		return true;
	return wall > least && active_share(s) > least;
}

static bool quiet(const struct model_thrash_sample *s)
{
	return s->evictions <= QUIET_PAGES;
}

/* A process shares its cgroup's trouble when some of what comes back is its own. */
static bool takes_part(const struct model_thrash_sample *s)
{
	return s->own_refaults == MODEL_UNKNOWN || s->own_refaults > s->refaults / 10;
}

static bool looks_hot(const struct model_thrash *t, const struct model_thrash_sample *s)
{
	bool inside = t->verdict == MODEL_THRASHING;
	double ratio = model_refault_ratio(s->evictions, s->refaults);

	if (quiet(s) || !takes_part(s))
		return false;
	return ratio > (inside ? RATIO_REUSE : RATIO_THRASH) &&
	       stalled(s, inside ? STALL_CALM : STALL_THRASH);
}

static void phase_begin(struct model_thrash *t)
{
	t->phase_clock = 0;
	t->nr_ticks = 0;
}

/*
 * Distances of evictions older than the phase belong to what the program did
 * before: a fill, a larger set. A page out for longer than the phase's clock has
 * run left before it.
 */
static void remember_distances(struct model_thrash *t, const struct model_thrash_sample *s)
{
	struct tick_dist *w = &t->window[t->nr_ticks++ % WINDOW_TICKS];
	size_t i;

	t->phase_clock += s->clock;
	memset(w, 0, sizeof(*w));
	w->unknown = s->dist_unknown;
	if (!s->dist)
		return;
	for (i = 0; i < MMS_DIST_BUCKETS; i++) {
		if (mms_dist_floor(i) > t->phase_clock) {
			w->older += s->dist[i];
		} else {
			w->dist[i] = s->dist[i];
			w->kept += s->dist[i];
		}
	}
}

static enum model_verdict judge(struct model_thrash *t, const struct model_thrash_sample *s)
{
	double ratio = model_refault_ratio(s->evictions, s->refaults);
	bool inside = t->verdict == MODEL_THRASHING;

	if (t->hot >= TICKS_ENTER || (inside && t->hot)) {
		t->why = "evicted pages come back, and the time goes there";
		return MODEL_THRASHING;
	}
	if (inside && t->calm < TICKS_LEAVE) {
		t->why = "thrashing until now";
		return MODEL_THRASHING;
	}
	if (quiet(s)) {
		t->why = s->refaults > QUIET_PAGES ? "pages come back and none has to leave"
						   : "next to nothing is evicted";
		return MODEL_FITS;
	}
	if (ratio < RATIO_STREAM) {
		t->why = "evicted pages do not come back";
		return MODEL_STREAMING;
	}
	if (!takes_part(s)) {
		t->why = "what comes back to the cgroup is not this process's";
		return MODEL_FITS;
	}
	if (ratio < RATIO_THRASH) {
		t->why = "few of the evicted pages come back";
		return MODEL_STREAMING;
	}
	t->why = t->hot ? "evicted pages come back: thrashing if it lasts"
			: "evicted pages come back, but little time is lost";
	return MODEL_TIGHT;
}

enum model_verdict model_thrash_tick(struct model_thrash *t, const struct model_thrash_sample *s)
{
	bool hot;

	if (s->lost && (double)s->lost > LOSS_UNSURE * ((double)s->seen + s->lost)) {
		t->hot = t->calm = 0;
		t->why = "too many events were missed";
		return t->verdict = MODEL_UNSURE;
	}
	hot = looks_hot(t, s);
	if (hot && !t->hot && t->verdict != MODEL_THRASHING)
		phase_begin(t);
	t->hot = hot ? t->hot + 1 : 0;
	t->calm = hot ? 0 : t->calm + 1;
	if (!quiet(s) || s->dist)
		remember_distances(t, s);
	return t->verdict = judge(t, s);
}

enum model_verdict model_thrash_verdict(const struct model_thrash *t, const char **why)
{
	if (why)
		*why = t->why;
	return t->verdict;
}

static uint64_t mean(const struct tick_dist *sum)
{
	double total = 0;
	size_t b;

	for (b = 0; b < MMS_DIST_BUCKETS; b++) {
		uint64_t low = mms_dist_floor(b);

		if (sum->dist[b])
			total += sum->dist[b] * (low + (mms_dist_floor(b + 1) - 1 - low) / 2.0);
	}
	return total / sum->kept + 0.5;
}

/*
 * Enough to tell: the mean of less than a turnover depends on where in its bursts reclaim
 * happens to be (MGLRU evicts a generation at a time).
 */
static bool enough(const struct tick_dist *sum)
{
	return sum->kept >= WINDOW_PAGES && sum->kept >= WINDOW_TURNS * mean(sum);
}

/* Adds up the latest ticks until there are enough distances. */
static void sum_window(const struct model_thrash *t, struct tick_dist *sum)
{
	size_t n = t->nr_ticks < WINDOW_TICKS ? t->nr_ticks : WINDOW_TICKS, i, b;

	memset(sum, 0, sizeof(*sum));
	for (i = 1; i <= n && !enough(sum); i++) {
		const struct tick_dist *w = &t->window[(t->nr_ticks - i) % WINDOW_TICKS];

		for (b = 0; b < MMS_DIST_BUCKETS; b++)
			sum->dist[b] += w->dist[b];
		sum->kept += w->kept;
		sum->older += w->older;
		sum->unknown += w->unknown;
	}
}

/* The value below which a share of the pages lies; straight line within a bucket. */
static uint64_t percentile(const struct tick_dist *sum, double share)
{
	double want = share * sum->kept, before = 0;
	size_t b;

	for (b = 0; b < MMS_DIST_BUCKETS; b++) {
		uint64_t low = mms_dist_floor(b), width = mms_dist_floor(b + 1) - low;

		if (sum->dist[b] && before + sum->dist[b] >= want)
			return low + (want - before) / sum->dist[b] * width;
		before += sum->dist[b];
	}
	return 0;
}

void model_thrash_distance(const struct model_thrash *t, struct model_distance *d)
{
	struct tick_dist sum;

	sum_window(t, &sum);
	*d = (struct model_distance){0};
	if (sum.kept < LEAST_PAGES)
		return;
	d->nr = sum.kept;
	d->mean = mean(&sum);
	d->p50 = percentile(&sum, 0.5);
	d->p90 = percentile(&sum, 0.9);
	d->settled = sum.kept >= SETTLED_SHARE * (sum.kept + sum.older) && t->phase_clock >= d->p90;
	d->bounded = sum.kept >= sum.unknown;
}

uint64_t model_thrash_need(const struct model_thrash *t, uint64_t limit, uint64_t page)
{
	struct model_distance d;

	if (t->verdict != MODEL_THRASHING)
		return 0;
	model_thrash_distance(t, &d);
	return d.nr ? limit + d.mean * page : 0;
}

const char *model_verdict_name(enum model_verdict v)
{
	static const char *const names[] = {
		[MODEL_UNSURE] = "unknown",	 [MODEL_FITS] = "fits",
		[MODEL_STREAMING] = "streaming", [MODEL_TIGHT] = "tight",
		[MODEL_THRASHING] = "thrashing",
	};

	return names[v];
}
