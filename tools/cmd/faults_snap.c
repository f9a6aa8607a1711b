// SPDX-License-Identifier: GPL-2.0-only
/* Counts, losses and costs of one moment. Must not know how they are told. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "cmd/faults_snap.h"
#include "cmd/watch.h"

void faults_snap_begin(struct mms_faults *f, struct faults_snap *s)
{
	static const char *const keys[] = {"pgfault", "pgmajfault", "swap_ra", "swap_ra_hit"};
	uint64_t vmstat[] = {MMS_NO_VALUE, MMS_NO_VALUE, MMS_NO_VALUE, MMS_NO_VALUE};

	memset(s, 0, sizeof(*s));
	s->cost = cost_now();
	s->cost.bpf = mms_faults_cost(f);
	mms_keyed_read("/proc/vmstat", keys, vmstat, 4);
	s->pgfault = vmstat[0];
	s->pgmajfault = vmstat[1];
	s->swap_ra = vmstat[2];
	s->swap_ra_hit = vmstat[3];
	s->ns = watch_now_ns();
}

static void take(struct model_fault *to, const struct mms_fault_count *c)
{
	*to = (struct model_fault){
		.cgroup_id = c->cgroup_id,
		.where = c->where,
		.dev = c->dev,
		.tgid = (uint32_t)c->tgid,
		.tid = (uint32_t)c->tid,
		.ustack = c->ustack,
		.kstack = c->kstack,
		.kind = (uint16_t)c->kind,
		.origin = (uint8_t)c->origin,
		.has_place = c->has_place,
		.place = c->place,
		.max_ns = c->max_ns,
		.stored =
			{
				[MODEL_SUM_COUNT] = c->nr,
				[MODEL_SUM_MINOR] = c->nr_minor,
				[MODEL_SUM_MAJOR] = c->nr_major,
				[MODEL_SUM_UNTIMED] = c->nr_untimed,
				[MODEL_SUM_NS] = c->ns,
				[MODEL_SUM_BYTES] = c->bytes,
				[MODEL_SUM_AROUND] = c->around,
			},
	};
	memcpy(to->hist, c->hist, sizeof(to->hist));
	memcpy(to->comm, c->comm, sizeof(to->comm));
}

static int read_counts(struct mms_faults *f, struct model_faults *to)
{
	struct mms_fault_count *c;
	size_t i, nr;
	int err = mms_faults_read(f, &c, &nr);

	if (err)
		return err;
	to->v = calloc(nr + 1, sizeof(*to->v));
	if (!to->v)
		err = -ENOMEM;
	for (i = 0; !err && i < nr; i++)
		if (c[i].nr)
			take(&to->v[to->nr++], &c[i]);
	free(c);
	return err;
}

int faults_snap(struct mms_faults *f, const struct faults_snap *before, struct faults_snap *s)
{
	int err;

	faults_snap_begin(f, s);
	err = read_counts(f, &s->counts);
	if (!err)
		err = mms_faults_losses(f, &s->losses);
	if (err)
		faults_snap_free(s);
	else
		model_faults_settle(&s->counts, &before->counts,
				    s->losses.sampled_out - before->losses.sampled_out);
	return err;
}

int faults_snap_copy(const struct faults_snap *from, struct faults_snap *to)
{
	size_t sz = (from->counts.nr + 1) * sizeof(*from->counts.v);

	*to = *from;
	to->counts.v = malloc(sz);
	if (!to->counts.v) {
		memset(to, 0, sizeof(*to));
		return -ENOMEM;
	}
	if (from->counts.nr)
		memcpy(to->counts.v, from->counts.v, from->counts.nr * sizeof(*from->counts.v));
	return 0;
}

void faults_snap_free(struct faults_snap *s)
{
	model_faults_free(&s->counts);
	memset(s, 0, sizeof(*s));
}

struct mms_fault_losses faults_losses_since(const struct faults_snap *from,
					    const struct faults_snap *to)
{
	const struct mms_fault_losses *a = &from->losses, *b = &to->losses;

	return (struct mms_fault_losses){
		.seen = b->seen - a->seen,
		.stored = b->stored - a->stored,
		.filtered = b->filtered - a->filtered,
		.sampled_out = b->sampled_out - a->sampled_out,
		.dropped_map_full = b->dropped_map_full - a->dropped_map_full,
		.dropped_ring_full = b->dropped_ring_full - a->dropped_ring_full,
		.missed_recursion = b->missed_recursion - a->missed_recursion,
		.missed_entry = b->missed_entry - a->missed_entry,
		.missed_return = b->missed_return - a->missed_return,
		.missed_probe = b->missed_probe - a->missed_probe,
		.missed_child = b->missed_child - a->missed_child,
		.retries = b->retries - a->retries,
		.walk_failed = b->walk_failed - a->walk_failed,
		.stack_lost = b->stack_lost - a->stack_lost,
		.events = b->events - a->events,
	};
}
