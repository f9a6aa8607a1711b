// SPDX-License-Identifier: GPL-2.0-only
/*
 * watched CPU-STAT: the program that watch.py lets others watch. For each line
 * "touch N", "copy N" or "flush N" of stdin it does that to N pages, and prints what
 * it took: nanoseconds by the clock and of its thread, those of the median of its
 * bursts of 256 pages, times their number, and the microseconds that the tools in the
 * cgroup of CPU-STAT have used when it ended. Between the lines it makes no faults.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGES 32768UL
#define BURST 256UL
#define PG    4096UL

static const char *cpu_stat;
static char *area;

static void die(const char *what)
{
	fprintf(stderr, "watched: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* Of the tools, now: they cannot run between the end of a round and this on the same CPU. */
static unsigned long used_us(const char *path)
{
	char text[512];
	unsigned long us = 0;
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		die(path);
	text[n] = 0;
	close(fd);
	if (sscanf(text, "usage_usec %lu", &us) != 1)
		die("usage_usec");
	return us;
}

struct cost {
	uint64_t wall, thread;
};

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void write_to(char *p, unsigned long n)
{
	for (unsigned long i = 0; i < n; i++)
		*(volatile char *)(p + i * PG) = 1;
}

/* One flush of the TLB for each page. */
static void flush(char *p, unsigned long n)
{
	for (unsigned long i = 0; i < n; i++) {
		write_to(p + i * PG, 1);
		madvise(p + i * PG, PG, MADV_DONTNEED);
	}
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	return pid;
}

/* The median burst stands for all: one that a busy host held up does not count. */
static struct cost bursts(void (*work)(char *p, unsigned long n), unsigned long n,
			  struct cost *median)
{
	static uint64_t wall[PAGES / BURST], thread[PAGES / BURST];
	struct cost sum = {now(CLOCK_MONOTONIC), now(CLOCK_THREAD_CPUTIME_ID)};
	struct cost last = sum, c;
	unsigned long nr = n / BURST;

	for (unsigned long i = 0; i < nr; i++) {
		work(area + i * BURST * PG, BURST);
		c = (struct cost){now(CLOCK_MONOTONIC), now(CLOCK_THREAD_CPUTIME_ID)};
		wall[i] = c.wall - last.wall;
		thread[i] = c.thread - last.thread;
		last = c;
	}
	qsort(wall, nr, sizeof(wall[0]), by_size);
	qsort(thread, nr, sizeof(thread[0]), by_size);
	*median = (struct cost){wall[nr / 2] * nr, thread[nr / 2] * nr};
	return (struct cost){last.wall - sum.wall, last.thread - sum.thread};
}

/* Memory never touched before, or that a child has, too. */
static void measure(const char *verb, unsigned long n)
{
	bool copy = !strcmp(verb, "copy");
	struct cost all, median;
	unsigned long used;
	pid_t pid = 0;

	if (copy) {
		write_to(area, n);
		pid = sleeper();
	}
	all = bursts(strcmp(verb, "flush") ? write_to : flush, n, &median);
	used = used_us(cpu_stat);
	printf("%lu %lu %lu %lu %lu\n", all.thread, all.wall, median.thread, median.wall, used);
	fflush(stdout);
	if (copy) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	madvise(area, PAGES * PG, MADV_DONTNEED);
}

static void settle_down(void)
{
	cpu_set_t last;

	CPU_ZERO(&last);
	CPU_SET(get_nprocs() - 1, &last);
	if (sched_setaffinity(0, sizeof(last), &last))
		die("sched_setaffinity");
	area = mmap(NULL, PAGES * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		die("mmap");
	madvise(area, PAGES * PG, MADV_NOHUGEPAGE);
	/* frames never used since boot cost more */
	for (int i = 0; i < 8; i++) {
		write_to(area, PAGES);
		madvise(area, PAGES * PG, MADV_DONTNEED);
	}
}

int main(int argc, char **argv)
{
	char line[64], verb[16];
	unsigned long n;

	if (argc != 2)
		return 2;
	cpu_stat = argv[1];
	settle_down();
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "%15s %lu", verb, &n) != 2 || n > PAGES || n < BURST)
			return 2;
		measure(verb, n);
	}
	return 0;
}
