// SPDX-License-Identifier: GPL-2.0-only
/*
 * tlb CPU[,CPU...]: a thread on each CPU, the first one commands the TLB, the
 * others spin in user mode. Prints "ready"; then reads lines "protect N M": N
 * calls of mprotect(), N even, that take and give back the right to write M
 * pages, or "free N M": N times M pages are written to and given back by
 * MADV_DONTNEED; begins when all the others run, and answers "done". Each of the
 * N calls takes one flush of M pages, and writing to the pages none.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGES	 512
#define SPINNERS 64

static volatile unsigned long spins[SPINNERS];
static int spinners;

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set)) {
		perror("sched_setaffinity");
		exit(1);
	}
}

static void *spin(void *arg)
{
	volatile unsigned long *n = arg;

	pin(*n);
	for (;;)
		++*n;
	return NULL;
}

static void wait_for_others(void)
{
	for (int i = 0; i < spinners; i++) {
		unsigned long before = spins[i];

		while (spins[i] == before)
			;
	}
}

static void touch(volatile char *p, long pages)
{
	for (long i = 0; i < pages; i++)
		p[i * 4096] = 1;
}

static void run(char *p, const char *what, long n, long pages)
{
	touch(p, PAGES);
	wait_for_others();
	for (long i = 0; i < n; i++) {
		if (!strcmp(what, "protect")) {
			mprotect(p, pages * 4096, i % 2 ? PROT_READ | PROT_WRITE : PROT_READ);
		} else {
			touch(p, pages);
			madvise(p, pages * 4096, MADV_DONTNEED);
		}
	}
}

int main(int argc, char **argv)
{
	char *p = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);
	char *cpu = argc > 1 ? argv[1] : "0";
	char what[16], line[64];
	pthread_t thread;
	long n, pages;

	if (p == MAP_FAILED)
		return 1;
	madvise(p, PAGES * 4096, MADV_NOHUGEPAGE);
	pin(atoi(cpu));
	while ((cpu = strchr(cpu, ',')) && spinners < SPINNERS) {
		spins[spinners] = atoi(++cpu);
		if (pthread_create(&thread, NULL, spin, (void *)&spins[spinners++]))
			return 1;
	}
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) &&
	       sscanf(line, "%15s %ld %ld", what, &n, &pages) == 3) {
		run(p, what, n, pages);
		puts("done");
		fflush(stdout);
	}
	return 0;
}
