// SPDX-License-Identifier: GPL-2.0-only
/* The clock of mmscope faults: what is done while it waits, and how often. */
#include <stdlib.h>
#include "cmd/faults_run.h"

#define EVENT_PERIOD_NS 50000000ULL /* how often the ring is emptied */
#define EVENT_CHUNK	1000
#define LOOK_PERIOD_NS	200000000ULL /* without events: the budget, and what stacks need */

static void keep_event(const struct mms_fault_event *e, void *ctx)
{
	struct faults_run *r = ctx;
	size_t room = r->room_batch ? r->room_batch * 2 : 1024;
	struct mms_fault_event *batch;

	r->nr_read++;
	if (!(r->args->kinds >> e->kind & 1)) {
		r->nr_other_kinds++;
		return;
	}
	if (r->nr_batch == r->room_batch) {
		batch = reallocarray(r->batch, room, sizeof(*batch));
		if (!batch) {
			r->nr_dropped++;
			return;
		}
		r->batch = batch;
		r->room_batch = room;
	}
	r->batch[r->nr_batch++] = *e;
}

/* Telling a full ring takes seconds: the budget is looked at in between. */
void faults_drain(struct faults_run *r)
{
	size_t i, nr;

	if (!r->args->opts.events)
		return;
	mms_faults_poll(r->f, 0, keep_event, r);
	for (i = 0; i < r->nr_batch && !out_error(r->events); i += nr) {
		nr = r->nr_batch - i < EVENT_CHUNK ? r->nr_batch - i : EVENT_CHUNK;
		r->tell(r, r->batch + i, nr);
		if (!r->err)
			r->err = faults_budget_check(r);
	}
	r->nr_batch = 0;
}

/* Return: false if what is observed has ended, or it can go on no longer. */
static bool look_around(struct faults_run *r, bool more)
{
	faults_drain(r);
	if (r->stacks)
		faults_stacks_poll(r->stacks);
	if (r->used)
		faults_used_look(r->used, r->f);
	if (!more || out_error(r->out) || out_error(r->events))
		return false;
	if (!r->err)
		r->err = faults_budget_check(r);
	return !r->err;
}

bool faults_wait(struct faults_run *r, uint64_t moment)
{
	uint64_t most = r->args->opts.events || r->used ? EVENT_PERIOD_NS : LOOK_PERIOD_NS;
	uint64_t now, until;

	for (;;) {
		now = watch_now_ns();
		if (moment && now >= moment)
			return true;
		until = now + most;
		if (moment && until > moment)
			until = moment;
		if (!look_around(r, watch_until(&r->watch, until)))
			return false;
	}
}
