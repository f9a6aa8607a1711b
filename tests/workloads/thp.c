// SPDX-License-Identifier: GPL-2.0-only
/*
 * thp RANGES: a region of RANGES times 2 MiB, where huge pages fit. Prints "region
 * ADDRESS" and "ready"; then reads lines and answers "done N", N the calls that failed:
 *
 * "small F N": ranges F.. F+N-1 are mapped anew and written to, in small pages
 * "huge F N": the same, by faults of 2 MiB each
 * "one F N": the same, but one small page of each alone
 * "collapse F N": MADV_COLLAPSE of each
 * "hole F N": MADV_DONTNEED of the second small page of each: the entry is split
 * "unmap F N": munmap() of the same
 * "cold F N": MADV_COLD of the same: the folio is split
 * "let F N": khugepaged may collapse them
 * "fork F N": from now on a child that sleeps shares the ranges; F, N are not used
 * "heirs F N": a child does "small" and "collapse", then its child the same; both sleep
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define PAGE 4096UL
#define HUGE (2UL << 20)

#ifndef MADV_COLD
#define MADV_COLD 20
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

static int touch(char *p, int advice, unsigned long step)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, bad;

	/* Mapped anew: a table that was made for small pages stays, and allows no others. */
	bad = mmap(p, HUGE, PROT_READ | PROT_WRITE, flags, -1, 0) != p;
	bad += madvise(p, HUGE, advice) != 0;
	for (unsigned long i = 0; i < HUGE; i += step)
		*(volatile char *)(p + i) = 1;
	return bad;
}

static int child(void)
{
	pid_t pid = fork();

	if (pid)
		return pid < 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

static int run(const char *what, char *p)
{
	if (!strcmp(what, "small"))
		return touch(p, MADV_NOHUGEPAGE, PAGE);
	if (!strcmp(what, "huge"))
		return touch(p, MADV_HUGEPAGE, HUGE);
	if (!strcmp(what, "one"))
		return touch(p, MADV_NOHUGEPAGE, HUGE);
	if (!strcmp(what, "let"))
		return madvise(p, HUGE, MADV_HUGEPAGE);
	if (!strcmp(what, "collapse"))
		return madvise(p, HUGE, MADV_HUGEPAGE) || madvise(p, HUGE, MADV_COLLAPSE);
	if (!strcmp(what, "hole"))
		return madvise(p + PAGE, PAGE, MADV_DONTNEED);
	if (!strcmp(what, "unmap"))
		return munmap(p + PAGE, PAGE);
	if (!strcmp(what, "cold"))
		return madvise(p + PAGE, PAGE, MADV_COLD);
	return 1;
}

static int heirs(char *p, long n, int generations)
{
	char bad = 0;
	int ends[2];
	pid_t pid;

	if (pipe(ends))
		return 1;
	pid = fork();
	if (pid) {
		close(ends[1]);
		return pid < 0 || read(ends[0], &bad, 1) != 1 || bad;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (long i = 0; i < n; i++)
		bad |= run("small", p + i * HUGE) || run("collapse", p + i * HUGE);
	if (generations > 1)
		bad |= heirs(p, n, generations - 1);
	if (write(ends[1], &bad, 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	long ranges = argc > 1 ? atol(argv[1]) : 1, from, n, i, bad;
	char what[16], line[64];
	char *p = mmap(NULL, (ranges + 1) * HUGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return 1;
	p = (char *)(((uintptr_t)p + HUGE - 1) & ~(HUGE - 1));
	madvise(p, ranges * HUGE, MADV_NOHUGEPAGE);
	printf("region %lx\nready\n", (unsigned long)p);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) &&
	       sscanf(line, "%15s %ld %ld", what, &from, &n) == 3) {
		if (!strcmp(what, "fork")) {
			bad = child();
			n = 0;
		} else if (!strcmp(what, "heirs")) {
			bad = heirs(p + from * HUGE, n, 2);
			n = 0;
		} else {
			bad = 0;
		}
		for (i = from; i < from + n && i < ranges; i++)
			bad += run(what, p + i * HUGE) != 0;
		printf("done %ld\n", bad);
		fflush(stdout);
	}
	return 0;
}
