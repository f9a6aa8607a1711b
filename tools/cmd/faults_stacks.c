// SPDX-License-Identifier: GPL-2.0-only
/*
 * From counts by stack ids to lines of functions: what came since the last report,
 * ids to addresses, addresses to names, equal lines made one. Must not know the
 * clock of the run, nor how lines are written.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cmd/faults_opts.h"
#include "cmd/faults_stacks.h"
#include "collect/mmaps.h"
#include "collect/symbols.h"
#include "model/fault_words.h"

#define NOT_ASKED (-1) /* an id of mms_fault_count */

/* Counts of one pair of stacks in one program of a process, over all its cgroups. */
struct count {
	pid_t tgid;
	unsigned int exec, kind, origin;
	int32_t ustack, kstack;
	uint64_t nr, ns, bytes, nr_minor, nr_major;
	uint64_t last_ns; /* a moment at which the stack was as it is told */
	char comm[16];
};

struct counts {
	struct count *v;
	size_t nr;
};

/* A line. Frames are indices into struct rows, outermost first. */
struct row {
	struct count c;
	size_t user, nr_user;
	size_t kernel, nr_kernel;
};

struct rows {
	struct row *v;
	size_t nr;
	const char **frames;
	size_t nr_frames, room_frames;
	bool by_pid;
	enum faults_weight weight;
};

struct faults_stacks {
	struct mms_mmaps *mmaps;
	struct mms_symbols *symbols;
	enum faults_weight weight;
	struct counts before, now;
};

int faults_stacks_open(struct faults_stacks **result, pid_t pid, enum faults_weight weight)
{
	struct faults_stacks *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->weight = weight;
	err = mms_mmaps_open(&s->mmaps, pid);
	if (!err)
		err = mms_symbols_open(&s->symbols, s->mmaps);
	if (err) {
		faults_stacks_close(s);
		return err;
	}
	*result = s;
	return 0;
}

void faults_stacks_close(struct faults_stacks *s)
{
	if (!s)
		return;
	mms_symbols_close(s->symbols);
	mms_mmaps_close(s->mmaps);
	free(s->before.v);
	free(s->now.v);
	free(s);
}

void faults_stacks_poll(struct faults_stacks *s)
{
	/* Without memory what was not taken in waits for the next time. */
	mms_mmaps_poll(s->mmaps);
}

/* --- counts ------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
	const struct count *x = a, *y = b;

	if (x->tgid != y->tgid)
		return x->tgid < y->tgid ? -1 : 1;
	if (x->exec != y->exec)
		return x->exec < y->exec ? -1 : 1;
	if (x->ustack != y->ustack)
		return x->ustack < y->ustack ? -1 : 1;
	if (x->kstack != y->kstack)
		return x->kstack < y->kstack ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return (x->origin > y->origin) - (x->origin < y->origin);
}

static void add(struct count *to, const struct count *c)
{
	to->nr += c->nr;
	to->ns += c->ns;
	to->bytes += c->bytes;
	to->nr_minor += c->nr_minor;
	to->nr_major += c->nr_major;
	if (c->last_ns > to->last_ns)
		to->last_ns = c->last_ns;
}

static int sum_up(const struct mms_fault_count *in, size_t nr_in, struct counts *result)
{
	struct count *v = calloc(nr_in + 1, sizeof(*v));
	size_t i, nr = 0;

	for (i = 0; v && i < nr_in; i++) {
		v[i] = (struct count){
			.tgid = in[i].tgid,
			.exec = in[i].exec,
			.kind = in[i].kind,
			.origin = in[i].origin,
			.ustack = in[i].ustack,
			.kstack = in[i].kstack,
			.nr = in[i].nr,
			.ns = in[i].ns,
			.bytes = in[i].bytes,
			.nr_minor = in[i].nr_minor,
			.nr_major = in[i].nr_major,
			.last_ns = in[i].last_ns,
		};
		memcpy(v[i].comm, in[i].comm, sizeof(v[i].comm));
	}
	if (!v)
		return -ENOMEM;
	qsort(v, nr_in, sizeof(*v), by_key);
	for (i = 0; i < nr_in; i++) {
		if (nr && !by_key(&v[nr - 1], &v[i]))
			add(&v[nr - 1], &v[i]);
		else
			v[nr++] = v[i];
	}
	*result = (struct counts){.v = v, .nr = nr};
	return 0;
}

/* Less what was counted @before; called in the order of keys, @at goes along. */
static void subtract(struct count *c, const struct counts *before, size_t *at)
{
	const struct count *b;

	while (*at < before->nr && by_key(&before->v[*at], c) < 0)
		++*at;
	if (*at == before->nr || by_key(&before->v[*at], c))
		return;
	b = &before->v[*at];
	c->nr -= b->nr < c->nr ? b->nr : c->nr;
	c->ns -= b->ns < c->ns ? b->ns : c->ns;
	c->bytes -= b->bytes < c->bytes ? b->bytes : c->bytes;
	c->nr_minor -= b->nr_minor < c->nr_minor ? b->nr_minor : c->nr_minor;
	c->nr_major -= b->nr_major < c->nr_major ? b->nr_major : c->nr_major;
}

int faults_stacks_give(struct faults_stacks *s, const struct mms_fault_count *in, size_t nr)
{
	struct counts now;
	int err = sum_up(in, nr, &now);

	if (err)
		return err;
	free(s->now.v);
	s->now = now;
	return 0;
}

int faults_stacks_take(struct faults_stacks *s, struct mms_faults *f)
{
	struct mms_fault_count *in;
	size_t nr;
	int err = mms_faults_read(f, &in, &nr);

	if (err)
		return err;
	err = faults_stacks_give(s, in, nr);
	free(in);
	return err;
}

/* --- frames ------------------------------------------------------------------- */

static int add_frame(struct rows *r, const char *name)
{
	size_t room = r->room_frames ? r->room_frames * 2 : 4096;
	const char **frames;

	if (r->nr_frames == r->room_frames) {
		frames = reallocarray(r->frames, room, sizeof(*frames));
		if (!frames)
			return -ENOMEM;
		r->frames = frames;
		r->room_frames = room;
	}
	r->frames[r->nr_frames++] = name;
	return 0;
}

/* Why the kernel did not give a stack: a frame, so that the fault is still in the sum. */
static const char *lack_of(int err)
{
	switch (err) {
	case -ENOMEM:
		return "[no stack: no room]";
	case 0:
	case -EFAULT:
		return "[no stack: none]";
	case -ENOENT:
		return "[no stack: gone]";
	default:
		return "[no stack: error]";
	}
}

/* Where a program has no frame pointers the chain goes astray: what nobody called is no caller. */
static int true_frames(struct faults_stacks *s, pid_t tgid, uint64_t at, const uint64_t *ips,
		       int nr)
{
	int i;

	for (i = 1; i < nr; i++)
		if (!mms_symbols_returns_to(s->symbols, tgid, at, ips[i]))
			break;
	return i;
}

/* Outermost first. Return: 0 or -ENOMEM. */
static int add_stack(struct faults_stacks *s, struct rows *r, struct mms_faults *f,
		     const struct count *c, bool kernel)
{
	int32_t id = kernel ? c->kstack : c->ustack;
	uint64_t at = c->last_ns ? c->last_ns : UINT64_MAX;
	uint64_t ips[MMS_FAULT_FRAMES];
	int nr = id < 0 ? id : mms_faults_stack(f, id, ips, MMS_FAULT_FRAMES), err = 0;

	if (nr <= 0)
		return add_frame(r, lack_of(nr));
	if (!kernel)
		nr = true_frames(s, c->tgid, at, ips, nr);
	if (nr == MMS_FAULT_FRAMES)
		err = add_frame(r, "[cut off]");
	while (!err && nr--) {
		/* All but the innermost are where a call returns to: the call is before that. */
		uint64_t ip = nr ? ips[nr] - 1 : ips[nr];

		err = add_frame(r, kernel ? mms_symbols_kernel(s->symbols, ip)
					  : mms_symbols_user_at(s->symbols, c->tgid, at, ip));
	}
	return err;
}

static int add_row(struct faults_stacks *s, struct rows *r, struct mms_faults *f,
		   const struct count *c)
{
	const char *comm = mms_mmaps_comm(s->mmaps, c->tgid, c->last_ns ? c->last_ns : UINT64_MAX);
	struct row *row = &r->v[r->nr++];
	int err = 0;

	row->c = *c;
	/* The counter's name is the process's latest. */
	if (comm)
		snprintf(row->c.comm, sizeof(row->c.comm), "%s", comm);
	row->user = r->nr_frames;
	if (c->ustack != NOT_ASKED)
		err = add_stack(s, r, f, c, false);
	row->nr_user = r->nr_frames - row->user;
	row->kernel = r->nr_frames;
	if (!err && c->kstack != NOT_ASKED)
		err = add_stack(s, r, f, c, true);
	row->nr_kernel = r->nr_frames - row->kernel;
	return err;
}

/* Equal names are nearly always the same string. */
static int by_frames(const struct rows *r, size_t a, size_t nr_a, size_t b, size_t nr_b)
{
	int diff = (nr_a > nr_b) - (nr_a < nr_b);
	size_t i;

	for (i = 0; !diff && i < nr_a; i++)
		if (r->frames[a + i] != r->frames[b + i])
			diff = strcmp(r->frames[a + i], r->frames[b + i]);
	return diff;
}

static int by_line(const void *a, const void *b, void *ctx)
{
	const struct row *x = a, *y = b;
	const struct rows *r = ctx;
	int diff = strncmp(x->c.comm, y->c.comm, sizeof(x->c.comm));

	if (!diff)
		diff = (x->c.kind > y->c.kind) - (x->c.kind < y->c.kind);
	if (!diff && r->by_pid)
		diff = (x->c.tgid > y->c.tgid) - (x->c.tgid < y->c.tgid);
	if (!diff && r->by_pid)
		diff = (x->c.origin > y->c.origin) - (x->c.origin < y->c.origin);
	if (!diff)
		diff = by_frames(r, x->user, x->nr_user, y->user, y->nr_user);
	if (!diff)
		diff = by_frames(r, x->kernel, x->nr_kernel, y->kernel, y->nr_kernel);
	return diff;
}

static uint64_t weight_of(const struct count *c, enum faults_weight weight)
{
	return weight == FAULTS_WEIGHT_NS      ? c->ns
	       : weight == FAULTS_WEIGHT_BYTES ? c->bytes
					       : c->nr;
}

static int by_weight(const void *a, const void *b, void *ctx)
{
	const struct row *x = a, *y = b;
	const struct rows *r = ctx;
	uint64_t wx = weight_of(&x->c, r->weight), wy = weight_of(&y->c, r->weight);

	if (wx != wy)
		return wx > wy ? -1 : 1;
	return by_line(a, b, ctx);
}

static void merge(struct rows *r)
{
	size_t i, nr = 0;

	qsort_r(r->v, r->nr, sizeof(*r->v), by_line, r);
	for (i = 0; i < r->nr; i++) {
		if (nr && !by_line(&r->v[nr - 1], &r->v[i], r))
			add(&r->v[nr - 1].c, &r->v[i].c);
		else
			r->v[nr++] = r->v[i];
	}
	r->nr = nr;
	qsort_r(r->v, r->nr, sizeof(*r->v), by_weight, r);
}

/* --- report ------------------------------------------------------------------- */

#define STACK_COLS(count, ns, bytes)                                                               \
	{                                                                                          \
		{"comm", "COMM", OUT_STR, -15}, {"pid", NULL, OUT_COUNT, 0},                       \
			{"user", "USER", OUT_FRAMES, -20}, {"kernel", "KERNEL", OUT_KFRAMES, -20}, \
			{"kind", "KIND", OUT_STR, -20}, {"origin", NULL, OUT_STR, 0},              \
			{"count", count, OUT_COUNT, 8}, {"ns", ns, OUT_COUNT, 8},                  \
		{                                                                                  \
			"bytes", bytes, OUT_COUNT, 8                                               \
		}                                                                                  \
	}
#define NR_COLS 9

/* Only the weight has a head: in a folded line it is the number. */
static const struct out_col stack_cols[][NR_COLS] = {
	[FAULTS_WEIGHT_COUNT] = STACK_COLS("COUNT", NULL, NULL),
	[FAULTS_WEIGHT_NS] = STACK_COLS(NULL, "NS", NULL),
	[FAULTS_WEIGHT_BYTES] = STACK_COLS(NULL, NULL, "BYTES"),
};

/* As a frame, "fault:" says that it is not a function. */
static void put_kind(struct out *o, unsigned int kind, bool folded)
{
	char frame[32];

	if (!folded)
		out_cell_str(o, faults_kind_name(kind));
	else if (kind == MMS_FAULT_NR_KINDS)
		out_cell_none(o);
	else {
		snprintf(frame, sizeof(frame), "fault:%s", faults_kind_name(kind));
		out_cell_str(o, frame);
	}
}

static void put_frames(struct out *o, const struct rows *r, size_t at, size_t nr, int32_t id)
{
	if (id == NOT_ASKED)
		out_cell_none(o);
	else
		out_cell_frames(o, r->frames + at, nr);
}

static void put_row(struct out *o, const struct rows *r, const struct row *row, bool folded)
{
	const struct count *c = &row->c;

	if (folded && !weight_of(c, r->weight))
		return;
	out_row(o);
	out_cell_str(o, c->comm[0] ? c->comm : "?");
	out_cell_num(o, (uint64_t)c->tgid);
	put_frames(o, r, row->user, row->nr_user, c->ustack);
	put_frames(o, r, row->kernel, row->nr_kernel, c->kstack);
	put_kind(o, c->kind, folded);
	out_cell_str(o, model_origin_name(c->origin));
	out_cell_num(o, c->nr);
	out_cell_num(o, c->ns);
	out_cell_num(o, c->bytes);
}

static void put_lacks(struct out *o, const struct faults_stacks *s)
{
	uint64_t lost = mms_mmaps_lost(s->mmaps);

	if (mms_mmaps_lack(s->mmaps))
		out_note(o, "%s", mms_mmaps_lack(s->mmaps));
	if (mms_symbols_lack(s->symbols))
		out_note(o, "%s", mms_symbols_lack(s->symbols));
	if (lost)
		out_note(o, "lost: %" PRIu64 " records of mappings; some functions are not named",
			 lost);
}

/* What came since the last report, as rows. */
static int make_rows(struct faults_stacks *s, struct rows *r, struct mms_faults *f, uint64_t kinds,
		     struct faults_stacks_sum *sum)
{
	size_t i, at = 0;
	int err = 0;

	for (i = 0; i < s->now.nr && !err; i++) {
		struct count c = s->now.v[i];

		subtract(&c, &s->before, &at);
		if (!c.nr)
			continue;
		sum->minor += c.nr_minor;
		sum->major += c.nr_major;
		if (c.kind < MMS_FAULT_NR_KINDS && !(kinds >> c.kind & 1))
			sum->other_kinds += c.nr;
		else
			err = add_row(s, r, f, &c);
	}
	if (!err)
		merge(r);
	return err;
}

int faults_stacks_report(struct faults_stacks *s, struct out *o, enum out_format format,
			 struct mms_faults *f, uint64_t kinds, struct faults_stacks_sum *sum)
{
	struct rows r = {.by_pid = format != OUT_FOLDED, .weight = s->weight};
	size_t i;
	int err;

	*sum = (struct faults_stacks_sum){};
	/* What the latest stacks were taken in may have been mapped since. */
	faults_stacks_poll(s);
	r.v = calloc(s->now.nr + 1, sizeof(*r.v));
	err = r.v ? make_rows(s, &r, f, kinds, sum) : -ENOMEM;
	if (!err) {
		out_table(o, "stacks", stack_cols[s->weight], NR_COLS);
		for (i = 0; i < r.nr; i++)
			put_row(o, &r, &r.v[i], format == OUT_FOLDED);
		out_table_end(o);
		out_num(o, "other_kinds", NULL, OUT_COUNT, sum->other_kinds);
		put_lacks(o, s);
		free(s->before.v);
		s->before = s->now;
		s->now = (struct counts){};
	}
	free(r.v);
	free(r.frames);
	return err;
}
