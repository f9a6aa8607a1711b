// SPDX-License-Identifier: GPL-2.0-only
/*
 * The processes that are looked at: each does on demand one thing to its memory,
 * or ends and is replaced.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "fuzz.h"

#define SPAN (4UL << 20)

static struct {
	pid_t pid;
	int orders;
	int answers;
} target[TARGETS];

static void change(int what)
{
	char *p = (char *)TARGET_MAP;
	size_t i;
	pid_t pid;

	switch (what) {
	case 0:
		mmap(p, SPAN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		     0);
		/* large pages take long to clear: seldom, see 4 */
		madvise(p, SPAN, MADV_NOHUGEPAGE);
		for (i = 0; i < SPAN; i += 16384)
			p[i] = i >> 12 | 1;
		break;
	case 1:
		munmap(p + SPAN / 4, SPAN / 2);
		break;
	case 2:
		mprotect(p, SPAN / 8, PROT_READ);
		break;
	case 3:
		madvise(p, SPAN, 21 /* MADV_PAGEOUT */);
		break;
	case 4:
		for (i = 0; i < SPAN / 2; i += 4096)
			mmap(p + i, 4096, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		p += SPAN / 2;
		mmap(p, SPAN / 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		     -1, 0);
		madvise(p, SPAN / 2, MADV_HUGEPAGE);
		*p = 1;
		break;
	case 5:
		pid = fork();
		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
		break;
	case 6:
		madvise(p, SPAN, MADV_DONTNEED);
		break;
	case 7:
		execl("/proc/self/exe", "fuzz", "serve", NULL);
	}
}

/* Orders from 0, a byte of answer to 1. */
void target_serve(void)
{
	char what;

	while (read(0, &what, 1) == 1) {
		/* the program after exec answers */
		if (what == 7 && write(1, "a", 1) != 1)
			return;
		change(what);
		if (write(1, "a", 1) != 1)
			return;
	}
}

static void start(int nr)
{
	int in[2], out[2];

	if (pipe2(in, 0) || pipe2(out, 0))
		exit(2);
	target[nr].pid = fork();
	if (target[nr].pid < 0) /* kill(-1) would end all there is */
		exit(2);
	if (!target[nr].pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(in[0], 0);
		dup2(out[1], 1);
		close_range(3, ~0U, 0);
		signal(SIGCHLD, SIG_DFL);
		change(0);
		target_serve();
		_exit(0);
	}
	close(in[0]);
	close(out[1]);
	target[nr].orders = in[1];
	target[nr].answers = out[0];
}

static void end(int nr)
{
	kill(target[nr].pid, SIGKILL);
	waitpid(target[nr].pid, NULL, 0);
	close(target[nr].orders);
	close(target[nr].answers);
}

void targets_start(void)
{
	for (int i = 0; i < TARGETS; i++)
		start(i);
}

int target_do(int nr, int what)
{
	char c = what;

	nr %= TARGETS;
	if (what >= 8) {
		end(nr);
		start(nr);
		return 0;
	}
	return write(target[nr].orders, &c, 1) == 1 && read(target[nr].answers, &c, 1) == 1 ? 0
											    : -1;
}

int target_pid(int nr)
{
	return nr < TARGETS ? target[nr].pid : getpid();
}

void targets_end(void)
{
	for (int i = 0; i < TARGETS; i++)
		end(i);
}
