// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the maps of bpf/fault_bill.bpf.h. What can change no more is taken out of
 * the kernel when room there gets short. Must not add up: that is the model's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "collect/bpf_bill.h"
#include "collect/bpf_fault_impl.h"
#include "collect/hold.h"
#include "collect/kin.h"
#include "collect/proc.h"

/* A program that still writes to a counter of a past epoch has long ended by then. */
#define SETTLED_NS 1000000000ULL

#define LATE_US 200 /* a program has but to end */

#define MANY_MOMENTS 512 /* with a few counters each they fill a good part of the map */

/* Epochs that somebody is in. */
struct current {
	uint32_t *v;
	size_t nr;
};

struct mms_bills {
	struct mms_faults *f;
	/*
	 * Looked at without a call: while a process is inside bpf(2), kprobes on its CPU are
	 * skipped, and if it is preempted there, those of others.
	 */
	const struct mms_bill_moment *moments;
	const uint32_t *seq; /* the number that the next moment will have */
	uint32_t next;	     /* moment to be read */
	uint32_t taken;	     /* the same when counters were read */
	uint32_t found;	     /* numbers of moments before anybody looked */
	uint64_t missing_ns; /* since when @next is late, 0 = it is not */
	uint64_t lost;
	struct current before; /* as of @before_ns, */
	uint32_t before_seq;   /* of epochs below twice this */
	uint64_t before_ns;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

static const void *look_at(struct mms_faults *f, const char *map, size_t size)
{
	void *p = mmap(NULL, size, PROT_READ, MAP_SHARED, mms_faults_map(f, map), 0);

	return p == MAP_FAILED ? NULL : p;
}

#define MOMENTS_SIZE (MMS_BILL_MOMENTS * sizeof(struct mms_bill_moment))

int mms_bills_open(struct mms_bills **b, struct mms_faults *f)
{
	struct mms_bills *n;

	if (!f->cfg.bill)
		return -EINVAL;
	n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->f = f;
	n->next = n->taken = MMS_BILL_FOUND_MAX;
	n->found = 1;
	n->moments = look_at(f, "moments", MOMENTS_SIZE);
	n->seq = look_at(f, ".data.bill", sizeof(*n->seq));
	if (!n->moments || !n->seq) {
		mms_bills_close(n);
		return -ENOMEM;
	}
	*b = n;
	return 0;
}

void mms_bills_close(struct mms_bills *b)
{
	if (!b)
		return;
	if (b->moments)
		munmap((void *)(uintptr_t)b->moments, MOMENTS_SIZE);
	if (b->seq)
		munmap((void *)(uintptr_t)b->seq, sizeof(*b->seq));
	free(b->before.v);
	free(b);
}

static bool no_room(int err)
{
	return err && err != -EEXIST;
}

/* Enters a process in one of the programs' maps of them. Return: 0 or -errno. */
static int follow(struct mms_bills *b, const char *map, uint32_t tgid, const void *val)
{
	int err = bpf_map_update_elem(mms_faults_map(b->f, map), &tgid, val, BPF_NOEXIST);

	if (no_room(err))
		b->f->unfollowed++;
	return err;
}

/* The life of a process from now on, unless the programs know of one already. Return: its number.
 */
static uint32_t enter(struct mms_bills *b, uint32_t tgid, struct mms_bill_life life)
{
	if (!follow(b, "lives", tgid, &life))
		return life.life;
	return bpf_map_lookup_elem(mms_faults_map(b->f, "lives"), &tgid, &life) ? 0 : life.life;
}

/* A child that the programs have seen meanwhile, or that has ended, is left to them. */
static int enter_fork(struct mms_bills *b, struct model_cow *c, const struct mms_kin *k)
{
	int fd = mms_faults_map(b->f, "lives");
	uint32_t seq = b->found, child = (uint32_t)k->pid;
	struct mms_bill_moment m = {
		.ns = k->start_ns,
		.seq = seq,
		.why = MMS_BILL_FOUND,
		.pid = (uint32_t)k->parent,
		.other = child,
		.other_life = 2 * seq + 1,
	};
	struct mms_bill_life life = {.life = 2 * seq, .epoch = 2 * seq};

	if (seq >= MMS_BILL_FOUND_MAX)
		return -ENOSPC;
	m.life = enter(b, m.pid, life);
	life = (struct mms_bill_life){
		.life = 2 * seq + 1,
		.epoch = 2 * seq + 1,
		.parent = m.pid,
		.parent_life = m.life,
	};
	if (!m.life || follow(b, "lives", child, &life))
		return 0;
	if (mms_proc_gone(k->pid)) {
		bpf_map_delete_elem(fd, &child);
		return 0;
	}
	b->found++;
	memcpy(m.comm, k->comm, sizeof(m.comm));
	return model_cow_moment(c, &m);
}

int mms_bills_find(struct mms_bills *b, struct model_cow *c, pid_t root, const char *cgroup)
{
	struct mms_list list = {0};
	struct mms_kin *k, *end;
	__u8 member = 1;
	int err;

	err = mms_kin_read(root, &list);
	for (k = list.v, end = k + list.nr; !err && k < end; k++) {
		/* What they fork from now on is to be seen, too. */
		if (root && no_room(follow(b, "tgids", (uint32_t)k->pid, &member)))
			continue;
		if (k->forked && (!cgroup || mms_kin_in_cgroup(k->parent, cgroup)))
			err = enter_fork(b, c, k);
	}
	free(list.v);
	return err;
}

/* Its number is given out, but it is not there: it will be in an instant. */
static bool is_late(struct mms_bills *b, uint32_t seq)
{
	if ((int32_t)(seq - b->next) > 0)
		return false; /* it never will: another one is in its place */
	if (!b->missing_ns)
		b->missing_ns = now_ns();
	return now_ns() - b->missing_ns < SETTLED_NS;
}

/* Return: 1 if there was one, 0 if not, or -errno. */
static int take_moment(struct mms_bills *b, struct model_cow *c)
{
	const struct mms_bill_moment *slot = &b->moments[b->next & (MMS_BILL_MOMENTS - 1)];
	struct mms_bill_moment m;
	uint32_t seq;
	int err;

	if (b->next == __atomic_load_n(b->seq, __ATOMIC_ACQUIRE))
		return 0;
	/* The number is written last; and if it is another one afterwards, so may be the rest. */
	seq = __atomic_load_n(&slot->seq, __ATOMIC_ACQUIRE);
	m = *slot;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (seq == b->next)
		seq = __atomic_load_n(&slot->seq, __ATOMIC_RELAXED);
	if (seq != b->next) {
		if (is_late(b, seq))
			return 0;
		b->lost++;
		m.why = MMS_BILL_NONE;
	}
	m.seq = b->next++;
	b->missing_ns = 0;
	err = model_cow_moment(c, &m);
	return err ? err : 1;
}

/* Every moment whose number is given out by now; one that is late is waited for. */
static int poll_all(struct mms_bills *b, struct model_cow *c)
{
	uint32_t end = __atomic_load_n(b->seq, __ATOMIC_ACQUIRE);
	uint64_t begun = now_ns();
	int err = mms_bills_poll(b, c);

	while (!err && b->missing_ns && (int32_t)(end - b->next) > 0) {
		usleep(LATE_US);
		/* Given out before that, all of them: they do not wait one after the other. */
		if (now_ns() - begun >= SETTLED_NS)
			b->missing_ns = begun;
		err = mms_bills_poll(b, c);
	}
	return err;
}

static int by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int read_current(struct mms_bills *b, struct current *cur)
{
	int fd = mms_faults_map(b->f, "lives");
	struct mms_hold hold = {0};
	struct mms_bill_life life;
	__u32 key, *prev = NULL;

	cur->nr = 0;
	cur->v = calloc(MMS_BILL_LIVES, sizeof(*cur->v));
	if (!cur->v)
		return -ENOMEM;
	while (cur->nr < MMS_BILL_LIVES && !bpf_map_get_next_key(fd, prev, &key)) {
		mms_hold_step(&hold);
		if (!bpf_map_lookup_elem(fd, &key, &life))
			cur->v[cur->nr++] = life.epoch;
		prev = &key;
	}
	mms_hold_end(&hold);
	qsort(cur->v, cur->nr, sizeof(*cur->v), by_number);
	return 0;
}

static bool is_current(const struct current *cur, uint32_t epoch)
{
	return cur->nr && bsearch(&epoch, cur->v, cur->nr, sizeof(*cur->v), by_number);
}

/* Past: its number was given out a second ago, nobody was in it, nor is now. It stays as it is. */
static bool is_past(const struct mms_bills *b, const struct current *now, uint32_t epoch)
{
	return b->before_ns && now_ns() - b->before_ns >= SETTLED_NS && epoch / 2 < b->before_seq &&
	       !is_current(&b->before, epoch) && !is_current(now, epoch);
}

/* What is current now is what later looks compare with, once it is old enough. */
static void keep_current(struct mms_bills *b, struct current *cur, uint32_t seq)
{
	if (b->before_ns && now_ns() - b->before_ns < SETTLED_NS) {
		free(cur->v);
		return;
	}
	free(b->before.v);
	b->before = *cur;
	b->before_seq = seq;
	b->before_ns = now_ns();
}

/*
 * Keys first: the programs only add some, and only we take some away. One by one: a batch would
 * be inside bpf(2) for all of the map's buckets.
 */
static size_t read_counts(struct mms_bills *b, struct mms_bill_key *keys, struct mms_bill_val *vals)
{
	int fd = mms_faults_map(b->f, "bills");
	struct mms_hold hold = {0};
	size_t n = 0, i, out = 0;

	while (n < MMS_BILL_COUNTS && !bpf_map_get_next_key(fd, n ? &keys[n - 1] : NULL, &keys[n]))
		n++;
	for (i = 0; i < n; i++) {
		mms_hold_step(&hold);
		if (bpf_map_lookup_elem(fd, &keys[i], &vals[out]))
			continue;
		keys[out++] = keys[i];
	}
	mms_hold_end(&hold);
	return out;
}

/* When room gets short, what is past is taken out. */
static int give(struct mms_bills *b, struct model_cow *c, const struct mms_bill_key *keys,
		const struct mms_bill_val *vals, size_t n)
{
	struct model_cow_count *counts = calloc(n + 1, sizeof(*counts));
	bool tidy = n > MMS_BILL_COUNTS / 4;
	struct current cur = {0};
	struct mms_hold hold = {0};
	uint32_t seq = *b->seq;
	int err = counts ? 0 : -ENOMEM;
	size_t i;

	if (!err && tidy)
		err = read_current(b, &cur);
	for (i = 0; !err && i < n; i++) {
		counts[i] = (struct model_cow_count){
			.key = keys[i],
			.val = vals[i],
			.final = tidy && is_past(b, &cur, keys[i].epoch),
		};
		if (!counts[i].final)
			continue;
		mms_hold_step(&hold);
		bpf_map_delete_elem(mms_faults_map(b->f, "bills"), &keys[i]);
	}
	mms_hold_end(&hold);
	if (tidy)
		keep_current(b, &cur, seq);
	if (!err)
		err = poll_all(b, c);
	if (!err)
		err = model_cow_counts(c, counts, n);
	free(counts);
	return err;
}

int mms_bills_poll(struct mms_bills *b, struct model_cow *c)
{
	int ret;

	do
		ret = take_moment(b, c);
	while (ret > 0);
	return ret;
}

int mms_bills_take(struct mms_bills *b, struct model_cow *c)
{
	struct mms_bill_key *keys = calloc(MMS_BILL_COUNTS, sizeof(*keys));
	struct mms_bill_val *vals = calloc(MMS_BILL_COUNTS, sizeof(*vals));
	int err = -ENOMEM;

	/* Counters come first: then the moments tell of every epoch in them. */
	if (keys && vals)
		err = give(b, c, keys, vals, read_counts(b, keys, vals));
	b->taken = b->next;
	free(keys);
	free(vals);
	return err;
}

bool mms_bills_crowded(const struct mms_bills *b)
{
	return b->next - b->taken > MANY_MOMENTS;
}

uint64_t mms_bills_lost(const struct mms_bills *b)
{
	return b->lost;
}

bool mms_bills_place(struct mms_bills *b, pid_t tgid, uint64_t where, struct mms_fault_place *p)
{
	struct mms_fault_place_key key = {.tgid = (__u32)tgid, .where = where};
	int fd = mms_faults_map(b->f, "places");

	return fd >= 0 && !bpf_map_lookup_elem(fd, &key, p);
}
