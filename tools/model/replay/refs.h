/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A reference string in memory, or a part of it. Knows nothing of files, nor of
 * what the pages are: these are numbers.
 */
#ifndef _MMS_REFS_H
#define _MMS_REFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct mms_refs - a reference string, or a chunk of one
 * @page: the page of each entry, below @nr_pages
 * @more: further references to the same page directly after the first; NULL: none anywhere
 * @write: bit i is set if at least one reference of entry i writes; NULL: nothing is written
 * @nr: entries
 * @nr_refs: references, @nr and the sum of @more
 * @nr_pages: of the whole string: ids are dense, each occurs at least once somewhere in it
 *
 * Time is virtual: one reference is one tick, so that entry i begins at the number of
 * references before it and lasts 1 + @more[i] of them. Neighbouring entries may, but need
 * not, have different pages. The further references of an entry are hits, and count as such: they
 * set the reference bit of a page that was loaded without it.
 */
struct mms_refs {
	const uint32_t *page;
	const uint32_t *more;
	const uint64_t *write;
	uint64_t nr;
	uint64_t nr_refs;
	uint32_t nr_pages;
};

static inline uint64_t mms_refs_more(const struct mms_refs *r, uint64_t i)
{
	return r->more ? r->more[i] : 0;
}

static inline bool mms_refs_write(const struct mms_refs *r, uint64_t i)
{
	return r->write && (r->write[i / 64] >> (i % 64) & 1);
}

#endif
