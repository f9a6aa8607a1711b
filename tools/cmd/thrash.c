// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmscope thrash: does the memory of a cgroup, a process or the machine suffice,
 * and how much would. Runs the clock and joins collect, model and output; must
 * not know how anything is measured, nor the rule of the verdict.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "cmd.h"
#include "cmd/cost.h"
#include "cmd/thrash_rows.h"
#include "cmd/watch.h"
#include "collect/cgroup.h"
#include "collect/strain.h"
#include "model/thrash.h"
#include "render/out.h"
#include "util/args.h"
#include "util/opts.h"

#define TICK_NS	    (NSEC_PER_SEC / 2)
#define TOP_DEFAULT 10

struct settings {
	pid_t pid;
	const char *cgroup;
	uint64_t interval_ns;
	uint64_t count; /* 0 = until interrupted */
	uint64_t top;
	enum out_format format;
	bool verbose;
};

struct session {
	const struct settings *set;
	struct out *out;
	struct mms_strains *strains;
	struct track *tracks; /* the first is the machine when all cgroups are shown */
	size_t nr_tracks;
	struct mms_reclaim_losses start, reclaim; /* at the beginning, at the last tick */
	struct mms_fault_losses fault;
	struct cost cost; /* when the interval began */
	uint64_t told_lost, rows, ns;
	uint64_t kernel[4]; /* of /proc/vmstat at the start: see kernel_counts() */
};

static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	stopped = 1;
}

/* --- subjects --- */

/* Takes over @dir. */
static struct track *track_add(struct session *ses, enum mms_subject_type type, char *dir,
			       pid_t pid)
{
	struct track *t = realloc(ses->tracks, (ses->nr_tracks + 1) * sizeof(*t));

	if (!t) {
		free(dir);
		return NULL;
	}
	ses->tracks = t;
	t += ses->nr_tracks;
	memset(t, 0, sizeof(*t));
	t->s = (struct mms_subject){.type = type, .dir = dir, .id = mms_cgroup_id(dir), .pid = pid};
	t->name = type == MMS_SUBJECT_MACHINE ? "(machine)" : mms_cgroup_name(dir);
	/* Of time only the totals since its beginning are known, not yet those of this tick. */
	t->tick.stall_ns = t->tick.cpu_ns = t->tick.psi_some_ns = MMS_NO_VALUE;
	t->row = t->tick;
	t->model = model_thrash_create();
	if (!t->model) {
		free(dir);
		return NULL;
	}
	ses->nr_tracks++;
	return t;
}

static void tracks_free(struct session *ses)
{
	size_t i;

	for (i = 0; i < ses->nr_tracks; i++) {
		model_thrash_destroy(ses->tracks[i].model);
		free((char *)ses->tracks[i].s.dir);
	}
	free(ses->tracks);
}

/* Every cgroup that has counts of its own gets a track. */
static int tracks_follow(struct session *ses)
{
	const uint64_t *ids;
	size_t nr, i, k;

	if (ses->set->pid || ses->set->cgroup)
		return 0;
	ids = mms_strains_cgroups(ses->strains, &nr);
	for (i = 0; i < nr; i++) {
		const char *dir = mms_strains_dir(ses->strains, ids[i]);
		char *copy;

		for (k = 1; k < ses->nr_tracks && ses->tracks[k].s.id != ids[i]; k++)
			;
		if (k < ses->nr_tracks || !dir)
			continue;
		copy = strdup(dir);
		if (!copy || !track_add(ses, MMS_SUBJECT_CGROUP, copy, 0))
			return -ENOMEM;
	}
	return 0;
}

/* The subject that was asked for. Return: EXIT_OK, or the exit code after the line was printed. */
static int subject_find(struct session *ses)
{
	const struct settings *set = ses->set;
	const char *name = set->cgroup ? set->cgroup : "cgroups", *why = "";
	char *dir = NULL;
	int err;

	if (set->pid) {
		err = mms_cgroup_of_pid(set->pid, &dir);
		if (err == -ESRCH)
			return err_failed("no process %d", (int)set->pid);
		why = err == -EOPNOTSUPP ? "it is in no cgroup of version 2 (cgroup2)"
					 : strerror(-err);
		if (err)
			return err_failed("process %d: %s", (int)set->pid, why);
		return track_add(ses, MMS_SUBJECT_PROCESS, dir, set->pid)
			       ? EXIT_OK
			       : err_failed("out of memory");
	}
	err = mms_cgroup_find(set->cgroup ? set->cgroup : "/", &dir, &why);
	if (err)
		return err == -EOPNOTSUPP ? err_missing("%s: %s", name, why)
					  : err_failed("%s: %s", name, why);
	return track_add(ses, set->cgroup ? MMS_SUBJECT_TREE : MMS_SUBJECT_MACHINE, dir, 0)
		       ? EXIT_OK
		       : err_failed("out of memory");
}

/* --- a tick --- */

static void judge(struct session *ses, struct track *t, const struct mms_strain *now, uint64_t ns,
		  uint64_t seen, uint64_t lost)
{
	const struct mms_strain *b = &t->tick;
	uint64_t dist[MMS_DIST_BUCKETS];
	struct model_thrash_sample s = {
		.ns = ns,
		.evictions = thrash_pages_since(now->group.evictions, b->group.evictions),
		.refaults = thrash_pages_since(now->group.refaults, b->group.refaults),
		.own_refaults = MODEL_UNKNOWN,
		.clock = thrash_since(now->clock, b->clock),
		.dist_unknown = thrash_since(now->group.dist_unknown, b->group.dist_unknown),
		.stall_ns = thrash_since(now->stall_ns, b->stall_ns),
		.cpu_ns = thrash_since(now->cpu_ns, b->cpu_ns),
		.psi_some_ns = thrash_since(now->psi_some_ns, b->psi_some_ns),
		.seen = seen,
		.lost = lost,
	};
	size_t i;

	/* Another domain has another clock; by so many pages at least it moved on, too. */
	if (now->group.domain != b->group.domain)
		s.clock = s.evictions;
	/* Pressure is the cgroup's, not the process's. */
	if (t->s.pid && s.stall_ns != MODEL_UNKNOWN)
		s.psi_some_ns = MODEL_UNKNOWN;
	if (t->s.pid)
		s.own_refaults = thrash_pages_since(now->task.refaults, b->task.refaults);
	if (now->group.dist_nr != b->group.dist_nr) {
		for (i = 0; i < MMS_DIST_BUCKETS; i++)
			dist[i] = thrash_since(now->group.dist[i], b->group.dist[i]);
		s.dist = dist;
	}
	model_thrash_tick(t->model, &s);
}

/* Return: 0; -ESRCH the process is gone, -ESTALE the cgroup is; -errno. */
static int tick(struct session *ses, uint64_t ns)
{
	struct mms_reclaim_losses before = ses->reclaim;
	uint64_t seen, lost;
	size_t i;
	int err;

	if (ses->set->cgroup && mms_cgroup_id(ses->tracks[0].s.dir) != ses->tracks[0].s.id)
		return -ESTALE;
	err = mms_strains_update(ses->strains);
	if (!err)
		err = tracks_follow(ses);
	if (err)
		return err;
	mms_strains_losses(ses->strains, &ses->reclaim, &ses->fault);
	seen = ses->reclaim.evictions + ses->reclaim.refaults - before.evictions - before.refaults;
	lost = thrash_lost(&ses->reclaim) - thrash_lost(&before);
	for (i = 0; i < ses->nr_tracks; i++) {
		struct track *t = &ses->tracks[i];
		struct mms_strain now = t->tick;

		err = mms_strain_read(ses->strains, &t->s, &now);
		if (err)
			return err;
		if (ns)
			judge(ses, t, &now, ns, seen, lost);
		t->tick = now;
	}
	return 0;
}

/* --- an interval --- */

static uint64_t activity(const struct track *t)
{
	return thrash_pages_since(t->tick.group.evictions, t->row.group.evictions) +
	       thrash_pages_since(t->tick.group.refaults, t->row.group.refaults);
}

static int by_activity(const void *a, const void *b)
{
	uint64_t x = activity(*(struct track *const *)a), y = activity(*(struct track *const *)b);

	return x < y ? 1 : x > y ? -1 : 0;
}

/* The busiest cgroups of the interval, then the machine. */
static int rows_of_all(struct session *ses, uint64_t ns)
{
	struct track **busy = calloc(ses->nr_tracks, sizeof(*busy));
	size_t i, nr = 0;

	if (!busy)
		return -ENOMEM;
	for (i = 1; i < ses->nr_tracks; i++) {
		struct track *t = &ses->tracks[i];

		if (activity(t) || model_thrash_verdict(t->model, NULL) == MODEL_THRASHING)
			busy[nr++] = t;
		else
			t->row = t->tick;
	}
	qsort(busy, nr, sizeof(*busy), by_activity);
	for (i = 0; i < nr; i++) {
		if (i < ses->set->top)
			thrash_row(ses->out, ses->strains, busy[i], ns);
		else
			busy[i]->row = busy[i]->tick;
	}
	thrash_row(ses->out, ses->strains, &ses->tracks[0], ns);
	free(busy);
	return 0;
}

static int interval_show(struct session *ses, uint64_t ns)
{
	struct cost before = ses->cost;
	int err = 0;

	ses->cost = cost_now();
	ses->cost.bpf = mms_strains_cost(ses->strains);
	out_begin(ses->out);
	thrash_table(ses->out);
	if (ses->set->pid || ses->set->cgroup)
		thrash_row(ses->out, ses->strains, &ses->tracks[0], ns);
	else
		err = rows_of_all(ses, ns);
	out_table_end(ses->out);
	cost_report(ses->out, &before, &ses->cost, ses->set->verbose);
	ses->told_lost = thrash_losses(ses->out, &ses->reclaim, &ses->fault, ses->told_lost);
	out_end(ses->out);
	fflush(stdout);
	ses->rows++;
	ses->ns += ns;
	return err ? err : out_error(ses->out);
}

/* --- the run --- */

static void wait_until(uint64_t ns)
{
	struct timespec ts = {.tv_sec = ns / NSEC_PER_SEC, .tv_nsec = ns % NSEC_PER_SEC};

	while (!stopped && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

/*
 * One interval in ticks of half a second or less. Return: 0, -EINTR, or an error of tick().
 * On a starved machine a tick comes late; the next one is then due a whole tick later: short
 * ones to catch up would be judged on next to nothing.
 */
static int interval(struct session *ses, uint64_t *due, uint64_t *last)
{
	uint64_t ticks = (ses->set->interval_ns + TICK_NS - 1) / TICK_NS, i, now;
	uint64_t length = ses->set->interval_ns / ticks;
	int err;

	for (i = 1; i <= ticks; i++) {
		*due += length;
		if (*due < *last + length / 2)
			*due = *last + length;
		wait_until(*due);
		if (stopped)
			return -EINTR;
		now = watch_now_ns();
		err = tick(ses, now - *last);
		*last = now;
		if (err)
			return err;
	}
	return 0;
}

static void kernel_counts(uint64_t v[4])
{
	static const char *const keys[4] = {"pgsteal_anon", "pgsteal_file",
					    "workingset_refault_anon", "workingset_refault_file"};
	uint64_t ignored;

	/* Folds the counters that are still in the CPUs' own. */
	mms_number_read("/proc/sys/vm/stat_refresh", &ignored);
	if (mms_keyed_read("/proc/vmstat", keys, v, 4))
		memset(v, 0xff, 4 * sizeof(*v));
}

static int loop(struct session *ses)
{
	uint64_t last = watch_now_ns(), shown = last, due = last, n;
	int err = tick(ses, 0);
	size_t i;

	kernel_counts(ses->kernel);
	mms_strains_losses(ses->strains, &ses->start, &ses->fault);
	ses->cost = cost_now();
	ses->cost.bpf = mms_strains_cost(ses->strains);
	for (i = 0; i < ses->nr_tracks; i++)
		ses->tracks[i].row = ses->tracks[i].tick;
	for (n = 0; !err && (!ses->set->count || n < ses->set->count); n++) {
		err = interval(ses, &due, &last);
		if (err)
			break;
		err = interval_show(ses, last - shown);
		shown = last;
	}
	return err == -EINTR ? 0 : err;
}

static void notes_begin(struct session *ses)
{
	const char *lack;
	size_t i;

	for (i = 0; (lack = mms_strains_lack(ses->strains, i)); i++)
		warn("not counted: %s", lack);
	if (mms_strains_sampling(ses->strains) > 1)
		warn("refault distances are measured on one page in %u",
		     mms_strains_sampling(ses->strains));
}

/* Beside the kernel's own counters, so that a hook that fails cannot hide. */
static void summary(struct session *ses)
{
	struct mms_reclaim_losses now;
	uint64_t v[4];
	size_t i;

	kernel_counts(v);
	mms_strains_losses(ses->strains, &now, &ses->fault);
	for (i = 0; i < 4; i++)
		v[i] = thrash_since(v[i], ses->kernel[i]);
	warn("%llu intervals, %.1f s; seen %llu evictions (kernel: %lld reclaimed), %llu refaults (kernel: %lld)",
	     (unsigned long long)ses->rows, ses->ns / 1e9,
	     (unsigned long long)(now.evictions - ses->start.evictions), (long long)(v[0] + v[1]),
	     (unsigned long long)(now.refaults - ses->start.refaults), (long long)(v[2] + v[3]));
	for (i = 0; i < ses->nr_tracks; i++)
		if (ses->tracks[i].thrashing_ns)
			warn("%s: thrashing for %.1f s", ses->tracks[i].name,
			     ses->tracks[i].thrashing_ns / 1e9);
}

static int run(const struct settings *set)
{
	struct sigaction sa = {.sa_handler = on_signal}, hup;
	struct mms_strains_opts opts = {.processes = set->pid != 0, .measure = set->verbose};
	struct session ses = {.set = set};
	const char *why = "";
	int err, status;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	if (!sigaction(SIGHUP, NULL, &hup) && hup.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &sa, NULL);
	status = subject_find(&ses);
	if (status)
		goto out;
	err = mms_strains_open(&ses.strains, &opts, &why);
	if (err) {
		status = watch_open_error("thrash", NULL, err, why);
		goto out;
	}
	ses.out = out_create(set->format, stdout, "thrash");
	if (!ses.out) {
		status = err_failed("out of memory");
		goto out;
	}
	notes_begin(&ses);
	err = loop(&ses);
	if (err == -ESRCH)
		warn("process %d has exited", (int)set->pid);
	if (err == -ESTALE)
		warn("cgroup '%s' is gone", ses.tracks[0].name);
	summary(&ses);
	status = err_output(out_destroy(ses.out));
	if (!status && err && err != -ESRCH && err != -ESTALE)
		status = err_failed("%s", strerror(-err));
out:
	mms_strains_close(ses.strains);
	tracks_free(&ses);
	return status;
}

static const struct opts_help help = {
	.usage = "thrash [-p PID | -c CGROUP] [-n N] [-v] [-O FORMAT] [INTERVAL [COUNT]]",
	.about =
		"Does the memory suffice? Tells thrashing from streaming, and how much would be enough.",
	.options =
		"  -p, --pid PID         a process, in the cgroup that its memory is charged to\n"
		"  -c, --cgroup CGROUP   a cgroup and its descendants\n"
		"  -n, --top N           without -p and -c: the N busiest cgroups (10)\n"
		"  -v, --verbose         own cost, too\n" OPTS_COMMON,
	.examples = "    mmscope thrash              # every cgroup that reclaims, each second\n"
		    "    mmscope thrash -c /web 2 30 # one cgroup, a minute long\n"
		    "    mmscope thrash -p 1234 -O json\n",
};

static int parse_numbers(int argc, char **argv, struct settings *set)
{
	if (optind < argc && args_seconds(argv[optind++], &set->interval_ns))
		return err_usage("thrash", "interval '%s' is not a time", argv[optind - 1]);
	if (optind < argc && (args_u64(argv[optind++], &set->count) || !set->count))
		return err_usage("thrash", "count '%s' is not a number above 0", argv[optind - 1]);
	if (optind < argc)
		return err_usage("thrash", "'%s' is one argument too many", argv[optind]);
	if (set->pid && set->cgroup)
		return err_usage("thrash", "-p and -c exclude each other");
	return EXIT_OK;
}

int cmd_thrash(int argc, char **argv)
{
	static const struct option longs[] = {
		{"pid", required_argument, NULL, 'p'},
		{"cgroup", required_argument, NULL, 'c'},
		{"top", required_argument, NULL, 'n'},
		{"output", required_argument, NULL, 'O'},
		{"verbose", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct settings set = {.interval_ns = NSEC_PER_SEC, .top = TOP_DEFAULT};
	int c, status;

	while ((c = opts_next(argc, argv, ":p:c:n:vO:h", longs)) != -1) {
		switch (c) {
		case 'p':
			if (args_pid(optarg, &set.pid))
				return err_usage("thrash", "'%s' is not a process id", optarg);
			break;
		case 'c':
			set.cgroup = optarg;
			break;
		case 'n':
			if (args_u64(optarg, &set.top))
				return err_usage("thrash", "'%s' is not a number", optarg);
			break;
		case 'v':
			set.verbose = true;
			break;
		case 'O':
			if (args_format(optarg, &set.format))
				return err_usage("thrash", "no output format '%s'", optarg);
			break;
		case 'h':
			return opts_print_help(&help);
		default:
			return EXIT_USAGE;
		}
	}
	status = parse_numbers(argc, argv, &set);
	return status ? status : run(&set);
}
