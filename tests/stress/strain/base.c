// SPDX-License-Identifier: GPL-2.0-only
/* Processes to look at, and what looks at them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "strain.h"

void wrong(const char *what, int err)
{
	if (!__atomic_fetch_add(&sh->wrong, 1, __ATOMIC_RELAXED))
		snprintf(sh->why, sizeof(sh->why), "%s: %s", what, err ? strerror(err) : "not so");
}

void command(const char *fmt, int a, int b, bool must)
{
	char text[200];
	int fd = open(ROOT "/control", O_WRONLY | O_CLOEXEC), err = 0;

	snprintf(text, sizeof(text), fmt, a, b, a, b);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		err = errno;
	if (fd >= 0)
		close(fd);
	__atomic_fetch_add(&sh->commands, 1, __ATOMIC_RELAXED);
	if (!err)
		return;
	__atomic_fetch_add(&sh->refused, 1, __ATOMIC_RELAXED);
	if (must || (err != ESRCH && err != EEXIST && err != EBUSY && err != ENOSPC))
		wrong(text, err);
}

pid_t start(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0) { /* kill(-1) would end all there is */
		perror("strain: fork");
		exit(2);
	}
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

void nap(long us)
{
	struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

	nanosleep(&t, NULL);
}

static const char *const files[NFILES] = {"status", "ranges",  "maps",	 "census", "idle",
					  "wss",    "entries", "tables", "tlb",	   "faults",
					  "cow",    "shared",  "walk"};

int slow(void)
{
	const char *s = getenv("MMS_SLOW");

	return s && atoi(s) > 1 ? atoi(s) : 1;
}

int open_file(int pid, int file)
{
	char path[96], text[48];
	int fd;

	snprintf(path, sizeof(path), ROOT "/%d/%s", pid, files[file]);
	fd = open(path, (file >= 11 ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT && errno != EIO)
		wrong(path, errno);
	if (fd < 0 || file < 11)
		return fd;
	snprintf(text, sizeof(text), file == 11 ? "%d" : "0x400000-0x600000", pid);
	if (write(fd, text, strlen(text)) >= 0)
		return fd;
	if (errno != EIO && errno != ESRCH)
		wrong(path, errno);
	/* nothing to read: what it was asked of is forgotten */
	close(fd);
	return -1;
}

ssize_t read_some(int fd, int file, size_t step)
{
	static __thread char buf[65536];
	ssize_t n = read(fd, buf, step);

	if (n > 0)
		__atomic_fetch_add(&sh->bytes, n, __ATOMIC_RELAXED);
	else if (n < 0 && errno != EIO && errno != ESRCH && errno != EINTR)
		wrong(files[file], errno);
	return n > 0 ? n : -1;
}

void read_file(int pid, int file, size_t step)
{
	int fd = open_file(pid, file);

	if (fd < 0)
		return;
	while (read_some(fd, file, step) > 0)
		;
	close(fd);
	__atomic_fetch_add(&sh->reads, 1, __ATOMIC_RELAXED);
}

pid_t victim(bool busy, unsigned int seed)
{
	size_t size = 4 << 20, at, len;
	int ready[2];
	pid_t pid;
	char c, *p;

	if (pipe2(ready, O_CLOEXEC))
		exit(2);
	pid = start();
	if (pid) {
		close(ready[1]);
		if (read(ready[0], &c, 1) != 1)
			wrong("a victim", 0);
		close(ready[0]);
		return pid;
	}
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (at = 0; at < size / 2; at += 2 * PG)
		p[at] = 1;
	if (write(ready[1], "r", 1) != 1)
		_exit(1);
	while (busy) {
		at = rand_r(&seed) % (size / PG);
		len = 1 + rand_r(&seed) % (size / PG - at);
		switch (rand_r(&seed) % 6) {
		case 0:
			madvise(p + at * PG, len * PG, MADV_DONTNEED);
			break;
		case 1:
			mprotect(p + at * PG, len * PG, PROT_READ);
			mprotect(p, size, PROT_READ | PROT_WRITE);
			break;
		case 2:
			munmap(p + at * PG, len * PG);
			mmap(p + at * PG, len * PG, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
			break;
		default:
			while (len--)
				p[(at + len) * PG] = at;
		}
	}
	for (;;)
		pause();
}
