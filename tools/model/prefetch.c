// SPDX-License-Identifier: GPL-2.0-only
/* Pages that came along with a fault, and their later use. Pure. */
#include <stdlib.h>
#include <string.h>
#include "model/prefetch.h"

#define MIN_SLOTS 1024

/* The page's slot, or the free one where it belongs. */
static struct model_prefetch_page *slot(struct model_prefetch_page *slots, size_t nr, uint64_t page)
{
	size_t i = page * 0x9e3779b97f4a7c15ULL >> 32;

	while (slots[i & (nr - 1)].page && slots[i & (nr - 1)].page != page)
		i++;
	return &slots[i & (nr - 1)];
}

/* NULL if no page came along there, or it is gone. */
static struct model_prefetch_page *find(struct model_prefetch *m, uint64_t page)
{
	struct model_prefetch_page *p = m->nr_slots ? slot(m->slots, m->nr_slots, page) : NULL;

	return p && p->page && !p->gone ? p : NULL;
}

/* Twice the room; pages that are gone are counted and need no slot. */
static bool grow(struct model_prefetch *m)
{
	size_t nr = m->nr_slots ? m->nr_slots * 2 : MIN_SLOTS, i;
	struct model_prefetch_page *slots = calloc(nr, sizeof(*slots));

	if (!slots)
		return false;
	m->nr_pages = 0;
	for (i = 0; i < m->nr_slots; i++) {
		if (!m->slots[i].page || m->slots[i].gone)
			continue;
		*slot(slots, nr, m->slots[i].page) = m->slots[i];
		m->nr_pages++;
	}
	free(m->slots);
	m->slots = slots;
	m->nr_slots = nr;
	return true;
}

static void set_state(struct model_prefetch *m, struct model_prefetch_page *p, uint8_t state)
{
	m->nr[p->kind][p->state]--;
	p->state = state;
	m->nr[p->kind][p->state]++;
}

static void leave(struct model_prefetch *m, struct model_prefetch_page *p)
{
	if (!p->first)
		m->nr_waiting--;
	p->gone = true;
}

/* Without memory for it a page counts as unknown. */
static void add(struct model_prefetch *m, uint64_t page, uint8_t kind, uint64_t end_ns)
{
	struct model_prefetch_page *p;

	m->nr[kind][MODEL_CAME_UNKNOWN]++;
	if (m->nr_pages * 2 >= m->nr_slots && !grow(m))
		return;
	p = slot(m->slots, m->nr_slots, page);
	if (!p->page)
		m->nr_pages++;
	else if (!p->gone)
		leave(m, p); /* it came again: it had been unmapped */
	*p = (struct model_prefetch_page){
		.page = page,
		.end_ns = end_ns,
		.kind = kind,
		.state = MODEL_CAME_UNKNOWN,
	};
	m->nr_waiting++;
}

static void add_all(struct model_prefetch *m, const struct mms_fault_event *e)
{
	uint64_t page = e->addr >> 12, end_ns = e->ts_ns + e->ns, first, i;

	if (e->came & MMS_CAME_RANGE) {
		first = e->came & ~MMS_CAME_RANGE;
		for (i = first; i <= first + e->around; i++)
			if (i != page)
				add(m, i, (uint8_t)e->kind, end_ns);
		return;
	}
	first = (page & ~15ULL) - 1;
	for (i = 0; i < 63; i++)
		if (e->came >> i & 1)
			add(m, first + i, (uint8_t)e->kind, end_ns);
}

/* Was the page still there when the fault came? Then somebody wanted it. */
static void touch(struct model_prefetch *m, const struct mms_fault_event *e)
{
	struct model_prefetch_page *p = find(m, e->addr >> 12);

	if (!p)
		return;
	if (e->level_before == 1 && !mms_entry_absent(e->before, 1))
		set_state(m, p, MODEL_CAME_USED);
	else
		leave(m, p);
}

void model_prefetch_event(struct model_prefetch *m, const struct mms_fault_event *e, bool known)
{
	if (!e->level_before || e->kind >= MMS_FAULT_NR_KINDS)
		return;
	m->came[e->kind] += e->around;
	if (!known) {
		m->nr[e->kind][MODEL_CAME_UNKNOWN] += e->around;
		return;
	}
	touch(m, e);
	if (e->around)
		add_all(m, e);
}

/* Sampling was begun anew: what scans say of pages from before is to be found out again. */
static void begin_anew(struct model_prefetch *m)
{
	struct model_prefetch_page *p;
	size_t i;

	for (i = 0; i < m->nr_slots; i++) {
		p = &m->slots[i];
		if (!p->page || p->gone || !p->first)
			continue;
		p->first = 0;
		m->nr_waiting++;
	}
}

void model_prefetch_clock(struct model_prefetch *m, uint64_t scans, uint64_t begun_ns)
{
	struct model_prefetch_page *p;
	size_t i;

	if (scans < m->scans)
		begin_anew(m);
	m->scans = scans;
	for (i = 0; i < m->nr_slots && m->nr_waiting; i++) {
		p = &m->slots[i];
		if (!p->page || p->gone || p->first || p->end_ns > begun_ns)
			continue;
		p->first = scans + 2; /* the next one clears */
		m->nr_waiting--;
	}
}

static void look(struct model_prefetch *m, const struct mmscope_idle *r, uint64_t scans)
{
	struct model_prefetch_page *p = find(m, r->addr >> 12);

	/* The bit of a huge page is of all of it. */
	if (!p || r->level != MMSCOPE_LEVEL_PTE)
		return;
	p->seen = m->readings;
	if (!p->first || scans < p->first)
		return;
	if (r->age < MMSCOPE_IDLE_MAX && scans >= p->first + r->age)
		set_state(m, p, MODEL_CAME_USED);
	else if (p->state == MODEL_CAME_UNKNOWN)
		set_state(m, p, MODEL_CAME_UNUSED);
}

void model_prefetch_read(struct model_prefetch *m, const struct mms_idle_data *idle,
			 uint64_t begun_ns)
{
	uint64_t scans = idle->header.scans;
	struct model_prefetch_page *p;
	size_t i;

	if (scans < m->scans)
		begin_anew(m);
	m->scans = scans;
	m->readings++;
	for (i = 0; i < idle->nr; i++)
		look(m, &idle->rec[i], scans);
	/* A scan that began after the fault has every page that is still mapped. */
	for (i = 0; i < m->nr_slots; i++) {
		p = &m->slots[i];
		if (p->page && !p->gone && p->first && scans + 1 >= p->first &&
		    p->seen != m->readings)
			leave(m, p);
	}
	model_prefetch_clock(m, scans, begun_ns);
}

void model_prefetch_end(struct model_prefetch *m)
{
	size_t i;

	for (i = 0; i < m->nr_slots; i++)
		if (m->slots[i].page && !m->slots[i].gone)
			leave(m, &m->slots[i]);
	m->scans = 0;
}

void model_prefetch_free(struct model_prefetch *m)
{
	free(m->slots);
	memset(m, 0, sizeof(*m));
}
