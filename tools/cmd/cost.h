/* SPDX-License-Identifier: GPL-2.0-only */
/* What an observation costs: the programs, their maps, mmscope itself. */
#ifndef _MMS_COST_H
#define _MMS_COST_H

#include <stdbool.h>
#include "collect/bpf_cost.h"
#include "render/out.h"

/**
 * struct cost - until a moment
 * @ns: CLOCK_MONOTONIC
 * @cpu_ns: this program's processor time
 * @bpf: of the programs
 */
struct cost {
	uint64_t ns, cpu_ns;
	struct mms_bpf_cost bpf;
};

/* Now; the caller fills in @bpf. */
struct cost cost_now(void);

/**
 * cost_report() - what lies between two moments
 * @o: in an object
 * @verbose: for people, too; programs read all that is known
 */
void cost_report(struct out *o, const struct cost *a, const struct cost *b, bool verbose);

#endif
