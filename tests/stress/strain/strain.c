// SPDX-License-Identifier: GPL-2.0-only
/*
 * strain WHAT N: one strain on mmscope.ko, N times, and an account of it.
 *   deaths	a process dies while one of its files is being read
 *   readers	64 processes read all files of one that changes, N reads each
 *   writers	16 processes write N commands each about the same four
 *   stopped	a reader is stopped in the midst, its target forgotten
 *   bomb	a followed process forks a tree of 63, all of which end
 *   reuse	the number of a target that ended is given to another process
 *   uffd	64 pages that wait for a userfaultfd while they are looked at
 * Status 1 if an error came that the ABI does not name, or it was done less often.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROOT "/sys/kernel/debug/mmscope"
#define PG   4096UL

static struct shared {
	long reads, bytes, mid, commands, refused, wrong;
	char why[200];
} * sh;

static void wrong(const char *what, int err)
{
	if (!__atomic_fetch_add(&sh->wrong, 1, __ATOMIC_RELAXED))
		snprintf(sh->why, sizeof(sh->why), "%s: %s", what, err ? strerror(err) : "not so");
}

static void command(const char *fmt, int a, int b, bool must)
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

static pid_t start(void)
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

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void nap(long us)
{
	struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

	nanosleep(&t, NULL);
}

static const char *const files[] = {"status", "ranges",	 "maps",   "census", "idle",
				    "wss",    "entries", "tables", "tlb",    "faults",
				    "cow",    "shared",	 "walk"};
#define NFILES 13

static int open_file(int pid, int file)
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
	if (write(fd, text, strlen(text)) < 0 && errno != EIO && errno != ESRCH)
		wrong(path, errno);
	return fd;
}

/* Returns the bytes, -1 at an error or the end. */
static ssize_t read_some(int fd, int file, size_t step)
{
	static __thread char buf[65536];
	ssize_t n = read(fd, buf, step);

	if (n > 0)
		__atomic_fetch_add(&sh->bytes, n, __ATOMIC_RELAXED);
	else if (n < 0 && errno != EIO && errno != ESRCH && errno != EINTR)
		wrong(files[file], errno);
	return n > 0 ? n : -1;
}

static void read_file(int pid, int file, size_t step)
{
	int fd = open_file(pid, file);

	if (fd < 0)
		return;
	while (read_some(fd, file, step) > 0)
		;
	close(fd);
	__atomic_fetch_add(&sh->reads, 1, __ATOMIC_RELAXED);
}

/* A process with memory of many kinds; with @busy it goes on changing it. */
static pid_t victim(bool busy, unsigned int seed)
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

/* ---- deaths ---- */

static struct job {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int pid, file;
	size_t step;
	enum { IDLE, ASKED, BEGUN, STOP } state;
} job = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0, IDLE};

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

static void *reader(void *unused)
{
	while (await(ASKED, STOP) == ASKED) {
		int fd = open_file(job.pid, job.file);
		bool some = fd >= 0 && read_some(fd, job.file, job.step) > 0;

		become(BEGUN);
		while (some && read_some(fd, job.file, job.step) > 0)
			;
		if (fd >= 0)
			close(fd);
		__atomic_fetch_add(&sh->reads, 1, __ATOMIC_RELAXED);
		/* it died in between: before its process was gone nobody wakes us */
		sh->mid += some;
		become(IDLE);
	}
	return unused;
}

static bool deaths(long n)
{
	unsigned int seed = 1;
	pthread_t t;

	pthread_create(&t, NULL, reader, NULL);
	command("+ %d", getpid(), 0, true);
	/* those whose reader got nothing before the death do not count */
	for (long i = 0; sh->mid < n && i < 2 * n + 100; i++) {
		pid_t pid = victim(i % 3 == 0, i);

		command(i % 4 ? "+ %d" : "+ %1$d; sample %1$d 10", pid, 0, true);
		job.pid = pid;
		job.file = rand_r(&seed) % NFILES;
		job.step = job.file == 6 ? 72 + rand_r(&seed) % 400 : 1 + rand_r(&seed) % 300;
		become(ASKED);
		await(BEGUN, IDLE);
		if (i & 1)
			nap(rand_r(&seed) % 300);
		end(pid);
		if (i % 5)
			await(IDLE, IDLE);
		command("- %d", pid, 0, true);
		await(IDLE, IDLE);
	}
	become(STOP);
	pthread_join(t, NULL);
	command("- %d", getpid(), 0, true);
	printf("# %ld deaths in mid-read, %ld kB read\n", sh->mid, sh->bytes >> 10);
	return sh->mid >= n;
}

/* ---- crowds ---- */

static void crowd(int many, void (*each)(int me, long n, const pid_t *whom), long n,
		  const pid_t *whom)
{
	pid_t kid[64];
	int i, status;

	for (i = 0; i < many; i++) {
		kid[i] = start();
		if (!kid[i]) {
			each(i, n, whom);
			_exit(0);
		}
	}
	for (i = 0; i < many; i++)
		if (waitpid(kid[i], &status, 0) < 0 || status)
			wrong("a member of the crowd", 0);
}

static void read_n(int me, long n, const pid_t *whom)
{
	unsigned int seed = me + 1;

	while (n--)
		read_file(*whom, rand_r(&seed) % NFILES, 100 + rand_r(&seed) % 8192);
}

static bool readers(long n)
{
	pid_t pid = victim(true, 3);

	command("+ %1$d; sample %1$d 10", pid, 0, true);
	crowd(64, read_n, n, &pid);
	command("- %d", pid, 0, true);
	end(pid);
	printf("# 64 readers, %ld reads, %ld kB\n", sh->reads, sh->bytes >> 10);
	return sh->reads >= 64 * n;
}

static void write_n(int me, long n, const pid_t *whom)
{
	static const char *const texts[] = {
		"+ %d",
		"- %d",
		"+ %d follow",
		"sample %d 10",
		"sample %d 20 noskip noflush",
		"sample %d off",
		"- %1$d; + %1$d; sample %1$d 10",
		"+ %d; + %d",
		"- %d; - %d",
		"clear",
		"clear; + %1$d; sample %1$d 30; + %2$d",
	};
	unsigned int seed = me + 7;

	while (n--)
		/* the last two, which end all tracking, seldom: to hook the events anew takes long
		 */
		command(texts[rand_r(&seed) % (rand_r(&seed) % 16 ? 9 : 11)],
			whom[rand_r(&seed) % 4], whom[rand_r(&seed) % 4], false);
}

static bool writers(long n)
{
	pid_t pid[4];

	for (int i = 0; i < 4; i++)
		pid[i] = victim(i & 1, i);
	crowd(16, write_n, n, pid);
	for (int i = 0; i < 4; i++)
		end(pid[i]);
	command("clear", 0, 0, true);
	printf("# 16 writers, %ld commands, %ld refused\n", sh->commands, sh->refused);
	return sh->commands >= 16 * n && sh->refused < sh->commands;
}

/* ---- one at a time ---- */

static bool stopped(long n)
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
		kill(r, SIGSTOP);
		nap(rand_r(&seed) % 2000);
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
	printf("# %ld readers stopped; to forget their target took %ld ms at most\n", i, worst);
	if (worst > 20000)
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

static bool bomb(long n)
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

/* The next process gets the number @nr, or one soon after it does. */
static pid_t with_number(int nr)
{
	char text[16];
	int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
	pid_t pid;

	snprintf(text, sizeof(text), "%d", nr - 1);
	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		/* a kernel without it: go all the way round, below a small pid_max */
		for (int i = 0; i < 70000; i++) {
			pid = start();
			if (!pid)
				for (;;)
					pause();
			if (pid == nr)
				return pid;
			end(pid);
		}
		return 0;
	}
	close(fd);
	pid = start();
	if (!pid)
		for (;;)
			pause();
	return pid;
}

static bool reuse(long n)
{
	char path[64], text[256];
	long done = 0, i;
	ssize_t len;
	int fd;

	for (i = 0; done < n && i < 10 * n; i++) {
		pid_t pid = victim(false, i), other;

		command("+ %1$d; sample %1$d 10", pid, 0, true);
		end(pid);
		other = with_number(pid);
		done += other == pid;
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
	printf("# %ld numbers reused, of %ld\n", done, i);
	return done >= n;
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

static bool uffd(long n)
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

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		bool (*run)(long n);
	} strains[] = {{"deaths", deaths},   {"readers", readers}, {"writers", writers},
		       {"stopped", stopped}, {"bomb", bomb},	   {"reuse", reuse},
		       {"uffd", uffd}};
	bool fine = false;

	if (argc != 3)
		return 2;
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; i < sizeof(strains) / sizeof(strains[0]); i++)
		if (!strcmp(argv[1], strains[i].name))
			fine = strains[i].run(atol(argv[2]));
	if (sh->wrong)
		printf("# %ld wrong; first: %s\n", sh->wrong, sh->why);
	return !fine || sh->wrong;
}
