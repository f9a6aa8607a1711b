// SPDX-License-Identifier: GPL-2.0-only
/*
 * Families of processes and the bills of their forks: who lives, and from which epoch
 * to which a bill goes; bpf/bill.h says what an epoch is. Must not know of counters. Pure.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/cow_impl.h"

static const char *const what_names[] = {
#define WHAT_NAME(id, name) [MMS_BILL_##id] = name,
	MMS_BILL_WHATS(WHAT_NAME)
#undef WHAT_NAME
};

const char *model_bill_what_name(enum mms_bill_what what)
{
	return what_names[what];
}

const char *model_bill_state_name(enum model_bill_state state)
{
	static const char *const names[] = {
		[MODEL_BILL_LIVE] = "live",
		[MODEL_BILL_EXITED] = "exited",
		[MODEL_BILL_EXECED] = "exec",
	};

	return names[state];
}

/**
 * model_cow_create() - families without a member
 * Return: to be given to model_cow_destroy(); NULL without memory.
 */
struct model_cow *model_cow_create(void)
{
	return calloc(1, sizeof(struct model_cow));
}

/**
 * model_cow_destroy() - forget all
 * @c: NULL is fine
 */
void model_cow_destroy(struct model_cow *c)
{
	if (!c)
		return;
	free(c->lives.v);
	free(c->epochs.v);
	free(c->unseen.v);
	free(c->bills.v);
	free(c->final.v);
	free(c->now.v);
	free(c);
}

struct cow_life *cow_find_life(const struct model_cow *c, uint32_t id)
{
	struct cow_life *v = c->lives.v;
	size_t lo = 0, hi = c->lives.nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (v[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < c->lives.nr && v[lo].id == id ? &v[lo] : NULL;
}

/* Numbers rise, but for one whose own moment was lost. */
static struct cow_life *add_life(struct model_cow *c, uint32_t id)
{
	struct cow_life *v = model_list_add(&c->lives, sizeof(*v));
	size_t i = c->lives.nr - 1;

	if (!v)
		return NULL;
	for (v = c->lives.v; i && v[i - 1].id > id; i--)
		v[i] = v[i - 1];
	v[i] = (struct cow_life){.id = id, .mm = id};
	return &v[i];
}

static int add_epoch(struct model_cow *c, uint32_t id, uint32_t mm)
{
	struct cow_epoch *e = model_list_add(&c->epochs, sizeof(*e));

	if (!e)
		return -ENOMEM;
	*e = (struct cow_epoch){.id = id, .mm = mm};
	if (id > c->latest)
		c->latest = id;
	return 0;
}

uint32_t cow_epoch_mm(const struct model_cow *c, uint32_t id)
{
	const struct cow_epoch *v = c->epochs.v;
	size_t lo = 0, hi = c->epochs.nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (v[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < c->epochs.nr && v[lo].id == id ? v[lo].mm : 0;
}

size_t model_cow_nr_bills(const struct model_cow *c)
{
	return c->bills.nr;
}

struct model_bill *model_cow_bill(struct model_cow *c, size_t i)
{
	return (struct model_bill *)c->bills.v + i;
}

struct model_bill *model_cow_find(struct model_cow *c, uint32_t mm)
{
	size_t i;

	for (i = 0; i < c->bills.nr; i++)
		if (model_cow_bill(c, i)->mm == mm)
			return model_cow_bill(c, i);
	return NULL;
}

/* The life that goes on after a moment, made if this is the first of it. */
static struct cow_life *going_on(struct model_cow *c, uint32_t id, pid_t pid, const char *comm)
{
	struct cow_life *l = cow_find_life(c, id);

	if (l)
		return l;
	l = add_life(c, id);
	if (!l)
		return NULL;
	l->pid = l->root = pid;
	memcpy(l->comm, comm, sizeof(l->comm));
	return l;
}

/* Bills that have to do with the memory that is being shared anew. */
static bool crowd(struct model_cow *c, uint32_t mm, uint32_t epoch)
{
	bool crowded = false;
	size_t i;

	for (i = 0; i < c->bills.nr; i++) {
		struct model_bill *b = model_cow_bill(c, i);

		if (b->parent_mm == mm && b->tail == MODEL_BILL_OPEN)
			b->tail = epoch;
		if (b->to == MODEL_BILL_OPEN && (b->parent_mm == mm || b->mm == mm))
			b->crowded = crowded = true;
	}
	return crowded;
}

static int add_bill(struct model_cow *c, const struct mms_bill_moment *m,
		    const struct cow_life *parent, const struct cow_life *child)
{
	bool crowded = crowd(c, parent->mm, 2 * m->seq);
	struct model_bill *b = model_list_add(&c->bills, sizeof(*b));

	if (!b)
		return -ENOMEM;
	*b = (struct model_bill){
		.pid = child->pid,
		.parent = parent->pid,
		.root = child->root,
		.generation = child->generation,
		.found = m->why == MMS_BILL_FOUND,
		.crowded = crowded,
		.fork_ns = m->ns,
		.mm = child->mm,
		.parent_mm = parent->mm,
		.from = 2 * m->seq,
		.to = MODEL_BILL_OPEN,
	};
	memcpy(b->comm, child->comm, sizeof(b->comm));
	return 0;
}

static int forked(struct model_cow *c, const struct mms_bill_moment *m)
{
	struct cow_life *parent = going_on(c, m->life, (pid_t)m->pid, m->comm), *child;
	struct cow_life of;

	if (!parent)
		return -ENOMEM;
	of = *parent; /* adding may move it */
	child = add_life(c, 2 * m->seq + 1);
	if (!child)
		return -ENOMEM;
	child->pid = (pid_t)m->other;
	child->parent = of.pid;
	child->root = of.root;
	child->generation = of.generation + 1;
	memcpy(child->comm, m->comm, sizeof(child->comm));
	if (m->why == MMS_BILL_VFORK)
		child->mm = of.mm;
	if (add_epoch(c, 2 * m->seq, of.mm) || add_epoch(c, child->id, child->mm))
		return -ENOMEM;
	return m->why == MMS_BILL_VFORK ? 0 : add_bill(c, m, &of, child);
}

/* The memory @mm is given up: by the child of a bill, or by the parent. */
static struct model_bill *close_bills(struct model_cow *c, const struct mms_bill_moment *m,
				      uint32_t mm)
{
	struct model_bill *closed = NULL;
	size_t i;

	for (i = 0; i < c->bills.nr; i++) {
		struct model_bill *b = model_cow_bill(c, i);

		if (b->mm == mm && b->to == MODEL_BILL_OPEN)
			closed = b;
		if (b->parent_mm == mm) {
			b->parent_gone = true;
			if (b->tail == MODEL_BILL_OPEN)
				b->tail = 2 * m->seq;
		}
	}
	return closed;
}

static bool has_children(struct model_cow *c, uint32_t mm)
{
	size_t i;

	for (i = 0; i < c->bills.nr; i++)
		if (model_cow_bill(c, i)->parent_mm == mm &&
		    model_cow_bill(c, i)->to == MODEL_BILL_OPEN)
			return true;
	return false;
}

static int ended(struct model_cow *c, const struct mms_bill_moment *m)
{
	struct cow_life *l = cow_find_life(c, m->life);
	const struct cow_life *parent = m->other ? cow_find_life(c, m->other_life) : NULL;
	enum model_bill_state state =
		m->why == MMS_BILL_EXEC ? MODEL_BILL_EXECED : MODEL_BILL_EXITED;
	struct model_bill *b;

	if (parent && add_epoch(c, 2 * m->seq, parent->mm))
		return -ENOMEM;
	if (!l)
		return 0;
	l->state = state;
	memcpy(l->comm, m->comm, sizeof(l->comm));
	/* After vfork() it gives up what was never its own. */
	b = l->mm == l->id ? close_bills(c, m, l->mm) : NULL;
	if (!b)
		return 0;
	b->to = 2 * m->seq;
	b->state = state;
	b->end_ns = m->ns;
	memcpy(b->comm, m->comm, sizeof(b->comm));
	if (!b->parent_gone && !has_children(c, b->parent_mm))
		b->tail = MODEL_BILL_OPEN;
	return 0;
}

/**
 * model_cow_moment() - somebody forked, became another program or ended
 * @c: families
 * @m: the moment
 * Return: 0 or -ENOMEM.
 */
int model_cow_moment(struct model_cow *c, const struct mms_bill_moment *m)
{
	uint32_t *unseen;

	switch (m->why) {
	case MMS_BILL_FORK:
	case MMS_BILL_VFORK:
	case MMS_BILL_FOUND:
		return forked(c, m);
	case MMS_BILL_EXEC:
	case MMS_BILL_EXIT:
		return ended(c, m);
	default: /* epochs that begin here are nobody's */
		unseen = model_list_add(&c->unseen, sizeof(*unseen));
		if (!unseen)
			return -ENOMEM;
		*unseen = m->seq;
		return 0;
	}
}
