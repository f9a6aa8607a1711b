// SPDX-License-Identifier: GPL-2.0-only
/*
 * pages DEBUGFS-DIR [MIB]: what one page costs to look at, by mmscope and by
 * its peer, in one boot, on a child with MIB MiB of touched 4 KiB pages, then on
 * one with as much in huge pages. Under QEMU -icount shift=0 the clock advances
 * one nanosecond per instruction, so nanoseconds are instructions. Prints a line
 * per reader: median and spread of 7 rounds, and the ratio to the first reader.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/mmscope.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 7
#define PG     4096UL

static char buf[512 << 10];

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

/* Read all of a text file, or len bytes at off of a binary one. Return: bytes. */
static uint64_t slurp(const char *path, off_t off, uint64_t len)
{
	uint64_t sum = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY);

	if (fd < 0) {
		perror(path);
		exit(1);
	}
	while (sum < len) {
		size_t want = len - sum < sizeof(buf) ? len - sum : sizeof(buf);

		n = len == UINT64_MAX ? read(fd, buf, sizeof(buf))
				      : pread(fd, buf, want, off + sum);
		if (n <= 0)
			break;
		sum += n;
	}
	close(fd);
	return sum;
}

/* Read the blocks of PID/entries for len bytes of memory at off. Return: bytes. */
static uint64_t entries(const char *path, off_t off, uint64_t len)
{
	const struct mmscope_entries_header *head;
	uint64_t sum = 0, end = off + len, want;
	int fd = open(path, O_RDONLY);
	ssize_t n, at;

	if (fd < 0) {
		perror(path);
		exit(1);
	}
	while ((uint64_t)off < end) {
		want = (end - off) / PG * sizeof(struct mmscope_entry) + sizeof(*head);
		n = pread(fd, buf, want < sizeof(buf) ? want : sizeof(buf), off);
		if (n <= 0)
			break;
		for (at = 0; at < n; at += sizeof(*head) + head->nr * head->record_size) {
			head = (void *)(buf + at);
			off = head->end;
		}
		sum += n;
	}
	close(fd);
	return sum;
}

typedef uint64_t reader(const char *path, off_t off, uint64_t len);

static double measure(const char *name, reader *read, const char *path, off_t off, uint64_t len,
		      uint64_t pages, double base)
{
	uint64_t t[ROUNDS], bytes = 0;
	double median;

	read(path, off, len);
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t start = now();

		bytes = read(path, off, len);
		t[i] = now() - start;
	}
	qsort(t, ROUNDS, sizeof(t[0]), by_size);
	median = (double)t[ROUNDS / 2] / pages;
	printf("%-22s %9.2f %9.2f %9.2f %8.3f %10llu\n", name, median, (double)t[0] / pages,
	       (double)t[ROUNDS - 1] / pages, base ? median / base : 1.0,
	       (unsigned long long)bytes);
	return median;
}

/* A stopped child that touched all of [p, p + len), tracked. */
static pid_t begin(const char *dir, char *p, uint64_t len)
{
	char path[256];
	pid_t pid = fork();
	FILE *f;

	if (!pid) {
		memset(p, 1, len);
		raise(SIGSTOP);
		pause();
	}
	waitpid(pid, NULL, WUNTRACED);
	snprintf(path, sizeof(path), "%s/control", dir);
	f = fopen(path, "w");
	if (!f || fprintf(f, "+ %d\n", pid) < 0 || fclose(f)) {
		perror(path);
		kill(pid, SIGKILL);
		exit(1);
	}
	return pid;
}

static void compare(const char *dir, char *p, uint64_t mib, bool huge)
{
	uint64_t pages = mib << 8;
	pid_t pid = begin(dir, p, mib << 20);
	char path[256];
	double base;

	printf("%llu MiB of touched %s pages; per 4 KiB, median of %d rounds\n",
	       (unsigned long long)mib, huge ? "huge" : "4 KiB", ROUNDS);
	printf("%-22s %9s %9s %9s %8s %10s\n", "READER", "MEDIAN", "MIN", "MAX", "RATIO", "BYTES");
	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	base = measure("/proc/PID/pagemap", slurp, path, (uintptr_t)p / PG * 8, pages * 8, pages,
		       0);
	snprintf(path, sizeof(path), "%s/%d/entries", dir, pid);
	measure("mmscope entries", entries, path, (uintptr_t)p, mib << 20, pages, base);
	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	measure("/proc/PID/smaps", slurp, path, 0, UINT64_MAX, pages, base);
	snprintf(path, sizeof(path), "%s/%d/census", dir, pid);
	measure("mmscope census", slurp, path, 0, UINT64_MAX, pages, base);
	snprintf(path, sizeof(path), "%s/%d/maps", dir, pid);
	measure("mmscope maps", slurp, path, 0, UINT64_MAX, pages, base);
	snprintf(path, sizeof(path), "%s/%d/ranges", dir, pid);
	measure("mmscope ranges", slurp, path, 0, UINT64_MAX, pages, base);
	snprintf(path, sizeof(path), "%s/%d/tables", dir, pid);
	if (!access(path, R_OK))
		measure("mmscope tables", slurp, path, 0, UINT64_MAX, pages, base);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	const char *dir = argc > 1 ? argv[1] : "/sys/kernel/debug/mmscope";
	uint64_t mib = argc > 2 ? strtoull(argv[2], NULL, 0) : 256, len = mib << 20;
	const uint64_t huge = 2 << 20;
	char *p =
		mmap(NULL, len + huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return 1;
	p = (char *)(((uintptr_t)p + huge - 1) & ~(huge - 1));
	madvise(p, len, MADV_NOHUGEPAGE);
	compare(dir, p, mib, false);
	if (madvise(p, len, MADV_HUGEPAGE))
		puts("no huge pages here");
	else
		compare(dir, p, mib, true);
	return 0;
}
