// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writing the file of a reference string. Owns the order of the bytes and the way in which a file
 * comes to its name whole or not at all; must not know where references come from.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "store/new_file.h"
#include "store/refs_file.h"
#include "store/refs_layout.h"

/**
 * struct mms_refs_writer - a file on its way
 * @fd: where it is written
 * @file: what gets its name at the end; without a path: @to takes a copy then
 * @to: stdout or a device, -1: none
 * @h: what is known of the header
 * @err: the first error, kept for commit
 * @page, @more, @write: of the entries that wait; @nr of them
 * @fresh: the next reference does not join the entry before: an interval began
 * @pos: bytes written
 */
struct mms_refs_writer {
	int fd;
	struct mms_new_file file;
	int to;
	struct refs_header h;
	int err;
	uint32_t *page, *more;
	uint64_t *write;
	uint32_t nr;
	bool fresh;
	uint64_t pos;
	uint64_t *marks;
	size_t room_marks;
	uint8_t *raw, *zip;
	ZSTD_CCtx *zstd;
};

static int write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= n;
	}
	return 0;
}

static void put(struct mms_refs_writer *w, const void *data, size_t len)
{
	if (!w->err)
		w->err = write_all(w->fd, data, len);
	w->pos += len;
}

static void put_chunk(struct mms_refs_writer *w, struct refs_chunk *c)
{
	size_t len = 0;

	if (c->raw_len) {
		len = ZSTD_compress2(w->zstd, w->zip, ZSTD_compressBound(REFS_MAX_RAW), w->raw,
				     c->raw_len);
		if (ZSTD_isError(len)) {
			w->err = w->err ? w->err : -ENOMEM;
			return;
		}
	}
	c->size = sizeof(*c);
	c->zip_len = len;
	c->crc = crc32(0, (const void *)c, offsetof(struct refs_chunk, crc));
	put(w, c, sizeof(*c));
	put(w, w->zip, len);
}

/* How many low bytes hold the largest of them. */
static unsigned int bytes_for(const uint32_t *v, uint32_t nr)
{
	uint32_t all = 0, i;

	for (i = 0; i < nr; i++)
		all |= v[i];
	return all ? (39 - __builtin_clz(all)) / 8 : 0;
}

static uint8_t *put_planes(uint8_t *p, const uint32_t *v, uint32_t nr, unsigned int bytes)
{
	unsigned int b;
	uint32_t i;

	for (b = 0; b < bytes; b++)
		for (i = 0; i < nr; i++)
			*p++ = v[i] >> 8 * b;
	return p;
}

static void flush(struct mms_refs_writer *w)
{
	struct refs_chunk c = {.kind = REFS_ENTRIES, .nr = w->nr, .nr_refs = w->nr};
	uint8_t *p = w->raw;
	uint32_t i, bits = refs_bits_len(w->nr);

	if (!w->nr)
		return;
	c.id_bytes = bytes_for(w->page, w->nr);
	c.more_bytes = bytes_for(w->more, w->nr);
	for (i = 0; i < w->nr; i++)
		c.nr_refs += w->more[i];
	for (i = 0; i < bits / 8; i++)
		c.has_write |= w->write[i] != 0;
	p = put_planes(p, w->page, w->nr, c.id_bytes);
	p = put_planes(p, w->more, w->nr, c.more_bytes);
	if (c.has_write)
		memcpy(p, w->write, bits);
	c.raw_len = refs_raw_len(&c);
	put_chunk(w, &c);
	w->h.nr += c.nr;
	w->h.nr_refs += c.nr_refs;
	w->h.flags |= (c.more_bytes ? REFS_HAS_MORE : 0) | (c.has_write ? REFS_HAS_WRITE : 0);
	w->nr = 0;
	memset(w->write, 0, bits);
}

int mms_refs_add(struct mms_refs_writer *w, uint32_t page, bool write)
{
	uint32_t i = w->nr - 1;

	if (w->nr && w->page[i] == page && !w->fresh && w->more[i] < UINT32_MAX) {
		w->more[i]++;
		w->write[i / 64] |= (uint64_t)write << (i % 64);
		return w->err;
	}
	if (page > w->h.nr_pages || page == UINT32_MAX) {
		w->err = w->err ? w->err : -EINVAL;
		return w->err;
	}
	w->h.nr_pages += page == w->h.nr_pages;
	if (w->nr == REFS_CHUNK)
		flush(w);
	i = w->nr++;
	w->page[i] = page;
	w->more[i] = 0;
	w->write[i / 64] |= (uint64_t)write << (i % 64);
	w->fresh = false;
	return w->err;
}

int mms_refs_mark(struct mms_refs_writer *w)
{
	uint64_t at = w->h.nr + w->nr;

	w->fresh = true;
	if (w->err || (w->h.nr_marks && w->marks[w->h.nr_marks - 1] == at))
		return w->err;
	if (!(w->h.flags & REFS_SAMPLED)) {
		w->err = -EINVAL;
		return w->err;
	}
	if (w->h.nr_marks == w->room_marks) {
		size_t room = w->room_marks ? 2 * w->room_marks : 64;
		uint64_t *marks = reallocarray(w->marks, room, sizeof(*marks));

		if (!marks) {
			w->err = -ENOMEM;
			return w->err;
		}
		w->marks = marks;
		w->room_marks = room;
	}
	w->marks[w->h.nr_marks++] = at;
	return 0;
}

/* Differences to the one before, the sign in the lowest bit, the lowest bytes first. */
static void fill_u64(uint8_t *raw, const uint64_t *v, uint32_t nr, uint64_t before)
{
	uint32_t i;

	for (i = 0; i < nr; i++) {
		uint64_t d = v[i] - before;
		unsigned int b;

		d = d << 1 ^ -(d >> 63);
		for (b = 0; b < 8; b++)
			raw[(size_t)b * nr + i] = d >> 8 * b;
		before = v[i];
	}
}

static void fill_proc_of(uint8_t *raw, const uint16_t *v, uint32_t nr)
{
	uint32_t i;

	for (i = 0; i < nr; i++) {
		raw[i] = v[i];
		raw[nr + i] = v[i] >> 8;
	}
}

static void fill_procs(uint8_t *raw, const struct mms_refs_proc *v, uint32_t nr)
{
	uint32_t i;

	for (i = 0; i < nr; i++) {
		struct refs_proc p = {.pid = v[i].pid};

		snprintf(p.name, sizeof(p.name), "%s", v[i].name);
		memcpy(raw + i * sizeof(p), &p, sizeof(p));
	}
}

static void put_table(struct mms_refs_writer *w, uint32_t kind, const void *items, uint64_t nr)
{
	uint64_t at;

	for (at = 0; at < nr; at += REFS_TABLE_CHUNK) {
		struct refs_chunk c = {.kind = kind};

		c.nr = nr - at < REFS_TABLE_CHUNK ? nr - at : REFS_TABLE_CHUNK;
		c.raw_len = c.nr * refs_width(kind);
		if (kind == REFS_PROCS)
			fill_procs(w->raw, (const struct mms_refs_proc *)items + at, c.nr);
		else if (kind == REFS_PROC_OF)
			fill_proc_of(w->raw, (const uint16_t *)items + at, c.nr);
		else
			fill_u64(w->raw, (const uint64_t *)items + at, c.nr,
				 at ? ((const uint64_t *)items)[at - 1] : 0);
		put_chunk(w, &c);
	}
}

static bool tables_fit(const struct mms_refs_writer *w, const struct mms_refs_info *info)
{
	uint32_t i;

	if (info->nr_pages != w->h.nr_pages || !info->nr_procs || info->nr_procs > REFS_MAX_PROCS ||
	    !info->vpn)
		return false;
	for (i = 0; info->proc_of && i < info->nr_pages; i++)
		if (info->proc_of[i] >= info->nr_procs)
			return false;
	return true;
}

static void put_tables(struct mms_refs_writer *w, const struct mms_refs_info *info)
{
	struct refs_chunk end = {.kind = REFS_END};

	w->h.tables = w->pos;
	w->h.nr_procs = info->nr_procs;
	w->h.flags |= info->cut ? REFS_CUT : 0;
	put_table(w, REFS_PROCS, info->procs, info->nr_procs);
	if (info->proc_of && info->nr_procs > 1)
		put_table(w, REFS_PROC_OF, info->proc_of, info->nr_pages);
	put_table(w, REFS_VPNS, info->vpn, info->nr_pages);
	put_table(w, REFS_MARKS, w->marks, w->h.nr_marks);
	end.nr_refs = w->h.nr_refs;
	put_chunk(w, &end);
	w->h.length = w->pos;
	w->h.crc = crc32(0, (const void *)&w->h, offsetof(struct refs_header, crc));
	if (!w->err && pwrite(w->fd, &w->h, sizeof(w->h), 0) != sizeof(w->h))
		w->err = errno ? -errno : -EIO;
}

static int copy_out(struct mms_refs_writer *w)
{
	uint64_t at = 0;
	ssize_t n = 0;
	int err = 0;

	while (!err && (n = pread(w->fd, w->raw, REFS_MAX_RAW, at)) > 0) {
		err = write_all(w->to, w->raw, n);
		at += n;
	}
	if (!err && n < 0)
		err = -errno;
	return err ? err : at == w->pos ? 0 : -EIO;
}

static void discard(struct mms_refs_writer *w)
{
	if (w->file.path)
		mms_new_file_abort(&w->file);
	else if (w->fd >= 0)
		close(w->fd);
	if (w->to > STDERR_FILENO)
		close(w->to);
	ZSTD_freeCCtx(w->zstd);
	free(w->page);
	free(w->more);
	free(w->write);
	free(w->marks);
	free(w->raw);
	free(w->zip);
	free(w);
}

int mms_refs_commit(struct mms_refs_writer *w, const struct mms_refs_info *info)
{
	int err;

	flush(w);
	if (!w->err && !w->h.nr)
		w->err = -ENODATA;
	if (!w->err && !tables_fit(w, info))
		w->err = -EINVAL;
	if (!w->err)
		put_tables(w, info);
	if (!w->err && w->to >= 0)
		w->err = copy_out(w);
	if (!w->err && w->file.path) {
		w->err = mms_new_file_commit(&w->file);
		w->fd = -1;
	}
	err = w->err;
	discard(w);
	return err;
}

void mms_refs_abort(struct mms_refs_writer *w)
{
	if (w)
		discard(w);
}

/* What cannot be replaced by a rename gets a copy. */
static int open_spool(struct mms_refs_writer *w, const char *path)
{
	FILE *f = tmpfile();

	if (!f)
		return -errno;
	w->fd = fcntl(fileno(f), F_DUPFD_CLOEXEC, 3);
	fclose(f);
	w->to = strcmp(path, "-") ? open(path, O_WRONLY | O_CLOEXEC) : STDOUT_FILENO;
	return w->fd < 0 || w->to < 0 ? -errno : 0;
}

static int open_output(struct mms_refs_writer *w, const char *path)
{
	struct stat st;
	int err;

	if (!strcmp(path, "-") || (!stat(path, &st) && !S_ISREG(st.st_mode)))
		return open_spool(w, path);
	err = mms_new_file_open(&w->file, path);
	w->fd = w->file.fd;
	return err;
}

static bool allocate(struct mms_refs_writer *w)
{
	w->page = malloc(REFS_CHUNK * sizeof(*w->page));
	w->more = malloc(REFS_CHUNK * sizeof(*w->more));
	w->write = calloc(REFS_CHUNK / 64, sizeof(*w->write));
	w->raw = malloc(REFS_MAX_RAW);
	w->zip = malloc(ZSTD_compressBound(REFS_MAX_RAW));
	w->zstd = ZSTD_createCCtx();
	if (!w->page || !w->more || !w->write || !w->raw || !w->zip || !w->zstd)
		return false;
	ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_compressionLevel, REFS_LEVEL);
	ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_checksumFlag, 1);
	return true;
}

int mms_refs_create(struct mms_refs_writer **out, const char *path,
		    const struct mms_refs_info *info)
{
	struct mms_refs_writer *w = calloc(1, sizeof(*w));
	struct refs_header blank = {.size = 0};
	int err;

	*out = NULL;
	if (!w)
		return -ENOMEM;
	w->fd = w->to = -1;
	if (info->sampled && !info->delta_ns)
		err = -EINVAL;
	else
		err = allocate(w) ? open_output(w, path) : -ENOMEM;
	if (err) {
		discard(w);
		return err;
	}
	memcpy(w->h.magic, REFS_MAGIC, sizeof(w->h.magic));
	w->h.size = sizeof(w->h);
	w->h.version = REFS_VERSION;
	w->h.flags = (info->sampled ? REFS_SAMPLED : 0) | (info->ids ? REFS_IDS : 0);
	w->h.delta_ns = info->sampled ? info->delta_ns : 0;
	w->h.page_shift = info->page_shift;
	snprintf(w->h.origin, sizeof(w->h.origin), "%s", info->origin);
	put(w, &blank, sizeof(blank)); /* filled in when all is there */
	*out = w;
	return 0;
}
