// SPDX-License-Identifier: GPL-2.0-only
/*
 * idle DEBUGFS-DIR [MIB]: what a scan of sampling costs, on a child with MIB MiB
 * of touched 4 KiB pages. Under QEMU -icount shift=0 the clock advances one
 * nanosecond per instruction, so scan_ns of stats counts instructions. Prints a
 * line per case: median, min and max of 7 scans, and the ratio to a scan that
 * looks at every pte and finds nothing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 7
#define REGION (2UL << 20)

static const char *dir;
static int to_child, from_child;
static uint64_t pages;

static void die(const char *what)
{
	fprintf(stderr, "idle: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void control(const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/control", dir);
	f = fopen(path, "w");
	if (!f || fputs(text, f) < 0 || fclose(f))
		die(text);
}

static uint64_t stat_of(const char *key)
{
	char path[256], line[256], name[64];
	uint64_t n, found = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/stats", dir);
	f = fopen(path, "r");
	if (!f)
		die(path);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %lu", name, &n) == 2 && !strcmp(name, key))
			found = n;
	fclose(f);
	return found;
}

/* Touches all pages once for every byte it is sent. */
static void child(volatile char *p, uint64_t size, int rd, int wr)
{
	char c;

	while (read(rd, &c, 1) == 1) {
		for (uint64_t i = 0; i < size; i += 4096)
			p[i]++;
		if (write(wr, &c, 1) != 1)
			break;
	}
	_exit(0);
}

static void touch_all(void)
{
	char c = 1;

	if (write(to_child, &c, 1) != 1 || read(from_child, &c, 1) != 1)
		die("child");
}

/* Waits for the end of n scans. Return: what each cost. */
static uint64_t scan(unsigned int n, int touch)
{
	uint64_t ns, count;

	if (touch)
		touch_all();
	ns = stat_of("scan_ns");
	count = stat_of("scans");
	while (stat_of("scans") < count + n)
		usleep(2000);
	return (stat_of("scan_ns") - ns) / (stat_of("scans") - count);
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static double measure(const char *name, pid_t pid, const char *how, unsigned int n, int touch,
		      double base)
{
	uint64_t t[ROUNDS];
	char text[64];
	double median;

	snprintf(text, sizeof(text), "sample %d 100 %s", pid, how);
	control(text);
	/* the first clears, the second finds what came in between, then it is quiet */
	scan(4, 0);
	for (int i = 0; i < ROUNDS; i++)
		t[i] = scan(n, touch);
	qsort(t, ROUNDS, sizeof(t[0]), by_size);
	median = t[ROUNDS / 2];
	if (!base)
		base = median;
	printf("%-34s %10.0f %10lu %10lu %8.3f %8.3f\n", name, median, t[0], t[ROUNDS - 1],
	       median / pages, median / base);
	return median;
}

int main(int argc, char **argv)
{
	uint64_t mib = argc > 2 ? strtoull(argv[2], NULL, 0) : 256, size = mib << 20;
	int up[2], down[2];
	char text[64], *p;
	double base;
	pid_t pid;

	dir = argc > 1 ? argv[1] : "/sys/kernel/debug/mmscope";
	pages = mib << 8;
	p = mmap(NULL, size + REGION, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED || pipe(up) || pipe(down))
		die("set-up");
	p = (char *)(((uintptr_t)p + REGION - 1) & -REGION);
	madvise(p, size, MADV_NOHUGEPAGE);
	pid = fork();
	if (!pid)
		child(p, size, down[0], up[1]);
	to_child = down[1];
	from_child = up[0];
	touch_all();
	snprintf(text, sizeof(text), "+ %d", pid);
	control(text);
	printf("%lu MiB of touched 4 KiB pages; instructions per scan, of %d scans\n", mib, ROUNDS);
	printf("%-34s %10s %10s %10s %8s %8s\n", "SCAN", "MEDIAN", "MIN", "MAX", "PER-PAGE",
	       "RATIO");
	base = measure("nothing young, every pte (noskip)", pid, "noskip", 1, 0, 0);
	measure("all young", pid, "", 1, 1, base);
	measure("idle, skipped", pid, "", 1, 0, base);
	measure("idle, mean of 16 scans", pid, "", 16, 0, base);
	control("clear");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 0;
}
