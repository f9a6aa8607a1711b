// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reader of reference strings, on anything. Checksums would keep a fuzzer out: with an even
 * first byte they are put right; with 1 mod 4 the contents of the chunks are packed as well, so
 * that what is in them is fuzzed too; else the bytes are left as they are.
 */
#include <stdio.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "fuzz_file.h"
#include "store/refs_file.h"
#include "store/refs_layout.h"

#define MAX_LOAD 100000 /* entries */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void seal_header(struct refs_header *h)
{
	memcpy(h->magic, REFS_MAGIC, sizeof(h->magic));
	h->crc = crc32(0, (const void *)h, offsetof(struct refs_header, crc));
}

static void seal_chunk(struct refs_chunk *c)
{
	c->size = sizeof(*c);
	c->crc = crc32(0, (const void *)c, offsetof(struct refs_chunk, crc));
}

/* Heads of chunks follow each other by their lengths. */
static size_t seal(uint8_t *to, const uint8_t *data, size_t len)
{
	size_t at = sizeof(struct refs_header);
	struct refs_header h;

	memcpy(to, data, len);
	if (len < sizeof(h))
		return len;
	memcpy(&h, data, sizeof(h));
	seal_header(&h);
	memcpy(to, &h, sizeof(h));
	while (at + sizeof(struct refs_chunk) <= len) {
		struct refs_chunk c;

		memcpy(&c, to + at, sizeof(c));
		seal_chunk(&c);
		memcpy(to + at, &c, sizeof(c));
		at += sizeof(c) + (size_t)c.zip_len;
	}
	return len;
}

/* The same, with contents that are not packed yet; lengths in the header follow. */
static size_t pack(uint8_t *to, const uint8_t *data, size_t len)
{
	size_t at = sizeof(struct refs_header), out = at;
	struct refs_header h;

	if (len < sizeof(h))
		return seal(to, data, len);
	memcpy(&h, data, sizeof(h));
	h.tables = 0;
	while (at + sizeof(struct refs_chunk) <= len) {
		struct refs_chunk c;

		memcpy(&c, data + at, sizeof(c));
		at += sizeof(c);
		if (c.raw_len > len - at)
			c.raw_len = len - at;
		if (c.kind != REFS_ENTRIES && !h.tables)
			h.tables = out;
		c.zip_len = c.raw_len ? ZSTD_compress(to + out + sizeof(c),
						      ZSTD_compressBound(c.raw_len), data + at,
						      c.raw_len, 1)
				      : 0;
		seal_chunk(&c);
		memcpy(to + out, &c, sizeof(c));
		out += sizeof(c) + c.zip_len;
		at += c.raw_len;
	}
	h.length = out;
	h.tables = h.tables ? h.tables : out;
	seal_header(&h);
	memcpy(to, &h, sizeof(h));
	return out;
}

static void check_chunk(const struct mms_refs *c, uint32_t *pages)
{
	uint64_t refs = 0, i;

	for (i = 0; i < c->nr; i++) {
		MUST(c->page[i] < c->nr_pages && c->page[i] <= *pages);
		*pages += c->page[i] == *pages;
		refs += 1 + mms_refs_more(c, i);
	}
	MUST(refs == c->nr_refs);
}

static void check_info(const struct mms_refs_info *info)
{
	uint64_t i;

	MUST(info->nr_procs && info->nr_pages && info->nr_pages <= info->nr);
	for (i = 0; info->proc_of && i < info->nr_pages; i++)
		MUST(info->proc_of[i] < info->nr_procs);
	for (i = 0; i < info->nr_procs; i++)
		MUST(memchr(info->procs[i].name, 0, sizeof(info->procs[i].name)));
	for (i = 0; i < info->nr_marks; i++)
		MUST(info->marks[i] <= info->nr && (!i || info->marks[i] > info->marks[i - 1]));
}

static void read_all(struct mms_refs_reader *r)
{
	const struct mms_refs_info *info = mms_refs_info(r);
	uint64_t nr = 0, refs = 0;
	struct mms_refs chunk;
	uint32_t pages = 0;
	const char *why;
	int ret;

	check_info(info);
	while ((ret = mms_refs_next(r, &chunk, &why)) > 0) {
		check_chunk(&chunk, &pages);
		nr += chunk.nr;
		refs += chunk.nr_refs;
	}
	if (!ret)
		MUST(nr == info->nr && refs == info->nr_refs && pages == info->nr_pages);
	if (info->nr <= MAX_LOAD) {
		MUST(mms_refs_load(r, &chunk, &why) == ret);
		if (!ret)
			MUST(chunk.nr == nr && chunk.nr_refs == refs);
		mms_refs_unload(&chunk);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct mms_refs_reader *r;
	const char *why = NULL;
	uint8_t *file;
	char path[32];
	size_t n;
	int fd;

	if (!len)
		return 0;
	file = malloc(2 * len + 100 + len * 8);
	if (data[0] % 2 == 0)
		n = seal(file, data + 1, len - 1);
	else if (data[0] % 4 == 1)
		n = pack(file, data + 1, len - 1);
	else
		n = len - 1, memcpy(file, data + 1, n);
	fd = fuzz_file(file, n);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!mms_refs_open(&r, path, &why))
		read_all(r);
	else
		MUST(why && *why);
	mms_refs_close(r);
	close(fd);
	free(file);
	return 0;
}
