// SPDX-License-Identifier: GPL-2.0-only
/*
 * pages DEBUGFS-DIR [MIB]: what one page costs to look at, by mmscope and by
 * its peer, in one boot, on a child with MIB MiB of touched 4 KiB pages. Under
 * QEMU -icount shift=0 the clock advances one nanosecond per instruction, so
 * nanoseconds are instructions. Prints a line per reader: median and spread
 * of 7 rounds, and the ratio to the first reader.
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

static double measure(const char *name, const char *path, off_t off, uint64_t len, uint64_t pages,
		      double base)
{
	uint64_t t[ROUNDS], bytes = 0;
	double median;

	slurp(path, off, len);
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t start = now();

		bytes = slurp(path, off, len);
		t[i] = now() - start;
	}
	qsort(t, ROUNDS, sizeof(t[0]), by_size);
	median = (double)t[ROUNDS / 2] / pages;
	printf("%-22s %9.1f %9.1f %9.1f %8.2f %10llu\n", name, median, (double)t[0] / pages,
	       (double)t[ROUNDS - 1] / pages, base ? median / base : 1.0,
	       (unsigned long long)bytes);
	return median;
}

int main(int argc, char **argv)
{
	const char *dir = argc > 1 ? argv[1] : "/sys/kernel/debug/mmscope";
	uint64_t mib = argc > 2 ? strtoull(argv[2], NULL, 0) : 256, pages = mib << 8;
	char path[256], *p;
	double base;
	pid_t pid;
	FILE *f;

	p = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return 1;
	madvise(p, mib << 20, MADV_NOHUGEPAGE);
	pid = fork();
	if (!pid) {
		memset(p, 1, mib << 20);
		raise(SIGSTOP);
		pause();
	}
	waitpid(pid, NULL, WUNTRACED);
	snprintf(path, sizeof(path), "%s/control", dir);
	f = fopen(path, "w");
	if (!f || fprintf(f, "+ %d\n", pid) < 0 || fclose(f)) {
		perror(path);
		kill(pid, SIGKILL);
		return 1;
	}
	printf("%llu MiB of touched 4 KiB pages; per page, median of %d rounds\n",
	       (unsigned long long)mib, ROUNDS);
	printf("%-22s %9s %9s %9s %8s %10s\n", "READER", "MEDIAN", "MIN", "MAX", "RATIO", "BYTES");
	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	base = measure("/proc/PID/pagemap", path, (uintptr_t)p / PG * 8, pages * 8, pages, 0);
	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	measure("/proc/PID/smaps", path, 0, UINT64_MAX, pages, base);
	snprintf(path, sizeof(path), "%s/%d/census", dir, pid);
	measure("mmscope census", path, 0, UINT64_MAX, pages, base);
	snprintf(path, sizeof(path), "%s/%d/maps", dir, pid);
	measure("mmscope maps", path, 0, UINT64_MAX, pages, base);
	snprintf(path, sizeof(path), "%s/%d/ranges", dir, pid);
	measure("mmscope ranges", path, 0, UINT64_MAX, pages, base);
	kill(pid, SIGKILL);
	return 0;
}
