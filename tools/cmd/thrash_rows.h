/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of `mmscope thrash`. Private to that command. */
#ifndef _MMS_THRASH_ROWS_H
#define _MMS_THRASH_ROWS_H

#include <stdint.h>
#include "collect/strain.h"
#include "model/thrash.h"
#include "render/out.h"

#define NSEC_PER_SEC 1000000000ULL

/**
 * struct track - one subject over time
 * @s: the subject; @s.dir is owned by the track
 * @name: for the person
 * @model: its state
 * @tick: totals at the last tick
 * @row: totals when the row began
 * @thrashing_ns: of all rows
 */
struct track {
	struct mms_subject s;
	const char *name;
	struct model_thrash *model;
	struct mms_strain tick;
	struct mms_strain row;
	uint64_t thrashing_ns;
};

/* Difference of two totals; MODEL_UNKNOWN if either is not known. */
uint64_t thrash_since(uint64_t now, uint64_t before);

/* The same of anonymous and file pages together. */
uint64_t thrash_pages_since(const __u64 now[2], const __u64 before[2]);

/* Begins the table; rows follow, then out_table_end(). */
void thrash_table(struct out *o);

/**
 * thrash_row() - the subject's row of an interval; the next one begins here
 * @o: output, inside the table
 * @strains: resolves cgroups
 * @t: subject
 * @ns: length of the interval
 */
void thrash_row(struct out *o, struct mms_strains *strains, struct track *t, uint64_t ns);

/* Events of reclaim that no verdict has seen. */
uint64_t thrash_lost(const struct mms_reclaim_losses *l);

/**
 * thrash_losses() - what was lost: numbers for programs, a line for people when there is news
 * @told: what the latest line told; 0 at first
 * Return: the new @told.
 */
uint64_t thrash_losses(struct out *o, const struct mms_reclaim_losses *r,
		       const struct mms_fault_losses *f, uint64_t told);

#endif
