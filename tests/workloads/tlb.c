// SPDX-License-Identifier: GPL-2.0-only
/*
 * tlb CPU[,CPU...]: a thread on each CPU, the first one commands the TLB, the
 * others spin in user mode. Prints "region ADDRESS PAGES" and "ready"; then reads
 * lines, begins when all the others run, and answers "done":
 *
 * "protect N M": N calls of mprotect(), N even, that take and give back the right
 *	to write M pages; "free N M": N times M pages are written to and given back
 *	by MADV_DONTNEED; "unmap N 1": N times one page of a mapping of its own is
 *	written to and unmapped. Each of the N calls takes one flush of M pages, and
 *	writing to the pages none.
 * "storm N M": "free N M", by all threads at the same time, each on pages of its own.
 * "share N M": the first M pages are written to and shared with a child that sleeps:
 *	whoever writes to one of them then takes a copy, and a flush. N is not used.
 * "children N M": N processes, one after the other, that flush a page of ours, which
 *	they share (vfork), and end. M is not used.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGES	 512
#define SPINNERS 64

static volatile unsigned long spins[SPINNERS];
static volatile long storm, storm_pages; /* what the others do in place of spinning */
static volatile int storming;
static int spinners;

static char *map(long pages)
{
	char *p = mmap(NULL, pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	madvise(p, pages * 4096, MADV_NOHUGEPAGE);
	return p;
}

static void touch(volatile char *p, long pages)
{
	for (long i = 0; i < pages; i++)
		p[i * 4096] = 1;
}

static void give_back(char *p, long n, long pages)
{
	for (long i = 0; i < n; i++) {
		touch(p, pages);
		madvise(p, pages * 4096, MADV_DONTNEED);
	}
}

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
	char *own = map(PAGES);
	long done = 0;

	pin(*n);
	for (;;) {
		++*n;
		if (storm == done)
			continue;
		done = storm;
		if (!done)
			continue;
		give_back(own, done, storm_pages);
		__sync_fetch_and_sub(&storming, 1);
	}
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

static void protect(char *p, long n, long pages)
{
	for (long i = 0; i < n; i++)
		mprotect(p, pages * 4096, i % 2 ? PROT_READ | PROT_WRITE : PROT_READ);
}

static void unmap(long n)
{
	for (long i = 0; i < n; i++) {
		char *p = map(1);

		touch(p, 1);
		munmap(p, 4096);
	}
}

static void all_give_back(char *p, long n, long pages)
{
	storming = spinners;
	storm_pages = pages;
	storm = n;
	give_back(p, n, pages);
	while (storming)
		;
	storm = 0;
	wait_for_others();
}

static void make_child(char *p)
{
	pid_t pid = vfork();

	if (!pid) {
		madvise(p, 4096, MADV_DONTNEED);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void make_children(char *p, long n)
{
	for (long i = 0; i < n; i++) {
		touch(p, 1);
		make_child(p);
	}
}

/* They stay shared for as long as the child lives, which is as long as we do. */
static void share(void)
{
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
}

static void run(char *p, const char *what, long n, long pages)
{
	touch(p, PAGES);
	wait_for_others();
	if (!strcmp(what, "protect"))
		protect(p, n, pages);
	else if (!strcmp(what, "unmap"))
		unmap(n);
	else if (!strcmp(what, "storm"))
		all_give_back(p, n, pages);
	else if (!strcmp(what, "share"))
		share();
	else if (!strcmp(what, "children"))
		make_children(p, n);
	else
		give_back(p, n, pages);
}

int main(int argc, char **argv)
{
	char *p = map(PAGES);
	char *cpu = argc > 1 ? argv[1] : "0";
	char what[16], line[64];
	pthread_t thread;
	long n, pages;

	pin(atoi(cpu));
	while ((cpu = strchr(cpu, ',')) && spinners < SPINNERS) {
		spins[spinners] = atoi(++cpu);
		if (pthread_create(&thread, NULL, spin, (void *)&spins[spinners++]))
			return 1;
	}
	printf("region %lx %d\nready\n", (unsigned long)p, PAGES);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) &&
	       sscanf(line, "%15s %ld %ld", what, &n, &pages) == 3) {
		run(p, what, n, pages);
		puts("done");
		fflush(stdout);
	}
	return 0;
}
