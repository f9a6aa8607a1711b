// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the maps of the fault programs into plain structs. Must not attach
 * anything, nor format.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "collect/bpf_fault_impl.h"

static void add_val(struct mms_fault_count *c, const struct mms_fault_val *v)
{
	size_t b;

	c->nr += v->nr;
	c->nr_minor += v->nr_minor;
	c->nr_major += v->nr_major;
	c->nr_untimed += v->nr_untimed;
	c->ns += v->ns;
	c->bytes += v->bytes;
	c->around += v->around;
	if (v->max_ns > c->max_ns)
		c->max_ns = v->max_ns;
	for (b = 0; b < MMS_FAULT_HIST_BUCKETS; b++)
		c->hist[b] += v->hist[b];
}

static void fill_count(struct mms_faults *f, struct mms_fault_count *c,
		       const struct mms_fault_key *key, const struct mms_fault_val *vals, int cpus)
{
	int i;

	memset(c, 0, sizeof(*c));
	c->cgroup_id = key->cgroup_id;
	c->tgid = (pid_t)key->tgid;
	c->kind = key->kind;
	c->origin = key->origin;
	c->ustack = -1;
	c->kstack = -1;
	for (i = 0; i < cpus; i++)
		add_val(c, &vals[i]);
	bpf_map_lookup_elem(mms_faults_map(f, "comms"), &key->tgid, c->comm);
	c->comm[sizeof(c->comm) - 1] = '\0';
}

/* All keys first: counters may come while we read, keys are only deleted by us. */
static int read_keys(int fd, size_t max, struct mms_fault_key **keys, size_t *nr)
{
	struct mms_fault_key *k = calloc(max, sizeof(*k));
	struct mms_fault_key *prev = NULL;
	size_t n = 0;

	if (!k)
		return -ENOMEM;
	while (n < max && !bpf_map_get_next_key(fd, prev, &k[n])) {
		prev = &k[n];
		n++;
	}
	*keys = k;
	*nr = n;
	return 0;
}

static bool is_gone(pid_t tgid)
{
	return kill(tgid, 0) && errno == ESRCH;
}

/* Keeps the counts of a process that is gone and gives its slot in the kernel back. */
static int retire(struct mms_faults *f, const struct mms_fault_key *key,
		  const struct mms_fault_count *c)
{
	size_t room = f->room_retired ? f->room_retired * 2 : 256;
	struct mms_fault_count *r = f->retired;

	if (f->nr_retired == f->room_retired) {
		r = reallocarray(f->retired, room, sizeof(*r));
		if (!r)
			return -ENOMEM;
		f->retired = r;
		f->room_retired = room;
	}
	r[f->nr_retired++] = *c;
	bpf_map_delete_elem(mms_faults_map(f, "counts"), key);
	return 0;
}

/**
 * mms_faults_read() - snapshot of all counts
 * @f: from mms_faults_open()
 * @counts: set to a malloc'ed array
 * @nr: its length
 * When the kernel's map is more than half full, processes that are gone are moved out of it.
 * Return: 0 or -errno.
 */
int mms_faults_read(struct mms_faults *f, struct mms_fault_count **counts, size_t *nr)
{
	int fd = mms_faults_map(f, "counts"), cpus = libbpf_num_possible_cpus(), err;
	struct mms_fault_val *vals = NULL;
	struct mms_fault_count *c = NULL;
	struct mms_fault_key *keys = NULL;
	size_t n, i, out, nr_before = f->nr_retired;
	bool tidy;

	err = read_keys(fd, f->max_counts, &keys, &n);
	if (err)
		return err;
	tidy = n > f->max_counts / 2;
	vals = calloc((size_t)cpus, sizeof(*vals));
	c = calloc(n + f->nr_retired + 1, sizeof(*c));
	out = f->nr_retired;
	err = -ENOMEM;
	if (!vals || !c)
		goto out;
	if (out)
		memcpy(c, f->retired, out * sizeof(*c));
	for (i = 0; i < n; i++) {
		if (bpf_map_lookup_elem(fd, &keys[i], vals))
			continue;
		fill_count(f, &c[out], &keys[i], vals, cpus);
		/* Gone before we read: then what we read is final. */
		if (tidy && is_gone(c[out].tgid) && !bpf_map_lookup_elem(fd, &keys[i], vals)) {
			fill_count(f, &c[out], &keys[i], vals, cpus);
			retire(f, &keys[i], &c[out]);
		}
		out++;
	}
	for (i = nr_before; i < f->nr_retired; i++)
		bpf_map_delete_elem(mms_faults_map(f, "comms"), &f->retired[i].tgid);
	*counts = c;
	*nr = out;
	c = NULL;
	err = 0;
out:
	free(c);
	free(vals);
	free(keys);
	return err;
}

static uint64_t read_tally(int fd, __u32 which, uint64_t *vals, int cpus)
{
	uint64_t sum = 0;
	int i;

	if (bpf_map_lookup_elem(fd, &which, vals))
		return 0;
	for (i = 0; i < cpus; i++)
		sum += vals[i];
	return sum;
}

/**
 * mms_faults_losses() - what was seen and what was not kept
 * @f: from mms_faults_open()
 * @l: filled in
 * Counters are read one after the other while faults go on: the identity of seen holds
 * exactly only when nothing that is counted runs.
 * Return: 0 or -errno.
 */
int mms_faults_losses(struct mms_faults *f, struct mms_fault_losses *l)
{
	int fd = mms_faults_map(f, "tallies"), cpus = libbpf_num_possible_cpus();
	uint64_t t[MMS_TALLY_NR], *vals = calloc((size_t)cpus, sizeof(*vals)), no_start;
	__u32 i;

	if (!vals)
		return -ENOMEM;
	/* Backwards: parts before wholes, so that a part never exceeds its whole. */
	for (i = MMS_TALLY_NR; i-- > 0;)
		t[i] = read_tally(fd, i, vals, cpus);
	free(vals);
	no_start = t[MMS_TALLY_NO_START];
	if (t[MMS_TALLY_STARTS_FULL] > no_start)
		t[MMS_TALLY_STARTS_FULL] = no_start;
	*l = (struct mms_fault_losses){
		.seen = t[MMS_TALLY_SEEN],
		.stored = t[MMS_TALLY_STORED],
		.filtered = t[MMS_TALLY_FILTERED],
		.dropped_map_full = t[MMS_TALLY_COUNTS_FULL] + t[MMS_TALLY_STARTS_FULL],
		.dropped_ring_full = t[MMS_TALLY_RING_FULL],
		.missed_recursion = mms_hook_recursion(f->obj),
		.missed_entry = no_start - t[MMS_TALLY_STARTS_FULL],
		.missed_return = t[MMS_TALLY_NO_RETURN],
		.missed_probe = mms_probe_missed(f->entry) + mms_probe_missed(f->ret) +
				mms_hook_missed(f->session_fd),
		.missed_child = t[MMS_TALLY_TGIDS_FULL],
		.retries = t[MMS_TALLY_RETRIES],
		.sampled_out = t[MMS_TALLY_SAMPLED_OUT],
		.stack_lost = t[MMS_TALLY_STACK_LOST],
		.walk_failed = t[MMS_TALLY_WALK_FAILED],
		.events = t[MMS_TALLY_EVENTS],
	};
	return 0;
}

/**
 * mms_faults_in_flight() - faults that have not ended yet
 * @f: from mms_faults_open()
 * @nr: how many
 * @ns: how long they have lasted so far, summed
 * Between two links of a chain a fault is not inside: when a signal ended the chain, it never
 * will be again.
 * Return: 0 or -errno.
 */
int mms_faults_in_flight(struct mms_faults *f, uint64_t *nr, uint64_t *ns)
{
	int fd = mms_faults_map(f, "starts");
	struct mms_fault_start s;
	__u32 key, next, *prev = NULL;
	struct timespec t;
	uint64_t now;

	clock_gettime(CLOCK_MONOTONIC, &t);
	now = (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
	*nr = 0;
	*ns = 0;
	while (!bpf_map_get_next_key(fd, prev, &next)) {
		key = next;
		prev = &key;
		if (bpf_map_lookup_elem(fd, &key, &s) || s.state != MMS_START_RUNNING || s.ts > now)
			continue;
		++*nr;
		*ns += now - s.ts;
	}
	return errno == ENOENT ? 0 : -errno;
}

/**
 * mms_faults_execd() - the command's counters when its counting began
 * @f: from mms_faults_open()
 * @e: filled in; ns = 0 if execve was not reached
 * Return: 0 or -errno.
 */
int mms_faults_execd(struct mms_faults *f, struct mms_fault_execd *e)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(mms_faults_map(f, ".data.execd"), &zero, e);
}

static int on_sample(void *ctx, void *data, size_t size)
{
	struct mms_faults *f = ctx;

	if (size >= sizeof(struct mms_fault_event))
		f->fn(data, f->fn_ctx);
	return 0;
}

/**
 * mms_faults_open_ring() - make the event stream readable
 * @f: loaded with events
 * Return: 0 or -errno.
 */
int mms_faults_open_ring(struct mms_faults *f)
{
	f->ring = ring_buffer__new(mms_faults_map(f, "events"), on_sample, f, NULL);
	return f->ring ? 0 : -errno;
}

int mms_faults_poll(struct mms_faults *f, int timeout_ms, mms_fault_event_fn fn, void *ctx)
{
	int nr, more;

	if (!f->ring)
		return -EINVAL;
	f->fn = fn;
	f->fn_ctx = ctx;
	nr = timeout_ms ? ring_buffer__poll(f->ring, timeout_ms) : 0;
	if (nr < 0)
		return nr;
	/* The kernel side wakes us for full batches only: the rest is ours to fetch. */
	more = ring_buffer__consume(f->ring);
	return more < 0 ? more : nr + more;
}

int mms_faults_open_list(struct mms_faults *f, struct mms_fault_open **v, size_t *nr)
{
	return -EOPNOTSUPP;
}

int mms_faults_stack(struct mms_faults *f, int32_t id, uint64_t *ips, size_t max)
{
	return -EOPNOTSUPP;
}

int mms_faults_cost(struct mms_faults *f, struct mms_fault_cost *c)
{
	return -EOPNOTSUPP;
}

int mms_faults_throttle(struct mms_faults *f, unsigned int period, bool events)
{
	return -EOPNOTSUPP;
}

int mms_faults_forks(struct mms_faults *f, struct mms_fault_fork_seen **v, size_t *nr)
{
	return -EOPNOTSUPP;
}
