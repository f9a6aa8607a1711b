/* SPDX-License-Identifier: GPL-2.0-only */
/* How windows of `wss` read. Knows no clock and no source. */
#ifndef _MMS_WSS_REPORT_H
#define _MMS_WSS_REPORT_H

#include <stdbool.h>
#include <sys/types.h>

#include "model/wss.h"
#include "render/out.h"

struct wss_report {
	enum out_format format;
	bool extended;
	bool deltas;
};

/**
 * struct wss_window - one interval as measured
 * @begin_ns: when the command began
 * @time_ns: its end, since then
 * @window_ns: from the scan before the first to the last
 * @scans: scans in it; 0 = not from scans
 * @rss: resident bytes at its end, 0 if the process was gone
 * @scans_before: scans when it began
 * @ns_before: window of the module when it began
 */
struct wss_window {
	uint64_t begin_ns;
	uint64_t time_ns;
	uint64_t window_ns;
	uint64_t scans;
	uint64_t rss;
	uint64_t scans_before;
	uint64_t ns_before;
};

/* Return: 0 or -errno. */
int wss_report_window(struct out *o, const struct wss_report *r, pid_t pid,
		      const struct wss_window *w, const struct mms_idle_data *idle, bool torn);
/* The same when all that is known is how many bytes. */
void wss_report_bytes(struct out *o, const struct wss_report *r, pid_t pid,
		      const struct wss_window *w, uint64_t bytes);

#endif
