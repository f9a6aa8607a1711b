// SPDX-License-Identifier: GPL-2.0-only
/*
 * (process, page number) to id: open addressing. A slot has the id and a part of the hash; the
 * page itself is where the ids have it, so that a table that grows is made anew from there, when
 * the old one is gone. What a look-up will need is asked for some references ahead. Pure.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "model/replay/rename.h"

/* References: the slot is asked for, and then the page that it names. */
#define AHEAD_SLOT 24
#define AHEAD_PAGE 10
#define STEP	   4096
#define FIRST_LOG  12

/* A free slot has id 0: ids are kept one higher. */
struct slot {
	uint32_t tag;
	uint32_t id;
};

/**
 * struct mms_rename - a table, and the pages
 * @slots: NULL: there was no memory for more
 * @log: of how many slots there are; at most half of them are used
 * @pages: what has an id
 * @room: for so many
 */
struct mms_rename {
	struct slot *slots;
	unsigned int log;
	struct mms_pages pages;
	size_t room;
};

static uint64_t hash(uint64_t vpn, uint32_t proc)
{
	uint64_t h = (vpn ^ (uint64_t)proc << 47) * 0x9e3779b97f4a7c15ULL;

	h ^= h >> 32;
	return h * 0xd6e8feb86659fd93ULL;
}

/* The high bits of a product are spread well; they depend on all bits of the factor. */
static size_t home(const struct mms_rename *r, uint64_t hash)
{
	return hash >> (64 - r->log);
}

/* Slots for twice as many. */
static int more_slots(struct mms_rename *r)
{
	size_t mask = ((size_t)2 << r->log) - 1, i;
	uint32_t id;

	free(r->slots);
	r->slots = calloc(mask + 1, sizeof(*r->slots));
	if (!r->slots)
		return -ENOMEM;
	r->log++;
	for (id = 0; id < r->pages.nr; id++) {
		uint64_t h = hash(r->pages.vpn[id], r->pages.proc_of[id]);

		for (i = home(r, h); r->slots[i].id; i = (i + 1) & mask)
			;
		r->slots[i] = (struct slot){.tag = (uint32_t)h, .id = id + 1};
	}
	return 0;
}

/* Room for @nr new pages, so that none is looked for on the way. */
static int reserve(struct mms_rename *r, size_t nr)
{
	size_t need = r->pages.nr + nr;

	if (need > UINT32_MAX - 1)
		return -EOVERFLOW;
	while (!r->slots || need > (size_t)1 << (r->log - 1))
		if (!r->slots || more_slots(r))
			return -ENOMEM;
	if (need > r->room) {
		size_t room = need + need / 2;
		uint64_t *vpn = reallocarray(r->pages.vpn, room, sizeof(*vpn));
		uint16_t *proc_of;

		if (!vpn)
			return -ENOMEM;
		r->pages.vpn = vpn;
		proc_of = reallocarray(r->pages.proc_of, room, sizeof(*proc_of));
		if (!proc_of)
			return -ENOMEM;
		r->pages.proc_of = proc_of;
		r->room = room;
	}
	return 0;
}

static uint32_t find(struct mms_rename *r, uint64_t vpn, uint16_t proc)
{
	uint64_t h = hash(vpn, proc);
	size_t i = home(r, h), mask = ((size_t)1 << r->log) - 1;
	uint32_t id;

	for (; r->slots[i].id; i = (i + 1) & mask) {
		id = r->slots[i].id - 1;
		if (r->slots[i].tag == (uint32_t)h && r->pages.vpn[id] == vpn &&
		    r->pages.proc_of[id] == proc)
			return id;
	}
	id = r->pages.nr++;
	r->pages.vpn[id] = vpn;
	r->pages.proc_of[id] = proc;
	r->slots[i] = (struct slot){.tag = (uint32_t)h, .id = id + 1};
	return id;
}

/* Most pages are in the first slot that is looked at. */
static void ask_page(const struct mms_rename *r, uint64_t vpn, uint16_t proc)
{
	uint32_t id = r->slots[home(r, hash(vpn, proc))].id;

	if (id) {
		__builtin_prefetch(&r->pages.vpn[id - 1]);
		__builtin_prefetch(&r->pages.proc_of[id - 1]);
	}
}

static void rename_step(struct mms_rename *r, const uint64_t *vpn, const uint16_t *proc, size_t nr,
			uint32_t *id)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		size_t slot = i + AHEAD_SLOT, page = i + AHEAD_PAGE;

		if (slot < nr)
			__builtin_prefetch(&r->slots[home(r, hash(vpn[slot], proc[slot]))]);
		if (page < nr)
			ask_page(r, vpn[page], proc[page]);
		if (i && vpn[i] == vpn[i - 1] && proc[i] == proc[i - 1])
			id[i] = id[i - 1];
		else
			id[i] = find(r, vpn[i], proc[i]);
	}
}

int mms_rename_pages(struct mms_rename *r, const uint64_t *vpn, const uint16_t *proc, size_t nr,
		     uint32_t *id)
{
	size_t at;

	for (at = 0; at < nr; at += STEP) {
		size_t n = nr - at < STEP ? nr - at : STEP;
		int err = reserve(r, n);

		if (err)
			return err;
		rename_step(r, vpn + at, proc + at, n, id + at);
	}
	return 0;
}

const struct mms_pages *mms_renamed(const struct mms_rename *r)
{
	return &r->pages;
}

struct mms_rename *mms_rename_create(void)
{
	struct mms_rename *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->log = FIRST_LOG;
	r->slots = calloc((size_t)1 << r->log, sizeof(*r->slots));
	if (!r->slots) {
		free(r);
		return NULL;
	}
	return r;
}

void mms_rename_destroy(struct mms_rename *r)
{
	if (!r)
		return;
	free(r->slots);
	free(r->pages.vpn);
	free(r->pages.proc_of);
	free(r);
}
