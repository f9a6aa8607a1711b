// SPDX-License-Identifier: GPL-2.0-only
/*
 * faultstorm SECONDS [quiet]: processes of several threads that fault, fork, copy, block and
 * die at any moment, added to the targets and taken off while they do, their
 * faults and cow read and compared with themselves all the time. Missing files
 * are no error: the module may be unloaded meanwhile, with "quiet" from the start on. Prints KTAP.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "args.h"

#define ROOT	"/sys/kernel/debug/mmscope"
#define SLOTS	4
#define READERS 2
#define PAGES	256UL
#define PG	4096UL

static struct shared {
	atomic_int pid[SLOTS];
	atomic_bool stop;
	atomic_long lives, reads, wrong;
	char why[256];
} * sh;

static char *area;

static void touch(unsigned int *seed)
{
	unsigned long i, n = rand_r(seed) % PAGES;
	int fd;

	switch (rand_r(seed) % 5) {
	case 0:
		madvise(area, PAGES * PG, MADV_DONTNEED);
		break;
	case 1:
		fd = open("/dev/zero", O_RDONLY);
		if (read(fd, area, n * PG) < 0)
			_exit(1);
		close(fd);
		break;
	default:
		for (i = 0; i < n; i++)
			((volatile char *)area)[i * PG]++;
	}
}

static void *thread(void *arg)
{
	unsigned int seed = (unsigned long)arg;

	for (;;)
		touch(&seed);
	return NULL;
}

static _Noreturn void live(unsigned int seed)
{
	pthread_t t;
	pid_t pid;
	int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	area = mmap(NULL, PAGES * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		_exit(1);
	for (i = 0; i < 3; i++)
		pthread_create(&t, NULL, thread, (void *)(unsigned long)(seed + i));
	for (i = 0; i < 40; i++) {
		pid = fork();
		if (!pid) {
			touch(&seed);
			/* no faults, an exec, or a death in the midst of them */
			if (i % 3 == 0)
				execl("/proc/self/exe", "faultstorm", "exec", NULL);
			_exit(0);
		}
		touch(&seed);
		if (i % 2)
			kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	if (seed % 3 == 0)
		raise(SIGSEGV);
	_exit(0);
}

static _Noreturn void breed(int slot)
{
	unsigned int seed = slot * 7919 + getpid();
	pid_t pid;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!sh->stop) {
		pid = fork();
		if (!pid)
			live(rand_r(&seed));
		sh->pid[slot] = pid;
		waitpid(pid, NULL, 0);
		sh->lives++;
	}
	_exit(0);
}

static void control(const char *verb, int pid)
{
	char text[40];
	int fd = open(ROOT "/control", O_WRONLY);
	int len = snprintf(text, sizeof(text), verb, pid);

	if (fd < 0)
		return;
	/* it may have ended, or be a target already */
	if (write(fd, text, len) < 0)
		len = 0;
	close(fd);
}

static long key(const char *text, const char *name)
{
	const char *p = strstr(text, name);

	return p ? strtol(p + strlen(name), NULL, 10) : 0;
}

/* Begun is what ended, what is in flight and what was lost. */
static void check(const char *text)
{
	static const char *const ends[] = {"\nminor ",	"\nmajor ",    "\nsegv ", "\nsigbus ",
					   "\nfailed ", "\ninflight ", "\nlost "};
	long sum = -key(text, "user ") - key(text, "\nkernel ");
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		sum += key(text, ends[i]);
	if (sum && !atomic_fetch_add(&sh->wrong, 1))
		snprintf(sh->why, sizeof(sh->why), "%.200s", text);
}

static void look(int pid, const char *file)
{
	static char buf[1 << 18];
	char path[96];
	ssize_t n;
	size_t len = 0;
	int fd;

	snprintf(path, sizeof(path), ROOT "/%d/%s", pid, file);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return;
	while (len + 1 < sizeof(buf) && (n = read(fd, buf + len, sizeof(buf) - 1 - len)) > 0)
		len += n;
	buf[len] = 0;
	close(fd);
	sh->reads++;
	if (len && !strcmp(file, "faults"))
		check(buf);
}

static _Noreturn void watch(unsigned int seed)
{
	int pid;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!sh->stop) {
		pid = sh->pid[rand_r(&seed) % SLOTS];
		control("+ %d", pid);
		look(pid, "faults");
		look(pid, "cow");
		if (rand_r(&seed) % 8 == 0)
			control("- %d", pid);
	}
	_exit(0);
}

static void start(void (*fn)(unsigned int), unsigned int arg)
{
	if (!fork())
		fn(arg);
}

static void breed_in(unsigned int slot)
{
	breed(slot);
}

int main(int argc, char **argv)
{
	long seconds;
	int i;

	if (argc > 1 && !strcmp(argv[1], "exec"))
		return 0;
	seconds = argc == 2 || (argc == 3 && !strcmp(argv[2], "quiet")) ? arg_number(argv[1]) : 0;
	if (!seconds) {
		fputs("usage: faultstorm SECONDS [quiet]\n", stderr);
		return 2;
	}
	if (argc == 2)
		need_module("faultstorm");
	sh = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sh == MAP_FAILED)
		return 1;
	/*
	 * A target all the time: hooks that come and go are for the part that
	 * loads and unloads, as emulators of several threads are not up to it.
	 */
	control("+ %d", getpid());
	for (i = 0; i < SLOTS; i++)
		start(breed_in, i);
	for (i = 0; i < READERS; i++)
		start(watch, i);
	sleep(seconds);
	sh->stop = true;
	while (wait(NULL) > 0)
		;
	control("clear", 0);
	printf("# %ld lives, %ld reads\n", sh->lives, sh->reads);
	if (sh->wrong)
		printf("# %ld wrong, first: %s\n", sh->wrong, sh->why);
	printf("%s 3 - stress: faults of dying processes add up\n", sh->wrong ? "not ok" : "ok");
	printf("%s 4 - stress: there were some\n", sh->lives && sh->reads ? "ok" : "not ok");
	return sh->wrong || !sh->lives;
}
