// SPDX-License-Identifier: GPL-2.0-only
/* All entries of a reference string into memory. Must not know the bytes of the file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "store/refs_file.h"

/* Pages come as they are filled: a header that promises too much costs address space alone. */
static void *reserve(uint64_t nr, size_t width)
{
	void *p =
		mmap(NULL, nr * width, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void release(const void *p, uint64_t nr, size_t width)
{
	if (p)
		munmap((void *)p, nr * width);
}

/* Bits of a chunk behind @nr others. */
static void add_bits(uint64_t *to, uint64_t nr, const uint64_t *bits, uint64_t more)
{
	unsigned int shift = nr % 64;
	uint64_t i;

	for (i = 0; i < (more + 63) / 64; i++) {
		to[nr / 64 + i] |= bits[i] << shift;
		if (shift && bits[i] >> (64 - shift))
			to[nr / 64 + i + 1] |= bits[i] >> (64 - shift);
	}
}

uint64_t mms_refs_bytes(const struct mms_refs_info *info)
{
	return info->nr * (info->has_more ? 8 : 4) + (info->has_write ? info->nr / 8 : 0);
}

static int out_of_memory(const struct mms_refs_info *info, const char **why)
{
	static char text[120];

	snprintf(text, sizeof(text), "does not fit into memory: its entries take %.1f MiB",
		 (double)mms_refs_bytes(info) / (1 << 20));
	*why = text;
	return -ENOMEM;
}

int mms_refs_load(struct mms_refs_reader *r, struct mms_refs *refs, const char **why)
{
	const struct mms_refs_info *info = mms_refs_info(r);
	struct mms_refs chunk;
	uint64_t nr = info->nr, at = 0, *write = NULL;
	uint32_t *page, *more = NULL;
	int ret;

	memset(refs, 0, sizeof(*refs));
	page = reserve(nr, sizeof(*page));
	if (info->has_more)
		more = reserve(nr, sizeof(*more));
	if (info->has_write)
		write = reserve(nr / 64 + 1, sizeof(*write));
	*refs = (struct mms_refs){page, more, write, nr, info->nr_refs, info->nr_pages};
	if (!page || (info->has_more && !more) || (info->has_write && !write)) {
		mms_refs_unload(refs);
		return out_of_memory(info, why);
	}
	mms_refs_rewind(r);
	while ((ret = mms_refs_next(r, &chunk, why)) > 0) {
		memcpy(page + at, chunk.page, chunk.nr * sizeof(*page));
		if (more)
			memcpy(more + at, chunk.more, chunk.nr * sizeof(*more));
		if (write)
			add_bits(write, at, chunk.write, chunk.nr);
		at += chunk.nr;
	}
	if (ret)
		mms_refs_unload(refs);
	return ret;
}

void mms_refs_unload(struct mms_refs *refs)
{
	release(refs->page, refs->nr, sizeof(*refs->page));
	release(refs->more, refs->nr, sizeof(*refs->more));
	release(refs->write, refs->nr / 64 + 1, sizeof(*refs->write));
	memset(refs, 0, sizeof(*refs));
}
