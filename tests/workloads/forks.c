// SPDX-License-Identifier: GPL-2.0-only
/*
 * forks ME ANSWERS COMMANDS...: a family of processes that fork and write memory on
 * demand. Process K reads its orders, one per line, from the K-th descriptor of
 * COMMANDS and says "ok PID" or "error WHAT" to ANSWERS. Memory is of several kinds,
 * each in a region of its own: anon thp shared dontfork file hugetlb.
 *   map KIND N | unmap KIND FROM N | dontneed KIND FROM N
 *   write KIND FROM N | read KIND FROM N		one byte of each page
 *   threads KIND FROM N T		T threads write N pages each
 *   fork K | vfork KIND FROM N | exec	vfork: the child writes, then runs true
 *   exit | wait | merge KIND N | nop
 * It touches no other memory but its stack, so that what is counted is what was asked.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PG   4096UL
#define SPAN (1UL << 30)
#define MAX  16

static const char *const kinds[] = {"anon", "thp", "shared", "dontfork", "file", "hugetlb"};

static char **arguments;
static int me, answers, commands[MAX], nr;
static const char *error;

static char *region(const char *kind)
{
	unsigned long i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i], kind))
			return (char *)0x200000000000UL + i * SPAN;
	error = "no such kind";
	return NULL;
}

/* A file of pages that are told apart from zeros. */
static int make_file(unsigned long n)
{
	int fd = open("/root/forks.file", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	unsigned long i;

	for (i = 0; i < n; i++)
		if (pwrite(fd, "x", 1, (off_t)(i * PG)) != 1)
			error = "write";
	/* Clean: a dirty page of a file, as all of tmpfs are, is Private_Dirty to its only mapper.
	 */
	if (ftruncate(fd, (off_t)(n * PG)) || fsync(fd))
		error = "truncate";
	return fd;
}

static void map(const char *kind, unsigned long n)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS, fd = -1;
	char *at = region(kind);

	if (!strcmp(kind, "shared"))
		flags = MAP_SHARED | MAP_ANONYMOUS;
	if (!strcmp(kind, "hugetlb"))
		flags |= MAP_HUGETLB;
	if (!strcmp(kind, "file")) {
		flags = MAP_PRIVATE;
		fd = make_file(n);
	}
	if (mmap(at, n * PG, PROT_READ | PROT_WRITE, flags | MAP_FIXED_NOREPLACE, fd, 0) != at) {
		error = strerror(errno);
		return;
	}
	if (fd >= 0)
		close(fd);
	if (!strcmp(kind, "thp"))
		madvise(at, n * PG, MADV_HUGEPAGE);
	else
		madvise(at, n * PG, MADV_NOHUGEPAGE);
	if (!strcmp(kind, "dontfork"))
		madvise(at, n * PG, MADV_DONTFORK);
	madvise(at, n * PG, MADV_RANDOM);
}

/* A function of its own, for stacks. */
static __attribute__((noinline)) void write_pages(char *at, unsigned long from, unsigned long n)
{
	for (unsigned long i = from; i < from + n; i++)
		*(volatile char *)(at + i * PG) = (char)(me + 1);
}

static void read_pages(char *at, unsigned long from, unsigned long n)
{
	for (unsigned long i = from; i < from + n; i++)
		(void)*(volatile char *)(at + i * PG);
}

struct part {
	char *at;
	unsigned long from, n;
};

static void *write_part(void *arg)
{
	struct part *p = arg;

	write_pages(p->at, p->from, p->n);
	return NULL;
}

static void write_in_threads(char *at, unsigned long from, unsigned long n, unsigned long threads)
{
	struct part parts[MAX];
	pthread_t t[MAX];

	for (unsigned long i = 0; i < threads; i++) {
		parts[i] = (struct part){at, from + i * n, n};
		if (pthread_create(&t[i], NULL, write_part, &parts[i]))
			error = "thread";
	}
	for (unsigned long i = 0; i < threads && !error; i++)
		pthread_join(t[i], NULL);
}

static void fork_as(int k)
{
	pid_t pid = fork();

	if (pid < 0)
		error = strerror(errno);
	if (!pid) {
		me = k;
		dprintf(answers, "ok %d\n", getpid());
	}
}

static void vfork_and_write(char *at, unsigned long from, unsigned long n)
{
	char *const argv[] = {(char *)"true", NULL};
	pid_t pid = vfork();

	if (!pid) {
		write_pages(at, from, n);
		execv("/bin/true", argv);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

/* The same again as a new program, which is told who it is. */
static void exec_self(void)
{
	char name[16];

	snprintf(name, sizeof(name), "%d", me);
	arguments[1] = name;
	execv("/proc/self/exe", arguments);
	error = strerror(errno);
}

/* Pages of equal contents, for KSM. */
static void merge(char *at, unsigned long n)
{
	for (unsigned long i = 0; i < n; i++)
		memset(at + i * PG, 0x5a, PG);
	if (madvise(at, n * PG, MADV_MERGEABLE))
		error = strerror(errno);
}

static void run(const char *name, const char *kind, unsigned long a, unsigned long b,
		unsigned long c)
{
	if (!strcmp(name, "map"))
		map(kind, a);
	else if (!strcmp(name, "unmap"))
		munmap(region(kind) + a * PG, b * PG);
	else if (!strcmp(name, "dontneed"))
		madvise(region(kind) + a * PG, b * PG, MADV_DONTNEED);
	else if (!strcmp(name, "write"))
		write_pages(region(kind), a, b);
	else if (!strcmp(name, "read"))
		read_pages(region(kind), a, b);
	else if (!strcmp(name, "threads"))
		write_in_threads(region(kind), a, b, c);
	else if (!strcmp(name, "fork"))
		fork_as((int)strtol(kind, NULL, 10));
	else if (!strcmp(name, "vfork"))
		vfork_and_write(region(kind), a, b);
	else if (!strcmp(name, "exec"))
		exec_self();
	else if (!strcmp(name, "merge"))
		merge(region(kind), a);
	else if (!strcmp(name, "wait"))
		waitpid(-1, NULL, 0);
	else if (strcmp(name, "nop") != 0)
		error = "no such order";
}

/* One line, byte by byte: nothing is kept in a buffer that a fork would share. */
static int order(char *line, size_t room)
{
	size_t len = 0;

	while (len + 1 < room && read(commands[me], line + len, 1) == 1)
		if (line[len++] == '\n')
			break;
	line[len] = '\0';
	return len > 0;
}

int main(int argc, char **argv)
{
	char line[80], name[16], kind[16];
	unsigned long a, b, c;
	int was;

	if (argc < 4)
		return 2;
	arguments = argv;
	me = (int)strtol(argv[1], NULL, 10);
	answers = (int)strtol(argv[2], NULL, 10);
	for (nr = 0; nr + 3 < argc && nr < MAX; nr++)
		commands[nr] = (int)strtol(argv[nr + 3], NULL, 10);
	signal(SIGPIPE, SIG_IGN);
	dprintf(answers, "ok %d\n", getpid());
	while (order(line, sizeof(line))) {
		kind[0] = '\0';
		a = b = c = 0;
		error = NULL;
		was = me;
		if (sscanf(line, "%15s %15s %lu %lu %lu", name, kind, &a, &b, &c) < 1)
			continue;
		if (!strcmp(name, "exit"))
			_exit(0);
		run(name, kind, a, b, c);
		if (me != was) /* the child has answered for both */
			continue;
		if (error)
			dprintf(answers, "error %s\n", error);
		else if (strcmp(name, "fork") != 0)
			dprintf(answers, "ok %d\n", getpid());
	}
	_exit(0);
}
