/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verdict on a cgroup, a process or the machine: does its memory fit, is it
 * streaming through it, or thrashing, and how much would be enough. Pure: numbers
 * in, verdict out; knows nothing of where they came from.
 */
#ifndef _MMS_MODEL_THRASH_H
#define _MMS_MODEL_THRASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>
#include "reclaim.h"

/* A number that the caller could not get. */
#define MODEL_UNKNOWN UINT64_MAX

enum model_verdict {
	MODEL_UNSURE,	 /* "unknown": too much of the data was lost, or nothing is known yet */
	MODEL_FITS,	 /* nothing that is used again leaves memory */
	MODEL_STREAMING, /* pages leave and do not come back */
	MODEL_TIGHT,	 /* pages leave and come back, but little time is lost on it */
	MODEL_THRASHING, /* pages leave, come back, and the time goes there */
};

/**
 * struct model_thrash_sample - what happened in one tick
 * @ns: length of the tick
 * @evictions: pages evicted from the subject (for a process: from its cgroup)
 * @refaults: pages that came back to it
 * @own_refaults: of these, by the process asked about; MODEL_UNKNOWN when the subject is no process
 * @clock: pages evicted, in the tick, from the domain in whose evictions distances are counted
 * @dist: refault distances of the tick, pages by mms_dist_bucket(); NULL when there are none
 * @dist_unknown: refaulted pages whose distance is not known
 * @stall_ns: time that threads of the subject spent in page faults; MODEL_UNKNOWN
 * @cpu_ns: CPU time that they used, part of which may be in @stall_ns; MODEL_UNKNOWN
 * @psi_some_ns: memory pressure "some" of the subject; the larger of it and @stall_ns counts;
 * MODEL_UNKNOWN
 * @seen: events seen, @lost: events known to be missed
 */
struct model_thrash_sample {
	uint64_t ns;
	uint64_t evictions;
	uint64_t refaults;
	uint64_t own_refaults;
	uint64_t clock;
	const uint64_t *dist;
	uint64_t dist_unknown;
	uint64_t stall_ns;
	uint64_t cpu_ns;
	uint64_t psi_some_ns;
	uint64_t seen;
	uint64_t lost;
};

/**
 * struct model_distance - refault distances of the present phase
 * @nr: pages measured; the rest means nothing when it is 0
 * @mean, @p50, @p90: pages
 * @settled: the phase is at least one distance old: they no longer grow with its age
 * @bounded: at least half of the distances are known; else the rest may be longer
 */
struct model_distance {
	uint64_t nr;
	uint64_t mean;
	uint64_t p50;
	uint64_t p90;
	bool settled;
	bool bounded;
};

struct model_thrash;

/* Return: the state of one subject, or NULL when out of memory. */
struct model_thrash *model_thrash_create(void);
void model_thrash_destroy(struct model_thrash *t);

/**
 * model_thrash_tick() - add a tick and judge
 * @t: state
 * @s: the tick; 0.5 s long or less, so that two of them fit into a second
 * Return: the verdict after this tick.
 */
enum model_verdict model_thrash_tick(struct model_thrash *t, const struct model_thrash_sample *s);

/* The verdict after the latest tick, and why, in a few words. */
enum model_verdict model_thrash_verdict(const struct model_thrash *t, const char **why);

/* Distances of the present phase: of its latest ticks that together have enough of them. */
void model_thrash_distance(const struct model_thrash *t, struct model_distance *d);

/**
 * model_thrash_need() - the memory that would be enough
 * @t: state
 * @limit: bytes that the domain may use now
 * @page: bytes of a page
 * Return: bytes, or 0 when the verdict is not thrashing or no distance is known.
 */
uint64_t model_thrash_need(const struct model_thrash *t, uint64_t limit, uint64_t page);

/* Time lost per wall time, 1.0 = one thread waiting all the time; NAN when not known. */
double model_stall_share(const struct model_thrash_sample *s);

/* refaults / evictions; NAN when nothing was evicted. */
double model_refault_ratio(uint64_t evictions, uint64_t refaults);

/* The word that people and programs read. */
const char *model_verdict_name(enum model_verdict v);

#endif
