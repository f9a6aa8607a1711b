// SPDX-License-Identifier: GPL-2.0-only
/*
 * reuse KIND KIB [FILE]: a known pattern of use, again and again, until killed.
 *   loop     write one byte of every page of KIB of anonymous memory, in order
 *   random   the same pages, in random order (each lap a fresh draw of pages)
 *   stream   map KIB of fresh anonymous memory, fill it, never look back, unmap
 *   file     read one byte of every page of FILE (KIB long, made if need be), mapped, in order
 *   readfile read FILE by read(2), in order, and start over at its end
 *   readonce the same, but rest at its end
 *   scan     as readfile, but with read-ahead, and so with large folios where the kernel has them
 *   sleep    hold KIB of memory and do nothing
 * Pages hold random bytes: zero and constant pages never reach a swap device on
 * all kernels. Prints "ready" when the set is built.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096UL

static uint64_t seed = 88172645463325252ULL;

static uint64_t draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	return seed ^= seed << 17;
}

/* A quarter of random bytes: does not compress to nothing, does not burst zram. */
static void fill(char *page)
{
	uint64_t *w = (uint64_t *)page;

	for (int i = 0; i < 128; i++)
		w[i] = draw();
}

static char *map_anon(unsigned long n)
{
	char *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		exit(1);
	madvise(p, n * PAGE, MADV_NOHUGEPAGE);
	for (unsigned long i = 0; i < n; i++)
		fill(p + i * PAGE);
	return p;
}

static void ready(void)
{
	puts("ready");
	fflush(stdout);
}

static __attribute__((noreturn)) void stream(unsigned long n)
{
	munmap(map_anon(n), n * PAGE);
	ready();
	for (;;)
		munmap(map_anon(n), n * PAGE);
}

static int open_file(const char *path, unsigned long n)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	char page[PAGE] = {0};

	if (fd < 0)
		exit(1);
	if (lseek(fd, 0, SEEK_END) != (off_t)(n * PAGE)) {
		lseek(fd, 0, SEEK_SET);
		for (unsigned long i = 0; i < n; i++) {
			fill(page);
			if (write(fd, page, PAGE) != (ssize_t)PAGE)
				exit(1);
		}
		fsync(fd);
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	}
	return fd;
}

static __attribute__((noreturn)) void read_file(int fd, int once, int ahead)
{
	static char buf[16 * PAGE];

	/* Read-ahead can be 8 MiB, of which a small limit throws out what was not read yet. */
	if (!ahead)
		posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	lseek(fd, 0, SEEK_SET);
	ready();
	for (;;) {
		if (read(fd, buf, sizeof(buf)) > 0)
			continue;
		if (once)
			pause();
		lseek(fd, 0, SEEK_SET);
	}
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 2 ? strtoul(argv[2], NULL, 0) / 4 : 0;
	const char *kind = argc > 1 ? argv[1] : "";
	int write_it = 1, shuffle = !strcmp(kind, "random");
	volatile char *p, sink = 0;

	if (!n)
		return 2;
	if (!strcmp(kind, "stream"))
		stream(n);
	if (!strcmp(kind, "readfile") || !strcmp(kind, "readonce") || !strcmp(kind, "scan"))
		read_file(open_file(argv[3], n), !strcmp(kind, "readonce"), !strcmp(kind, "scan"));
	if (!strcmp(kind, "file")) {
		int fd = open_file(argv[3], n);

		p = mmap(NULL, n * PAGE, PROT_READ, MAP_SHARED, fd, 0);
		/* One page a fault: the pattern is the test's, not that of read-ahead. */
		madvise((void *)p, n * PAGE, MADV_RANDOM);
		write_it = 0;
	} else {
		p = map_anon(n);
	}
	ready();
	while (!strcmp(kind, "sleep"))
		pause();
	for (;;) {
		for (unsigned long i = 0; i < n; i++) {
			unsigned long at = (shuffle ? draw() % n : i) * PAGE;

			if (write_it)
				p[at]++;
			else
				sink += p[at];
		}
	}
	return sink;
}
