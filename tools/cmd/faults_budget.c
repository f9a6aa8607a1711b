// SPDX-License-Identifier: GPL-2.0-only
/*
 * --max-overhead: what counting costs is looked at once a second, and how closely to
 * look is changed by model/budget. Every change is told.
 */
#include <errno.h>
#include <string.h>
#include "cmd/faults_run.h"

#define CHECK_NS 1000000000ULL

/* Time of the programs and of this process. */
static uint64_t spent_ns(struct faults_run *r)
{
	return mms_faults_cost(r->f).run_ns + cost_now().cpu_ns;
}

int faults_budget_begin(struct faults_run *r)
{
	r->worst = r->period;
	if (!(r->args->budget > 0))
		return 0;
	model_budget_init(&r->budget, r->args->budget, r->args->opts.events);
	r->checked.ns = watch_now_ns();
	r->checked.cost_ns = spent_ns(r);
	return faults_snap_copy(&r->begin, &r->last);
}

static void tell_change(struct faults_run *r, double percent)
{
	unsigned int period = model_budget_period(&r->budget);
	struct out *o = r->args->opts.events ? r->events : r->out;

	if (model_budget_events(&r->budget))
		out_note(o, "overhead %.2f %% of a CPU, budget %g %%: events again", percent,
			 r->args->budget);
	else if (period == 1)
		out_note(o, "overhead %.2f %% of a CPU, budget %g %%: every fault is counted",
			 percent, r->args->budget);
	else
		out_note(o, "overhead %.2f %% of a CPU, budget %g %%: one fault of %u is looked at",
			 percent, r->args->budget, period);
}

/* Events that fell back to counts: from here on there is something to report. */
static int begin_counting(struct faults_run *r)
{
	faults_snap_free(&r->begin);
	r->counting = true;
	r->worst = r->period;
	return faults_snap_copy(&r->last, &r->begin);
}

/* Takes in what came under the old period. */
static int advance(struct faults_run *r)
{
	struct faults_snap s;
	int err = faults_snap(r->f, &r->last, &s);

	if (err)
		return err;
	faults_snap_free(&r->last);
	r->last = s;
	return 0;
}

/* Events and counts overlap a little where one takes over from the other: none is in neither. */
static int change(struct faults_run *r, double percent)
{
	bool events = model_budget_events(&r->budget), back = events && r->counting;
	int err = back ? 0 : advance(r);

	if (err)
		return err;
	mms_faults_throttle(r->f, model_budget_period(&r->budget), events);
	err = back ? faults_report_span(r) : 0;
	if (err)
		return err;
	r->period = model_budget_period(&r->budget);
	r->counting &= !back;
	tell_change(r, percent);
	if (r->args->opts.events && !events && !r->counting)
		return begin_counting(r);
	if (r->period > r->worst)
		r->worst = r->period;
	return 0;
}

int faults_budget_check(struct faults_run *r)
{
	uint64_t now = watch_now_ns(), cost, wall = now - r->checked.ns, every = CHECK_NS;
	double percent;
	bool changed;

	if (r->watch.interval_ns && r->watch.interval_ns < every)
		every = r->watch.interval_ns;
	if (!(r->args->budget > 0) || wall < every)
		return 0;
	cost = spent_ns(r) - r->checked.cost_ns;
	percent = 100.0 * (double)cost / (double)wall;
	changed = model_budget_check(&r->budget, cost, wall);
	r->checked.ns = now;
	r->checked.cost_ns += cost;
	if (changed)
		return change(r, percent);
	if (percent > r->args->budget && model_budget_exhausted(&r->budget) && !r->exhausted) {
		r->exhausted = true;
		out_note(r->args->opts.events ? r->events : r->out,
			 "overhead %.2f %% of a CPU: there is nothing left to leave out", percent);
	}
	return 0;
}
