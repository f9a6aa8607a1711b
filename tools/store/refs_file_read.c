// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading the file of a reference string. Trusts no byte of it: what it allocates follows from
 * what has been read and checked. Must not know what references are for.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "store/refs_file.h"
#include "store/refs_layout.h"
#include "store/refs_planes.h"
#include "store/refs_reader.h"

#define NO_STRING "not a reference string of mmscope: 'mmscope import' makes them"

static char text[160]; /* of the reason that is put together */

static int refused(const char **why, const char *what)
{
	*why = what;
	return -EBADMSG;
}

int mms_refs_damaged(const char **why, const char *what)
{
	snprintf(text, sizeof(text), "%s: copy or import it again", what);
	return refused(why, text);
}

int mms_refs_failed(const char **why, int err)
{
	*why = strerror(-err);
	return err;
}

static int read_at(const struct mms_refs_reader *r, void *to, size_t len, uint64_t pos,
		   const char **why)
{
	uint8_t *p = to;

	while (len) {
		ssize_t n = pread(r->fd, p, len, pos);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return mms_refs_failed(why, -errno);
		if (!n)
			return mms_refs_damaged(why, "truncated");
		p += n;
		pos += n;
		len -= n;
	}
	return 0;
}

static bool grow(uint8_t **p, size_t *room, size_t len)
{
	uint8_t *new;

	if (len <= *room)
		return true;
	new = realloc(*p, len);
	if (!new)
		return false;
	*p = new;
	*room = len;
	return true;
}

int mms_refs_read_head(struct mms_refs_reader *r, uint64_t pos, uint64_t end, struct refs_chunk *c,
		       const char **why)
{
	int err;

	if (end - pos < sizeof(*c))
		return mms_refs_damaged(why, "damaged: a chunk is cut off");
	err = read_at(r, c, sizeof(*c), pos, why);
	if (err)
		return err;
	if (c->size != sizeof(*c) ||
	    c->crc != crc32(0, (const void *)c, offsetof(struct refs_chunk, crc)))
		return mms_refs_damaged(why, "damaged: the checksum of a chunk's head is wrong");
	if (c->zero || c->reserved || c->zip_len > end - pos - sizeof(*c) ||
	    c->raw_len > REFS_MAX_RAW || c->zip_len > ZSTD_compressBound(c->raw_len))
		return mms_refs_damaged(why, "damaged: a chunk's length cannot be");
	return 0;
}

int mms_refs_read_body(struct mms_refs_reader *r, uint64_t pos, const struct refs_chunk *c,
		       const char **why)
{
	size_t len;
	int err;

	if (!c->raw_len)
		return c->zip_len ? mms_refs_damaged(why, "damaged: a chunk's length cannot be")
				  : 0;
	if (!grow(&r->zip, &r->room_zip, c->zip_len) || !grow(&r->raw, &r->room_raw, c->raw_len))
		return mms_refs_failed(why, -ENOMEM);
	err = read_at(r, r->zip, c->zip_len, pos + sizeof(*c), why);
	if (err)
		return err;
	len = ZSTD_decompressDCtx(r->zstd, r->raw, c->raw_len, r->zip, c->zip_len);
	if (ZSTD_isError(len) || len != c->raw_len)
		return mms_refs_damaged(why, "damaged: a chunk does not unpack");
	return 0;
}

/* --- opening --- */

static bool header_agrees(const struct refs_header *h)
{
	uint64_t chunks, i;

	for (i = 0; i < sizeof(h->reserved) / sizeof(h->reserved[0]); i++)
		if (h->reserved[i])
			return false;
	if (h->tables < sizeof(*h) || h->tables > h->length)
		return false;
	chunks = (h->tables - sizeof(*h)) / sizeof(struct refs_chunk);
	return h->nr && chunks <= UINT64_MAX / REFS_CHUNK && h->nr <= chunks * REFS_CHUNK &&
	       h->nr <= h->nr_refs && h->nr_pages && h->nr_pages <= h->nr && h->nr_procs &&
	       h->nr_procs <= REFS_MAX_PROCS && h->page_shift <= REFS_MAX_SHIFT &&
	       !(h->flags & REFS_HAS_MORE) == (h->nr == h->nr_refs) &&
	       (h->flags & REFS_SAMPLED ? h->delta_ns && h->nr_marks <= h->nr + 1
					: !h->nr_marks && !h->delta_ns) &&
	       mms_refs_printable(h->origin, sizeof(h->origin));
}

bool mms_refs_begins(const char *path)
{
	char magic[sizeof(REFS_MAGIC) - 1];
	struct stat st;
	bool is = false;
	int fd;

	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		is = read(fd, magic, sizeof(magic)) == sizeof(magic) &&
		     !memcmp(magic, REFS_MAGIC, sizeof(magic));
		close(fd);
	}
	return is;
}

static int read_header(struct mms_refs_reader *r, uint64_t length, const char **why)
{
	struct refs_header *h = &r->h;
	int err;

	if (length < sizeof(*h))
		return refused(why, length ? NO_STRING
					   : "an empty file: 'mmscope import' makes "
					     "reference strings");
	err = read_at(r, h, sizeof(*h), 0, why);
	if (err)
		return err;
	if (memcmp(h->magic, REFS_MAGIC, sizeof(h->magic)))
		return refused(why, NO_STRING);
	if (h->version > REFS_VERSION) {
		snprintf(text, sizeof(text),
			 "made by a newer mmscope (version %" PRIu32 " of the file, %d is known): "
			 "update this one",
			 h->version, REFS_VERSION);
		return refused(why, text);
	}
	if (h->version != REFS_VERSION || h->size != sizeof(*h) ||
	    h->crc != crc32(0, (const void *)h, offsetof(struct refs_header, crc)))
		return mms_refs_damaged(why, "damaged: the header's checksum is wrong");
	if (h->flags & ~REFS_ALL_FLAGS)
		return refused(why, "has flags that are not known: made by a newer mmscope? Update "
				    "this one");
	if (length < h->length)
		return mms_refs_damaged(why, "truncated");
	if (length > h->length)
		return mms_refs_damaged(why, "damaged: longer than its header says");
	if (h->nr_refs > REFS_MAX_REFS)
		return refused(why, "more than 8796093022208 references: too many to replay");
	if (!header_agrees(h))
		return mms_refs_damaged(why, "damaged: the header's counts do not agree");
	return 0;
}

static void fill_info(struct mms_refs_reader *r)
{
	struct mms_refs_info *info = &r->info;
	const struct refs_header *h = &r->h;

	info->sampled = h->flags & REFS_SAMPLED;
	info->delta_ns = h->delta_ns;
	info->nr_marks = h->nr_marks;
	info->page_shift = h->page_shift;
	info->nr = h->nr;
	info->nr_refs = h->nr_refs;
	info->nr_pages = h->nr_pages;
	info->has_more = h->flags & REFS_HAS_MORE;
	info->has_write = h->flags & REFS_HAS_WRITE;
	info->cut = h->flags & REFS_CUT;
	info->ids = h->flags & REFS_IDS;
	info->nr_procs = h->nr_procs;
	memcpy(info->origin, h->origin, sizeof(info->origin));
}

/* What cannot be read at any place is copied to a file without a name; no more of it than its
 * header says, and one byte. */
static int spool(struct mms_refs_reader *r, int from, const char **why)
{
	static char buf[1 << 16];
	FILE *f = tmpfile();
	uint64_t len = 0, max = sizeof(r->h);
	ssize_t n = 0;
	int err = 0;

	if (!f)
		return mms_refs_failed(why, -errno);
	while (!err && len <= max && (n = read(from, buf, sizeof(buf))) > 0) {
		if (len < sizeof(r->h)) { /* a pipe may give it in pieces */
			size_t more = sizeof(r->h) - len;

			memcpy((char *)&r->h + len, buf, (size_t)n < more ? (size_t)n : more);
			if ((size_t)n >= more && !memcmp(r->h.magic, REFS_MAGIC, 8))
				max = r->h.length;
		}
		if (fwrite(buf, 1, n, f) != (size_t)n)
			err = -errno;
		len += n;
	}
	if (!err && (n < 0 || fflush(f)))
		err = -errno;
	if (err) {
		fclose(f);
		return mms_refs_failed(why, err);
	}
	r->fd = fcntl(fileno(f), F_DUPFD_CLOEXEC, 3);
	fclose(f);
	return r->fd < 0 ? mms_refs_failed(why, -errno) : 0;
}

static int open_input(struct mms_refs_reader *r, const char *path, struct stat *st,
		      const char **why)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC)
				   : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	int err = 0;

	if (fd < 0 || fstat(fd, st))
		err = mms_refs_failed(why, -errno);
	else if (S_ISDIR(st->st_mode))
		err = mms_refs_failed(why, -EISDIR);
	else if (S_ISREG(st->st_mode)) {
		r->fd = fd;
		return 0;
	}
	if (!err)
		err = spool(r, fd, why);
	if (!err && fstat(r->fd, st))
		err = mms_refs_failed(why, -errno);
	if (fd >= 0)
		close(fd);
	return err;
}

static bool allocate(struct mms_refs_reader *r)
{
	r->room = r->h.nr < REFS_CHUNK ? r->h.nr : REFS_CHUNK;
	r->page = malloc(r->room * sizeof(*r->page));
	r->more = malloc(r->room * sizeof(*r->more));
	r->write = malloc(refs_bits_len(r->room));
	return r->page && r->more && r->write;
}

int mms_refs_open(struct mms_refs_reader **out, const char *path, const char **why)
{
	struct mms_refs_reader *r = calloc(1, sizeof(*r));
	struct stat st;
	int err;

	*out = NULL;
	if (!r)
		return mms_refs_failed(why, -ENOMEM);
	r->fd = -1;
	err = open_input(r, path, &st, why);
	if (!err)
		err = read_header(r, st.st_size, why);
	if (!err) {
		fill_info(r);
		r->zstd = ZSTD_createDCtx();
		err = r->zstd && allocate(r) ? 0 : mms_refs_failed(why, -ENOMEM);
	}
	if (!err)
		err = mms_refs_read_tables(r, why);
	if (err) {
		mms_refs_close(r);
		return err;
	}
	mms_refs_rewind(r);
	*out = r;
	return 0;
}

const struct mms_refs_info *mms_refs_info(const struct mms_refs_reader *r)
{
	return &r->info;
}

/* --- entries --- */

static bool entries_agree(const struct mms_refs_reader *r, const struct refs_chunk *c)
{
	return c->kind == REFS_ENTRIES && c->nr && c->nr <= r->room && c->nr <= r->h.nr - r->nr &&
	       c->nr_refs >= c->nr && c->nr_refs <= r->h.nr_refs - r->nr_refs && c->id_bytes <= 4 &&
	       c->more_bytes <= 4 && c->has_write <= 1 && (!c->more_bytes || r->info.has_more) &&
	       (!c->has_write || r->info.has_write) && c->raw_len == refs_raw_len(c);
}

/* r->raw into the arrays; counts and ids checked. */
static bool unpack(struct mms_refs_reader *r, const struct refs_chunk *c)
{
	const uint8_t *more = r->raw + (size_t)c->nr * c->id_bytes;
	uint64_t refs = c->nr;
	uint32_t i;

	mms_refs_join(r->page, r->raw, c->nr, c->id_bytes);
	if (!mms_refs_ordered(r->page, c->nr, &r->next_page) || r->next_page > r->h.nr_pages)
		return false;
	if (r->info.has_more)
		mms_refs_join(r->more, more, c->nr, c->more_bytes);
	for (i = 0; c->more_bytes && i < c->nr; i++)
		refs += r->more[i];
	if (r->info.has_write)
		memset(r->write, 0, refs_bits_len(c->nr));
	if (c->has_write)
		memcpy(r->write, more + (size_t)c->nr * c->more_bytes, refs_bits_len(c->nr));
	if (c->has_write && c->nr % 64 && r->write[c->nr / 64] >> c->nr % 64)
		return false;
	return refs == c->nr_refs;
}

static int at_end(const struct mms_refs_reader *r, const char **why)
{
	if (r->nr != r->h.nr || r->nr_refs != r->h.nr_refs || r->next_page != r->h.nr_pages)
		return mms_refs_damaged(
			why, "damaged: the counts of the entries and of the header differ");
	return 0;
}

int mms_refs_next(struct mms_refs_reader *r, struct mms_refs *chunk, const char **why)
{
	struct refs_chunk c;
	int err;

	if (r->pos == r->h.tables)
		return at_end(r, why);
	err = mms_refs_read_head(r, r->pos, r->h.tables, &c, why);
	if (err)
		return err;
	if (!entries_agree(r, &c))
		return mms_refs_damaged(why, "damaged: a chunk's counts cannot be");
	err = mms_refs_read_body(r, r->pos, &c, why);
	if (err)
		return err;
	if (!unpack(r, &c))
		return mms_refs_damaged(why, "damaged: a page or a count is out of range");
	r->pos += sizeof(c) + c.zip_len;
	r->nr += c.nr;
	r->nr_refs += c.nr_refs;
	*chunk = (struct mms_refs){
		.page = r->page,
		.more = r->info.has_more ? r->more : NULL,
		.write = r->info.has_write ? r->write : NULL,
		.nr = c.nr,
		.nr_refs = c.nr_refs,
		.nr_pages = r->h.nr_pages,
	};
	return 1;
}

int mms_refs_rewind(struct mms_refs_reader *r)
{
	r->pos = sizeof(r->h);
	r->nr = r->nr_refs = 0;
	r->next_page = 0;
	return 0;
}

void mms_refs_close(struct mms_refs_reader *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	ZSTD_freeDCtx(r->zstd);
	free(r->info.marks);
	free(r->info.procs);
	free(r->info.proc_of);
	free(r->info.vpn);
	free(r->page);
	free(r->more);
	free(r->write);
	free(r->raw);
	free(r->zip);
	free(r);
}
