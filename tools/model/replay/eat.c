// SPDX-License-Identifier: GPL-2.0-only
/* The effective access time: a sum of ratios times costs. */
#include "model/replay/eat.h"

double mms_eat(const struct mms_eat_conf *c, struct mms_eat_part *part)
{
	const struct mms_eat_part terms[MMS_EAT_TERMS] = {
		[MMS_EAT_TLB] = {"TLB lookup", 1, c->tlb_ns, 0},
		[MMS_EAT_L2] = {"second TLB", c->l1_miss, c->l2_ns, 0},
		[MMS_EAT_WALK] = {"table walk", c->walks, c->walk_ns, 0},
		[MMS_EAT_MEMORY] = {"memory", 1 - c->faults, c->memory_ns, 0},
		[MMS_EAT_FAULT] = {"fault", c->faults, c->service_ns, 0},
		[MMS_EAT_WRITE] = {"write-back", c->writebacks, c->write_ns, 0},
	};
	double sum = 0;
	int i;

	for (i = 0; i < MMS_EAT_TERMS; i++) {
		part[i] = terms[i];
		part[i].ns = terms[i].ratio * terms[i].cost_ns;
		sum += part[i].ns;
	}
	return sum;
}
