/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How closely to look when looking may cost only so much: from events to counts to
 * samples, and back. Pure: costs in, decisions out.
 */
#ifndef _MMS_BUDGET_H
#define _MMS_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#define MODEL_BUDGET_MAX_PERIOD 1024

/**
 * struct model_budget - a budget and what it allows now
 * @percent: of one CPU
 * @events: single events are wanted at all
 * @level: 0 = as wanted; the last = one in MODEL_BUDGET_MAX_PERIOD
 * @calm: checks in a row with room for a closer look
 * @patience: so many are needed before one is tried
 * @probation: checks that a closer look must still pass
 */
struct model_budget {
	double percent;
	bool events;
	unsigned int level;
	unsigned int calm;
	unsigned int patience;
	unsigned int probation;
};

void model_budget_init(struct model_budget *b, double percent, bool events);

/**
 * model_budget_check() - decide on the next stretch
 * @b: state
 * @cost_ns: what looking took in the last one
 * @wall_ns: its length
 * Return: true if the level changed.
 */
bool model_budget_check(struct model_budget *b, uint64_t cost_ns, uint64_t wall_ns);

/* What the level means: look at one of so many (1 = all), stream events. */
unsigned int model_budget_period(const struct model_budget *b);
bool model_budget_events(const struct model_budget *b);
/* Nothing is left to give up. */
bool model_budget_exhausted(const struct model_budget *b);

#endif
