// SPDX-License-Identifier: GPL-2.0-only
/* The cold-start curve: sums and moments. Pure. */
#include "model/cold.h"

void model_cold_add(struct model_cold *c, const struct mms_fault_event *e, uint32_t tgid)
{
	int major = mms_fault_major(e->ret, e->flags);
	unsigned int segment = e->segment < MMS_SEG_NR ? e->segment : MMS_SEG_ANON;

	/* Without a walk the address was refused: no fault was handled. */
	if (!e->level_before || !mms_fault_counted(e->ret))
		c->failed++;
	else if (e->tgid != tgid)
		*(major ? &c->child_major : &c->child_minor) += 1;
	else
		(major ? c->major : c->minor)[segment]++;
}

uint64_t model_cold_sum(const uint64_t by_segment[MMS_SEG_NR])
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < MMS_SEG_NR; i++)
		sum += by_segment[i];
	return sum;
}

uint64_t model_cold_moment(unsigned int i)
{
	static const uint64_t steps[] = {1, 2, 5};
	uint64_t ns = steps[i % 3] * 1000000;

	for (i /= 3; i && ns < UINT64_MAX / 10; i--)
		ns *= 10;
	return ns;
}
