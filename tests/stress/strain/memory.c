// SPDX-License-Identifier: GPL-2.0-only
/* Memory that changes, or waits, while it is looked at. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "strain.h"

#define SEA	1024UL /* pages */
#define LONGEST 1800   /* seconds; a storm is done in 300 on debug kernels */
enum { MMAP, MUNMAP, MPROTECT, MADVISE, MREMAP, KINDS };
static long *blows;

static char *map(char *p, size_t len)
{
	return mmap(p, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static bool blow(int kind, unsigned int *seed, char *sea, char *aside)
{
	static const int rights[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE,
				     PROT_READ | PROT_WRITE};
	static const int advice[] = {MADV_DONTNEED,   MADV_FREE,     MADV_HUGEPAGE,
				     MADV_NOHUGEPAGE, 20 /* COLD */, 21 /* PAGEOUT */};
	size_t at = rand_r(seed) % SEA, len = (1 + rand_r(seed) % (SEA - at) % 64) * PG;
	char *p = sea + at * PG;

	switch (kind) {
	case MMAP:
		return map(p, len) == p;
	case MUNMAP:
		if (munmap(p, len))
			return false;
		/* where there is a hole most calls fail */
		return !(rand_r(seed) % 8) || map(p, len) == p;
	case MPROTECT:
		return !mprotect(p, len, rights[rand_r(seed) % 4]);
	case MADVISE:
		return !madvise(p, len, advice[rand_r(seed) % 6]);
	default:
		/* fails where there is a hole */
		len = len > 16 * PG ? 16 * PG : len;
		return mremap(p, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, aside) == aside &&
		       mremap(aside, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, p) == p;
	}
}

static void *gale(void *arg)
{
	unsigned int seed = (unsigned long)arg;
	int kind, zero = open("/dev/zero", O_RDONLY);
	char *sea = mmap(NULL, 2 * SEA * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);

	if (sea == MAP_FAILED || zero < 0)
		_exit(1);
	for (;;) {
		/* the kernel writes: where nothing is mapped there is an error, no signal */
		for (int i = 0; i < 8; i++)
			if (read(zero, sea + rand_r(&seed) % SEA * PG, 1) < 0)
				break;
		kind = rand_r(&seed) % KINDS;
		if (blow(kind, &seed, sea, sea + SEA * PG))
			__atomic_fetch_add(&blows[kind], 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static long least(void)
{
	long n = blows[0];

	for (int i = 1; i < KINDS; i++)
		n = __atomic_load_n(&blows[i], __ATOMIC_RELAXED) < n ? blows[i] : n;
	return n;
}

bool storm(long n)
{
	struct timespec now, from;
	pthread_t t;
	pid_t pid;

	blows = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid = start();
	if (!pid) {
		for (long i = 1; i < 4; i++)
			pthread_create(&t, NULL, gale, (void *)i);
		gale(NULL);
	}
	command("+ %1$d; sample %1$d 10", pid, 0, true);
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; least() < n && waitpid(pid, NULL, WNOHANG) == 0; i++) {
		read_file(pid, i % NFILES, 8192);
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec - from.tv_sec > LONGEST) {
			printf("# storm: ended after %d s, %ld of %ld of each\n", LONGEST, least(),
			       n);
			break;
		}
	}
	command("- %d", pid, 0, true);
	printf("# %ld mmap, %ld munmap, %ld mprotect, %ld madvise, %ld mremap, %ld reads meanwhile\n",
	       blows[MMAP], blows[MUNMAP], blows[MPROTECT], blows[MADVISE], blows[MREMAP],
	       sh->reads);
	n = least() - n;
	end(pid);
	return n >= 0 && sh->reads;
}

static void *serve(void *arg)
{
	int fd = *(int *)arg;
	static char page[PG] __attribute__((aligned(4096)));
	struct uffd_msg msg;
	struct uffdio_copy copy;

	while (read(fd, &msg, sizeof(msg)) == sizeof(msg)) {
		if (msg.event != UFFD_EVENT_PAGEFAULT)
			continue;
		nap(1000);
		copy = (struct uffdio_copy){.dst = msg.arg.pagefault.address & ~(PG - 1),
					    .src = (unsigned long)page,
					    .len = PG};
		ioctl(fd, UFFDIO_COPY, &copy);
	}
	return NULL;
}

static void waits(int ready)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register reg = {.mode = UFFDIO_REGISTER_MODE_MISSING};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	char *p = mmap(NULL, 64 * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_t t;

	reg.range.start = (unsigned long)p;
	reg.range.len = 64 * PG;
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &reg))
		_exit(1);
	pthread_create(&t, NULL, serve, &fd);
	if (write(ready, "r", 1) != 1)
		_exit(1);
	for (;;) {
		for (int i = 0; i < 64; i++)
			p[i * PG] = i;
		madvise(p, 64 * PG, MADV_DONTNEED);
	}
}

bool uffd(long n)
{
	int ready[2], status;
	pid_t pid;
	char c;

	if (pipe2(ready, O_CLOEXEC))
		return false;
	pid = start();
	if (!pid)
		waits(ready[1]);
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1) {
		waitpid(pid, &status, 0);
		puts("# no userfaultfd");
		return false;
	}
	command("+ %1$d; sample %1$d 10", pid, 0, true);
	for (long i = 0; i < n; i++)
		read_file(pid, i % NFILES, 8192);
	command("- %d", pid, 0, true);
	end(pid);
	printf("# %ld reads beside a userfaultfd\n", sh->reads);
	return sh->reads >= n;
}
