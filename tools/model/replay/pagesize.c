// SPDX-License-Identifier: GPL-2.0-only
/* Larger pages, and page tables, by sorting pages by process and address. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/replay/pagesize.h"

#define TABLE_BYTES 4096

struct place {
	uint64_t vpn;
	uint32_t page;
	uint16_t proc;
};

static int by_place(const void *x, const void *y)
{
	const struct place *a = x, *b = y;

	if (a->proc != b->proc)
		return a->proc < b->proc ? -1 : 1;
	return a->vpn < b->vpn ? -1 : a->vpn > b->vpn;
}

static struct place *sorted(const uint16_t *proc_of, const uint64_t *vpn, uint32_t nr)
{
	struct place *p = malloc(((size_t)nr + 1) * sizeof(*p));
	uint32_t i;

	if (!p)
		return NULL;
	for (i = 0; i < nr; i++)
		p[i] = (struct place){vpn[i], i, proc_of ? proc_of[i] : 0};
	qsort(p, nr, sizeof(*p), by_place);
	return p;
}

/* Does @p begin a unit of 2^by pages that the one before it is not in? */
static bool begins(const struct place *p, uint32_t i, unsigned int by)
{
	if (!i || p[i].proc != p[i - 1].proc)
		return true;
	return by < 64 && p[i].vpn >> by != p[i - 1].vpn >> by;
}

int mms_page_map_init(struct mms_page_map *m, const uint16_t *proc_of, const uint64_t *vpn,
		      uint32_t nr, unsigned int from, unsigned int shift)
{
	struct place *p = sorted(proc_of, vpn, nr);
	unsigned int by = shift - from;
	uint32_t i;

	*m = (struct mms_page_map){.shift = shift};
	m->to = malloc(((size_t)nr + 1) * sizeof(*m->to));
	m->vpn = malloc(((size_t)nr + 1) * sizeof(*m->vpn));
	if (!p || !m->to || !m->vpn) {
		free(p);
		mms_page_map_deinit(m);
		return -ENOMEM;
	}
	for (i = 0; i < nr; i++) {
		if (begins(p, i, by))
			m->vpn[m->nr_pages++] = p[i].vpn >> by;
		m->to[p[i].page] = m->nr_pages - 1;
	}
	m->unused = ((uint64_t)m->nr_pages << shift) - ((uint64_t)nr << from);
	free(p);
	return 0;
}

void mms_page_map_deinit(struct mms_page_map *m)
{
	free(m->to);
	free(m->vpn);
	*m = (struct mms_page_map){0};
}

void mms_page_map_rename(const struct mms_page_map *m, const uint32_t *page, uint64_t nr,
			 uint32_t *to)
{
	uint64_t i;

	for (i = 0; i < nr; i++)
		to[i] = m->to[page[i]];
}

int mms_table_count(struct mms_table_count *c, const uint16_t *proc_of, const uint64_t *vpn,
		    uint32_t nr, unsigned int from, unsigned int shift)
{
	/* What one table of a level covers. */
	static const unsigned int covers[MMS_TABLES] = {21, 30, 39, 48};
	struct place *p = sorted(proc_of, vpn, nr);
	int level;
	uint32_t i;

	*c = (struct mms_table_count){0};
	if (!p)
		return -ENOMEM;
	for (level = 0; level < MMS_TABLES; level++) {
		if (covers[level] <= shift) /* the entry is further up */
			continue;
		for (i = 0; i < nr; i++)
			c->tables[level] += begins(p, i, covers[level] - from);
		c->bytes += c->tables[level] * TABLE_BYTES;
	}
	free(p);
	return 0;
}
