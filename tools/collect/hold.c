// SPDX-License-Identifier: GPL-2.0-only
/* The lowest real-time priority: no ordinary task preempts us, real-time tasks still do. */
#include <sched.h>
#include "collect/hold.h"

#define STEPS 32 /* elements at a time: a few milliseconds at the most, with hundreds of CPUs */

static bool set_policy(int policy)
{
	struct sched_param p = {.sched_priority = policy == SCHED_FIFO};

	return !sched_setscheduler(0, policy, &p);
}

void mms_hold_step(struct mms_hold *h)
{
	if (h->steps++ % STEPS)
		return;
	mms_hold_end(h);
	/* Who set another policy for us knows why. */
	h->on = sched_getscheduler(0) == SCHED_OTHER && set_policy(SCHED_FIFO);
}

void mms_hold_end(struct mms_hold *h)
{
	if (h->on)
		set_policy(SCHED_OTHER);
	h->on = false;
}
