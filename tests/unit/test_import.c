// SPDX-License-Identifier: GPL-2.0-only
/*
 * collect/import and model/replay/rename: every line of a trace is a reference, left out or
 * skipped; ids against a list that is searched from its begin.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#include "collect/import.h"
#include "model/replay/rename.h"

#define MAX_REFS 4096

static struct mms_import_ref refs[MAX_REFS];
static struct mms_import_count count;
static const char *why;
static pid_t pid;

static int file_of(const void *data, size_t len)
{
	int fd = memfd_create("trace", 0);

	assert_int_equal(write(fd, data, len), len);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/* All references, @max asked for at once. Return: how many, or -errno. */
static ssize_t import_bytes(const struct mms_import_format *f, const void *data, size_t len,
			    const struct mms_import_opts *opts, size_t max)
{
	struct mms_import *im;
	size_t nr = 0;
	ssize_t n = mms_import_fd(&im, f, file_of(data, len), opts, &why);

	if (n) {
		assert_null(im);
		return n;
	}
	while ((n = mms_import_next(im, refs + nr, max, &why)) > 0) {
		assert_true((size_t)n <= max);
		nr += n;
		assert_true(nr + max <= MAX_REFS);
	}
	count = *mms_import_count(im);
	pid = mms_import_pid(im);
	mms_import_close(im);
	return n ? n : (ssize_t)nr;
}

static const struct mms_import_opts plain = {.page_shift = 12, .separator = ','};

static ssize_t import_text(const struct mms_import_format *f, const char *text,
			   const struct mms_import_opts *opts)
{
	return import_bytes(f, text, strlen(text), opts, 100);
}

static const char lackey[] = "==4711== Lackey, an example Valgrind tool\n"
			     "I  04001000,3\n"
			     " L 1ffeffe7e0,8\n"
			     "the program said something\n"
			     " S 00002ffc,8\n"
			     " M 7FFFF000,4\n"
			     "\n"
			     " L 1000\n"
			     " L 1000,\n"
			     " L ,8\n"
			     " L 10g0,8\n"
			     " L 1000,8 \n"
			     " L 1000,0\n"
			     " X 1000,8\n"
			     "L  1000,8\n"
			     "I 1000,8\n"
			     " L 10000000000000000,8\n"
			     " L ffffffffffffffff,2\n"
			     " L 1000,70000\n"
			     " L ffffffffffffffff,1";

static void lines_of_lackey_are_accesses_or_skipped(void **state)
{
	static const struct {
		uint64_t vpn;
		bool write;
	} want[] = {
		{0x4001, false}, {0x1ffeffe, false}, {2, true},
		{3, true},	 {0x7ffff, true},    {0xfffffffffffff, false},
	};
	size_t max, i;

	for (max = 1; max <= 10; max++) {
		assert_int_equal(
			import_bytes(&mms_import_lackey, lackey, strlen(lackey), &plain, max), 6);
		for (i = 0; i < 6; i++) {
			assert_int_equal(refs[i].vpn, want[i].vpn);
			assert_int_equal(refs[i].write, want[i].write);
		}
		assert_int_equal(count.records, 20);
		assert_int_equal(count.used, 5);
		assert_int_equal(count.skipped, 15);
		assert_int_equal(count.malformed, 9);
		assert_int_equal(count.left_out, 0);
		assert_int_equal(count.straddles, 1);
		assert_int_equal(count.refs, 6);
		assert_int_equal(pid, 4711);
	}
}

static void pages_are_as_large_as_asked_for(void **state)
{
	struct mms_import_opts opts = {.page_shift = 21, .no_fetch = true};

	assert_int_equal(import_text(&mms_import_lackey, lackey, &opts), 4);
	assert_int_equal(refs[0].vpn, 0x1ffeffe7e0 >> 21);
	assert_int_equal(refs[1].vpn, 0);
	assert_int_equal(count.left_out, 1);
	assert_int_equal(count.records, count.used + count.left_out + count.skipped);
	opts.page_shift = 0; /* a page per byte */
	assert_int_equal(import_text(&mms_import_lackey, lackey, &opts), 8 + 8 + 4 + 1);
	assert_int_equal(refs[7].vpn, 0x1ffeffe7e7);
}

static void packed_traces_are_unpacked(void **state)
{
	static char packed[4096];
	size_t len = ZSTD_compress(packed, sizeof(packed), lackey, strlen(lackey), 3), i;
	z_stream z = {.next_in = (void *)lackey,
		      .avail_in = strlen(lackey),
		      .next_out = (void *)packed,
		      .avail_out = sizeof(packed)};

	assert_int_equal(import_bytes(&mms_import_lackey, packed, len, &plain, 100), 6);
	for (i = 4; i < len; i++)
		assert_true(import_bytes(&mms_import_lackey, packed, i, &plain, 100) < 0);
	assert_non_null(strstr(why, "cut off"));

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, 0), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	len = z.total_out;
	deflateEnd(&z);
	assert_int_equal(import_bytes(&mms_import_lackey, packed, len, &plain, 100), 6);
	for (i = 3; i < len; i++)
		assert_true(import_bytes(&mms_import_lackey, packed, i, &plain, 100) < 0);
	packed[len / 2] ^= 0x55;
	assert_true(import_bytes(&mms_import_lackey, packed, len, &plain, 100) < 0);
}

/* Longer than any buffer on the way, packed. */
static void long_packed_traces_are_unpacked_whole(void **state)
{
	size_t nr = 3000000, len, i;
	uint32_t *ids = malloc(nr * 4);
	char *packed = malloc(ZSTD_compressBound(nr * 4));
	char path[] = "/tmp/mmscope-import-XXXXXX.zst";
	struct mms_import *im;
	ssize_t n;
	int fd = mkstemps(path, 4);

	for (i = 0; i < nr; i++)
		ids[i] = i / 1000 * 7;
	len = ZSTD_compress(packed, ZSTD_compressBound(nr * 4), ids, nr * 4, 1);
	assert_int_equal(write(fd, packed, len), len);
	close(fd);
	assert_int_equal(mms_import_open(&im, &mms_import_u32, path, &plain, &why), 0);
	for (i = 0; (n = mms_import_next(im, refs, MAX_REFS, &why)) > 0; i += n)
		assert_int_equal(refs[n - 1].vpn, ids[i + n - 1]);
	assert_int_equal(n, 0);
	assert_int_equal(i, nr);
	mms_import_close(im);
	unlink(path);
	free(ids);
	free(packed);
}

/* Somebody holds the pipe for ever: here we do. */
static void a_trace_ends_with_its_writer(void **state)
{
	enum { LINES = 50000 };
	struct mms_import *im;
	int ends[2], nr = 0;
	ssize_t n;
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	pid_t child;

	if (pidfd < 0)
		skip(); /* then it waits for all who could write */
	close(pidfd);
	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (!child) {
		bool all = true;

		for (nr = 0; nr < LINES; nr++)
			all &= write(ends[1], " L 00001000,4\n", 14) == 14;
		_exit(!all);
	}
	assert_int_equal(mms_import_fd(&im, &mms_import_lackey, ends[0], &plain, &why), 0);
	mms_import_writer(im, (int)syscall(SYS_pidfd_open, child, 0));
	alarm(60); /* else it hangs */
	while ((n = mms_import_next(im, refs, MAX_REFS, &why)) > 0)
		nr += n;
	alarm(0);
	assert_int_equal(n, 0);
	assert_int_equal(nr, LINES);
	mms_import_close(im);
	close(ends[1]);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static size_t gzip_of(void *to, size_t room, const void *from, size_t len)
{
	z_stream z = {.next_in = (void *)from, .avail_in = len, .next_out = to, .avail_out = room};

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, 0), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

static bool are_the_ids(const uint32_t *ids, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (refs[i].vpn != ids[i])
			return false;
	return true;
}

/* What has no name: packed, or numbers that begin as what is packed. */
static void packed_records_are_told_from_numbers(void **state)
{
	enum { NR_IDS = 1000 };
	static uint32_t ids[NR_IDS], gzip_like[NR_IDS], zstd_like[NR_IDS];
	static char packed[NR_IDS * 8];
	size_t i, len;

	for (i = 0; i < NR_IDS; i++) {
		ids[i] = i * 0x9e3779b9;
		gzip_like[i] = zstd_like[i] = i % 3 ? ids[i] : 0;
	}
	gzip_like[0] = 0x00088b1f;
	zstd_like[0] = 0xfd2fb528;
	len = ZSTD_compress(packed, sizeof(packed), ids, sizeof(ids), 3);
	assert_int_equal(import_bytes(&mms_import_u32, packed, len, &plain, 100), NR_IDS);
	assert_true(are_the_ids(ids, NR_IDS));
	len = gzip_of(packed, sizeof(packed), ids, sizeof(ids));
	assert_int_equal(import_bytes(&mms_import_u32, packed, len, &plain, 100), NR_IDS);
	assert_true(are_the_ids(ids, NR_IDS));
	len = ZSTD_compress(packed, sizeof(packed), ids, 0, 3);
	assert_int_equal(import_bytes(&mms_import_u32, packed, len, &plain, 100), 0);
	for (i = 1; i <= NR_IDS; i = i * 3 + 1) {
		assert_int_equal(import_bytes(&mms_import_u32, gzip_like, i * 4, &plain, 100), i);
		assert_true(are_the_ids(gzip_like, i));
		assert_int_equal(import_bytes(&mms_import_u32, zstd_like, i * 4, &plain, 100), i);
		assert_true(are_the_ids(zstd_like, i));
	}
	memset(zstd_like + 1, 0, sizeof(zstd_like) - 4); /* empty blocks without end */
	assert_int_equal(import_bytes(&mms_import_u32, zstd_like, sizeof(zstd_like), &plain, 100),
			 NR_IDS);
}

/* As tapes fill up; gzip skips it. Others packed behind are read. */
static void zeros_behind_gzip_are_skipped(void **state)
{
	static char packed[2048];
	size_t len = gzip_of(packed, 1000, lackey, strlen(lackey));

	assert_int_equal(import_bytes(&mms_import_lackey, packed, len + 500, &plain, 100), 6);
	/* The last line of the one and the first of the other are one. */
	memcpy(packed + len, packed, len);
	assert_int_equal(import_bytes(&mms_import_lackey, packed, 2 * len + 500, &plain, 100), 11);
	packed[2 * len + 300] = 1;
	assert_int_equal(import_bytes(&mms_import_lackey, packed, 2 * len + 500, &plain, 100),
			 -EINVAL);
}

/* The head of a frame says it, whatever is in it. */
static void windows_of_zstd_have_a_limit(void **state)
{
	unsigned int log;

	for (log = 26; log <= 28; log++) {
		char text[300], packed[400];
		ZSTD_CCtx *c = ZSTD_createCCtx();
		ZSTD_outBuffer to = {packed, sizeof(packed), 0};
		ZSTD_inBuffer from = {text, sizeof(text), 0};

		memset(text, '\n', sizeof(text));
		ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, (int)log);
		assert_false(ZSTD_isError(ZSTD_compressStream2(c, &to, &from, ZSTD_e_flush)));
		assert_int_equal(ZSTD_compressStream2(c, &to, &from, ZSTD_e_end), 0);
		ZSTD_freeCCtx(c);
		assert_int_equal(import_bytes(&mms_import_lackey, packed, to.pos, &plain, 100),
				 log == 28 ? -EINVAL : 0);
		if (log == 28)
			assert_non_null(strstr(why, "a window above 128 MiB (--long=28 or more)"));
		else
			assert_int_equal(count.skipped, 300);
		assert_int_equal(import_bytes(&mms_import_u32, packed, to.pos, &plain, 100),
				 log == 28 ? -EINVAL : 75);
	}
}

static void lines_before_the_names_are_skipped(void **state)
{
	struct mms_import_opts o = {.page_shift = 12, .separator = ',', .columns = "page,pid"};

	assert_int_equal(import_text(&mms_import_csv, "\xef\xbb\xbf# of a tool\r\n\r\n\npage\n7\n",
				     &plain),
			 1);
	assert_int_equal(refs[0].vpn, 7);
	assert_int_equal(count.records, 5);
	assert_int_equal(count.skipped, 4);
	assert_int_equal(import_text(&mms_import_csv,
				     "\xef\xbb\xbf"
				     "8,2147483647\n",
				     &o),
			 1);
	assert_int_equal(refs[0].vpn, 8);
	assert_int_equal(refs[0].pid, INT32_MAX);
	assert_int_equal(import_text(&mms_import_csv, "8,2147483648\n", &o), -EINVAL);
	assert_string_equal(why, "line 1: not a pid, which is at most 2147483647");
}

static void records_of_binary_formats(void **state)
{
	static const uint32_t u32[] = {7, 0xffffffff, 0};
	static const uint64_t u64[] = {7, UINT64_MAX, 0x5fff};
	struct mms_import_opts addresses = {.page_shift = 12, .addresses = true};
	uint8_t oracle[48] = {0};

	assert_int_equal(import_bytes(&mms_import_u32, u32, sizeof(u32), &plain, 2), 3);
	assert_int_equal(refs[1].vpn, 0xffffffff);
	assert_int_equal(import_bytes(&mms_import_u64, u64, sizeof(u64), &plain, 100), 3);
	assert_true(refs[1].vpn == UINT64_MAX);
	assert_int_equal(import_bytes(&mms_import_u64, u64, sizeof(u64), &addresses, 100), 3);
	assert_int_equal(refs[2].vpn, 5);
	oracle[4] = 9;
	oracle[24 + 11] = 0x80;
	assert_int_equal(import_bytes(&mms_import_oracle, oracle, 48, &plain, 100), 2);
	assert_int_equal(refs[0].vpn, 9);
	assert_true(refs[1].vpn == 1ULL << 63);
	assert_int_equal(count.records, 2);
	assert_int_equal(import_bytes(&mms_import_oracle, oracle, 47, &plain, 100), -EINVAL);
	assert_string_equal(
		why,
		"record 2: the trace is cut off within it: is it oracleGeneral at all? Else copy or record it again");
	assert_int_equal(import_bytes(&mms_import_u32, u32, 11, &plain, 100), -EINVAL);
	assert_string_equal(
		why,
		"record 3: the trace is cut off within it: is it u32 at all? Else copy or record it again");
	assert_int_equal(import_bytes(&mms_import_u32, u32, 0, &plain, 100), 0);
}

static void columns_by_name_and_by_option(void **state)
{
	struct mms_import_opts o = {
		.page_shift = 12, .separator = '\t', .columns = "address,-,rw", .hex = true};

	assert_int_equal(import_text(&mms_import_csv,
				     "Index,PID,page,rw\r\n"
				     "0, 12 ,0x10,r\r\n"
				     "\n"
				     "# a comment\n"
				     "\"1\",13,\"18446744073709551615\",Store\n",
				     &plain),
			 2);
	assert_int_equal(refs[0].vpn, 16);
	assert_int_equal(refs[0].pid, 12);
	assert_int_equal(refs[0].proc, 12);
	assert_false(refs[0].write);
	assert_true(refs[1].vpn == UINT64_MAX);
	assert_int_equal(refs[1].pid, 13);
	assert_true(refs[1].write);
	assert_int_equal(count.records, 5);
	assert_int_equal(count.used, 2);
	assert_int_equal(count.skipped, 3);

	assert_int_equal(import_text(&mms_import_csv, "7fff1000\tx\tw\n0x2000\t\t0\n", &o), 2);
	assert_int_equal(refs[0].vpn, 0x7fff1);
	assert_true(refs[0].write);
	assert_int_equal(refs[1].vpn, 2);
}

static void intervals_begin_where_time_steps(void **state)
{
	struct mms_import_opts o = {.separator = ',', .delta_ns = 100, .columns = "time_ns,page"};
	static const bool marks[] = {true, false, true, true, false};
	size_t i;

	assert_int_equal(import_text(&mms_import_csv, "5,1\n99,2\n100,3\n950,1\n999,1\n", &o), 5);
	for (i = 0; i < 5; i++)
		assert_int_equal(refs[i].mark, marks[i]);
	assert_int_equal(import_text(&mms_import_csv, "150,1\n99,2\n", &o), -EINVAL);
	assert_string_equal(why, "line 2: time goes back: sort the lines by it");
	o.columns = "interval,page";
	assert_int_equal(import_text(&mms_import_csv, "5,1,7\n", &o), -EINVAL);
	assert_string_equal(why, "line 1: more columns than --columns names");
	assert_int_equal(import_text(&mms_import_csv, "5,1\n5,2\n6,3\n", &o), 3);
	assert_true(refs[0].mark && !refs[1].mark && refs[2].mark);
}

static void columns_are_checked_before_a_trace(void **state)
{
	static const struct {
		const char *columns, *wrong;
		uint64_t delta_ns;
	} sets[] = {
		{"pid,page,rw", NULL, 0},
		{"pid,foo", "column 'foo' is unknown: there are address, page,", 0},
		{"pid,rw", "one column must be address, page (vpn) or id", 0},
		{"page,id", "only one column can be address, page (vpn) or id: call the", 0},
		{"page,time_ns,interval", "there are both time_ns and interval: call one -", 5},
		{"page,interval", "leave that out (--columns -,address,rw", 0},
		{"page,interval", NULL, 5},
		{"page,rw", "no column is time_ns or interval, which --sampled goes by", 5},
	};
	size_t i;

	for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		struct mms_import_opts o = {.separator = ';', .columns = sets[i].columns};

		o.delta_ns = sets[i].delta_ns;
		assert_int_equal(mms_import_columns(&o, &why), sets[i].wrong ? -EINVAL : 0);
		if (sets[i].wrong)
			assert_non_null(strstr(why, sets[i].wrong));
	}
}

static void a_line_of_names_is_seen(void **state)
{
	struct mms_import_opts o = {.separator = ',', .columns = "pid,page"};

	assert_int_equal(import_text(&mms_import_csv, "pid,page\n1,2\n", &o), -EINVAL);
	assert_string_equal(why,
			    "line 1: not a number: a line of names? Leave it away, or --columns");
	assert_int_equal(import_text(&mms_import_csv, "1,2\npid,page\n", &o), -EINVAL);
	assert_string_equal(why, "line 2: not a number of 64 bits (hexadecimal: 0x, or --hex)");
	o.columns = NULL;
	o.delta_ns = 5;
	assert_int_equal(import_text(&mms_import_csv, "pid,page\n1,2\n", &o), -EINVAL);
	assert_non_null(strstr(why, "leave --sampled away"));
}

static void bad_lines_are_named(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{"", "an empty trace: its first line should name the columns"},
		{"a,b\n1,2\n", "one column must be address, page (vpn) or id: say which with "
			       "--columns"},
		{"page,address\n", "only one column can be address, page (vpn) or id: call the "
				   "others - with --columns"},
		{"page,page\n", "column 'page' is there twice: call one - with --columns"},
		{"page,interval\n1,2\n",
		 "it has a column time_ns or interval: if each reference is there, in its order, "
		 "leave that out (--columns -,address,rw, without the line of names); if not, say "
		 "with --sampled how long an interval is"},
		{"pid\tpage\n1\t2\n", "no column is address, page (vpn) or id: are they separated "
				      "by tabs? --separator tab"},
		{"\n#\n\r\n", "an empty trace: its first line should name the columns"},
		{"page\nx\n", "line 2: not a number of 64 bits (hexadecimal: 0x, or --hex)"},
		{"page\n1\n-1\n", "line 3: not a number of 64 bits (hexadecimal: 0x, or --hex)"},
		{"page\n18446744073709551616\n",
		 "line 2: not a number of 64 bits (hexadecimal: 0x, or --hex)"},
		{"page\n0x\n", "line 2: not a number of 64 bits (hexadecimal: 0x, or --hex)"},
		{"pid,page\n1\n", "line 2: columns are missing: it has fewer than were named"},
		{"pid,page\n99999999999,1\n", "line 2: not a pid, which is at most 2147483647"},
		{"page,rw\n1,x\n", "line 2: rw is none of r, w, 0, 1, read, write"},
		{"page\n1,234\n", "line 2: more columns than the first line has"},
		{"page,rw\n1,r\n1,r,\n", "line 3: more columns than the first line has"},
	};
	size_t i;
	char *line;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(import_text(&mms_import_csv, bad[i].text, &plain), -EINVAL);
		assert_string_equal(why, bad[i].why);
	}
	line = malloc(200000);
	memset(line, 'x', 200000);
	assert_int_equal(import_bytes(&mms_import_lackey, line, 200000, &plain, 1), -EINVAL);
	assert_string_equal(
		why,
		"line 1: longer than a line of any trace: not this format (-h: those there are)");
	free(line);
	assert_null(mms_import_find("perf"));
	assert_ptr_equal(mms_import_find("oracleGeneral"), &mms_import_oracle);
}

/* --- rename --- */

#define NR 20000

static uint64_t seed = 7;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void ids_are_those_of_a_list(void **state)
{
	static uint64_t vpn[NR], listed[NR];
	static uint16_t proc[NR], listed_proc[NR];
	static uint32_t id[NR];
	unsigned int kind;

	for (kind = 0; kind < 4; kind++) {
		struct mms_rename *r = mms_rename_create();
		uint32_t nr = 0, i, k;
		size_t at, n;

		for (i = 0; i < NR; i++) {
			uint64_t v = rnd() % 1500;

			/* Neighbours; far ones; those that differ in the highest bits alone. */
			vpn[i] = kind == 0 ? v : kind == 1 ? v * 0x9e3779b97f4a7c15 : v << 53;
			if (kind == 3)
				vpn[i] = (v % 40) << 47;
			proc[i] = kind == 0 ? 0 : rnd() % (kind == 3 ? 60 : 3);
		}
		for (at = 0; at < NR; at += n) {
			n = 1 + rnd() % 9000;
			n = n < NR - at ? n : NR - at;
			assert_int_equal(mms_rename_pages(r, vpn + at, proc + at, n, id + at), 0);
		}
		for (i = 0; i < NR; i++) {
			for (k = 0; k < nr; k++)
				if (listed[k] == vpn[i] && listed_proc[k] == proc[i])
					break;
			if (k == nr) {
				listed[nr] = vpn[i];
				listed_proc[nr++] = proc[i];
			}
			assert_int_equal(id[i], k);
		}
		assert_int_equal(mms_renamed(r)->nr, nr);
		assert_memory_equal(mms_renamed(r)->vpn, listed, nr * sizeof(*listed));
		assert_memory_equal(mms_renamed(r)->proc_of, listed_proc, nr * sizeof(*proc));
		mms_rename_destroy(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_lackey_are_accesses_or_skipped),
		cmocka_unit_test(pages_are_as_large_as_asked_for),
		cmocka_unit_test(packed_traces_are_unpacked),
		cmocka_unit_test(long_packed_traces_are_unpacked_whole),
		cmocka_unit_test(a_trace_ends_with_its_writer),
		cmocka_unit_test(packed_records_are_told_from_numbers),
		cmocka_unit_test(zeros_behind_gzip_are_skipped),
		cmocka_unit_test(windows_of_zstd_have_a_limit),
		cmocka_unit_test(lines_before_the_names_are_skipped),
		cmocka_unit_test(records_of_binary_formats),
		cmocka_unit_test(columns_by_name_and_by_option),
		cmocka_unit_test(intervals_begin_where_time_steps),
		cmocka_unit_test(columns_are_checked_before_a_trace),
		cmocka_unit_test(a_line_of_names_is_seen),
		cmocka_unit_test(bad_lines_are_named),
		cmocka_unit_test(ids_are_those_of_a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
