// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmscope faults --used: brings events and idle ages to model/prefetch in the order that it
 * needs, and tells what came of it. Must not know what makes a page used.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/mmscope.h>
#include "cmd/faults_opts.h"
#include "cmd/faults_snap.h"
#include "cmd/faults_used.h"
#include "cmd/target.h"
#include "cmd/watch.h"
#include "collect/module.h"
#include "model/prefetch.h"
#include "util/err.h"

#define NS_PER_MS 1000000ULL

/**
 * struct faults_used - one process
 * @pages: what came along
 * @target: NULL = it is not sampled (any more)
 * @pid: the process
 * @want_ms: between two scans; @ms is what holds
 * @skips: another user's sampling leaves idle regions out
 * @err: why there is no target
 * @since_ns: faults that began before were of an earlier program's memory
 * @read: scans when ages were last read
 * @scanned: ages were read at least once
 * @told: what is said once has been said
 */
struct faults_used {
	struct model_prefetch pages;
	struct mms_target *target;
	pid_t pid;
	unsigned int want_ms, ms;
	bool skips;
	int err;
	uint64_t since_ns;
	uint64_t read;
	bool scanned, told;
};

/* Return: 0 or -errno, and then nothing is sampled. */
static int begin(struct faults_used *u, const char **why)
{
	int err = mms_target_open(&u->target, u->pid, why);

	if (err)
		return err;
	err = mms_target_sample_all(u->target, u->want_ms, &u->ms, &u->skips);
	if (!err)
		return 0;
	*why = NULL;
	mms_target_close(u->target);
	u->target = NULL;
	return err;
}

static int begin_failed(const struct faults_used *u, int err, const char *why)
{
	return why ? err_failed("process %d: %s", u->pid, why)
		   : target_failed(u->pid, "sampling", err);
}

int faults_used_check(bool command)
{
	enum mms_module_state state = mms_module_probe();
	struct faults_used self = {.pid = getpid(), .want_ms = FAULTS_USED_MAX_MS};
	const char *why = NULL;
	int err;

	if (state != MMS_MODULE_OK)
		return err_missing("faults --used needs the module: %s; fix: %s",
				   mms_module_why(state), mms_module_fix(state));
	if (!command)
		return EXIT_OK;
	err = begin(&self, &why);
	mms_target_close(self.target);
	return err ? begin_failed(&self, err, why) : EXIT_OK;
}

int faults_used_open(struct faults_used **ret, pid_t pid, unsigned int ms, bool command)
{
	struct faults_used *u = calloc(1, sizeof(*u));
	const char *why = NULL;
	int rc;

	if (!u)
		return err_failed("out of memory");
	u->pid = pid;
	u->want_ms = ms;
	u->ms = ms;
	u->err = begin(u, &why);
	if (!u->err || command) {
		*ret = u;
		return EXIT_OK;
	}
	rc = begin_failed(u, u->err, why);
	faults_used_close(u);
	return rc;
}

void faults_used_close(struct faults_used *u)
{
	if (!u)
		return;
	mms_target_close(u->target);
	model_prefetch_free(&u->pages);
	free(u);
}

static void take_event(const struct mms_fault_event *e, void *ctx)
{
	struct faults_used *u = ctx;
	bool known = e->tgid == (uint32_t)u->pid && e->origin != MMS_ORIGIN_REMOTE &&
		     e->ts_ns >= u->since_ns;

	model_prefetch_event(&u->pages, e, known);
}

/* The memory is gone: with the process, or for that of another program. */
static void begin_anew(struct faults_used *u)
{
	const char *why;

	model_prefetch_end(&u->pages);
	mms_target_close(u->target);
	u->target = NULL;
	u->read = 0;
	u->err = begin(u, &why);
	u->since_ns = watch_now_ns();
}

static int read_ages(struct faults_used *u, struct mms_idle_data *idle)
{
	size_t len;
	char *buf;
	int err = mms_target_read(u->target, "idle", &buf, &len);

	if (err)
		return err;
	err = model_idle_parse(buf, len, idle);
	free(buf);
	return err;
}

/* No scan is known of: not yet one, or there is nothing (any more) that could be scanned. */
static void look_why(struct faults_used *u, bool sampled)
{
	if (mms_target_live(u->target) == -ESTALE)
		begin_anew(u);
	else if (!sampled) /* another user has ended it */
		mms_target_sample_all(u->target, u->want_ms, &u->ms, &u->skips);
}

/*
 * Ages are read first, then the events, then both are taken in, events first: so a page that was
 * unmapped and came again is not judged by what is said of its successor.
 */
void faults_used_look(struct faults_used *u, struct mms_faults *f)
{
	struct mmscope_idle_header h = {0};
	struct mms_idle_data idle = {0};
	uint64_t begun = watch_now_ns();
	bool ages = false;
	int err = -ENODATA;

	if (u->target)
		err = mms_target_idle_header(u->target, &h);
	if (!err && h.scans && h.scans != u->read) {
		begun = watch_now_ns();
		ages = !read_ages(u, &idle);
	}
	mms_faults_poll(f, 0, take_event, u);
	if (ages && idle.header.scans) {
		model_prefetch_read(&u->pages, &idle, begun);
		u->read = idle.header.scans;
		u->scanned = true;
	} else if (h.scans) {
		model_prefetch_clock(&u->pages, h.scans, begun);
	} else if (u->target) {
		look_why(u, !err && h.interval_ns);
	}
	model_idle_deinit(&idle);
}

static const struct out_col cols[] = {
	{"kind", "KIND", OUT_STR, -14},	      {"came", "CAME", OUT_COUNT, 8},
	{"used", "USED", OUT_COUNT, 8},	      {"unused", "UNUSED", OUT_COUNT, 8},
	{"unknown", "UNKNOWN", OUT_COUNT, 8}, {"used_percent", "USED%", OUT_PERCENT, 6},
};

static void row(struct out *o, const char *kind, uint64_t came, const uint64_t nr[MODEL_CAME_NR])
{
	uint64_t judged = nr[MODEL_CAME_USED] + nr[MODEL_CAME_UNUSED];

	out_row(o);
	out_cell_str(o, kind);
	out_cell_num(o, came);
	out_cell_num(o, nr[MODEL_CAME_USED]);
	out_cell_num(o, nr[MODEL_CAME_UNUSED]);
	out_cell_num(o, nr[MODEL_CAME_UNKNOWN]);
	if (judged)
		out_cell_real(o, 100.0 * (double)nr[MODEL_CAME_USED] / (double)judged);
	else
		out_cell_none(o);
}

/* Said once, not with every interval. */
static void notes(struct faults_used *u, struct out *o)
{
	out_note(
		o,
		"used is a lower bound: use in about the first %u ms after a page came, before a scan "
		"has cleared its bit, cannot be told from the mapping itself",
		u->ms);
	if (u->ms != u->want_ms)
		out_note(o, "another user samples this process every %u ms: that is used", u->ms);
	if (u->skips)
		out_note(o, "another user's sampling leaves idle regions out: pages that came with "
			    "populate or read(2) may count as used too soon");
	if (u->err && u->err != -ESRCH && u->err != -ESTALE)
		out_note(o, "the process was not sampled: %s", strerror(-u->err));
	else if (!u->target && !u->scanned)
		out_note(o, "the process ended before it was sampled");
	u->told = true;
}

void faults_used_report(struct faults_used *u, struct out *o)
{
	const struct model_prefetch *m = &u->pages;
	uint64_t came = 0, nr[MODEL_CAME_NR] = {0};
	size_t k, s;

	out_table(o, "came_along", cols, sizeof(cols) / sizeof(cols[0]));
	for (k = 0; k < MMS_FAULT_NR_KINDS; k++) {
		if (!m->came[k])
			continue;
		row(o, faults_kind_name((unsigned int)k), m->came[k], m->nr[k]);
		came += m->came[k];
		for (s = 0; s < MODEL_CAME_NR; s++)
			nr[s] += m->nr[k][s];
	}
	out_table_end(o);
	out_num(o, "came", "came along", OUT_COUNT, came);
	out_num(o, "used", "used later", OUT_COUNT, nr[MODEL_CAME_USED]);
	out_num(o, "unused", "unused so far", OUT_COUNT, nr[MODEL_CAME_UNUSED]);
	out_num(o, "unknown", "unknown", OUT_COUNT, nr[MODEL_CAME_UNKNOWN]);
	out_num(o, "scan_ns", "time between two scans", OUT_NS, u->ms * NS_PER_MS);
	out_num(o, "scans", NULL, OUT_COUNT, m->scans);
	if (!u->told)
		notes(u, o);
}
