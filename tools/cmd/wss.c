// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmscope wss: the working set of a process, interval by interval. Runs the
 * clock; what a working set is belongs to model/wss.c, how it reads to
 * wss_report.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd.h"
#include "cmd/target.h"
#include "cmd/wss_report.h"
#include "collect/agers.h"
#include "collect/module.h"
#include "collect/proc.h"
#include "util/args.h"
#include "util/opts.h"

#define NS_PER_MS	1000000ULL
#define NS_PER_S	1000000000ULL
#define MIN_SCAN_MS	10 /* the module's limits */
#define MAX_SCAN_MS	600000
#define DEFAULT_SCAN_MS 100
#define READ_TRIES	5

static const struct opts_help help = {
	.usage = "wss [-e] [-s MS] [--deltas] [--clear-refs] [-O FORMAT] PID [INTERVAL [COUNT]]",
	.about = "Shows the working set of a process: the memory it has touched in each interval\n"
		 "(1 second by default), from accessed bits that the module samples.",
	.options =
		"  -e, --extended        the mappings that the working set lies in\n"
		"  -s, --scan MS         time between two scans (10..600000, default 100 or less)\n"
		"      --deltas          the working set of the last 1, 2, 4, ... scans\n"
		"      --clear-refs      without the module: resets the referenced state of all\n"
		"                        pages each interval, which disturbs reclaim\n" OPTS_COMMON,
	.examples = "    mmscope wss 1234              # each second until Ctrl-C\n"
		    "    mmscope wss 1234 10 6         # a minute in six windows of 10 s\n"
		    "    mmscope wss -e 1234 5 1       # where the working set of 5 s lies\n"
		    "    mmscope wss --deltas 1234 30 1 -O json\n",
};

enum { OPT_DELTAS = 256, OPT_CLEAR_REFS };

static const struct option longs[] = {
	{"extended", no_argument, NULL, 'e'},
	{"scan", required_argument, NULL, 's'},
	{"deltas", no_argument, NULL, OPT_DELTAS},
	{"clear-refs", no_argument, NULL, OPT_CLEAR_REFS},
	{"output", required_argument, NULL, 'O'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

struct opts {
	struct wss_report report;
	bool clear_refs;
	pid_t pid;
	uint64_t interval_ns;
	uint64_t count;	      /* 0: until the process ends */
	unsigned int scan_ms; /* 0: chosen by the interval */
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
	struct timespec ts = {.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

/* So that a window holds ten scans, and never more than ages can tell apart. */
static unsigned int choose_scan_ms(const struct opts *opts)
{
	uint64_t ms = opts->interval_ns / NS_PER_MS;

	if (opts->scan_ms)
		return opts->scan_ms;
	if (ms > DEFAULT_SCAN_MS * 200)
		return ms / 200 < MAX_SCAN_MS ? ms / 200 : MAX_SCAN_MS;
	if (ms < DEFAULT_SCAN_MS * 10)
		return ms / 10 > MIN_SCAN_MS ? ms / 10 : MIN_SCAN_MS;
	return DEFAULT_SCAN_MS;
}

static int read_idle(struct mms_target *t, struct mms_idle_data *idle)
{
	size_t len;
	char *buf;
	int err = mms_target_read(t, "idle", &buf, &len);

	if (err)
		return err;
	err = model_idle_parse(buf, len, idle);
	free(buf);
	return err;
}

/*
 * All records of one scan. The module hands them out in batches, and a scan may
 * fall between two: then read again; *torn if it never came out whole.
 */
static int read_whole(struct mms_target *t, struct mms_idle_data *idle, bool *torn)
{
	int err, try;

	for (try = 0; try < READ_TRIES; try++) {
		uint64_t scans;

		err = read_idle(t, idle);
		if (err)
			return err;
		scans = idle->header.scans;
		err = mms_target_scans(t, &scans);
		if (err) {
			model_idle_deinit(idle);
			return err;
		}
		*torn = scans != idle->header.scans;
		if (!*torn || try == READ_TRIES - 1)
			break;
		model_idle_deinit(idle);
	}
	return 0;
}

/* What the caller must know before the figures. */
static void note_circumstances(struct out *o, struct mms_target *t, unsigned int want_ms,
			       unsigned int ms)
{
	if (ms != want_ms)
		out_note(o, "another user samples this process every %u ms: that is used", ms);
	if (mms_ager_damon_stat())
		out_note(o,
			 "DAMON_STAT runs and takes accessed bits too: figures are a lower bound");
	if (mms_ager_damon())
		out_note(o, "DAMON runs and may take accessed bits too: figures are a lower bound");
	if (mms_ager_lru_gen())
		out_note(o, "MGLRU is on: while memory is reclaimed it takes accessed bits too, "
			    "figures are a lower bound then");
}

/* One interval. Return: 0, 1 shown nothing yet, -errno. */
static int measure(struct out *o, const struct opts *opts, struct mms_target *t,
		   struct wss_window *w)
{
	struct mms_idle_data idle;
	unsigned int ms;
	bool torn = false;
	int err = mms_target_live(t);

	if (!err)
		err = read_whole(t, &idle, &torn);
	if (err)
		return err;
	w->time_ns = now_ns() - w->begin_ns;
	w->scans = idle.header.scans - w->scans_before;
	w->window_ns = idle.header.window_ns - w->ns_before;
	if (idle.header.scans < w->scans_before) { /* sampling was begun anew by another user */
		w->scans = idle.header.scans;
		w->window_ns = idle.header.window_ns;
	}
	if (!w->scans) {
		/* Another user has removed the target: it was added again, but nobody samples. */
		if (!idle.header.interval_ns)
			err = mms_target_sample(t, choose_scan_ms(opts), &ms);
		model_idle_deinit(&idle);
		return err ? err : 1;
	}
	if (mms_proc_rss(opts->pid, &w->rss))
		w->rss = 0;
	err = wss_report_window(o, &opts->report, opts->pid, w, &idle, torn);
	w->scans_before = idle.header.scans;
	w->ns_before = idle.header.window_ns;
	model_idle_deinit(&idle);
	return err;
}

static int loop(struct out *o, const struct opts *opts, struct mms_target *t, uint64_t *shown)
{
	struct wss_window w = {0};
	uint64_t next = now_ns();
	int err = 0;

	w.begin_ns = next;
	if (mms_target_shared(t)) { /* what was sampled before we came is not ours */
		struct mms_idle_data idle;

		if (!read_idle(t, &idle)) {
			w.scans_before = idle.header.scans;
			w.ns_before = idle.header.window_ns;
			model_idle_deinit(&idle);
		}
	}
	while (err >= 0 && (!opts->count || *shown < opts->count) && !out_error(o)) {
		next += opts->interval_ns;
		sleep_until(next);
		err = measure(o, opts, t, &w);
		*shown += !err;
	}
	return err < 0 ? err : 0;
}

/* How the loop ended, in words. */
static int ending(struct out *o, const struct opts *opts, int err, uint64_t shown)
{
	if (!err)
		return EXIT_OK;
	if (err != -ESTALE && err != -ESRCH && err != -ENODATA)
		return target_failed(opts->pid,
				     opts->clear_refs ? "clear_refs or smaps" : "idle ages", err);
	if (!shown)
		return err_failed("process %d ended before an interval was measured", opts->pid);
	warn("process %d has exited, or executed another program", opts->pid);
	return EXIT_OK;
}

static int sample(const struct opts *opts, struct mms_target *t)
{
	unsigned int want = choose_scan_ms(opts), ms;
	uint64_t shown = 0, begin = now_ns(), scan_ns = mms_module_stat("scan_ns");
	struct out *o;
	int err, rc, end;

	err = mms_target_sample(t, want, &ms);
	if (err)
		return target_failed(opts->pid, "sampling", err);
	if (opts->interval_ns / NS_PER_MS / ms > MMS_WSS_MAX_DELTA)
		return err_failed("an interval may hold at most %d scans; they come every %u ms",
				  MMS_WSS_MAX_DELTA, ms);
	o = out_create(opts->report.format, stdout, "wss");
	if (!o)
		return err_failed("out of memory");
	note_circumstances(o, t, want, ms);
	err = loop(o, opts, t, &shown);
	rc = ending(o, opts, err, shown);
	if (rc == EXIT_OK && shown && opts->count) {
		double took = mms_module_stat("scan_ns") - scan_ns, all = now_ns() - begin;

		warn("the module's scans (of all targets) took %.1f ms: %.2f %% of one CPU; "
		     "longest hold of a lock since load %.3f ms",
		     took / 1e6, 100 * took / all, mms_module_stat("longest_hold_ns") / 1e6);
	}
	end = err_output(out_destroy(o));
	return rc == EXIT_OK ? end : rc;
}

/* Without the module, if asked for. */
static int clear_refs(const struct opts *opts)
{
	struct wss_window w = {0};
	uint64_t begin = now_ns(), start, shown;
	struct out *o = out_create(opts->report.format, stdout, "wss");
	int err = 0, rc, end;

	if (!o)
		return err_failed("out of memory");
	out_note(o, "from /proc/PID/clear_refs and smaps: page flags count as well as accessed "
		    "bits, pages that the TLB still holds may be missed, and reclaim loses its own "
		    "record of what is in use");
	for (shown = 0; (!opts->count || shown < opts->count) && !out_error(o); shown++) {
		uint64_t referenced;

		err = mms_proc_clear_refs(opts->pid);
		if (err)
			break;
		start = now_ns();
		sleep_until(start + opts->interval_ns);
		err = mms_proc_referenced(opts->pid, &referenced, &w.rss);
		if (err)
			break;
		w.window_ns = now_ns() - start;
		w.time_ns = now_ns() - begin;
		wss_report_bytes(o, &opts->report, opts->pid, &w, referenced);
	}
	rc = ending(o, opts, err == -ENOENT ? -ESRCH : err, shown);
	end = err_output(out_destroy(o));
	return rc == EXIT_OK ? end : rc;
}

static int run(const struct opts *opts)
{
	enum mms_module_state state;
	struct mms_target *t = NULL;
	int rc = target_check(opts->pid);

	if (rc != EXIT_OK)
		return rc;
	if (opts->clear_refs)
		return clear_refs(opts);
	state = mms_module_probe();
	if (state != MMS_MODULE_OK)
		return err_missing("wss needs the module: %s; fix: %s (or --clear-refs, which "
				   "disturbs reclaim)",
				   mms_module_why(state), mms_module_fix(state));
	rc = target_open_module(opts->pid, "wss", &t);
	if (rc == EXIT_OK)
		rc = sample(opts, t);
	mms_target_close(t);
	return rc;
}

static int parse_operands(struct opts *opts, int argc, char **argv)
{
	int rc;

	if (argc < 1)
		return err_usage("wss", "needs PID");
	if (argc > 3)
		return err_usage("wss", "too many arguments");
	rc = target_parse_pid("wss", argv[0], &opts->pid);
	if (rc != EXIT_OK)
		return rc;
	if (argc > 1 && args_seconds(argv[1], &opts->interval_ns))
		return err_usage("wss", "'%s' is not an interval", argv[1]);
	if (argc > 2 && (args_u64(argv[2], &opts->count) || !opts->count))
		return err_usage("wss", "'%s' is not a count", argv[2]);
	if (opts->interval_ns < MIN_SCAN_MS * NS_PER_MS)
		return err_usage("wss", "the interval must be %d ms or more", MIN_SCAN_MS);
	if (opts->scan_ms && opts->interval_ns < opts->scan_ms * NS_PER_MS)
		return err_usage("wss", "an interval must hold a scan: -s is too long");
	if (opts->scan_ms && opts->interval_ns / NS_PER_MS / opts->scan_ms > MMS_WSS_MAX_DELTA)
		return err_usage("wss", "an interval may hold at most %d scans: -s is too short",
				 MMS_WSS_MAX_DELTA);
	if (opts->clear_refs && (opts->report.extended || opts->report.deltas || opts->scan_ms))
		return err_usage("wss", "--clear-refs goes with none of -e, -s and --deltas");
	return EXIT_OK;
}

static int parse_scan(struct opts *opts, const char *arg)
{
	uint64_t ms;

	if (args_u64(arg, &ms) || ms < MIN_SCAN_MS || ms > MAX_SCAN_MS)
		return err_usage("wss", "'%s' is not %d to %d milliseconds", arg, MIN_SCAN_MS,
				 MAX_SCAN_MS);
	opts->scan_ms = ms;
	return EXIT_OK;
}

/** cmd_wss() - mmscope wss */
int cmd_wss(int argc, char **argv)
{
	struct opts opts = {.interval_ns = NS_PER_S};
	int c, rc;

	while ((c = opts_next(argc, argv, ":es:O:h", longs)) != -1) {
		switch (c) {
		case 'e':
			opts.report.extended = true;
			break;
		case 's':
			if (parse_scan(&opts, optarg) != EXIT_OK)
				return EXIT_USAGE;
			break;
		case OPT_DELTAS:
			opts.report.deltas = true;
			break;
		case OPT_CLEAR_REFS:
			opts.clear_refs = true;
			break;
		case 'O':
			if (args_format(optarg, &opts.report.format))
				return err_usage("wss", "unknown format '%s'", optarg);
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
