// SPDX-License-Identifier: GPL-2.0-only
/* What page tables hold: lifetime of the structs and sums. Pure. */
#include <stdlib.h>
#include <string.h>

#include "model/table.h"

/**
 * model_list_add() - append a zeroed element
 * @l: list
 * @elem_sz: bytes of its elements
 * Return: the element, valid until the next call; NULL without memory.
 */
void *model_list_add(struct mms_list *l, size_t elem_sz)
{
	char *elem;

	if (l->nr == l->max) {
		size_t max = l->max ? 2 * l->max : 64;
		void *v = reallocarray(l->v, max, elem_sz);

		if (!v)
			return NULL;
		l->v = v;
		l->max = max;
	}
	elem = (char *)l->v + l->nr++ * elem_sz;
	memset(elem, 0, elem_sz);
	return elem;
}

static void list_deinit(struct mms_list *l)
{
	free(l->v);
	memset(l, 0, sizeof(*l));
}

/** model_walks_deinit() - free a list of struct mms_walk */
void model_walks_deinit(struct mms_list *walks)
{
	struct mms_walk *w = walks->v;
	size_t i;

	for (i = 0; i < walks->nr; i++)
		free(w[i].vma.name);
	list_deinit(walks);
}

/** model_maps_deinit() - free a list of struct mms_map */
void model_maps_deinit(struct mms_list *maps)
{
	struct mms_map *m = maps->v;
	size_t i;

	for (i = 0; i < maps->nr; i++)
		free(m[i].vma.name);
	list_deinit(maps);
}

/** model_ranges_deinit() - free a list of struct mms_range */
void model_ranges_deinit(struct mms_list *ranges)
{
	struct mms_range *r = ranges->v;
	size_t i;

	for (i = 0; i < ranges->nr; i++)
		free(r[i].name);
	list_deinit(ranges);
}

/** model_census_deinit() - free a list of struct mms_census_row */
void model_census_deinit(struct mms_list *rows)
{
	list_deinit(rows);
}

/**
 * model_maps_total() - sum over mappings
 * @maps: mappings
 * @nr: how many
 * @total: result; its vma is zeroed
 */
void model_maps_total(const struct mms_map *maps, size_t nr, struct mms_map *total)
{
	size_t i, k;

	memset(total, 0, sizeof(*total));
	for (k = 0; k < MMS_NR_NAMED_KEYS; k++)
		total->known[k] = true;
	for (i = 0; i < nr; i++) {
		for (k = 0; k < MMS_NR_MAP_KEYS; k++) {
			total->bytes[k] += maps[i].bytes[k];
			if (k < MMS_NR_NAMED_KEYS)
				total->known[k] &= maps[i].known[k];
			else
				total->known[k] |= maps[i].known[k];
		}
	}
}
