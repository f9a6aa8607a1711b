/* SPDX-License-Identifier: GPL-2.0-only */
/* All that mmscope faults reads at one moment, and what lies between two. */
#ifndef _MMS_FAULTS_SNAP_H
#define _MMS_FAULTS_SNAP_H

#include "cmd/cost.h"
#include "collect/bpf_fault.h"
#include "collect/keyed.h"
#include "model/fault_rows.h"

/**
 * struct faults_snap - one moment
 * @ns: CLOCK_MONOTONIC
 * @counts: settled
 * @losses: so far
 * @cost: so far
 * @pgfault: of /proc/vmstat, MMS_NO_VALUE if it has none
 * @pgmajfault: the same
 * @swap_ra: the same: pages read ahead from swap
 * @swap_ra_hit: the same: of pages so read, those that a fault wanted
 */
struct faults_snap {
	uint64_t ns;
	struct model_faults counts;
	struct mms_fault_losses losses;
	struct cost cost;
	uint64_t pgfault, pgmajfault;
	uint64_t swap_ra, swap_ra_hit;
};

/**
 * faults_snap_begin() - the moment at which counting began
 * @s: all but the counts, which are zero
 */
void faults_snap_begin(struct mms_faults *f, struct faults_snap *s);

/**
 * faults_snap() - now
 * @before: the last one
 * @s: filled in, to be released by faults_snap_free()
 * Return: 0 or -errno.
 */
int faults_snap(struct mms_faults *f, const struct faults_snap *before, struct faults_snap *s);

/* Return: 0 or -ENOMEM. */
int faults_snap_copy(const struct faults_snap *from, struct faults_snap *to);
void faults_snap_free(struct faults_snap *s);

/* What was lost between two moments. */
struct mms_fault_losses faults_losses_since(const struct faults_snap *a,
					    const struct faults_snap *b);

#endif
