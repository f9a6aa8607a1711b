// SPDX-License-Identifier: GPL-2.0-only
/* Input that may be packed by gzip or zstd. Must not know what is in it. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "collect/import_in.h"

#define ROOM   (1 << 20)
#define PACKED (1 << 18) /* a block of zstd, which has at most 2^17 bytes, and its heads */

enum packing { PLAIN, GZIP, ZSTD };

/**
 * struct mms_in - an input
 * @writer: pidfd of who writes it: with its end, and nothing left, the input ends; -1: none
 * @buf: what is unpacked: [@from, @to) has not been handed out
 * @packed: what is not: [@pfrom, @pto)
 * @inside: within a frame or member: an end there is no end
 */
struct mms_in {
	int fd, writer;
	enum packing packing;
	char *buf;
	size_t from, to;
	bool ended, packed_ended, inside;
	uint8_t *packed;
	size_t pfrom, pto;
	z_stream gzip;
	ZSTD_DStream *zstd;
};

static ssize_t read_some(int fd, void *to, size_t len)
{
	ssize_t n = read(fd, to, len); /* -EINTR too is for the caller: somebody wants an end */

	return n < 0 ? -errno : n;
}

/* Is there something to be read, or has the last one who could write closed it? Else the writer has
 * ended, and others (children of it) hold the pipe. Return: 1, 0, -errno. */
static int wait_for_writer(const struct mms_in *in)
{
	struct pollfd p[] = {{.fd = in->fd, .events = POLLIN},
			     {.fd = in->writer, .events = POLLIN}};

	if (poll(p, 2, -1) < 0)
		return -errno;
	/* What it wrote between the looks at the one and at the other is there by now. */
	if (!p[0].revents && poll(p, 1, 0) < 0)
		return -errno;
	return p[0].revents != 0;
}

static bool ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcmp(s + n - m, end);
}

static enum packing packing_of(const struct mms_in *in)
{
	static const uint8_t gzip[] = {0x1f, 0x8b, 8}, zstd[] = {0x28, 0xb5, 0x2f, 0xfd};

	if (in->pto >= sizeof(gzip) && !memcmp(in->packed, gzip, sizeof(gzip)))
		return GZIP;
	if (in->pto >= sizeof(zstd) && !memcmp(in->packed, zstd, sizeof(zstd)))
		return ZSTD;
	return PLAIN;
}

/* At least @want packed bytes, if there are so many. Return: 0 or -errno. */
static int fill_first(struct mms_in *in, size_t want)
{
	ssize_t n = 1;

	while (in->pto < want &&
	       (n = read_some(in->fd, in->packed + in->pto, PACKED - in->pto)) > 0)
		in->pto += n;
	return n < 0 ? (int)n : 0;
}

void mms_in_writer(struct mms_in *in, int writer)
{
	in->writer = writer;
}

/* More packed bytes. Return: are there any; -errno. */
static int fill_packed(struct mms_in *in)
{
	ssize_t n;

	if (in->pfrom < in->pto)
		return 1;
	if (in->packed_ended)
		return 0;
	n = in->writer < 0 ? 1 : wait_for_writer(in);
	if (n > 0)
		n = read_some(in->fd, in->packed, PACKED);
	if (n < 0)
		return n;
	in->pfrom = 0;
	in->pto = n;
	in->packed_ended = !n;
	return n > 0;
}

static int unpack_gzip(struct mms_in *in, size_t *made)
{
	z_stream *z = &in->gzip;
	int ret;

	while (!in->inside && in->pfrom < in->pto && !in->packed[in->pfrom])
		in->pfrom++; /* what tapes and disks fill up with; gzip skips it too */
	if (in->pfrom == in->pto && !in->inside)
		return 0;
	if (!in->inside && inflateReset(z) != Z_OK)
		return -EBADMSG;
	in->inside = true;
	z->next_in = in->packed + in->pfrom;
	z->avail_in = in->pto - in->pfrom;
	z->next_out = (void *)(in->buf + in->to);
	z->avail_out = ROOM - in->to;
	ret = inflate(z, Z_NO_FLUSH);
	in->pfrom = in->pto - z->avail_in;
	*made = ROOM - in->to - z->avail_out;
	if (ret == Z_STREAM_END)
		in->inside = false;
	else if (ret != Z_OK && ret != Z_BUF_ERROR)
		return ret == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
	return 0;
}

static int unpack_zstd(struct mms_in *in, size_t *made)
{
	ZSTD_inBuffer from = {in->packed, in->pto, in->pfrom};
	ZSTD_outBuffer to = {in->buf, ROOM, in->to};
	size_t ret = ZSTD_decompressStream(in->zstd, &to, &from);

	switch (ZSTD_isError(ret) ? ZSTD_getErrorCode(ret) : ZSTD_error_no_error) {
	case ZSTD_error_no_error:
		break;
	case ZSTD_error_frameParameter_windowTooLarge:
		return -EFBIG;
	case ZSTD_error_memory_allocation:
		return -ENOMEM;
	default:
		return -EBADMSG;
	}
	in->inside = ret != 0;
	in->pfrom = from.pos;
	*made = to.pos - in->to;
	return 0;
}

static int copy_plain(struct mms_in *in, size_t *made)
{
	size_t n = in->pto - in->pfrom;

	if (n > ROOM - in->to)
		n = ROOM - in->to;
	memcpy(in->buf + in->to, in->packed + in->pfrom, n);
	in->pfrom += n;
	*made = n;
	return 0;
}

static int unpack(struct mms_in *in, size_t *made)
{
	switch (in->packing) {
	case GZIP:
		return unpack_gzip(in, made);
	case ZSTD:
		return unpack_zstd(in, made);
	default:
		return copy_plain(in, made);
	}
}

static int open_packing(struct mms_in *in, enum packing packing)
{
	if (packing == GZIP && inflateInit2(&in->gzip, 15 + 16) != Z_OK)
		return -ENOMEM;
	in->packing = packing;
	if (packing != ZSTD)
		return 0;
	in->zstd = ZSTD_createDStream();
	if (!in->zstd ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(in->zstd, ZSTD_d_windowLogMax, MMS_IN_WINDOW)))
		return -ENOMEM;
	return 0;
}

static void close_packing(struct mms_in *in)
{
	if (in->packing == GZIP)
		inflateEnd(&in->gzip);
	ZSTD_freeDStream(in->zstd);
	in->zstd = NULL;
	in->packing = PLAIN;
}

static bool is_named_so(const struct mms_in *in, const char *name)
{
	return ends_in(name, in->packing == GZIP ? ".gz" : ".zst");
}

/* A trial: does what was read first unpack to something, or end as it should? */
static bool unpacks(struct mms_in *in)
{
	size_t made = 0;
	int err = 0;

	do {
		err = unpack(in, &made);
	} while (!err && !made && in->inside && in->pfrom < in->pto);
	if (!err && !made && in->inside)
		err = -ENODATA;
	in->pfrom = 0;
	in->inside = false;
	if (in->zstd)
		ZSTD_DCtx_reset(in->zstd, ZSTD_reset_session_only);
	return !err || err == -EFBIG;
}

int mms_in_open(struct mms_in **out, int fd, const char *name, bool by_magic)
{
	struct mms_in *in = calloc(1, sizeof(*in));
	int err;

	*out = in;
	if (!in) {
		close(fd);
		return -ENOMEM;
	}
	in->fd = fd;
	in->writer = -1;
	in->buf = malloc(ROOM);
	in->packed = calloc(1, PACKED);
	if (!in->buf || !in->packed)
		return -ENOMEM;
	err = fill_first(in, 4);
	if (err)
		return err;
	err = open_packing(in, packing_of(in));
	if (err || in->packing == PLAIN || by_magic || is_named_so(in, name))
		return err;
	/* Numbers may begin like that. */
	err = fill_first(in, PACKED);
	if (!err && !unpacks(in))
		close_packing(in);
	return err;
}

/* More bytes behind @to, which is below ROOM. Return: 0 or -errno; sets @ended. */
static int fill(struct mms_in *in)
{
	size_t made = 0;
	int ret = 0;

	if (in->from) {
		memmove(in->buf, in->buf + in->from, in->to - in->from);
		in->to -= in->from;
		in->from = 0;
	}
	while (!made) {
		int more = fill_packed(in);

		if (more < 0)
			return more;
		if (!more && !in->inside) {
			in->ended = true;
			return 0;
		}
		/* Also without more: the unpacker may have kept some. */
		ret = unpack(in, &made);
		if (ret)
			return ret;
		if (!more && !made && in->inside)
			return -ENODATA;
	}
	in->to += made;
	return 0;
}

int mms_in_line(struct mms_in *in, const char **line, size_t *len)
{
	size_t seen = 0;

	for (;;) {
		const char *p = in->buf + in->from, *end;
		size_t have = in->to - in->from;
		int err;

		end = have > seen ? memchr(p + seen, '\n', have - seen) : NULL;
		if (!end && in->ended && have)
			end = p + have;
		if (end && end - p <= MMS_IN_LINE) {
			*line = p;
			*len = end - p;
			in->from += *len + (in->from + *len < in->to);
			return 1;
		}
		if (have > MMS_IN_LINE)
			return -E2BIG;
		if (in->ended)
			return 0;
		seen = have;
		err = fill(in);
		if (err)
			return err;
	}
}

int mms_in_record(struct mms_in *in, const uint8_t **p, size_t want)
{
	while (in->to - in->from < want && !in->ended) {
		int err = fill(in);

		if (err)
			return err;
	}
	if (in->to == in->from)
		return 0;
	if (in->to - in->from < want)
		return -ENODATA;
	*p = (const uint8_t *)in->buf + in->from;
	in->from += want;
	return 1;
}

void mms_in_close(struct mms_in *in)
{
	if (!in)
		return;
	close_packing(in);
	close(in->fd);
	if (in->writer >= 0)
		close(in->writer);
	free(in->buf);
	free(in->packed);
	free(in);
}
