// SPDX-License-Identifier: GPL-2.0-only
/* Sorted symbols with their names in one block. Must not know of files or processes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collect/symtab.h"

/* More than the largest program has; what is beyond is not named. */
#define MAX_SYMBOLS (4U << 20)
#define MAX_NAMES   (512U << 20)

/**
 * struct symbol - one of the table
 * @addr: first address
 * @end: after the last; for one without size, set by mms_symtab_finish()
 * @reach: the greatest @end of this and all before: looking back can stop there
 * @name: offset in names
 * @seq: in the order of adding
 * @rank: as given
 * @sized: its size was given
 */
struct symbol {
	uint64_t addr;
	uint64_t end;
	uint64_t reach;
	uint32_t name;
	uint32_t seq;
	uint16_t rank;
	bool sized;
};

struct mms_symtab {
	enum mms_symtab_rule rule;
	struct symbol *v;
	size_t nr, room;
	char *names;
	size_t names_len, names_room;
};

struct mms_symtab *mms_symtab_new(enum mms_symtab_rule rule)
{
	struct mms_symtab *t = calloc(1, sizeof(*t));

	if (t)
		t->rule = rule;
	return t;
}

void mms_symtab_free(struct mms_symtab *t)
{
	if (!t)
		return;
	free(t->v);
	free(t->names);
	free(t);
}

static int make_room(struct mms_symtab *t, size_t len)
{
	size_t room;
	void *p;

	if (t->nr >= MAX_SYMBOLS || len >= MAX_NAMES - t->names_len)
		return -E2BIG;
	if (t->nr == t->room) {
		room = t->room ? t->room * 2 : 256;
		p = reallocarray(t->v, room, sizeof(*t->v));
		if (!p)
			return -ENOMEM;
		t->v = p;
		t->room = room;
	}
	if (t->names_len + len + 1 > t->names_room) {
		room = t->names_room * 2 + len + 4096;
		p = realloc(t->names, room);
		if (!p)
			return -ENOMEM;
		t->names = p;
		t->names_room = room;
	}
	return 0;
}

int mms_symtab_add(struct mms_symtab *t, uint64_t addr, uint64_t end, uint64_t limit,
		   unsigned int rank, const char *name, size_t len)
{
	int err = make_room(t, len);
	struct symbol *s;

	if (err)
		return err;
	s = &t->v[t->nr];
	s->addr = addr;
	s->sized = end > addr;
	s->end = s->sized ? end : limit;
	s->name = (uint32_t)t->names_len;
	s->seq = (uint32_t)t->nr++;
	s->rank = (uint16_t)rank;
	memcpy(t->names + t->names_len, name, len);
	t->names[t->names_len + len] = '\0';
	t->names_len += len + 1;
	return 0;
}

/* The better of two at the same address comes last. */
static int by_addr(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	if (x->sized != y->sized)
		return x->sized ? 1 : -1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->seq < y->seq ? 1 : -1;
}

/* One without size ends at the next address that has a symbol. */
static void end_sizeless(struct mms_symtab *t)
{
	uint64_t next = UINT64_MAX;
	size_t i;

	for (i = t->nr; i--;) {
		if (i + 1 < t->nr && t->v[i + 1].addr != t->v[i].addr)
			next = t->v[i + 1].addr;
		if (!t->v[i].sized && t->v[i].end > next)
			t->v[i].end = next;
	}
}

/* A label inside a function, or at its begin, names nothing: neither there nor behind it. */
static void hide_labels(struct mms_symtab *t)
{
	uint64_t sized = 0;
	size_t i, j;

	for (i = 0; i < t->nr; i = j) {
		for (j = i; j < t->nr && t->v[j].addr == t->v[i].addr; j++)
			if (t->v[j].sized && t->v[j].end > sized)
				sized = t->v[j].end;
		for (j = i; j < t->nr && t->v[j].addr == t->v[i].addr; j++)
			if (!t->v[j].sized && sized > t->v[j].addr)
				t->v[j].end = t->v[j].addr;
	}
}

void mms_symtab_finish(struct mms_symtab *t)
{
	uint64_t reach = 0;
	size_t i;

	if (!t->nr)
		return;
	qsort(t->v, t->nr, sizeof(*t->v), by_addr);
	end_sizeless(t);
	hide_labels(t);
	for (i = 0; i < t->nr; i++) {
		if (t->v[i].end > reach)
			reach = t->v[i].end;
		t->v[i].reach = reach;
	}
}

/* Number of symbols that begin at @addr or before. */
static size_t up_to(const struct mms_symtab *t, uint64_t addr)
{
	size_t low = 0, high = t->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (t->v[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const char *mms_symtab_find(const struct mms_symtab *t, uint64_t addr)
{
	const struct symbol *best = NULL, *s; /* the newest so far */
	size_t i;

	for (i = up_to(t, addr); i--;) {
		s = &t->v[i];
		if (s->reach <= addr)
			break;
		if (s->end <= addr)
			continue;
		if (t->rule == MMS_SYMTAB_NEWEST) {
			if (!best || s->seq > best->seq)
				best = s;
			continue;
		}
		return t->names + s->name;
	}
	return best ? t->names + best->name : NULL;
}

size_t mms_symtab_nr(const struct mms_symtab *t)
{
	return t->nr;
}

size_t mms_symtab_bytes(const struct mms_symtab *t)
{
	return sizeof(*t) + t->room * sizeof(*t->v) + t->names_room;
}
