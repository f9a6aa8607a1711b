// SPDX-License-Identifier: GPL-2.0-only
/*
 * used FILE: maps, touches and unmaps pages as it is told on stdin, one word on stdout
 * when it is done, and touches nothing else in that memory. Its own pages are used in
 * every turn. Addresses are pages behind BASE, which begins a table.
 *
 * file PAGES    maps so much of FILE, private and writable
 * anon PAGES    maps anonymous memory, for huge pages if there are any
 * exec 0        is begun anew
 * read FIRST STEP N, write FIRST STEP N, unmap FIRST N
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BASE ((char *)0x200000000000ULL)
#define PG   4096UL

static char line[128];

static void die(const char *what)
{
	fprintf(stderr, "used: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void map(unsigned long pages, int fd)
{
	int flags = MAP_PRIVATE | MAP_FIXED | (fd < 0 ? MAP_ANONYMOUS : 0);

	if (mmap(BASE, pages * PG, PROT_READ | PROT_WRITE, flags, fd, 0) == MAP_FAILED)
		die("mmap");
	if (fd < 0)
		madvise(BASE, pages * PG, MADV_HUGEPAGE); /* not every kernel has them */
}

static void obey(int fd)
{
	unsigned long first, step, n = 0, i;
	char word[16];

	if (sscanf(line, "%15s %lu %lu %lu", word, &first, &step, &n) < 2)
		die(line);
	if (!strcmp(word, "file"))
		map(first, fd);
	else if (!strcmp(word, "anon"))
		map(first, -1);
	else if (!strcmp(word, "unmap") && munmap(BASE + first * PG, step * PG))
		die("munmap");
	for (i = 0; i < n; i++) {
		volatile char *p = BASE + (first + i * step) * PG;

		if (word[0] == 'w')
			*p = 1;
		else
			(void)*p;
	}
}

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	ssize_t len;

	if (fd < 0)
		die("open");
	while ((len = read(0, line, sizeof(line) - 1)) > 0) {
		line[len] = '\0';
		obey(fd);
		if (write(1, "done\n", 5) != 5)
			die("write");
		if (!strcmp(line, "exec 0"))
			execv(argv[0], argv);
	}
	return 0;
}
