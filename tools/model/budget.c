// SPDX-License-Identifier: GPL-2.0-only
/* A budget for looking: when to look less closely, and when again more. Pure. */
#include "model/budget.h"

#define FIRST_PATIENCE 3
#define MOST_PATIENCE  96
#define ROOM	       3.0 /* a closer look may cost this much more than what is done now */
#define FULL	       100.0

/* Levels: as wanted, [counts if events were wanted,] one in 2, in 4, ... */
static unsigned int first_sampled(const struct model_budget *b)
{
	return b->events ? 2 : 1;
}

static unsigned int last_level(const struct model_budget *b)
{
	unsigned int level = first_sampled(b), period;

	for (period = 2; period < MODEL_BUDGET_MAX_PERIOD; period *= 2)
		level++;
	return level;
}

void model_budget_init(struct model_budget *b, double percent, bool events)
{
	*b = (struct model_budget){
		.percent = percent,
		.events = events,
		.patience = FIRST_PATIENCE,
	};
}

unsigned int model_budget_period(const struct model_budget *b)
{
	return b->level < first_sampled(b) ? 1 : 2U << (b->level - first_sampled(b));
}

bool model_budget_events(const struct model_budget *b)
{
	return b->events && !b->level;
}

bool model_budget_exhausted(const struct model_budget *b)
{
	return b->level == last_level(b);
}

/* Far above the budget several steps at once: each halves the work at best. */
static bool look_less(struct model_budget *b, double over)
{
	unsigned int last = last_level(b), before = b->level;

	/* It was tried too early: wait longer the next time. */
	if (b->probation && b->patience < MOST_PATIENCE)
		b->patience *= 2;
	b->probation = 0;
	b->calm = 0;
	do {
		if (b->level < last)
			b->level++;
		over /= 2;
	} while (over > 1 && b->level >= first_sampled(b));
	return b->level != before;
}

bool model_budget_check(struct model_budget *b, uint64_t cost_ns, uint64_t wall_ns)
{
	double percent = wall_ns ? FULL * (double)cost_ns / (double)wall_ns : 0;

	if (percent > b->percent)
		return look_less(b, percent / b->percent);
	if (b->probation && !--b->probation)
		b->patience = FIRST_PATIENCE;
	if (!b->level || percent * ROOM > b->percent) {
		b->calm = 0;
		return false;
	}
	if (++b->calm < b->patience)
		return false;
	b->probation = FIRST_PATIENCE;
	b->calm = 0;
	b->level--;
	return true;
}
