// SPDX-License-Identifier: GPL-2.0-only
/*
 * races NAME N: faults that come of several at once, inside [0x200000000000, + 1 GiB), and what
 * they must be, "KIND COUNT" per line, in the file named by MMS_EXPECT. How often a race happens
 * nobody knows beforehand: the thread's own count of faults tells how often it did, and the way
 * it is built what they were. Those who touch have a real-time priority and share one CPU: none
 * of them is preempted by another inside a fault, nor while somebody else changes an entry.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "expect.h"

#define BASE	 ((char *)0x200000000000ULL)
#define PG	 4096UL
#define HUGE	 (2UL << 20)
#define TOGETHER 4
#define ROUNDS	 400

static unsigned long n;
static volatile unsigned long waited; /* faults of the thread that touches what moves */
static volatile int over;

static char *anon(char *at, size_t len, int huge)
{
	char *p = mmap(at, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	if (madvise(p, len, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE) && huge)
		skip("no transparent huge pages");
	return p;
}

static void writes(char *p, unsigned long nr, size_t step)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		((volatile char *)p)[i * step] = 1;
}

static void on_cpu(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		die("sched_setaffinity");
}

/* The calling thread: first on its CPU, and not in turn with others of its kind. */
static void real_time(int cpu)
{
	struct sched_param p = {.sched_priority = 1};

	on_cpu(cpu);
	if (sched_setscheduler(0, SCHED_FIFO, &p))
		die("sched_setscheduler");
}

static unsigned long own_faults(void)
{
	struct rusage r;

	if (getrusage(RUSAGE_THREAD, &r))
		die("getrusage");
	return r.ru_minflt + r.ru_majflt;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void rest(uint64_t ns)
{
	struct timespec t = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};

	nanosleep(&t, NULL);
}

/* --- userfaultfd: a page that several wait for --- */

static void *touch_each(void *p)
{
	writes(p, n, PG);
	return NULL;
}

/* Each page is given when all wait for it, and every thread takes each fault once. */
static void t_shared(void)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register reg = {.mode = UFFDIO_REGISTER_MODE_MISSING};
	static char zeros[PG] __attribute__((aligned(4096)));
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	char *p = anon(BASE, n * PG, 0);
	pthread_t t[TOGETHER];
	unsigned long i, j;

	if (fd < 0)
		skip("no userfaultfd");
	reg.range.start = (uintptr_t)p;
	reg.range.len = n * PG;
	if (ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &reg))
		die("userfaultfd");
	for (i = 0; i < TOGETHER; i++)
		pthread_create(&t[i], NULL, touch_each, p);
	for (j = 0; j < n; j++) {
		struct uffdio_copy c = {.src = (uintptr_t)zeros, .len = PG};
		struct uffd_msg m;

		for (i = 0; i < TOGETHER; i++)
			if (read(fd, &m, sizeof(m)) != (ssize_t)sizeof(m) ||
			    (m.arg.pagefault.address & ~(PG - 1)) != (uintptr_t)p + j * PG)
				die("userfaultfd read");
		c.dst = (uintptr_t)p + j * PG;
		if (ioctl(fd, UFFDIO_COPY, &c))
			die("UFFDIO_COPY");
	}
	for (i = 0; i < TOGETHER; i++)
		pthread_join(t[i], NULL);
	expect("userfault", n * TOGETHER);
}

/* --- spurious: all wait for the lock of the address space, one fills the page --- */

#define HELD_PAGES 4096UL

static pthread_barrier_t gate;

static void *touch_together(void *p)
{
	unsigned long i, before, faults = 0;

	real_time(0);
	for (i = 0; i < n; i++) {
		pthread_barrier_wait(&gate);
		before = own_faults();
		((volatile char *)p)[i * PG] = 1;
		faults += own_faults() - before;
		rest(1000000);
	}
	return (void *)faults;
}

/*
 * Changes the rights of a large mapping again and again, which takes long and locks out faults. On
 * the same CPU: who waits for a lock whose owner runs on another may spin, and lets nobody pass.
 */
static void *lock_out(void *p)
{
	int rights = PROT_READ | PROT_WRITE;

	on_cpu(0);
	while (!over) {
		rights ^= PROT_EXEC;
		if (mprotect(p, (HELD_PAGES + n) * PG, rights))
			die("mprotect");
	}
	return NULL;
}

static void t_spurious(void)
{
	char *p = anon(BASE, (HELD_PAGES + n) * PG, 0);
	unsigned long i, faults = 0;
	void *own;
	pthread_t t[TOGETHER], holder;

	writes(p, HELD_PAGES, PG);
	pthread_barrier_init(&gate, NULL, TOGETHER);
	pthread_create(&holder, NULL, lock_out, p);
	for (i = 0; i < TOGETHER; i++)
		pthread_create(&t[i], NULL, touch_together, p + HELD_PAGES * PG);
	for (i = 0; i < TOGETHER; i++) {
		pthread_join(t[i], &own);
		faults += (unsigned long)own;
	}
	over = 1;
	pthread_join(holder, NULL);
	expect("anon-zero-fill", HELD_PAGES + n);
	expect("spurious", faults - n);
}

/* --- pages that move while a thread touches them: what it finds is there, or on its way --- */

struct moving {
	char *p;
	unsigned long nr;
	size_t step;
};

static void *touch_moving(void *arg)
{
	const struct moving *m = arg;
	unsigned long before;
	uint64_t begun;

	real_time(0);
	own_faults(); /* its code is there from now on */
	while (!over) {
		begun = now();
		before = own_faults();
		writes(m->p, m->nr, m->step);
		waited += own_faults() - before;
		rest(100000 + (now() - begun)); /* or those who move get nowhere */
	}
	return NULL;
}

static void move_all(const struct moving *m, int to)
{
	void **pages = calloc(m->nr, sizeof(*pages));
	int *nodes = calloc(m->nr, sizeof(*nodes)), *status = calloc(m->nr, sizeof(*status));
	unsigned long i;

	for (i = 0; i < m->nr; i++) {
		pages[i] = m->p + i * m->step;
		nodes[i] = to;
	}
	if (syscall(SYS_move_pages, 0, m->nr, pages, nodes, status, MPOL_MF_MOVE) < 0)
		die("move_pages");
	free(pages);
	free(nodes);
	free(status);
}

static void move(struct moving *m)
{
	unsigned long both = 3;
	pthread_t t;
	int round;

	if (access("/sys/devices/system/node/node1", F_OK))
		skip("one NUMA node only");
	/* A process with a policy of its own is not balanced: nobody else moves its pages. */
	if (syscall(SYS_set_mempolicy, MPOL_BIND, &both, 64))
		die("set_mempolicy");
	on_cpu(0);
	writes(m->p, m->nr, m->step);
	pthread_create(&t, NULL, touch_moving, m);
	for (round = 0; round < ROUNDS && waited < n; round++)
		move_all(m, round & 1);
	over = 1;
	pthread_join(t, NULL);
	expect("migration-wait", waited);
}

/* Until N faults have met a page that was being moved from node to node. */
static void t_move(void)
{
	struct moving m = {anon(BASE, 512 * PG, 0), 512, PG};

	move(&m);
	expect("anon-zero-fill", m.nr);
}

static void t_move_huge(void)
{
	struct moving m = {anon(BASE, 8 * HUGE, 1), 8, HUGE};

	move(&m);
	expect("anon-huge", m.nr);
}

static const struct {
	const char *name;
	void (*fn)(void);
} tests[] = {
	{"shared", t_shared},
	{"spurious", t_spurious},
	{"move", t_move},
	{"move-huge", t_move_huge},
};

int main(int argc, char **argv)
{
	size_t i;

	if (argc != 3) {
		fprintf(stderr, "usage: races NAME N\n");
		return 2;
	}
	n = strtoul(argv[2], NULL, 10);
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		if (strcmp(tests[i].name, argv[1]))
			continue;
		tests[i].fn();
		write_expected();
		return 0;
	}
	fprintf(stderr, "races: no test %s\n", argv[1]);
	return 2;
}
