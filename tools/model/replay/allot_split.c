// SPDX-License-Identifier: GPL-2.0-only
/* The string of several processes, one string for each. */
#include <errno.h>
#include <stdlib.h>

#include "model/replay/allot.h"

/* The arrays of one part; counts of it are known. */
static int part_alloc(const struct mms_refs *whole, struct mms_refs *part)
{
	part->page = malloc((part->nr + 1) * sizeof(*part->page));
	if (whole->more)
		part->more = malloc((part->nr + 1) * sizeof(*part->more));
	if (whole->write)
		part->write = calloc(part->nr / 64 + 1, sizeof(*part->write));
	if (!part->page || (whole->more && !part->more) || (whole->write && !part->write))
		return -ENOMEM;
	part->nr = 0;
	return 0;
}

static void append(struct mms_refs *part, const struct mms_refs *whole, uint64_t i, uint32_t page)
{
	uint64_t at = part->nr++;

	((uint32_t *)part->page)[at] = page;
	if (whole->more)
		((uint32_t *)part->more)[at] = whole->more[i];
	if (mms_refs_write(whole, i))
		((uint64_t *)part->write)[at / 64] |= 1ULL << (at % 64);
	part->nr_refs += 1 + mms_refs_more(whole, i);
}

int mms_allot_split(const struct mms_refs *whole, const uint16_t *proc_of, size_t nr_procs,
		    struct mms_refs *part)
{
	uint32_t *own = malloc(((size_t)whole->nr_pages + 1) * sizeof(*own));
	int err = own ? 0 : -ENOMEM;
	uint64_t i;

	for (i = 0; i < nr_procs; i++)
		part[i] = (struct mms_refs){0};
	for (i = 0; i < whole->nr_pages && !err; i++)
		own[i] = part[proc_of[i]].nr_pages++;
	for (i = 0; i < whole->nr; i++)
		part[proc_of[whole->page[i]]].nr++;
	for (i = 0; i < nr_procs && !err; i++)
		err = part_alloc(whole, &part[i]);
	for (i = 0; i < whole->nr && !err; i++) {
		uint32_t page = whole->page[i];

		append(&part[proc_of[page]], whole, i, own[page]);
	}
	free(own);
	if (err)
		mms_allot_split_free(part, nr_procs);
	return err;
}

void mms_allot_split_marks(const struct mms_refs *whole, const uint16_t *proc_of, size_t proc,
			   const uint64_t *marks, uint64_t nr_marks, uint64_t *own)
{
	uint64_t i = 0, k, nr = 0;

	for (k = 0; k < nr_marks; k++) {
		for (; i < marks[k]; i++)
			nr += proc_of[whole->page[i]] == proc;
		own[k] = nr;
	}
}

void mms_allot_split_free(struct mms_refs *part, size_t nr_procs)
{
	size_t i;

	for (i = 0; i < nr_procs; i++) {
		free((void *)part[i].page);
		free((void *)part[i].more);
		free((void *)part[i].write);
		part[i] = (struct mms_refs){0};
	}
}
