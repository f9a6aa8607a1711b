// SPDX-License-Identifier: GPL-2.0-only
/*
 * stacks N M: touches N pages of fresh memory from main;outer_a;middle_a;touch_a,
 * and M from main;outer_b;lib_outer;lib_touch, the last two in a shared object
 * unless built statically. With frame pointers, so that the kernel finds callers.
 *   stacks N M wait	first prints "ready" and waits for a line
 *   stacks N M fork	a child does it, and is waited for
 *   stacks N M exec PROGRAM [ARGUMENT]...	then becomes another program
 *   stacks N 0 read	the kernel touches N pages: main;outer_r and read(2)
 *   stacks D 0 tree	2^D pages, each from another stack: main;tree;tree...
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "stacks.h"

/* Another name makes another program of the same layout. */
#ifndef PREFIX
#define PREFIX
#endif
#define GLUE2(a, b) a##b
#define GLUE(a, b)  GLUE2(a, b)
#define touch_a	    GLUE(PREFIX, touch_a)

void touch_a(volatile char *p, unsigned long nr);

static volatile char *fresh(unsigned long nr)
{
	size_t len = nr ? nr * PG : PG;
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	madvise(p, len, MADV_NOHUGEPAGE);
	return p;
}

void FRAME touch_a(volatile char *p, unsigned long nr)
{
	unsigned long i;

	KEEP_FRAME();
	for (i = 0; i < nr; i++)
		p[i * PG] = 1;
}

static FRAME void middle_a(volatile char *p, unsigned long nr)
{
	touch_a(p, nr);
}

static FRAME void outer_a(unsigned long nr)
{
	middle_a(fresh(nr), nr);
}

static FRAME void outer_b(unsigned long nr)
{
	lib_outer(fresh(nr), nr);
}

static FRAME void outer_r(unsigned long nr)
{
	volatile char *p = fresh(nr);
	int fd = open("/dev/zero", O_RDONLY);

	if (read(fd, (char *)p, nr * PG) != (ssize_t)(nr * PG))
		exit(2);
	close(fd);
}

/* Two calls at two addresses: each leaf has a stack of its own. */
static FRAME void tree(volatile char *p, unsigned long depth)
{
	if (!depth) {
		*p = 1;
		madvise((char *)p, PG, MADV_DONTNEED);
		return;
	}
	tree(p, depth - 1);
	tree(p, depth - 1);
	__asm__ volatile("");
}

/* The stack itself must not fault in between. */
static FRAME void grow_stack(void)
{
	volatile char room[256 * 1024];
	size_t i;

	for (i = 0; i < sizeof(room); i += 1024)
		room[i] = 1;
}

static void wait_for_line(void)
{
	puts("ready");
	fflush(stdout);
	getchar();
}

static FRAME int in_child(unsigned long n, unsigned long m)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		outer_a(n);
		outer_b(m);
		_exit(0);
	}
	return waitpid(pid, &status, 0) != pid || status;
}

int main(int argc, char **argv)
{
	const char *how = argc > 3 ? argv[3] : "";
	unsigned long n, m;

	if (argc < 3)
		return 2;
	n = strtoul(argv[1], NULL, 10);
	m = strtoul(argv[2], NULL, 10);
	grow_stack();
	if (!strcmp(how, "wait"))
		wait_for_line();
	if (!strcmp(how, "fork"))
		return in_child(n, m);
	if (!strcmp(how, "read")) {
		outer_r(n);
		return 0;
	}
	if (!strcmp(how, "tree")) {
		tree(fresh(1), n);
		return 0;
	}
	outer_a(n);
	outer_b(m);
	if (!strcmp(how, "exec") && argc > 4)
		execv(argv[4], argv + 4);
	return 0;
}
