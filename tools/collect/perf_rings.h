/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's records of mappings, forks and execs of all processes: one buffer per CPU. */
#ifndef _MMS_PERF_RINGS_H
#define _MMS_PERF_RINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/perf_event.h>

struct mms_perf_rings;

/* Return: 0; -EACCES or -EPERM, the kernel refuses; -ENOMEM; -errno of perf_event_open(2). */
int mms_perf_rings_open(struct mms_perf_rings **result);
void mms_perf_rings_close(struct mms_perf_rings *all); /* NULL is fine */

/* One record; the u64 at its end is its time, CLOCK_MONOTONIC. An error stops: it comes again. */
typedef int (*mms_perf_record_fn)(const struct perf_event_header *h, void *ctx);

/* All that wait, CPU by CPU. Return: 0 or what @fn returned. */
int mms_perf_rings_drain(struct mms_perf_rings *all, mms_perf_record_fn fn, void *ctx);

/* Records that had no room. The first asks every CPU; the second knows what records told so far. */
uint64_t mms_perf_rings_lost(const struct mms_perf_rings *all);
uint64_t mms_perf_rings_told_lost(const struct mms_perf_rings *all);

#endif
