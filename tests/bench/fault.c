// SPDX-License-Identifier: GPL-2.0-only
/*
 * fault [DEBUGFS-DIR]: what a page fault costs while mmscope tracks nobody,
 * another process, this one. Under QEMU -icount shift=0 the clock advances one
 * nanosecond per instruction, so nanoseconds are instructions. Prints a line per
 * case: median and spread of ROUNDS rounds, and what came on top of the first
 * line of its kind.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 9
#define PAGES  2048UL
#define PG     4096UL

static const char *dir;
static char *area;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void control(const char *verb, pid_t pid)
{
	char path[256], text[32];
	int fd, len = snprintf(text, sizeof(text), "%s %d", verb, pid);

	snprintf(path, sizeof(path), "%s/control", dir);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, text, len) != len) {
		perror(path);
		exit(1);
	}
	close(fd);
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static uint64_t write_all(void)
{
	uint64_t start = now();

	for (unsigned long i = 0; i < PAGES; i++)
		*(volatile char *)(area + i * PG) = 1;
	return now() - start;
}

/* Memory never touched before. */
static uint64_t fresh(void)
{
	madvise(area, PAGES * PG, MADV_DONTNEED);
	return write_all();
}

/* Memory that a child has too. */
static uint64_t copy(void)
{
	uint64_t ns;
	pid_t pid;

	write_all();
	pid = sleeper();
	ns = write_all();
	end(pid);
	return ns;
}

static double measure(const char *name, uint64_t (*round)(void), double base)
{
	uint64_t t[ROUNDS];
	double median;

	round();
	for (int i = 0; i < ROUNDS; i++)
		t[i] = round();
	qsort(t, ROUNDS, sizeof(t[0]), by_size);
	median = (double)t[ROUNDS / 2] / PAGES;
	printf("%-28s %9.1f %9.1f %9.1f %+9.1f\n", name, median, (double)t[0] / PAGES,
	       (double)t[ROUNDS - 1] / PAGES, base ? median - base : 0.0);
	fflush(stdout);
	return median;
}

int main(int argc, char **argv)
{
	double first, copied;
	pid_t other = sleeper();

	dir = argc > 1 ? argv[1] : "/sys/kernel/debug/mmscope";
	area = mmap(NULL, PAGES * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		return 1;
	madvise(area, PAGES * PG, MADV_NOHUGEPAGE);
	printf("%lu page faults of 4 KiB; per fault, median of %d rounds\n", PAGES, ROUNDS);
	printf("%-28s %9s %9s %9s %9s\n", "CASE", "MEDIAN", "MIN", "MAX", "MORE");
	/* frames never used since boot cost more */
	for (int i = 0; i < 4 * ROUNDS; i++)
		fresh();
	first = measure("first touch, no target", fresh, 0);
	copied = measure("copy, no target", copy, 0);
	control("+", other);
	measure("first touch, another target", fresh, first);
	measure("copy, another target", copy, copied);
	control("+", getpid());
	measure("first touch, of a target", fresh, first);
	measure("copy, of a target", copy, copied);
	control("-", getpid());
	control("-", other);
	measure("first touch, none again", fresh, first);
	end(other);
	return 0;
}
