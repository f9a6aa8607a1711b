// SPDX-License-Identifier: GPL-2.0-only
/*
 * store/refs_file: what is written is read back, reference by reference; no damage is taken for a
 * string.
 */
#include <dirent.h>
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

#include "store/new_file.h"
#include "store/refs_file.h"
#include "store/refs_layout.h"

/* A string as a plain list, one item per reference. */
struct plain {
	struct {
		uint32_t page;
		bool write, mark;
	} * ref;
	size_t nr;
	uint32_t nr_pages, nr_procs;
	uint64_t vpn[1 << 12];
	uint16_t proc_of[1 << 12];
	struct mms_refs_proc procs[5];
	bool sampled, cut, ids;
};

static char dir[] = "/tmp/mmscope-refs-XXXXXX";
static char path[64];
static uint64_t seed = 1;

static uint64_t rnd(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

enum { RUNS = 1, WRITES = 2, MARKS = 4, PROCS = 8, CUT = 16, IDS = 32 };

static struct plain *make(size_t nr, uint32_t max_pages, unsigned int with)
{
	struct plain *p = calloc(1, sizeof(*p));
	uint32_t i, run = 0, page = 0;
	size_t t;

	p->ref = calloc(nr, sizeof(*p->ref));
	p->nr = nr;
	p->sampled = with & MARKS;
	p->cut = with & CUT;
	p->ids = with & IDS;
	for (t = 0; t < nr; t++) {
		if (run)
			run--;
		else if (p->nr_pages < max_pages && !rnd(3))
			page = p->nr_pages;
		else
			page = p->nr_pages ? rnd(p->nr_pages) : 0;
		if (page == p->nr_pages)
			p->nr_pages++;
		if ((with & RUNS) && !run && !rnd(4))
			run = rnd(rnd(10) ? 9 : 70000);
		p->ref[t].page = page;
		p->ref[t].write = (with & WRITES) && !rnd(3);
		p->ref[t].mark = (with & MARKS) && !rnd(20);
	}
	p->nr_procs = with & PROCS ? 5 : 1;
	for (i = 0; i < p->nr_procs; i++) {
		p->procs[i].pid = rnd(100000);
		snprintf(p->procs[i].name, sizeof(p->procs[i].name), "process %u", i);
	}
	for (i = 0; i < p->nr_pages; i++) {
		p->vpn[i] = rnd(2) ? rnd(UINT64_MAX) : 0x7f0000 + i;
		p->proc_of[i] = rnd(p->nr_procs);
	}
	return p;
}

static void drop(struct plain *p)
{
	free(p->ref);
	free(p);
}

static int save(struct plain *p)
{
	struct mms_refs_info info = {.sampled = p->sampled,
				     .delta_ns = p->sampled ? 1000000 : 0,
				     .page_shift = 12,
				     .cut = p->cut,
				     .ids = p->ids,
				     .origin = "a test",
				     .nr_pages = p->nr_pages,
				     .procs = p->procs,
				     .nr_procs = p->nr_procs,
				     .proc_of = p->nr_procs > 1 ? p->proc_of : NULL,
				     .vpn = p->vpn};
	struct mms_refs_writer *w;
	size_t t;
	int err = mms_refs_create(&w, path, &info);

	assert_int_equal(err, 0);
	for (t = 0; t < p->nr; t++) {
		if (p->ref[t].mark)
			assert_int_equal(mms_refs_mark(w), 0);
		assert_int_equal(mms_refs_add(w, p->ref[t].page, p->ref[t].write), 0);
	}
	return mms_refs_commit(w, &info);
}

static bool same_info(const struct plain *p, const struct mms_refs_info *info)
{
	uint32_t i;

	if (info->nr_refs != p->nr || info->nr_pages != p->nr_pages ||
	    info->nr_procs != p->nr_procs || info->sampled != p->sampled ||
	    info->delta_ns != (p->sampled ? 1000000 : 0) || info->cut != p->cut ||
	    info->ids != p->ids || info->page_shift != 12 || strcmp(info->origin, "a test"))
		return false;
	for (i = 0; i < p->nr_procs; i++)
		if (info->procs[i].pid != p->procs[i].pid ||
		    strcmp(info->procs[i].name, p->procs[i].name))
			return false;
	for (i = 0; i < p->nr_pages; i++)
		if (info->vpn[i] != p->vpn[i] ||
		    (info->proc_of ? info->proc_of[i] != p->proc_of[i] : p->nr_procs > 1))
			return false;
	return true;
}

/* Entries from @at on against the list. A write counts for the whole entry. */
static bool same_refs(const struct plain *p, const struct mms_refs *r, size_t *at)
{
	uint64_t i, k, refs = 0;

	for (i = 0; i < r->nr; i++) {
		bool write = false;

		for (k = 0; k <= mms_refs_more(r, i); k++, ++*at, refs++) {
			if (*at == p->nr || p->ref[*at].page != r->page[i] ||
			    (k && p->ref[*at].mark))
				return false;
			write |= p->ref[*at].write;
		}
		if (write != mms_refs_write(r, i))
			return false;
	}
	return refs == r->nr_refs && r->nr_pages == p->nr_pages;
}

static bool same_marks(const struct plain *p, const struct mms_refs_info *info,
		       const struct mms_refs *r)
{
	uint64_t i, m = 0;
	size_t t = 0;

	for (i = 0; i < r->nr; i++) {
		if (p->ref[t].mark && (m == info->nr_marks || info->marks[m++] != i))
			return false;
		t += 1 + mms_refs_more(r, i);
	}
	return m == info->nr_marks;
}

/* 0 and equal, 1 and not equal, or -errno. */
static int compare(const struct plain *p, const char **why)
{
	struct mms_refs_reader *r;
	struct mms_refs chunk, all;
	size_t at = 0;
	bool same;
	int ret = mms_refs_open(&r, path, why);

	if (ret) {
		assert_null(r);
		return ret;
	}
	same = same_info(p, mms_refs_info(r));
	while ((ret = mms_refs_next(r, &chunk, why)) > 0)
		same = same && same_refs(p, &chunk, &at);
	if (!ret && same) {
		same = at == p->nr;
		assert_int_equal(mms_refs_load(r, &all, why), 0);
		at = 0;
		same = same && all.nr == mms_refs_info(r)->nr && same_refs(p, &all, &at) &&
		       at == p->nr && same_marks(p, mms_refs_info(r), &all);
		mms_refs_unload(&all);
	}
	mms_refs_close(r);
	return ret < 0 ? ret : !same;
}

static void what_is_written_is_read_back(void **state)
{
	static const size_t sizes[] = {1,      2,      63,     64,     65,    1000,
				       131071, 131072, 131073, 262144, 300001};
	const char *why;
	unsigned int with;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (with = 0; with < 64; with += i < 6 ? 1 : 5) {
			struct plain *p = make(sizes[i], 1 + rnd(i % 2 ? 4000 : 200), with);

			assert_int_equal(save(p), 0);
			assert_int_equal(compare(p, &why), 0);
			drop(p);
		}
	}
}

static uint8_t *slurp(size_t *len)
{
	struct stat st;
	uint8_t *data;
	int fd = open(path, O_RDONLY);

	assert_int_equal(fstat(fd, &st), 0);
	data = malloc(st.st_size + 1);
	*len = read(fd, data, st.st_size);
	assert_int_equal(*len, st.st_size);
	close(fd);
	return data;
}

static void spill(const uint8_t *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, data, len), len);
	close(fd);
}

static void no_part_of_a_file_is_taken_for_all(void **state)
{
	struct plain *p = make(300, 20, RUNS | WRITES | MARKS | PROCS);
	const char *why;
	size_t len, i;
	uint8_t *data;

	assert_int_equal(save(p), 0);
	data = slurp(&len);
	for (i = 0; i < len; i++) {
		spill(data, i);
		assert_int_equal(compare(p, &why), -EBADMSG);
		assert_string_equal(
			why, i >= 192 ? "truncated: copy or import it again"
			     : i      ? "not a reference string of mmscope: 'mmscope import' makes "
					"them"
				      : "an empty file: 'mmscope import' makes reference strings");
	}
	data[len] = 0;
	spill(data, len + 1);
	assert_int_equal(compare(p, &why), -EBADMSG);
	assert_string_equal(why, "damaged: longer than its header says: copy or import it again");
	free(data);
	drop(p);
}

static void no_damaged_byte_changes_a_string(void **state)
{
	static const uint8_t flips[] = {0x01, 0x10, 0x80, 0xff};
	struct plain *p = make(300, 20, RUNS | WRITES | MARKS | PROCS);
	size_t len, i, k, refused = 0;
	const char *why;
	uint8_t *data;

	assert_int_equal(save(p), 0);
	data = slurp(&len);
	for (i = 0; i < len; i++) {
		for (k = 0; k < sizeof(flips); k++) {
			int ret;

			data[i] ^= flips[k];
			spill(data, len);
			ret = compare(p, &why);
			assert_true(ret == 0 || ret == -EBADMSG);
			refused += ret != 0;
			data[i] ^= flips[k];
		}
	}
	assert_true(refused > 4 * len - 4 * 40);
	free(data);
	drop(p);
}

/* The header, changed and with a right checksum. */
static void rewrite(uint8_t *data, size_t len, size_t offset, uint64_t value, size_t width)
{
	uint32_t crc;

	memcpy(data + offset, &value, width);
	crc = crc32(0, data, offsetof(struct refs_header, crc));
	memcpy(data + offsetof(struct refs_header, crc), &crc, sizeof(crc));
	spill(data, len);
}

static void counts_that_cannot_be_are_refused(void **state)
{
#define F(field)                                                                              \
	{                                                                                     \
		offsetof(struct refs_header, field), sizeof(((struct refs_header *)0)->field) \
	}
	static const struct {
		size_t offset, width;
	} fields[] = {F(size),	   F(flags),	F(nr),	   F(nr_refs),	  F(nr_marks), F(tables),
		      F(nr_pages), F(nr_procs), F(length), F(page_shift), F(version),  F(delta_ns)};
	static const uint64_t values[] = {0,	      1,	  7,	     41,
					  1 << 16,    70000,	  INT32_MAX, UINT32_MAX,
					  1ULL << 40, 1ULL << 60, INT64_MAX, UINT64_MAX};
	struct plain *p = make(300, 20, RUNS | WRITES);
	size_t len, i, k;
	const char *why;
	uint8_t *data, *copy;

	assert_int_equal(save(p), 0);
	data = slurp(&len);
	copy = malloc(len);
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		for (k = 0; k < sizeof(values) / sizeof(values[0]); k++) {
			int ret;

			memcpy(copy, data, len);
			rewrite(copy, len, fields[i].offset, values[k], fields[i].width);
			if (!memcmp(copy, data, len))
				continue;
			ret = compare(p, &why);
			/* Another page size is another, sound string. */
			if (fields[i].offset == offsetof(struct refs_header, page_shift))
				assert_true(ret == 1 || ret == -EBADMSG);
			else
				assert_int_equal(ret, -EBADMSG);
		}
	}
	free(copy);
	free(data);
	drop(p);
}

/* A file of three entries and three pages whose one chunk has this content, all sums right. */
static void spill_chunk(const uint8_t *data, size_t len, struct refs_chunk c, const uint8_t *raw)
{
	struct refs_chunk old;
	struct refs_header h;
	uint8_t file[2048];
	size_t tail, n = sizeof(h) + sizeof(c);

	memcpy(&h, data, sizeof(h));
	memcpy(&old, data + sizeof(h), sizeof(old));
	c.zip_len = ZSTD_compress(file + n, 256, raw, c.raw_len, 1);
	c.crc = crc32(0, (const void *)&c, offsetof(struct refs_chunk, crc));
	memcpy(file + sizeof(h), &c, sizeof(c));
	n += c.zip_len;
	tail = n;
	memcpy(file + n, data + h.tables, len - h.tables);
	n += len - h.tables;
	h.tables = tail;
	h.length = n;
	memcpy(file, &h, sizeof(h));
	rewrite(file, n, offsetof(struct refs_header, length), n, 8);
}

static void entries_that_cannot_be_are_refused(void **state)
{
	/* ids, repeats, write bits */
	static const uint8_t sound[] = {0, 1, 2, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0};
	static const struct {
		unsigned int at, value;
	} bad[] = {
		{0, 1},		 /* the first page is not the first id */
		{1, 2},		 /* an id before the one below it */
		{2, 3},		 /* beyond the last */
		{2, 1},		 /* a page that never comes */
		{4, 2}, {3, 1},	 /* more references than the head says */
		{6, 8}, {13, 1}, /* a write behind the last entry */
	};
	struct refs_chunk c = {.size = sizeof(c),
			       .kind = REFS_ENTRIES,
			       .nr = 3,
			       .id_bytes = 1,
			       .more_bytes = 1,
			       .has_write = 1,
			       .nr_refs = 4,
			       .raw_len = sizeof(sound)};
	struct plain *p = make(4, 1, 0);
	uint8_t raw[sizeof(sound)], *data;
	const char *why;
	size_t len, i;

	p->nr_pages = 3;
	p->ref[0].page = 0;
	p->ref[1].page = p->ref[2].page = 1;
	p->ref[3].page = 2;
	p->ref[1].write = true;
	assert_int_equal(save(p), 0);
	data = slurp(&len);
	spill_chunk(data, len, c, sound);
	assert_int_equal(compare(p, &why), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memcpy(raw, sound, sizeof(raw));
		raw[bad[i].at] = bad[i].value;
		spill_chunk(data, len, c, raw);
		assert_int_equal(compare(p, &why), -EBADMSG);
	}
	c.nr_refs = 5;
	spill_chunk(data, len, c, sound);
	assert_int_equal(compare(p, &why), -EBADMSG);
	c.nr_refs = 4;
	c.kind = REFS_VPNS;
	spill_chunk(data, len, c, sound);
	assert_int_equal(compare(p, &why), -EBADMSG);
	c.kind = REFS_ENTRIES;
	c.raw_len--;
	spill_chunk(data, len, c, sound);
	assert_int_equal(compare(p, &why), -EBADMSG);
	free(data);
	drop(p);
}

static void strings_are_told_by_their_begin(void **state)
{
	struct plain *p = make(10, 5, 0);

	assert_false(mms_refs_begins(dir));
	assert_false(mms_refs_begins("/no/such/file"));
	assert_int_equal(save(p), 0);
	assert_true(mms_refs_begins(path));
	spill((const uint8_t *)"mmsrefs ", 8);
	assert_false(mms_refs_begins(path));
	spill((const uint8_t *)"mmsrefs", 7);
	assert_false(mms_refs_begins(path));
	unlink(path);
	drop(p);
}

static void a_newer_version_is_named(void **state)
{
	struct plain *p = make(10, 5, 0);
	const char *why;
	uint8_t *data;
	size_t len;

	assert_int_equal(save(p), 0);
	data = slurp(&len);
	rewrite(data, len, offsetof(struct refs_header, version), 7, 4);
	assert_int_equal(compare(p, &why), -EBADMSG);
	assert_non_null(strstr(why, "newer mmscope (version 7"));
	rewrite(data, len, offsetof(struct refs_header, version), REFS_VERSION, 4);
	assert_int_equal(compare(p, &why), 0);
	rewrite(data, len, offsetof(struct refs_header, flags), 2 * REFS_ALL_FLAGS + 2, 4);
	assert_int_equal(compare(p, &why), -EBADMSG);
	assert_non_null(strstr(why, "flags that are not known"));
	spill((const uint8_t *)"\x7f"
			       "ELF and so on",
	      14);
	assert_int_equal(compare(p, &why), -EBADMSG);
	assert_non_null(strstr(why, "not a reference string of mmscope: 'mmscope import'"));
	unlink(path);
	assert_int_equal(compare(p, &why), -ENOENT);
	free(data);
	drop(p);
}

static size_t files_in_dir(void)
{
	DIR *d = opendir(dir);
	size_t nr = 0;

	while (readdir(d))
		nr++;
	closedir(d);
	return nr - 2;
}

static void what_is_not_complete_leaves_nothing(void **state)
{
	struct mms_refs_proc proc = {.name = "x"};
	uint64_t vpn[2] = {5, 6};
	uint16_t proc_of[2] = {0, 2};
	struct mms_refs_info info = {.procs = &proc, .nr_procs = 1, .vpn = vpn, .nr_pages = 2};
	struct mms_refs_writer *w;

	unlink(path);
	assert_int_equal(mms_refs_create(&w, path, &info), 0);
	assert_int_equal(mms_refs_add(w, 0, false), 0);
	assert_int_equal(access(path, F_OK), -1);
	mms_refs_abort(w);
	mms_refs_abort(NULL);
	assert_int_equal(files_in_dir(), 0);

	assert_int_equal(mms_refs_create(&w, path, &info), 0);
	assert_int_equal(mms_refs_commit(w, &info), -ENODATA);

	/* Ids that are not numbered by first reference; the error stays. */
	assert_int_equal(mms_refs_create(&w, path, &info), 0);
	assert_int_equal(mms_refs_add(w, 1, false), -EINVAL);
	assert_int_equal(mms_refs_add(w, 0, false), -EINVAL);
	assert_int_equal(mms_refs_commit(w, &info), -EINVAL);

	/* Two pages are told of, one was referenced; a process that is not there. */
	assert_int_equal(mms_refs_create(&w, path, &info), 0);
	assert_int_equal(mms_refs_add(w, 0, false), 0);
	assert_int_equal(mms_refs_commit(w, &info), -EINVAL);
	info.proc_of = proc_of;
	assert_int_equal(mms_refs_create(&w, path, &info), 0);
	assert_int_equal(mms_refs_add(w, 0, false), 0);
	assert_int_equal(mms_refs_add(w, 1, false), 0);
	assert_int_equal(mms_refs_commit(w, &info), -EINVAL);

	/* An exact string has no intervals. */
	assert_int_equal(mms_refs_create(&w, path, &info), 0);
	assert_int_equal(mms_refs_mark(w), -EINVAL);
	mms_refs_abort(w);
	assert_int_equal(files_in_dir(), 0);
	assert_int_equal(mms_refs_create(&w, "/no/such/folder/x", &info), -ENOENT);
}

/* Of fsync(2): what it returns, how often it was called, and whether the name was there then. */
static int sync_err, nr_syncs;
static bool named;

int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	nr_syncs++;
	named = !access(path, F_OK);
	errno = sync_err;
	return sync_err ? -1 : 0;
}

static void it_is_on_the_disk_before_it_has_its_name(void **state)
{
	struct mms_new_file f;

	unlink(path);
	nr_syncs = 0;
	assert_int_equal(mms_new_file_open(&f, path), 0);
	assert_int_equal(mms_new_file_commit(&f), 0);
	assert_int_equal(nr_syncs, 1);
	assert_false(named);
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
	sync_err = ENOSPC;
	assert_int_equal(mms_new_file_open(&f, path), 0);
	assert_int_equal(mms_new_file_commit(&f), -ENOSPC);
	assert_int_equal(files_in_dir(), 0);
	sync_err = 0;
}

static void links(const char *to, const char *name)
{
	char at[64];

	snprintf(at, sizeof(at), "%s/%s", dir, name);
	unlink(at);
	assert_int_equal(symlink(to, at), 0);
}

/* "first" to "folder/second" to the string, which is there or not. */
static void a_link_stays_a_link(void **state)
{
	char first[64], folder[64], second[64], loop[64];
	struct mms_new_file f;
	struct stat st;
	int there;

	snprintf(first, sizeof(first), "%s/first", dir);
	snprintf(folder, sizeof(folder), "%s/folder", dir);
	snprintf(second, sizeof(second), "%s/folder/second", dir);
	snprintf(loop, sizeof(loop), "%s/loop", dir);
	assert_int_equal(mkdir(folder, 0777), 0);
	links("folder/second", "first");
	for (there = 0; there < 3; there++) {
		links(there == 2 ? path : "../string", "folder/second");
		assert_int_equal(mms_new_file_open(&f, first), 0);
		assert_int_equal(write(f.fd, "12345", 2 + there), 2 + there);
		assert_int_equal(mms_new_file_commit(&f), 0);
		assert_int_equal(lstat(path, &st), 0);
		assert_true(S_ISREG(st.st_mode) && st.st_size == 2 + there);
		assert_int_equal(lstat(first, &st), 0);
		assert_true(S_ISLNK(st.st_mode));
		assert_int_equal(lstat(second, &st), 0);
		assert_true(S_ISLNK(st.st_mode));
	}
	links("loop", "loop");
	assert_int_equal(mms_new_file_open(&f, loop), -ELOOP);
	unlink(first);
	unlink(second);
	unlink(loop);
	rmdir(folder);
	unlink(path);
	assert_int_equal(files_in_dir(), 0);
}

static uid_t wrong_uid; /* added to our own */

uid_t __real_geteuid(void);
uid_t __wrap_geteuid(void);
uid_t __wrap_geteuid(void)
{
	return __real_geteuid() + wrong_uid;
}

/* Root, and not of a namespace that has one id alone. */
static bool gives_away(void)
{
	if (geteuid() || chown(dir, 12345, -1))
		return false;
	assert_int_equal(chown(dir, 0, -1), 0);
	return true;
}

/* Other rights than the mask gives, and root can see whose it is. */
static void what_is_replaced_keeps_its_rights(void **state)
{
	static const mode_t modes[] = {0600, 0640, 0666, 0444, 0777};
	struct mms_new_file f;
	struct stat st, was;
	size_t i;

	unlink(path);
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		spill((const uint8_t *)"old", 3);
		assert_int_equal(chmod(path, modes[i]), 0);
		if (gives_away())
			assert_int_equal(chown(path, 12345, 54321), 0);
		assert_int_equal(stat(path, &was), 0);
		assert_int_equal(mms_new_file_open(&f, path), 0);
		assert_int_equal(mms_new_file_commit(&f), 0);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_size, 0);
		assert_int_not_equal(st.st_ino, was.st_ino);
		assert_int_equal(st.st_mode & 07777, modes[i]);
		assert_int_equal(st.st_uid, was.st_uid);
		assert_int_equal(st.st_gid, was.st_gid);
		unlink(path);
	}
}

/* @folder of mode @mode: the link there, to what is elsewhere. */
static void follows(const char *name, mode_t mode, int want)
{
	struct mms_new_file f;
	char folder[64], link[80];

	snprintf(folder, sizeof(folder), "%s/folder", dir);
	snprintf(link, sizeof(link), "%s/%s", folder, name);
	assert_int_equal(chmod(folder, mode), 0);
	assert_int_equal(mms_new_file_open(&f, link), want);
	mms_new_file_abort(&f);
}

static void links_of_others_are_not_followed(void **state)
{
	char folder[64], link[80];
	bool root = gives_away();
	struct stat st;
	struct mms_new_file f;

	snprintf(folder, sizeof(folder), "%s/folder", dir);
	snprintf(link, sizeof(link), "%s/link", folder);
	assert_int_equal(mkdir(folder, 0777), 0);
	links(path, "folder/link");
	follows("link", 01777, 0);
	wrong_uid = 1; /* the link is the folder's owner's */
	follows("link", 01777, 0);
	wrong_uid = 0;
	if (root) {
		assert_int_equal(lchown(link, 12345, -1), 0);
		follows("link", 01777, -EACCES);
		follows("link", 01755, 0);
		follows("link", 0777, 0);
		assert_int_equal(chown(folder, 12345, -1), 0);
		follows("link", 01777, 0);
		assert_int_equal(chown(folder, 12346, -1), 0);
		follows("link", 01777, -EACCES);
	}
	unlink(link);
	rmdir(folder);
	assert_int_equal(files_in_dir(), 0);
	if (root || stat("/tmp", &st) || st.st_uid || (st.st_mode & 01002) != 01002)
		return;
	/* In /tmp, which is root's, ours is somebody else's. */
	snprintf(link, sizeof(link), "%s-link", dir);
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(mms_new_file_open(&f, link), 0);
	mms_new_file_abort(&f);
	wrong_uid = 1;
	assert_int_equal(mms_new_file_open(&f, link), -EACCES);
	wrong_uid = 0;
	unlink(link);
}

static int set_up(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/string", dir);
	return 0;
}

static int tear_down(void **state)
{
	unlink(path);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(no_part_of_a_file_is_taken_for_all),
		cmocka_unit_test(no_damaged_byte_changes_a_string),
		cmocka_unit_test(counts_that_cannot_be_are_refused),
		cmocka_unit_test(entries_that_cannot_be_are_refused),
		cmocka_unit_test(strings_are_told_by_their_begin),
		cmocka_unit_test(a_newer_version_is_named),
		cmocka_unit_test(what_is_not_complete_leaves_nothing),
		cmocka_unit_test(it_is_on_the_disk_before_it_has_its_name),
		cmocka_unit_test(a_link_stays_a_link),
		cmocka_unit_test(what_is_replaced_keeps_its_rights),
		cmocka_unit_test(links_of_others_are_not_followed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
