// SPDX-License-Identifier: GPL-2.0-only
/*
 * store/refs_file: files that its writer never makes, byte by byte with all sums right: what is
 * allowed is read, short chunks too; what cannot be is refused by its own check.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#include "store/refs_file.h"
#include "store/refs_layout.h"

#define NR	73 /* entries: chunks of 3 and of 70 */
#define FIRST	3
#define PAGES	5
#define NR_MARK 3

static char path[] = "/tmp/mmscope-forged-XXXXXX";

/* What a file is made of. */
struct forged {
	struct refs_header h;
	uint8_t page[NR];
	bool write[NR];
	struct refs_proc proc[2];
	uint16_t proc_of[PAGES];
	uint64_t vpn[PAGES], mark[NR_MARK], end_refs;
	struct refs_chunk odd; /* added to the head of chunk @odd_at */
	int odd_at;
	bool bad_crc;
	uint8_t file[4096];
	size_t len;
	int chunks;
};

static void put(struct forged *f, struct refs_chunk c, const void *raw)
{
	size_t at = f->len + sizeof(c);

	c.size = sizeof(c);
	c.zip_len = c.raw_len ? ZSTD_compress(f->file + at, 512, raw, c.raw_len, 1) : 0;
	if (f->chunks == f->odd_at) {
		c.zero += f->odd.zero;
		c.reserved += f->odd.reserved;
		c.more_bytes += f->odd.more_bytes;
	}
	c.crc = crc32(0, (const void *)&c, offsetof(struct refs_chunk, crc));
	if (f->chunks == f->odd_at && f->bad_crc)
		c.crc ^= 1;
	memcpy(f->file + f->len, &c, sizeof(c));
	f->len = at + c.zip_len;
	f->chunks++;
}

static void put_entries(struct forged *f, int from, uint32_t nr)
{
	uint8_t raw[NR + 16] = {0};
	uint32_t i, len = nr + refs_bits_len(nr);
	uint64_t bits[2] = {0};

	memcpy(raw, f->page + from, nr);
	for (i = 0; i < nr; i++)
		bits[i / 64] |= (uint64_t)f->write[from + i] << i % 64;
	memcpy(raw + nr, bits, refs_bits_len(nr));
	if (!bits[0] && !bits[1])
		len = nr;
	put(f,
	    (struct refs_chunk){.kind = REFS_ENTRIES,
				.nr = nr,
				.id_bytes = 1,
				.has_write = len > nr,
				.nr_refs = nr,
				.raw_len = len},
	    raw);
}

/* Differences with the sign in the lowest bit, 8 planes. */
static void put_numbers(struct forged *f, uint32_t kind, const uint64_t *v, int from, uint32_t nr)
{
	uint8_t raw[8 * PAGES];
	uint32_t i, b;

	for (i = 0; i < nr; i++) {
		int64_t d = v[from + i] - (from + i ? v[from + i - 1] : 0);
		uint64_t coded = d < 0 ? 2 * (uint64_t) - (d + 1) + 1 : 2 * (uint64_t)d;

		for (b = 0; b < 8; b++)
			raw[b * nr + i] = coded >> 8 * b;
	}
	put(f, (struct refs_chunk){.kind = kind, .nr = nr, .raw_len = 8 * nr}, raw);
}

static void spill(struct forged *f)
{
	uint8_t raw[2 * PAGES];
	int i, fd = open(path, O_WRONLY | O_TRUNC);

	f->len = sizeof(f->h);
	f->chunks = 0;
	put_entries(f, 0, FIRST);
	put_entries(f, FIRST, NR - FIRST);
	f->h.tables = f->len;
	put(f, (struct refs_chunk){.kind = REFS_PROCS, .nr = 2, .raw_len = sizeof(f->proc)},
	    f->proc);
	for (i = 0; i < PAGES; i++) {
		raw[i] = f->proc_of[i];
		raw[PAGES + i] = f->proc_of[i] >> 8;
	}
	put(f, (struct refs_chunk){.kind = REFS_PROC_OF, .nr = PAGES, .raw_len = sizeof(raw)}, raw);
	put_numbers(f, REFS_VPNS, f->vpn, 0, 2);
	put_numbers(f, REFS_VPNS, f->vpn, 2, PAGES - 2);
	put_numbers(f, REFS_MARKS, f->mark, 0, 1);
	put_numbers(f, REFS_MARKS, f->mark, 1, NR_MARK - 1);
	put(f, (struct refs_chunk){.kind = REFS_END, .nr_refs = f->end_refs}, NULL);
	f->h.length = f->len;
	f->h.crc = crc32(0, (const void *)&f->h, offsetof(struct refs_header, crc));
	memcpy(f->file, &f->h, sizeof(f->h));
	assert_int_equal(write(fd, f->file, f->len), f->len);
	close(fd);
}

static void make(struct forged *f)
{
	int i;

	*f = (struct forged){.h = {.magic = "mmsrefs",
				   .size = 192,
				   .version = 1,
				   .flags = REFS_SAMPLED | REFS_HAS_WRITE,
				   .page_shift = 12,
				   .delta_ns = 1000,
				   .nr = NR,
				   .nr_refs = NR,
				   .nr_marks = NR_MARK,
				   .nr_pages = PAGES,
				   .nr_procs = 2,
				   .origin = "by hand"},
			     .proc = {{7, "one"}, {8, "two"}},
			     .proc_of = {0, 1, 1, 0, 1},
			     .vpn = {1000, 3, UINT64_MAX, 0, 77},
			     .mark = {0, 5, NR},
			     .end_refs = NR,
			     .odd_at = -1};
	f->h.magic[7] = '\n';
	for (i = 0; i < NR; i++) {
		f->page[i] = i % PAGES;
		f->write[i] = i % 7 == 2 || i > 66;
	}
}

/* As forged; twice, as what was read before must not matter; and in memory. */
static void read_as_forged(struct forged *f)
{
	struct mms_refs_reader *r;
	struct mms_refs c, all;
	const char *why;
	uint64_t i, at;
	int k;

	spill(f);
	assert_int_equal(mms_refs_open(&r, path, &why), 0);
	for (i = 0; i < PAGES; i++) {
		assert_int_equal(mms_refs_info(r)->vpn[i], f->vpn[i]);
		assert_int_equal(mms_refs_info(r)->proc_of[i], f->proc_of[i]);
	}
	for (i = 0; i < NR_MARK; i++)
		assert_int_equal(mms_refs_info(r)->marks[i], f->mark[i]);
	for (k = 0; k < 2; k++) {
		for (at = 0; mms_refs_next(r, &c, &why) > 0; at += c.nr)
			for (i = 0; i < c.nr; i++) {
				assert_int_equal(c.page[i], f->page[at + i]);
				assert_int_equal(mms_refs_write(&c, i), f->write[at + i]);
			}
		assert_int_equal(at, NR);
		mms_refs_rewind(r);
	}
	assert_int_equal(mms_refs_load(r, &all, &why), 0);
	assert_int_equal(all.nr, NR);
	for (i = 0; i < NR; i++) {
		assert_int_equal(all.page[i], f->page[i]);
		assert_int_equal(mms_refs_write(&all, i), f->write[i]);
	}
	mms_refs_unload(&all);
	mms_refs_close(r);
}

static void short_chunks_are_read(void **state)
{
	struct forged f;

	make(&f);
	read_as_forged(&f);
	/* A chunk without writes behind one that has some. */
	memset(f.write + FIRST, 0, sizeof(f.write) - FIRST);
	f.write[0] = true;
	read_as_forged(&f);
}

/* By opening, or else by reading and by loading. */
static void refused(struct forged *f, const char *what)
{
	struct mms_refs_reader *r;
	struct mms_refs c;
	const char *why = NULL;
	int ret;

	spill(f);
	ret = mms_refs_open(&r, path, &why);
	if (!ret) {
		while ((ret = mms_refs_next(r, &c, &why)) > 0)
			;
		if (mms_refs_load(r, &c, &why) != ret || c.page)
			fail_msg("%s: loaded", what);
		mms_refs_close(r);
	}
	if (ret != -EBADMSG || !why)
		fail_msg("%s: %d", what, ret);
	make(f);
}

#define REFUSED(change) (f.change, refused(&f, #change))

/* By its counts alone, before anything is taken for them. */
static void refused_as(struct forged *f, const char *words)
{
	struct mms_refs_reader *r;
	const char *why = NULL;

	spill(f);
	assert_int_equal(mms_refs_open(&r, path, &why), -EBADMSG);
	if (!strstr(why, words))
		fail_msg("%s: %s", words, why);
	make(f);
}

static void too_many_references_are_refused(void **state)
{
	struct forged f;

	make(&f);
	f.h.nr_refs = (1ULL << 43) + 1;
	refused_as(&f, "too many to replay");
	/* Bytes of so many entries are few again, in 64 bits. */
	f.h.nr = f.h.nr_refs = (1ULL << 62) + 1;
	refused_as(&f, "too many to replay");
	f.h.nr_refs = 1ULL << 43;
	refused_as(&f, "counts do not agree");
	f.h.flags |= REFS_HAS_MORE;
	refused_as(&f, "counts do not agree");
}

static void what_cannot_be_is_refused(void **state)
{
	struct forged f;
	int i;

	make(&f);
	for (i = 0; i < 11; i++)
		REFUSED(h.reserved[i] = 1);
	REFUSED(h.flags |= REFS_ALL_FLAGS + 1);
	REFUSED(h.flags |= 1U << 31);
	f.h.page_shift = 30;
	read_as_forged(&f);
	REFUSED(h.page_shift = 31);
	REFUSED(h.origin[2] = 27);
	REFUSED(h.origin[2] = 127);
	memset(f.h.origin, 'x', sizeof(f.h.origin));
	refused(&f, "an origin without an end");
	REFUSED(h.nr_refs++);
	REFUSED(end_refs++);
	REFUSED(proc[1].name[1] = '\n');
	memset(f.proc[0].name, 'x', sizeof(f.proc[0].name));
	refused(&f, "a name without an end");
	REFUSED(proc_of[4] = 2);
	REFUSED(proc_of[0] = 256);
	REFUSED(mark[1] = 0);
	REFUSED(mark[2] = 4);
	REFUSED(mark[2] = 5);
	REFUSED(mark[2] = NR + 1);
	/* An id before the one below it, where all have come in the end. */
	f.page[1] = 2;
	f.page[2] = 1;
	f.page[3] = 2;
	refused(&f, "ids in another order");
	REFUSED(page[70] = PAGES);
	for (i = 0; i < 9; i++) {
		f.odd_at = i;
		REFUSED(odd.zero = 1);
		f.odd_at = i;
		REFUSED(odd.reserved = 1);
		f.odd_at = i;
		REFUSED(odd.more_bytes = 1);
		f.odd_at = i;
		REFUSED(bad_crc = true);
	}
}

/* More pages than a chunk of a table has; and the rights that the mask leaves. */
static void tables_of_several_chunks_are_written(void **state)
{
	enum { MANY = 2 * REFS_TABLE_CHUNK + 5 };
	struct mms_refs_proc proc = {.name = "x"};
	uint64_t *vpn = calloc(MANY, sizeof(*vpn));
	struct mms_refs_info info = {
		.page_shift = 12, .procs = &proc, .nr_procs = 1, .vpn = vpn, .nr_pages = MANY};
	struct mms_refs_writer *w;
	struct mms_refs_reader *r;
	struct stat st;
	const char *why;
	mode_t mask;
	uint32_t i;

	unlink(path);
	mask = umask(027);
	assert_int_equal(mms_refs_create(&w, path, &info), 0);
	for (i = 0; i < MANY; i++) {
		vpn[i] = i * 0x9e3779b97f4a7c15ULL;
		assert_int_equal(mms_refs_add(w, i, false), 0);
	}
	assert_int_equal(mms_refs_commit(w, &info), 0);
	umask(mask);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(mms_refs_open(&r, path, &why), 0);
	assert_memory_equal(mms_refs_info(r)->vpn, vpn, MANY * sizeof(*vpn));
	mms_refs_close(r);
	free(vpn);
}

static int set_up(void **state)
{
	int fd = mkstemp(path);

	return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state)
{
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_chunks_are_read),
		cmocka_unit_test(what_cannot_be_is_refused),
		cmocka_unit_test(too_many_references_are_refused),
		cmocka_unit_test(tables_of_several_chunks_are_written),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
