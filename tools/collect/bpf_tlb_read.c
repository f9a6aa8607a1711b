// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the maps of the TLB programs into plain structs. Must not attach anything,
 * nor format.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "collect/bpf_tlb_impl.h"
#include "collect/bpf_watch.h"
#include "collect/hold.h"
#include "tlb.skel.h"

const char *mms_tlb_reason_name(unsigned int reason)
{
	static const char *const names[] = {
#define REASON_NAME(id, name) [MMS_TLB_##id] = name,
		MMS_TLB_REASONS(REASON_NAME)
#undef REASON_NAME
	};

	return names[reason < MMS_TLB_NR_REASONS ? reason : MMS_TLB_OTHER];
}

static void add_flushes(struct mms_tlb_flushes *to, const struct mms_tlb_flushes *f)
{
	to->flushes += f->flushes;
	to->pages += f->pages;
	to->full += f->full;
	to->none += f->none;
}

static void add_val(struct mms_tlb_val *to, const struct mms_tlb_val *v)
{
	unsigned int i;

	for (i = 0; i < MMS_TLB_REASON_SLOTS; i++)
		add_flushes(&to->by_reason[i], &v->by_reason[i]);
	add_flushes(&to->asked, &v->asked);
	to->asked_other += v->asked_other;
	to->batched += v->batched;
	to->hits += v->hits;
}

/* Room for one more at the end of an array. */
static void *grow(void *array, size_t nr, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 256;

	if (nr < *room)
		return array;
	array = reallocarray(array, more, size);
	if (array)
		*room = more;
	return array;
}

/* Keeps what a process that is gone had, and gives its slot in the kernel back. */
static void retire_count(struct mms_tlb *t, const struct mms_tlb_count *c)
{
	struct mms_tlb_data *r = &t->retired;
	struct mms_tlb_count *room = grow(r->counts, r->nr_counts, &t->room_counts, sizeof(*c));
	__u32 key = (__u32)c->tgid;

	if (!room)
		return;
	r->counts = room;
	/* What is still there would be read again: it must not be in both. */
	if (!bpf_map_delete_elem(bpf_map__fd(t->skel->maps.counts), &key))
		r->counts[r->nr_counts++] = *c;
}

static void retire_received(struct mms_tlb *t, const struct mms_tlb_received *c)
{
	struct mms_tlb_data *r = &t->retired;
	struct mms_tlb_received *room =
		grow(r->received, r->nr_received, &t->room_received, sizeof(*c));
	struct mms_tlb_pair key = {.by = (__u32)c->by, .of = (__u32)c->of};

	if (!room)
		return;
	r->received = room;
	if (!bpf_map_delete_elem(bpf_map__fd(t->skel->maps.pairs), &key))
		r->received[r->nr_received++] = *c;
}

/* One process's counters of all CPUs. Return: false if they are not there. */
static bool fill_count(struct mms_tlb *t, __u32 key, struct mms_tlb_val *vals,
		       struct mms_tlb_count *c)
{
	int cpus = libbpf_num_possible_cpus(), i;

	if (bpf_map_lookup_elem(bpf_map__fd(t->skel->maps.counts), &key, vals))
		return false;
	memset(c, 0, sizeof(*c));
	c->tgid = (pid_t)key;
	for (i = 0; i < cpus; i++)
		add_val(&c->v, &vals[i]);
	mms_watch_comm(bpf_map__fd(t->skel->maps.comms), c->tgid, c->comm);
	return true;
}

static bool fill_received(struct mms_tlb *t, const struct mms_tlb_pair *key,
			  struct mms_tlb_flushes *vals, struct mms_tlb_received *c)
{
	int cpus = libbpf_num_possible_cpus(), i;

	if (bpf_map_lookup_elem(bpf_map__fd(t->skel->maps.pairs), key, vals))
		return false;
	memset(c, 0, sizeof(*c));
	c->by = (pid_t)key->by;
	c->of = (pid_t)key->of;
	for (i = 0; i < cpus; i++)
		add_flushes(&c->n, &vals[i]);
	mms_watch_comm(bpf_map__fd(t->skel->maps.comms), c->by, c->by_comm);
	mms_watch_comm(bpf_map__fd(t->skel->maps.comms), c->of, c->comm);
	return true;
}

static int read_counts(struct mms_tlb *t, struct mms_tlb_data *d)
{
	size_t cpus = (size_t)libbpf_num_possible_cpus(), nr, i, old = t->retired.nr_counts;
	struct mms_hold hold = {0};
	struct mms_tlb_val *vals = calloc(cpus, sizeof(*vals));
	void *keys = NULL;
	int err;

	err = vals ? mms_watch_keys(bpf_map__fd(t->skel->maps.counts), sizeof(__u32), t->max_counts,
				    &keys, &nr)
		   : -ENOMEM;
	if (!err) {
		d->counts = calloc(nr + old + 1, sizeof(*d->counts));
		err = d->counts ? 0 : -ENOMEM;
	}
	if (err)
		goto out;
	for (i = 0; i < old; i++)
		d->counts[d->nr_counts++] = t->retired.counts[i];
	for (i = 0; i < nr; i++) {
		struct mms_tlb_count *c = &d->counts[d->nr_counts];
		__u32 key = ((__u32 *)keys)[i];

		/* Gone before it is read: then what is read is final. */
		bool final = nr > t->max_counts / 2 && mms_watch_gone((pid_t)key);

		mms_hold_step(&hold);
		if (!fill_count(t, key, vals, c))
			continue;
		if (final)
			retire_count(t, c);
		d->nr_counts++;
	}
	mms_hold_end(&hold);
out:
	free(vals);
	free(keys);
	return err;
}

static int read_received(struct mms_tlb *t, struct mms_tlb_data *d)
{
	size_t cpus = (size_t)libbpf_num_possible_cpus(), nr, i, old = t->retired.nr_received;
	struct mms_hold hold = {0};
	struct mms_tlb_flushes *vals = calloc(cpus, sizeof(*vals));
	void *keys = NULL;
	int err;

	err = vals ? mms_watch_keys(bpf_map__fd(t->skel->maps.pairs), sizeof(struct mms_tlb_pair),
				    t->max_pairs, &keys, &nr)
		   : -ENOMEM;
	if (!err) {
		d->received = calloc(nr + old + 1, sizeof(*d->received));
		err = d->received ? 0 : -ENOMEM;
	}
	if (err)
		goto out;
	for (i = 0; i < old; i++)
		d->received[d->nr_received++] = t->retired.received[i];
	for (i = 0; i < nr; i++) {
		const struct mms_tlb_pair *key = (struct mms_tlb_pair *)keys + i;
		struct mms_tlb_received *c = &d->received[d->nr_received];
		bool final = nr > t->max_pairs / 2 &&
			     (mms_watch_gone((pid_t)key->of) || mms_watch_gone((pid_t)key->by));

		mms_hold_step(&hold);
		if (!fill_received(t, key, vals, c))
			continue;
		if (final)
			retire_received(t, c);
		d->nr_received++;
	}
	mms_hold_end(&hold);
out:
	free(vals);
	free(keys);
	return err;
}

/* Names of the gone: the map of names is as large as those that use it, and never full at once. */
static void forget_comms(struct mms_tlb *t, size_t from)
{
	struct mms_hold hold = {0};
	size_t i;

	for (i = from; i < t->retired.nr_counts; i++) {
		__u32 key = (__u32)t->retired.counts[i].tgid;

		mms_hold_step(&hold);
		bpf_map_delete_elem(bpf_map__fd(t->skel->maps.comms), &key);
	}
	mms_hold_end(&hold);
}

/**
 * mms_tlb_read() - snapshot of all counts
 * @t: from mms_tlb_open()
 * @d: filled in; a process may be there twice, when its number was given away again
 * When a map of the kernel is more than half full, processes that are gone are moved out of it.
 * Return: 0 or -errno.
 */
int mms_tlb_read(struct mms_tlb *t, struct mms_tlb_data *d)
{
	size_t old = t->retired.nr_counts;
	int err;

	memset(d, 0, sizeof(*d));
	/* Who received from whom first: it needs the names. */
	err = read_received(t, d);
	if (!err)
		err = read_counts(t, d);
	forget_comms(t, old);
	if (err)
		mms_tlb_data_free(d);
	return err;
}

void mms_tlb_data_free(struct mms_tlb_data *d)
{
	free(d->counts);
	free(d->received);
	memset(d, 0, sizeof(*d));
}

static uint64_t probe_hits(const struct mms_tlb *t)
{
	uint64_t hits = 0;
	size_t i;

	for (i = 0; i < MMS_TLB_NR_HOOKS; i++)
		hits += mms_probe_hits(t->probes[i]);
	return hits;
}

/* Runs that the kernel counted as skipped, of the programs at kprobes. */
static uint64_t counted_at_probes(const struct mms_tlb *t)
{
	const struct bpf_program *const programs[] = {
		t->skel->progs.kprobe_switch,
		t->skel->progs.kprobe_asked,
		t->skel->progs.kprobe_sent,
		t->skel->progs.kprobe_hit,
	};
	uint64_t counted = 0;
	size_t i;

	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		counted += mms_hook_recursion_of(bpf_program__fd(programs[i]));
	return counted;
}

/* The two on tlb_flush stand in for each other: only the first one's are losses, if any. */
static uint64_t missed_elsewhere(const struct mms_tlb *t)
{
	uint64_t flush = mms_hook_recursion_of(bpf_program__fd(t->skel->progs.on_flush)) +
			 mms_hook_recursion_of(bpf_program__fd(t->skel->progs.stand_in));
	uint64_t all = mms_hook_recursion(t->skel->obj);

	return all > flush ? all - flush : 0;
}

/**
 * mms_tlb_losses() - what was seen and what was not kept
 * @t: from mms_tlb_open()
 * @l: filled in
 * Counters are read one after the other while flushes go on: the identity of seen holds
 * exactly only when nothing that is counted runs, or after mms_tlb_stop().
 * Return: 0 or -errno.
 */
int mms_tlb_losses(struct mms_tlb *t, struct mms_tlb_losses *l)
{
	uint64_t n[MMS_TLB_NR_TALLIES], hits = probe_hits(t), missed;
	int err = mms_watch_tallies(bpf_map__fd(t->skel->maps.tallies), n, MMS_TLB_NR_TALLIES);
	size_t i;

	if (err)
		return err;
	*l = (struct mms_tlb_losses){
		.seen = n[MMS_WATCH_SEEN],
		.stored = n[MMS_WATCH_STORED],
		.filtered = n[MMS_WATCH_FILTERED],
		.dropped = n[MMS_WATCH_FULL],
		.dropped_received = n[MMS_TLB_PAIRS_FULL],
		.stood_in = n[MMS_TLB_STOOD_IN],
		.missed_recursion =
			missed_elsewhere(t) - t->before.missed_recursion +
			mms_skips(&t->skips, hits, n[MMS_WATCH_KPROBE_RUNS], counted_at_probes(t)),
		.missed_child = n[MMS_WATCH_TGIDS_FULL],
	};
	missed = mms_hook_recursion_of(bpf_program__fd(t->skel->progs.on_flush)) -
		 t->before.missed_flush;
	l->missed_flush = missed > l->stood_in ? missed - l->stood_in : 0;
	for (i = 0; i < MMS_TLB_NR_HOOKS; i++)
		l->missed_probe += mms_probe_missed(t->probes[i]);
	l->missed_probe -= t->before.missed_probe;
	return 0;
}

int mms_tlb_missed_before(struct mms_tlb *t)
{
	uint64_t n[MMS_TLB_NR_TALLIES];
	int err = mms_watch_tallies(bpf_map__fd(t->skel->maps.tallies), n, MMS_TLB_NR_TALLIES);

	if (err)
		return err;
	mms_skips_begin(&t->skips, n[MMS_WATCH_KPROBE_RUNS], probe_hits(t));
	return mms_tlb_losses(t, &t->before);
}
