// SPDX-License-Identifier: GPL-2.0-only
/* Processes that stop, fork, exec, and numbers that are used again. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "strain.h"

#define PID_MAX	  "/proc/sys/kernel/pid_max"
#define SMALL_MAX 500 /* numbers begin anew at 300 */

bool stopped(long n)
{
	unsigned int seed = 5;
	struct timespec a, b;
	long worst = 0, i, ms;

	command("+ %d", getpid(), 0, true);
	for (i = 0; i < n; i++) {
		pid_t pid = victim(false, i), r;

		command("+ %1$d; sample %1$d 10", pid, 0, true);
		r = start();
		if (!r)
			for (;;)
				read_n(i, 1, &pid);
		nap(rand_r(&seed) % 20000);
		/* the others are in a call, which may have to end in the midst */
		if (i & 1) {
			kill(r, SIGSTOP);
			nap(rand_r(&seed) % 2000);
		}
		clock_gettime(CLOCK_MONOTONIC, &a);
		command("- %d", pid, 0, true);
		clock_gettime(CLOCK_MONOTONIC, &b);
		ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
		worst = ms > worst ? ms : worst;
		kill(r, SIGCONT);
		nap(rand_r(&seed) % 2000);
		end(r);
		end(pid);
	}
	command("- %d", getpid(), 0, true);
	printf("# %ld readers, half of them stopped; to forget their target took %ld ms at most\n",
	       i, worst);
	if (worst > 20000L * slow())
		wrong("a stopped reader keeps its target from being forgotten", 0);
	return i == n;
}

static void tree(int depth)
{
	pid_t kid[2];
	int i;

	for (i = 0; i < 2 && depth; i++) {
		kid[i] = fork();
		if (!kid[i]) {
			tree(depth - 1);
			_exit(0);
		}
	}
	for (i = 0; i < 2 && depth; i++)
		waitpid(kid[i], NULL, 0);
}

bool bomb(long n)
{
	long i;
	pid_t pid;
	int go[2];
	char c;

	for (i = 0; i < n; i++) {
		if (pipe2(go, O_CLOEXEC))
			return false;
		pid = start();
		if (!pid) {
			if (read(go[0], &c, 1) == 1)
				tree(5);
			_exit(0);
		}
		command("+ %d follow", pid, 0, true);
		if (write(go[1], "g", 1) != 1)
			return false;
		read_file(pid, i % NFILES, 4096);
		waitpid(pid, NULL, 0);
		close(go[0]);
		close(go[1]);
		if (i % 3 == 2)
			command("clear", 0, 0, true);
	}
	command("clear", 0, 0, true);
	printf("# %ld trees of 63 processes\n", i);
	return i == n;
}

/* argv: strain again LEFT, where to say so, where it is told to go on */
void exec_again(char **argv)
{
	static char some[64 * PG];
	int left = atoi(argv[2]);
	char text[24], c;

	for (size_t i = 0; i < sizeof(some); i += 2 * PG)
		some[i] = left;
	if (write(atoi(argv[3]), "x", 1) != 1 || !left || read(atoi(argv[4]), &c, 1) != 1)
		_exit(0);
	snprintf(text, sizeof(text), "%d", left - 1);
	execl("/proc/self/exe", "strain", "again", text, argv[3], argv[4], NULL);
	_exit(1);
}

bool execs(long n)
{
	char many[24], said[16], told[16], c;
	int out[2], go[2];
	long done = 0;
	pid_t pid;

	if (pipe2(out, 0) || pipe2(go, 0))
		return false;
	snprintf(many, sizeof(many), "%ld", n - 1);
	snprintf(said, sizeof(said), "%d", out[1]);
	snprintf(told, sizeof(told), "%d", go[0]);
	pid = start();
	if (!pid) {
		close(out[0]);
		close(go[1]);
		if (read(go[0], &c, 1) == 1)
			execl("/proc/self/exe", "strain", "again", many, said, told, NULL);
		_exit(1);
	}
	close(out[1]);
	command("+ %1$d follow; sample %1$d 10", pid, 0, true);
	/* it is read while it execs; the target is replaced by one that is not sampled */
	while (write(go[1], "g", 1) == 1) {
		read_file(pid, done % NFILES, 4096);
		if (read(out[0], &c, 1) != 1)
			break;
		done++;
		command("sample %d 10", pid, 0, false);
	}
	waitpid(pid, NULL, 0);
	command("clear", 0, 0, true);
	printf("# %ld execs, %ld reads meanwhile\n", done, sh->reads);
	return done == n && sh->reads >= n / 2;
}

static void put(const char *path, int value)
{
	char text[16];
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	snprintf(text, sizeof(text), "%d", value);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		wrong(path, errno);
	if (fd >= 0)
		close(fd);
}

static pid_t idler(void)
{
	pid_t pid = start();

	if (!pid)
		for (;;)
			pause();
	return pid;
}

/* Numbers go round below a small pid_max, until @nr comes again. */
static pid_t round_to(int nr)
{
	for (int i = 0; i < 2 * SMALL_MAX; i++) {
		pid_t pid = idler();

		if (pid == nr)
			return pid;
		end(pid);
	}
	return 0;
}

/* The next process gets the number @nr, if nobody is faster. */
static pid_t next_to(int nr)
{
	put("/proc/sys/kernel/ns_last_pid", nr - 1);
	return idler();
}

static int usual_max;
static pid_t lowered_by;

/* Whatever ends us, numbers are as they were; children have no part in it. */
static void raise_pid_max(void)
{
	if (getpid() == lowered_by)
		put(PID_MAX, usual_max);
}

static bool lower_pid_max(void)
{
	FILE *f = fopen(PID_MAX, "r");
	bool ok = f && fscanf(f, "%d", &usual_max) == 1;

	if (f)
		fclose(f);
	lowered_by = getpid();
	if (ok && !atexit(raise_pid_max))
		put(PID_MAX, SMALL_MAX);
	return ok;
}

/* An eighth of them because all numbers are used up, the others because it is asked for. */
bool reuse(long n)
{
	bool ask = !access("/proc/sys/kernel/ns_last_pid", W_OK);
	long rounds = 0, asked = 0;
	char path[64], text[256];
	ssize_t len;
	long i;
	int fd;

	if (!lower_pid_max())
		return false;
	for (i = 0; rounds + asked < n && i < 10 * n; i++) {
		bool round = !ask || i % 8 == 0;
		pid_t pid = victim(false, i), other;

		command("+ %1$d; sample %1$d 10", pid, 0, true);
		end(pid);
		other = round ? round_to(pid) : next_to(pid);
		*(round ? &rounds : &asked) += other == pid;
		snprintf(path, sizeof(path), ROOT "/%d/status", pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
		text[len > 0 ? len : 0] = 0;
		if (!strstr(text, "state exited"))
			wrong("the new owner of a number is taken for its last", 0);
		if (fd >= 0)
			close(fd);
		read_file(pid, i % NFILES, 4096);
		if (other == pid) {
			command("- %1$d; + %1$d", pid, 0, true);
			read_file(pid, 1, 4096);
		}
		command("clear", 0, 0, true);
		if (other)
			end(other);
	}
	raise_pid_max();
	printf("# %ld numbers reused, %ld of them by going round below %d, of %ld\n",
	       rounds + asked, rounds, SMALL_MAX, i);
	return rounds + asked >= n && rounds;
}
