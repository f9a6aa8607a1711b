/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cold-start curve: faults of one process by segment, cumulative, at moments that
 * lie closer together the younger the process is. Pure.
 */
#ifndef _MMS_COLD_H
#define _MMS_COLD_H

#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>
#include "fault_kind.h"
#include "fault.h"

/**
 * struct model_cold - faults that have ended
 * @minor: by enum mms_segment, as the kernel counts
 * @major: the same
 * @failed: signals, and what counts as neither; of all processes
 * @child_minor: of other processes
 * @child_major: the same
 */
struct model_cold {
	uint64_t minor[MMS_SEG_NR];
	uint64_t major[MMS_SEG_NR];
	uint64_t failed;
	uint64_t child_minor;
	uint64_t child_major;
};

/* Count one; @tgid is the process that the curve is of. */
void model_cold_add(struct model_cold *c, const struct mms_fault_event *e, uint32_t tgid);

uint64_t model_cold_sum(const uint64_t by_segment[MMS_SEG_NR]);

/* The @i-th moment in ns after execve: 1, 2, 5, 10, 20, 50 ms ... */
uint64_t model_cold_moment(unsigned int i);

#endif
