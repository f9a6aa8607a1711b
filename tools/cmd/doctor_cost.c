// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmscope doctor --cost: this process makes page faults, alone and then watched by each
 * command in turn, and takes its own processor time. Must not know how they count.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "cmd/cost.h"
#include "cmd/doctor_cost.h"
#include "collect/bpf_fault.h"
#include "collect/bpf_tlb.h"
#include "collect/strain.h"

#define PAGES  4096
#define PAGE   4096UL
#define ROUNDS 9

static const struct out_col cols[] = {
	{"command", "WATCHED BY", OUT_STR, -27}, {"fault_ns", "A FAULT", OUT_NS, 8},
	{"added_ns", "ADDED", OUT_NS, 8},	 {"ratio", "RATIO", OUT_REAL, 6},
	{"map_bytes", "MAPS", OUT_BYTES, 7},	 {"start_ns", "TO START", OUT_NS, 8},
	{"faults", "FAULTS", OUT_COUNT, 7},	 {"seen", "SEEN", OUT_COUNT, 7},
};

/**
 * struct figures - of one way to be watched
 * @alone_ns, @watched_ns: of one fault, before and while
 * @start_ns: from nothing until it watches
 * @map_bytes: memory of its maps
 * @made, @seen: faults meanwhile: by the kernel's count, and by its own
 * @err, @why: nothing of this, as it cannot watch
 */
struct figures {
	double alone_ns, watched_ns;
	uint64_t start_ns, map_bytes;
	uint64_t made, seen;
	int err;
	const char *why;
};

/* One that watches; what is NULL is not open. */
struct watcher {
	struct mms_faults *f;
	struct mms_tlb *t;
	struct mms_strains *s;
};

enum what { NOBODY, FAULTS, TLB, THRASH };

static const struct way {
	const char *command;
	enum what what;
	struct mms_fault_opts opts; /* of this process */
} ways[] = {
	{"nobody", NOBODY, {0}},
	{"mmscope faults --no-kinds", FAULTS, {.no_kinds = true}},
	{"mmscope faults", FAULTS, {0}},
	{"mmscope faults --stacks", FAULTS, {.by = MMS_BY_USTACK}},
	{"mmscope faults --events", FAULTS, {.events = true}},
	{"mmscope cow", FAULTS, {.bill = true, .follow = true}},
	{"mmscope tlb", TLB, {0}},
	{"mmscope thrash", THRASH, {0}},
};

#define NR_WAYS (sizeof(ways) / sizeof(ways[0]))

static int watcher_open(struct watcher *w, const struct way *way, const char **why)
{
	struct mms_fault_opts faults = way->opts;
	struct mms_tlb_opts tlb = {.whom.tgid = getpid()};
	const struct mms_strains_opts strains = {};

	*w = (struct watcher){};
	*why = NULL;
	faults.tgid = getpid();
	if (way->what == FAULTS)
		return mms_faults_open(&w->f, &faults, why);
	if (way->what == TLB)
		return mms_tlb_open(&w->t, &tlb, why);
	return way->what == THRASH ? mms_strains_open(&w->s, &strains, why) : 0;
}

static struct mms_bpf_cost watcher_cost(const struct watcher *w)
{
	if (w->f)
		return mms_faults_cost(w->f);
	if (w->t)
		return mms_tlb_cost(w->t);
	return w->s ? mms_strains_cost(w->s) : (struct mms_bpf_cost){};
}

static void watcher_close(struct watcher *w)
{
	mms_faults_close(w->f);
	mms_tlb_close(w->t);
	if (w->s)
		mms_strains_close(w->s);
}

static uint64_t thread_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/*
 * First touches, all at 4 KiB. The median of some rounds: interrupts add, and a virtual machine
 * whose CPUs do not agree on the time takes away.
 */
static double fault_ns(volatile char *area)
{
	double ns[ROUNDS];
	size_t round, i;
	uint64_t begin;

	for (round = 0; round < ROUNDS; round++) {
		begin = thread_ns();
		for (i = 0; i < PAGES; i++)
			area[i * PAGE] = 1;
		ns[round] = (double)(thread_ns() - begin);
		madvise((void *)(uintptr_t)area, PAGES * PAGE, MADV_DONTNEED);
	}
	qsort(ns, ROUNDS, sizeof(ns[0]), by_size);
	return ns[ROUNDS / 2] / PAGES;
}

static uint64_t stored(struct mms_faults *f)
{
	struct mms_fault_losses l;

	return f && !mms_faults_losses(f, &l) ? l.stored : 0;
}

static uint64_t faults_made(void)
{
	struct rusage ru;

	return getrusage(RUSAGE_SELF, &ru) ? 0 : (uint64_t)(ru.ru_minflt + ru.ru_majflt);
}

static void measure(const struct way *way, char *area, struct figures *f)
{
	struct watcher w;
	uint64_t begin;

	f->alone_ns = fault_ns(area);
	begin = cost_now().ns;
	f->err = watcher_open(&w, way, &f->why);
	if (f->err)
		return;
	f->start_ns = cost_now().ns - begin;
	/* Once for nothing: what comes the first time is not the faults' cost. */
	fault_ns(area);
	stored(w.f);
	faults_made();
	f->seen = stored(w.f);
	f->made = faults_made();
	f->watched_ns = fault_ns(area);
	f->made = faults_made() - f->made;
	f->seen = stored(w.f) - f->seen;
	f->map_bytes = watcher_cost(&w).map_bytes;
	watcher_close(&w);
}

static void row(struct out *o, const struct way *way, const struct figures *f, double alone)
{
	bool watched = way->what != NOBODY;

	out_row(o);
	out_cell_str(o, way->command);
	out_cell_real(o, nearbyint(f->watched_ns));
	out_cell_real(o, nearbyint(f->watched_ns - alone));
	out_cell_real(o, f->watched_ns / alone);
	out_cell_num_if(o, watched, f->map_bytes);
	out_cell_num_if(o, watched, f->start_ns);
	out_cell_num(o, f->made);
	out_cell_num_if(o, way->what == FAULTS && !way->opts.bill, f->seen);
}

static void report(struct out *o, const struct figures *f)
{
	double each[NR_WAYS], alone;
	size_t i;

	for (i = 0; i < NR_WAYS; i++)
		each[i] = f[i].alone_ns;
	qsort(each, NR_WAYS, sizeof(each[0]), by_size);
	alone = each[NR_WAYS / 2];
	out_table(o, "cost", cols, sizeof(cols) / sizeof(cols[0]));
	for (i = 0; i < NR_WAYS; i++)
		if (!f[i].err)
			row(o, &ways[i], &f[i], alone);
	out_table_end(o);
	out_num(o, "cost_alone_ns", "a fault when nobody watches", OUT_NS,
		(uint64_t)nearbyint(alone));
	out_note(
		o,
		"measured just now: first touches of %d pages, %d times, the median of them; SEEN is what it counted of FAULTS",
		PAGES, ROUNDS);
	for (i = 0; i < NR_WAYS; i++)
		if (f[i].err)
			out_note(o, "%s: %s", ways[i].command,
				 f[i].why ? f[i].why : strerror(-f[i].err));
}

int doctor_cost(struct out *o)
{
	struct figures f[NR_WAYS] = {};
	char *area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	size_t i;

	if (area == MAP_FAILED)
		return -errno;
	madvise(area, PAGES * PAGE, MADV_NOHUGEPAGE);
	fault_ns(area);
	for (i = 0; i < NR_WAYS; i++)
		measure(&ways[i], area, &f[i]);
	munmap(area, PAGES * PAGE);
	report(o, f);
	return 0;
}
