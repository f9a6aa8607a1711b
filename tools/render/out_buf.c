// SPDX-License-Identifier: GPL-2.0-only
/* A buffer that grows, its way out, and digits without printf(). */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "render/out_buf.h"

bool out_buf_grow(struct out_buf *b, size_t n)
{
	size_t room = b->room ? b->room * 2 : 4096;
	char *p;

	while (room - b->len < n)
		room *= 2;
	p = realloc(b->p, room);
	if (!p) {
		b->failed = true;
		return false;
	}
	b->p = p;
	b->room = room;
	return true;
}

static int write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

static int write_stream(FILE *f, const char *p, size_t n)
{
	int fd = fileno(f);

	if (fflush(f))
		return -errno;
	if (fd >= 0)
		return write_all(fd, p, n);
	errno = 0;
	if (fwrite(p, 1, n, f) == n && !fflush(f))
		return 0;
	return errno ? -errno : -EIO;
}

int out_buf_flush(struct out_buf *b, FILE *f)
{
	int err = b->failed ? -ENOMEM : b->len ? write_stream(f, b->p, b->len) : 0;

	b->len = 0;
	b->failed = false;
	return err;
}

static size_t nr_digits(uint64_t v)
{
	size_t n = 1;

	for (; v >= 10000; v /= 10000)
		n += 4;
	return n + (v >= 10) + (v >= 100) + (v >= 1000);
}

size_t out_dec(char *to, uint64_t v)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";
	size_t n, at;

	if (v < 10) {
		to[0] = (char)('0' + v);
		return 1;
	}
	n = at = nr_digits(v);
	for (; v >= 100; v /= 100)
		memcpy(to + (at -= 2), pairs + v % 100 * 2, 2);
	if (at == 2)
		memcpy(to, pairs + v * 2, 2);
	else
		to[0] = (char)('0' + v);
	return n;
}

/* Eight digits at once: a byte for each nibble, letters 0x27 further up. */
static uint64_t hex_digits(uint32_t v)
{
	uint64_t x = v, letters;

	x = (x | x << 16) & 0x0000ffff0000ffff;
	x = (x | x << 8) & 0x00ff00ff00ff00ff;
	x = (x | x << 4) & 0x0f0f0f0f0f0f0f0f;
	letters = (x + 0x0606060606060606) >> 4 & 0x0101010101010101;
	return __builtin_bswap64(x + 0x3030303030303030 + letters * 0x27);
}

size_t out_hex(char *to, uint64_t v)
{
	unsigned int n = (67 - (unsigned int)__builtin_clzll(v | 1)) / 4;
	uint64_t digits;

	memcpy(to, "0x", 2);
	v <<= 64 - 4 * n;
	digits = hex_digits((uint32_t)(v >> 32));
	memcpy(to + 2, &digits, 8);
	if (n > 8) {
		digits = hex_digits((uint32_t)v);
		memcpy(to + 10, &digits, 8);
	}
	return n + 2;
}
