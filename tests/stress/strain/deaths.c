// SPDX-License-Identifier: GPL-2.0-only
/* A process dies while one of its files is being read. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <unistd.h>
#include <sys/wait.h>
#include "strain.h"

static struct job {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int pid, file;
	size_t step;
	/* the reader has read a part, and reads the rest when its target is dead */
	bool hold;
	enum { IDLE, ASKED, BEGUN, STOP } state;
	bool dead;
	/* odd while it is in a call */
	unsigned int calls;
} job = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void become(int state)
{
	pthread_mutex_lock(&job.lock);
	job.state = state;
	pthread_cond_broadcast(&job.changed);
	pthread_mutex_unlock(&job.lock);
}

static int await(int a, int b)
{
	int state;

	pthread_mutex_lock(&job.lock);
	while ((int)job.state != a && (int)job.state != b)
		pthread_cond_wait(&job.changed, &job.lock);
	state = job.state;
	pthread_mutex_unlock(&job.lock);
	return state;
}

static ssize_t one_call(int fd)
{
	ssize_t n;

	__atomic_fetch_add(&job.calls, 1, __ATOMIC_SEQ_CST);
	n = read_some(fd, job.file, job.step);
	__atomic_fetch_add(&job.calls, 1, __ATOMIC_SEQ_CST);
	return n;
}

static void await_death(void)
{
	pthread_mutex_lock(&job.lock);
	job.state = BEGUN;
	pthread_cond_broadcast(&job.changed);
	while (job.hold && !job.dead)
		pthread_cond_wait(&job.changed, &job.lock);
	pthread_mutex_unlock(&job.lock);
}

static void *reader(void *unused)
{
	while (await(ASKED, STOP) == ASKED) {
		int fd = open_file(job.pid, job.file);
		bool some = fd >= 0 && (!job.hold || one_call(fd) > 0);

		if (some)
			await_death();
		while (some && one_call(fd) > 0)
			;
		if (fd >= 0)
			close(fd);
		__atomic_fetch_add(&sh->reads, 1, __ATOMIC_RELAXED);
		become(IDLE);
	}
	return unused;
}

/* Returns whether the target died before its reader was done: with hold surely, else if it was in a
 * call. */
static bool dies(pid_t pid, bool *within)
{
	unsigned int calls;
	bool mid;

	kill(pid, SIGKILL);
	calls = __atomic_load_n(&job.calls, __ATOMIC_SEQ_CST);
	*within = !job.hold && calls & 1;
	waitpid(pid, NULL, 0);
	pthread_mutex_lock(&job.lock);
	mid = job.hold && job.state == BEGUN;
	job.dead = true;
	pthread_cond_broadcast(&job.changed);
	pthread_mutex_unlock(&job.lock);
	return mid || *within;
}

bool deaths(long n)
{
	unsigned int seed = 1;
	long mid = 0, inside = 0;
	bool within;
	pthread_t t;

	pthread_create(&t, NULL, reader, NULL);
	command("+ %d", getpid(), 0, true);
	/* those whose reader was done, or had not begun, do not count */
	for (long i = 0; (mid < n || !inside) && i < 2 * n + 100; i++) {
		pid_t pid = victim(i % 3 == 0, i);

		command(i % 4 ? "+ %d" : "+ %1$d; sample %1$d 10", pid, 0, true);
		job.pid = pid;
		job.file = rand_r(&seed) % NFILES;
		job.hold = i & 3;
		job.dead = false;
		if (!job.hold)
			job.step = 65536;
		else if (job.file == 6)
			job.step = 72 + rand_r(&seed) % 400;
		else
			job.step = 1 + rand_r(&seed) % 300;
		become(ASKED);
		await(BEGUN, IDLE);
		if (!job.hold)
			nap(rand_r(&seed) % 300);
		mid += dies(pid, &within);
		inside += within;
		if (i % 5)
			await(IDLE, IDLE);
		command("- %d", pid, 0, true);
		await(IDLE, IDLE);
	}
	become(STOP);
	pthread_join(t, NULL);
	command("- %d", getpid(), 0, true);
	printf("# %ld deaths in mid-read, %ld of them within a call, %ld kB read\n", mid, inside,
	       sh->bytes >> 10);
	return mid >= n && inside;
}
