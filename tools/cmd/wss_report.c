// SPDX-License-Identifier: GPL-2.0-only
/* How windows of `wss` read: totals, mappings and growing deltas. */
#include <errno.h>
#include <stdlib.h>

#include "cmd/target.h"
#include "cmd/wss_report.h"
#include "collect/proc.h"

#define PAGE 4096

static const struct out_col total_cols[] = {
	{"time_s", "TIME(s)", OUT_REAL, 9},   {"window_ns", "WINDOW", OUT_NS, 8},
	{"scans", "SCANS", OUT_COUNT, 5},     {"wss_bytes", "WSS", OUT_BYTES, 8},
	{"wss_pages", "PAGES", OUT_COUNT, 9}, {"huge_bytes", "IN-2M", OUT_BYTES, 8},
	{"rss_bytes", "RSS", OUT_BYTES, 8},   {"wss_percent", "WSS/RSS", OUT_PERCENT, 7},
};

/* The first column is for csv, where tables stand alone. */
static const struct out_col vma_cols[] = {
	{"time_s", "TIME(s)", OUT_REAL, 9},
	{"start", "START", OUT_HEX, -14},
	{"perms", "PERM", OUT_STR, -4},
	{"size_bytes", "SIZE", OUT_BYTES, 8},
	{"wss_bytes", "WSS", OUT_BYTES, 8},
	{"wss_pages", "PAGES", OUT_COUNT, 9},
	{"share_percent", "SHARE", OUT_PERCENT, 6},
	{"name", "NAME", OUT_STR, 0},
};

static const struct out_col delta_cols[] = {
	{"time_s", "TIME(s)", OUT_REAL, 9},	  {"delta_scans", "DELTA", OUT_COUNT, 6},
	{"window_mean_ns", "~WINDOW", OUT_NS, 9}, {"wss_bytes", "WSS", OUT_BYTES, 8},
	{"wss_pages", "PAGES", OUT_COUNT, 9},
};

#define NR(cols) (sizeof(cols) / sizeof((cols)[0]))

/* @huge is UINT64_MAX if it is not known. */
static void show_total(struct out *o, const struct wss_window *w, uint64_t bytes, uint64_t huge)
{
	out_table(o, "windows", total_cols, NR(total_cols));
	out_row(o);
	out_cell_real(o, w->time_ns / 1e9);
	out_cell_num(o, w->window_ns);
	if (w->scans)
		out_cell_num(o, w->scans);
	else
		out_cell_none(o);
	out_cell_num(o, bytes);
	out_cell_num(o, bytes / PAGE);
	if (huge != UINT64_MAX)
		out_cell_num(o, huge);
	else
		out_cell_none(o);
	if (w->rss) {
		out_cell_num(o, w->rss);
		out_cell_real(o, 100.0 * bytes / w->rss);
	} else {
		out_cell_none(o);
		out_cell_none(o);
	}
	out_table_end(o);
}

static void begin_table(struct out *o, const struct wss_report *r, const char *key,
			const struct out_col *cols, size_t nr)
{
	if (r->format == OUT_CSV)
		out_table(o, key, cols, nr);
	else
		out_table(o, key, cols + 1, nr - 1);
}

static void begin_row(struct out *o, const struct wss_report *r, const struct wss_window *w)
{
	out_row(o);
	if (r->format == OUT_CSV)
		out_cell_real(o, w->time_ns / 1e9);
}

/* Mappings are read after the ages: one made or gone in between may lack its share. */
static int show_vmas(struct out *o, const struct wss_report *r, pid_t pid,
		     const struct wss_window *w, const struct mms_idle_data *idle, uint64_t total)
{
	struct mms_vmas vmas = {0};
	uint64_t bytes, sum = 0;
	struct mms_wss wss;
	size_t i;
	int err;

	err = mms_proc_vmas(pid, &vmas);
	if (err)
		return err;
	begin_table(o, r, "mappings", vma_cols, NR(vma_cols));
	for (i = 0; i < vmas.nr; i++) {
		const struct mms_vma *v = &vmas.v[i];

		model_wss_count(idle, v->start, v->end, &wss);
		bytes = model_wss_bytes(wss.age, w->scans);
		sum += bytes;
		if (!bytes)
			continue;
		begin_row(o, r, w);
		out_cell_num(o, v->start);
		out_cell_str(o, v->perms);
		out_cell_num(o, v->end - v->start);
		out_cell_num(o, bytes);
		out_cell_num(o, bytes / PAGE);
		out_cell_real(o, total ? 100.0 * bytes / total : 0);
		out_cell_str(o, r->format == OUT_TEXT ? model_vma_short_name(v->name) : v->name);
	}
	out_table_end(o);
	if (sum != total)
		out_note(o, "%llu KiB of the working set are in mappings that are gone",
			 (unsigned long long)(total - sum) / 1024);
	model_vmas_deinit(&vmas);
	return 0;
}

static void show_deltas(struct out *o, const struct wss_report *r, const struct wss_window *w,
			const struct mms_idle_data *idle, const struct mms_wss *wss)
{
	const struct mmscope_idle_header *h = &idle->header;
	unsigned int delta;

	begin_table(o, r, "deltas", delta_cols, NR(delta_cols));
	for (delta = 1; delta <= h->scans && delta <= MMS_WSS_MAX_DELTA; delta *= 2) {
		uint64_t bytes = model_wss_bytes(wss->age, delta);

		begin_row(o, r, w);
		out_cell_num(o, delta);
		out_cell_num(o, (uint64_t)((double)h->window_ns / h->scans * delta));
		out_cell_num(o, bytes);
		out_cell_num(o, bytes / PAGE);
	}
	out_table_end(o);
}

int wss_report_window(struct out *o, const struct wss_report *r, pid_t pid,
		      const struct wss_window *w, const struct mms_idle_data *idle, bool torn)
{
	bool alone = r->format == OUT_CSV && (r->extended || r->deltas);
	struct mms_wss wss;
	uint64_t bytes;
	int err = 0;

	model_wss_count(idle, 0, UINT64_MAX, &wss);
	bytes = model_wss_bytes(wss.age, w->scans);
	out_begin(o);
	out_num(o, "pid", NULL, OUT_COUNT, pid);
	out_num(o, "interval_ns", NULL, OUT_NS, idle->header.interval_ns);
	if (!alone)
		show_total(o, w, bytes, model_wss_bytes(wss.huge, w->scans));
	if (r->extended)
		err = show_vmas(o, r, pid, w, idle, bytes);
	if (r->deltas)
		show_deltas(o, r, w, idle, &wss);
	if (torn)
		out_note(o, "a scan fell into the reading: some pages are of one scan later");
	if (w->scans > MMS_WSS_MAX_DELTA)
		out_note(o, "the interval held %llu scans, only the last %d are in the figures",
			 (unsigned long long)w->scans, MMS_WSS_MAX_DELTA);
	if (idle->header.lost)
		out_note(o, "lost for want of memory: %llu regions of 2 MiB",
			 (unsigned long long)idle->header.lost);
	out_end(o);
	return err;
}

void wss_report_bytes(struct out *o, const struct wss_report *r, pid_t pid,
		      const struct wss_window *w, uint64_t bytes)
{
	out_begin(o);
	out_num(o, "pid", NULL, OUT_COUNT, pid);
	show_total(o, w, bytes, UINT64_MAX);
	out_end(o);
}
