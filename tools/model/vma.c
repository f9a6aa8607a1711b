// SPDX-License-Identifier: GPL-2.0-only
/* Mappings: lookup by address and names. Pure. */
#include <stdlib.h>
#include <string.h>

#include "model/vma.h"

/**
 * model_vmas_deinit() - free what the list owns
 * @vmas: list; empty afterwards
 */
void model_vmas_deinit(struct mms_vmas *vmas)
{
	size_t i;

	for (i = 0; i < vmas->nr; i++)
		free(vmas->v[i].name);
	free(vmas->v);
	vmas->v = NULL;
	vmas->nr = 0;
}

/**
 * model_vmas_find() - the mapping of an address
 * @vmas: sorted list
 * @addr: any address
 * Return: the mapping, or NULL if @addr is in none.
 */
const struct mms_vma *model_vmas_find(const struct mms_vmas *vmas, uint64_t addr)
{
	size_t lo = 0, hi = vmas->nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (vmas->v[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < vmas->nr && vmas->v[lo].start <= addr)
		return &vmas->v[lo];
	return NULL;
}

/**
 * model_vma_short_name() - a name for a narrow column
 * @name: name of a mapping
 * Return: the last component if @name is a path, else @name.
 */
const char *model_vma_short_name(const char *name)
{
	const char *slash = name[0] == '/' ? strrchr(name, '/') : NULL;

	return slash && slash[1] ? slash + 1 : name;
}
