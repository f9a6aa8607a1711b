// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the fault programs tell besides the counts: what was lost, what has not ended,
 * stacks, their cost, the event stream. Must not attach anything, nor format.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "collect/bpf_fault_impl.h"
#include "collect/hold.h"

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

static uint64_t sum_tally(const struct mms_faults *f, unsigned int which)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < MMS_FAULT_CPUS && i < f->cfg.nr_cpus; i++)
		sum += __atomic_load_n(&f->shared->tallies[i].nr[which], __ATOMIC_RELAXED);
	return sum;
}

static uint64_t probe_hits(const struct mms_faults *f)
{
	return mms_probe_hits(f->entry) + mms_probe_hits(f->ret);
}

void mms_faults_skipped_before(struct mms_faults *f)
{
	uint64_t runs = sum_tally(f, MMS_TALLY_RUNS);

	mms_skips_begin(&f->skips, runs, probe_hits(f));
}

static uint64_t recursion_of(struct mms_faults *f, const char *program)
{
	return mms_hook_recursion_of(bpf_program__fd(mms_faults_program(f, program)));
}

/*
 * Where an exit was not looked at the next task with that number makes up for it; but a bill
 * ends there, and the number of a thread may go to a worker of the kernel's, whose fork is not
 * told. Threads that end together do meet where programs are preempted.
 */
static uint64_t skipped_elsewhere(struct mms_faults *f)
{
	uint64_t exits = f->cfg.bill || f->cfg.only_tid ? 0 : recursion_of(f, "on_exit");

	return mms_hook_recursion(f->obj) - exits;
}

/* Nothing where the kernel has counted it with its recursion_misses. */
static uint64_t skipped_at_probes(struct mms_faults *f)
{
	uint64_t hits = probe_hits(f), runs = sum_tally(f, MMS_TALLY_RUNS);

	if (!f->entry)
		return 0;
	return mms_skips(&f->skips, hits, runs,
			 recursion_of(f, f->entry_program) + recursion_of(f, f->return_program));
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
	uint64_t t[MMS_TALLY_NR];
	unsigned int i;

	/* Backwards: parts before wholes, so that a part never exceeds its whole. */
	for (i = MMS_TALLY_NR; i-- > 0;)
		t[i] = sum_tally(f, i);
	mms_missed_look(&f->missed, t[MMS_TALLY_NO_START], t[MMS_TALLY_STARTS_FULL]);
	*l = (struct mms_fault_losses){
		.seen = t[MMS_TALLY_SEEN],
		.stored = t[MMS_TALLY_STORED],
		.filtered = t[MMS_TALLY_FILTERED],
		.sampled_out = t[MMS_TALLY_SAMPLED_OUT],
		.dropped_map_full = t[MMS_TALLY_COUNTS_FULL] + f->missed.full,
		.dropped_ring_full = t[MMS_TALLY_RING_FULL],
		.missed_recursion = skipped_elsewhere(f) + skipped_at_probes(f),
		.missed_entry = f->missed.ends - f->missed.full,
		.missed_return = t[MMS_TALLY_NO_RETURN],
		.missed_probe = mms_probe_missed(f->entry) + mms_probe_missed(f->ret) +
				mms_hook_missed(f->session_fd),
		.missed_child = t[MMS_TALLY_TGIDS_FULL] + f->unfollowed,
		.retries = t[MMS_TALLY_RETRIES],
		.walk_failed = t[MMS_TALLY_WALK_FAILED],
		.stack_lost = t[MMS_TALLY_STACK_LOST],
		.events = t[MMS_TALLY_EVENTS],
	};
	return 0;
}

/* Called for each fault inside; a copy, which may have been torn by its end. */
typedef int (*start_fn)(pid_t tid, const struct mms_fault_start *s, void *ctx);

static int each_start(struct mms_faults *f, start_fn fn, void *ctx)
{
	int fd = mms_faults_map(f, "more_starts"), err = 0;
	__u32 key, next, *prev = NULL;
	struct mms_hold hold = {0};
	struct mms_fault_start s;
	size_t i;

	for (i = 0; !err && i < MMS_FAULT_STARTS; i++) {
		const struct mms_fault_start *slot = &f->shared->starts[i];

		if (!slot->owner || slot->state != MMS_START_RUNNING)
			continue;
		s = *slot;
		if (s.owner && s.state == MMS_START_RUNNING && s.fate == MMS_FATE_COUNT)
			err = fn((pid_t)s.owner, &s, ctx);
	}
	while (!err && !bpf_map_get_next_key(fd, prev, &next)) {
		key = next;
		prev = &key;
		mms_hold_step(&hold);
		if (!bpf_map_lookup_elem(fd, &key, &s) && s.state == MMS_START_RUNNING &&
		    s.fate == MMS_FATE_COUNT)
			err = fn((pid_t)key, &s, ctx);
	}
	mms_hold_end(&hold);
	return err;
}

struct in_flight {
	uint64_t now, nr, ns;
};

static int add_in_flight(pid_t tid, const struct mms_fault_start *s, void *ctx)
{
	struct in_flight *sum = ctx;

	if (s->ts > sum->now)
		return 0;
	sum->nr++;
	sum->ns += sum->now - s->ts;
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
	struct in_flight sum = {.now = now_ns()};
	int err = each_start(f, add_in_flight, &sum);

	*nr = sum.nr;
	*ns = sum.ns;
	return err;
}

struct open_list {
	struct mms_fault_open *v;
	size_t nr, room;
	uint64_t now;
};

/* The thread is inside a fault, so it is there, unless the fault has just ended. */
static void read_comm(struct mms_fault_open *o)
{
	char path[64], *end;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", o->tgid, o->tid);
	f = fopen(path, "re");
	if (!f)
		return;
	if (!fgets(o->comm, sizeof(o->comm), f))
		o->comm[0] = '\0';
	fclose(f);
	end = strchr(o->comm, '\n');
	if (end)
		*end = '\0';
}

static int add_open(pid_t tid, const struct mms_fault_start *s, void *ctx)
{
	struct open_list *l = ctx;
	size_t room = l->room ? l->room * 2 : 64;
	struct mms_fault_open *v;

	if (s->ts > l->now)
		return 0;
	if (l->nr == l->room) {
		v = reallocarray(l->v, room, sizeof(*v));
		if (!v)
			return -ENOMEM;
		l->v = v;
		l->room = room;
	}
	v = &l->v[l->nr++];
	*v = (struct mms_fault_open){
		.tgid = (pid_t)s->tgid,
		.tid = tid,
		.addr = s->addr,
		.ns = l->now - s->ts,
		.origin = s->origin,
		.links = s->links,
	};
	read_comm(v);
	return 0;
}

static int longest_first(const void *a, const void *b)
{
	const struct mms_fault_open *x = a, *y = b;

	return (x->ns < y->ns) - (x->ns > y->ns);
}

int mms_faults_open_list(struct mms_faults *f, struct mms_fault_open **v, size_t *nr)
{
	struct open_list l = {.now = now_ns()};
	int err = each_start(f, add_open, &l);

	if (err) {
		free(l.v);
		return err;
	}
	if (l.nr)
		qsort(l.v, l.nr, sizeof(*l.v), longest_first);
	*v = l.v;
	*nr = l.nr;
	return 0;
}

/* Begin of the kernel's code and its end, and where handle_mm_fault() is; 0 = unknown. */
struct text_range {
	uint64_t start, end, fault, behind_fault;
};

static void read_text_range(struct text_range *t)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	char line[256], *name;
	uint64_t addr;

	/* "ADDRESS TYPE NAME"; what scanf takes for 200,000 of them can be felt. */
	while (f && fgets(line, sizeof(line), f)) {
		addr = strtoull(line, &name, 16);
		if (strlen(name) < 4)
			continue;
		name += 3;
		name[strcspn(name, " \t\n")] = '\0';
		if (t->fault && addr > t->fault && (!t->behind_fault || addr < t->behind_fault))
			t->behind_fault = addr;
		if (!strcmp(name, "_stext"))
			t->start = addr;
		else if (!strcmp(name, "_etext"))
			t->end = addr;
		else if (!strcmp(name, "handle_mm_fault"))
			t->fault = addr;
	}
	if (f)
		fclose(f);
}

/*
 * A stack taken in a trampoline begins with our program, the trampoline, and where it was called
 * from; with kprobes it begins with the caller of handle_mm_fault(). Make it always so.
 */
static size_t frames_to_skip(const struct mms_fault_stack *st)
{
	static struct text_range text;
	size_t i = 0;

	if (!text.start)
		read_text_range(&text);
	/* User space is below, and has no such frames. */
	if (!st->nr || !(st->ip[0] >> 63) || !text.end)
		return 0;
	while (i < st->nr && (st->ip[i] < text.start || st->ip[i] >= text.end))
		i++;
	while (i < st->nr && text.fault && st->ip[i] >= text.fault && st->ip[i] < text.behind_fault)
		i++;
	return i < st->nr ? i : 0;
}

int mms_faults_stack(struct mms_faults *f, int32_t id, uint64_t *ips, size_t max)
{
	struct mms_fault_stack st;
	struct mms_hold hold = {0};
	size_t n = 0, i;
	int err;

	if (id < 0)
		return -ENOENT;
	mms_hold_step(&hold);
	err = bpf_map_lookup_elem(mms_faults_map(f, "stacks"), &id, &st);
	mms_hold_end(&hold);
	if (err)
		return err;
	if (st.nr > MMS_FAULT_FRAMES)
		return -EIO;
	for (i = frames_to_skip(&st); i < st.nr && n < max; i++)
		ips[n++] = st.ip[i];
	return (int)n;
}

struct mms_bpf_cost mms_faults_cost(const struct mms_faults *f)
{
	struct mms_bpf_cost c = {};

	mms_bpf_cost_add(f->obj, &c);
	return c;
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
