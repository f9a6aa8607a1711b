// SPDX-License-Identifier: GPL-2.0-only
/*
 * cow [FILE]: takes page faults on demand. Commands on stdin, one per line,
 * are answered by one line each: "ok MINOR MAJOR", what getrusage() counted
 * meanwhile, or "error WHAT". All happens in the region [BASE, + 64 MiB).
 *   anon N | thp N | hugetlb N | private N | shared N	map N pages, of FILE
 *   write N | read N | step N		one byte of each of the first N pages
 *   kread N | kwrite N			let read(2), write(2) fault on them
 *   fork | wait | childwrite N		a child that sleeps; that writes N pages
 *   race N THREADS			all threads write each page at once
 *   segv N | sigbus N			N times
 *   pageout N | uffd | resolve		swap out; a thread blocked in a fault
 *   truncate N | nop			FILE, to N pages
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BASE ((char *)0x200000000000ULL)
#define SPAN (64UL << 20)
#define PG   4096UL
#define HUGE (2UL << 20)

static int file = -1, uffd = -1, to_child[2], from_child[2];
static pid_t child;
static sigjmp_buf escape;
static pthread_barrier_t barrier;
static pthread_t blocked;
static unsigned long n, arg;
static size_t step = PG;
static const char *error;

static void unmap(void)
{
	munmap(BASE, SPAN);
	step = PG;
}

static void map(size_t len, int flags, int fd)
{
	unmap();
	if (mmap(BASE, len, PROT_READ | PROT_WRITE, flags | MAP_FIXED_NOREPLACE, fd, 0) ==
	    MAP_FAILED)
		error = strerror(errno);
}

static void do_anon(void)
{
	map(n * PG, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	madvise(BASE, n * PG, MADV_NOHUGEPAGE);
}

static void do_thp(void)
{
	map(n * HUGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	madvise(BASE, n * HUGE, MADV_HUGEPAGE);
}

static void do_hugetlb(void)
{
	map(n * HUGE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1);
	step = HUGE;
}

/* Neighbours of a page that is read are mapped too: not here. */
static void do_private(void)
{
	map(n * PG, MAP_PRIVATE, file);
	madvise(BASE, n * PG, MADV_RANDOM);
}

static void do_shared(void)
{
	map(n * PG, MAP_SHARED, file);
	madvise(BASE, n * PG, MADV_RANDOM);
}

static void do_write(void)
{
	for (unsigned long i = 0; i < n; i++)
		*(volatile char *)(BASE + i * step) = 1;
}

static void do_read(void)
{
	for (unsigned long i = 0; i < n; i++)
		(void)*(volatile char *)(BASE + i * step);
}

/* Pages are 4 KiB, or huge ones: where the next byte is. */
static void do_step(void)
{
	step = n;
}

/* One call for all: it faults page by page. */
static void do_kread(void)
{
	int fd = open("/dev/zero", O_RDWR);

	if (read(fd, BASE, n * PG) != (ssize_t)(n * PG))
		error = "short read";
	close(fd);
}

/* A pipe looks at what it is given; /dev/null does not. */
static void do_kwrite(void)
{
	int p[2];
	char c;

	if (pipe(p))
		return;
	for (unsigned long i = 0; i < n; i++)
		if (write(p[1], BASE + i * step, 1) != 1 || read(p[0], &c, 1) != 1)
			error = strerror(errno);
	close(p[0]);
	close(p[1]);
}

/* Sleeps; writes as many pages as it is told, and says so. */
static _Noreturn void live_as_child(void)
{
	unsigned long nr;

	while (read(to_child[0], &nr, sizeof(nr)) == sizeof(nr)) {
		for (unsigned long i = 0; i < nr; i++)
			*(volatile char *)(BASE + i * step) = 2;
		if (write(from_child[1], &nr, sizeof(nr)) != sizeof(nr))
			break;
	}
	_exit(0);
}

static void do_fork(void)
{
	unsigned long nr = 0;

	child = fork();
	if (!child)
		live_as_child();
	/* it lives, and has taken the faults of its start */
	if (write(to_child[1], &nr, sizeof(nr)) < 0 || read(from_child[0], &nr, sizeof(nr)) < 0)
		error = strerror(errno);
}

static void do_childwrite(void)
{
	unsigned long nr = n;

	if (write(to_child[1], &nr, sizeof(nr)) < 0 || read(from_child[0], &nr, sizeof(nr)) < 0)
		error = strerror(errno);
}

static void do_wait(void)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void *racer(void *unused)
{
	(void)unused;
	for (unsigned long i = 0; i < n; i++) {
		pthread_barrier_wait(&barrier);
		*(volatile char *)(BASE + i * step) = 3;
	}
	return NULL;
}

static void do_race(void)
{
	pthread_t t[16];

	pthread_barrier_init(&barrier, NULL, arg);
	for (unsigned long i = 0; i < arg; i++)
		pthread_create(&t[i], NULL, racer, NULL);
	for (unsigned long i = 0; i < arg; i++)
		pthread_join(t[i], NULL);
}

static void on_signal(int sig)
{
	siglongjmp(escape, sig);
}

static void do_segv(void)
{
	mprotect(BASE, PG, PROT_NONE);
	for (volatile unsigned long i = 0; i < n; i++)
		if (!sigsetjmp(escape, 1))
			*(volatile char *)BASE = 1;
}

static void do_sigbus(void)
{
	for (volatile unsigned long i = 0; i < n; i++)
		if (!sigsetjmp(escape, 1))
			*(volatile char *)BASE = 1;
}

static void do_pageout(void)
{
	if (madvise(BASE, n * PG, MADV_PAGEOUT))
		error = strerror(errno);
}

static void *block(void *unused)
{
	*(volatile char *)BASE = 4;
	return unused;
}

static void do_uffd(void)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register reg = {.range = {.start = (uintptr_t)BASE, .len = PG},
				      .mode = UFFDIO_REGISTER_MODE_MISSING};
	struct uffd_msg msg;

	uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &reg)) {
		error = strerror(errno);
		return;
	}
	pthread_create(&blocked, NULL, block, NULL);
	if (read(uffd, &msg, sizeof(msg)) != sizeof(msg))
		error = "no message";
}

static void do_resolve(void)
{
	struct uffdio_zeropage zero = {.range = {.start = (uintptr_t)BASE, .len = PG}};

	if (ioctl(uffd, UFFDIO_ZEROPAGE, &zero))
		error = strerror(errno);
	pthread_join(blocked, NULL);
	close(uffd);
}

static void do_nothing(void)
{
}

static void do_truncate(void)
{
	if (ftruncate(file, n * PG))
		error = strerror(errno);
}

static const struct {
	const char *name;
	void (*run)(void);
} commands[] = {
	{"anon", do_anon},	   {"thp", do_thp},
	{"hugetlb", do_hugetlb},   {"private", do_private},
	{"shared", do_shared},	   {"write", do_write},
	{"read", do_read},	   {"step", do_step},
	{"kread", do_kread},	   {"kwrite", do_kwrite},
	{"fork", do_fork},	   {"wait", do_wait},
	{"race", do_race},	   {"segv", do_segv},
	{"sigbus", do_sigbus},	   {"pageout", do_pageout},
	{"uffd", do_uffd},	   {"resolve", do_resolve},
	{"truncate", do_truncate}, {"childwrite", do_childwrite},
	{"unmap", unmap},	   {"nop", do_nothing},
};

static void run(const char *name)
{
	struct rusage before, after;
	size_t i;

	error = "no such command";
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name))
			continue;
		error = NULL;
		getrusage(RUSAGE_SELF, &before);
		commands[i].run();
		getrusage(RUSAGE_SELF, &after);
	}
	if (error)
		printf("error %s\n", error);
	else
		printf("ok %ld %ld\n", after.ru_minflt - before.ru_minflt,
		       after.ru_majflt - before.ru_majflt);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_NODEFER};
	char line[80], name[32];

	if (argc > 1) {
		file = open(argv[1], O_RDWR | O_CREAT, 0600);
		if (file < 0 || ftruncate(file, 1 << 20))
			return 1;
	}
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	if (pipe(to_child) || pipe(from_child))
		return 1;
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		n = arg = 0;
		if (sscanf(line, "%31s %lu %lu", name, &n, &arg) > 0)
			run(name);
	}
	return 0;
}
