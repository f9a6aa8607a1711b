// SPDX-License-Identifier: GPL-2.0-only
/*
 * churn SECONDS [quiet]: processes whose page tables change in every way that a
 * program can ask for, while others read all files of all of them, add, sample
 * and forget them. Prints KTAP; what must hold all the time is that the keys of
 * maps add up, that ranges ascend, and that nothing but the documented errors
 * happens. With "quiet" nothing is checked and missing files are no error: the
 * module is loaded and unloaded meanwhile.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
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

#define ROOT	 "/sys/kernel/debug/mmscope"
#define SLOTS	 3
#define READERS	 3
#define PATIENCE 60 /* s: in a guest that shares its host all may wait long */
#define ARENA	 (64UL << 20)
#define P	 4096UL

static struct shared {
	atomic_int pid[SLOTS];
	atomic_bool stop;
	atomic_long lives, reads, bytes, commands, refused, wrong;
	char why[256];
} * sh;

static bool quiet;

static void wrong(const char *what, const char *detail)
{
	if (!quiet && !atomic_fetch_add(&sh->wrong, 1))
		snprintf(sh->why, sizeof(sh->why), "%s: %s", what, detail);
}

/* ---- those who are looked at ---- */

static __thread sigjmp_buf escape;
static char *arena;

static void on_fault(int sig)
{
	siglongjmp(escape, sig);
}

static void touch(unsigned int *seed, bool write)
{
	volatile char *p = arena + (rand_r(seed) % (ARENA / P)) * P;
	unsigned long i, n = rand_r(seed) % 200;
	char sink = 0;

	if (sigsetjmp(escape, 1))
		return;
	for (i = 0; i < n && p + P <= arena + ARENA; i++, p += P) {
		if (write)
			*p = i;
		else
			sink += *p;
	}
	(void)sink;
}

static void *toucher(void *arg)
{
	unsigned int seed = (unsigned long)arg;

	for (;;)
		touch(&seed, seed & 4);
	return NULL;
}

static void child(unsigned int *seed)
{
	pid_t pid = fork();
	int i;

	if (!pid) {
		for (i = 0; i < 3; i++)
			touch(seed, true);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void remap(unsigned int *seed, char *p, size_t len)
{
	static const int prot = PROT_READ | PROT_WRITE;
	char *q;

	switch (rand_r(seed) % 4) {
	case 0:
		munmap(p, len);
		mmap(p, len, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		break;
	case 1:
		mmap(p, len, prot, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		break;
	case 2:
		q = mremap(p, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, arena + ARENA + P);
		if (q != MAP_FAILED)
			mremap(q, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, p);
		break;
	case 3:
		q = mmap(NULL, 4UL << 20, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
		if (q != MAP_FAILED) {
			if (!sigsetjmp(escape, 1))
				*q = 1;
			munmap(q, 4UL << 20);
		}
	}
}

static void change(unsigned int *seed)
{
	static const int advice[] = {MADV_DONTNEED,	      MADV_FREE,
				     12 /* MERGEABLE */,      MADV_HUGEPAGE,
				     MADV_NOHUGEPAGE,	      20 /* COLD */,
				     21 /* PAGEOUT */,	      25 /* COLLAPSE */,
				     102 /* GUARD_INSTALL */, 103 /* GUARD_REMOVE */};
	static const int prots[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE,
				    PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE | PROT_EXEC};
	size_t len = (1 + rand_r(seed) % 1500) * P;
	char *p = arena + (rand_r(seed) % (ARENA / P)) * P;

	if (rand_r(seed) % 2) {
		len = 2UL << 20;
		p = (char *)(((unsigned long)p + len - 1) & ~(len - 1));
	}
	if (p + len > arena + ARENA)
		return;
	switch (rand_r(seed) % 8) {
	case 0:
		remap(seed, p, len);
		break;
	case 1:
	case 2:
		mprotect(p, len, prots[rand_r(seed) % 5]);
		break;
	case 3:
		child(seed);
		break;
	default:
		madvise(p, len, advice[rand_r(seed) % (sizeof(advice) / sizeof(advice[0]))]);
	}
}

static void live(unsigned int seed, char **argv)
{
	const struct sigaction sa = {.sa_handler = on_fault, .sa_flags = SA_NODEFER};
	unsigned int i, rounds = 5 + seed % 20;
	pthread_t t;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	arena = mmap(NULL, 2 * ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena == MAP_FAILED)
		_exit(1);
	if (seed % 3)
		pthread_create(&t, NULL, toucher, (void *)(unsigned long)seed);
	for (i = 0; i < rounds; i++) {
		touch(&seed, i & 1);
		change(&seed);
	}
	if (seed % 4 == 0) {
		execl("/proc/self/exe", argv[0], "exec", NULL);
		_exit(1);
	}
	_exit(0);
}

static void breed(int slot, char **argv)
{
	unsigned int seed = slot * 7919 + getpid();
	pid_t pid;

	while (!sh->stop) {
		pid = fork();
		if (!pid)
			live(rand_r(&seed), argv);
		sh->pid[slot] = pid;
		waitpid(pid, NULL, 0);
		sh->lives++;
	}
	_exit(0);
}

/* ---- those who look ---- */

static bool fine(int err)
{
	return err == ENOENT || err == EIO || err == ESRCH || err == EEXIST || err == EBUSY ||
	       err == EINTR || (quiet && (err == ENXIO || err == ENODEV || err == EINVAL));
}

/* Size is the sum of Anon to Other less 4K, 2M, 1G: the first 12 keys and HugeTLB. */
static void check_maps(char *text)
{
	static const char *const parts[] = {"Anon",    "File",	 "Ksm",	   "Zero",
					    "Special", "Absent", "Swap",   "Migration",
					    "Marker",  "Other",	 "HugeTLB"};
	unsigned long size = 0, sum = 0, kb;
	char *line, *save = NULL, key[32];
	size_t i;

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "%31[A-Za-z0-9]: %lu kB", key, &kb) != 2)
			continue;
		if (!strcmp(key, "Size")) {
			size = kb;
			sum = 0;
		}
		for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
			if (!strcmp(key, parts[i]))
				sum += kb;
		if (!strcmp(key, "UserNX") && size != sum)
			wrong("maps does not add up", line);
	}
}

static void check_ranges(char *text)
{
	unsigned long start, end, kb, last = 0;
	char *line, *save = NULL;

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "0x%lx-0x%lx %lu ", &start, &end, &kb) != 3)
			continue;
		if (start < last || end <= start || kb != (end - start) >> 10)
			wrong("ranges do not ascend", line);
		last = end;
	}
}

static void look(int pid, const char *file, const char *spec, size_t step)
{
	static char buf[1 << 20];
	char path[96];
	size_t len = 0;
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), ROOT "/%d/%s", pid, file);
	fd = open(path, spec ? O_RDWR : O_RDONLY);
	if (fd < 0) {
		if (!fine(errno))
			wrong(path, strerror(errno));
		return;
	}
	if (spec && write(fd, spec, strlen(spec)) < 0 && !fine(errno))
		wrong(path, strerror(errno));
	while (len + step < sizeof(buf) && (n = read(fd, buf + len, step)) > 0)
		len += n;
	if (n < 0 && !fine(errno))
		wrong(path, strerror(errno));
	buf[len] = 0;
	if (!n && !strcmp(file, "maps"))
		check_maps(buf);
	if (!n && !strcmp(file, "ranges"))
		check_ranges(buf);
	sh->reads++;
	sh->bytes += len;
	close(fd);
}

static void read_all(unsigned int seed)
{
	static const char *const files[] = {"status", "ranges", "maps",	 "census",
					    "idle",   "wss",	"tables"};
	const struct timespec nap = {.tv_nsec = 100000000};
	char spec[64];
	unsigned long a;
	int pid;

	while (!sh->stop) {
		pid = sh->pid[rand_r(&seed) % SLOTS];
		look(pid, files[rand_r(&seed) % (sizeof(files) / sizeof(*files))], NULL,
		     1 + rand_r(&seed) % 16384);
		look(pid, "entries", NULL, 72 + rand_r(&seed) % 16384);
		/* below the end of user space, with 4 levels too */
		a = (rand_r(&seed) % 2 ? 0x7f0000000000UL : 0) +
		    rand_r(&seed) % ((1UL << 28) - 16) * P;
		snprintf(spec, sizeof(spec), "0x%lx-0x%lx", a, a + 16 * P);
		look(pid, "walk", spec, 8192);
		/* leave rmmod a chance */
		if (quiet)
			nanosleep(&nap, NULL);
	}
	_exit(0);
}

static void command(const char *text)
{
	int fd = open(ROOT "/control", O_WRONLY);

	if (fd < 0) {
		if (!fine(errno))
			wrong("control", strerror(errno));
		return;
	}
	sh->commands++;
	if (write(fd, text, strlen(text)) < 0) {
		sh->refused++;
		if (!fine(errno))
			wrong(text, strerror(errno));
	}
	close(fd);
}

static void control(unsigned int seed)
{
	const struct timespec nap = {.tv_nsec = quiet ? 50000000 : 2000000};
	int pid, stays = getppid();
	char text[128];

	/* One that stays: to hook the events again for each would take longer than the others live.
	 */
	snprintf(text, sizeof(text), "+ %d", stays);
	command(text);
	while (!sh->stop) {
		pid = sh->pid[rand_r(&seed) % SLOTS];
		if (!pid)
			continue;
		switch (rand_r(&seed) % 16) {
		case 0:
			snprintf(text, sizeof(text), "clear; + %d", stays);
			break;
		case 7:
			/* the module may be a new one */
			snprintf(text, sizeof(text), "+ %d", stays);
			break;
		case 1:
			snprintf(text, sizeof(text), "- %d", pid);
			break;
		case 2:
			snprintf(text, sizeof(text), "- %d; + %d; sample %d 10", pid, pid, pid);
			break;
		case 3:
			snprintf(text, sizeof(text), "sample %d off", pid);
			break;
		case 4:
			/* refused as a whole */
			snprintf(text, sizeof(text), "+ %d; sample %d 10; + %d", pid, pid, pid);
			break;
		case 5:
		case 6:
			snprintf(text, sizeof(text), "sample %d 10", pid);
			break;
		default:
			snprintf(text, sizeof(text), "+ %d; sample %d 10", pid, pid);
		}
		command(text);
		nanosleep(&nap, NULL);
	}
	_exit(0);
}

/* How much is done in the time is the machine's affair. */
static bool busy(void)
{
	return sh->lives && sh->reads && sh->commands > sh->refused;
}

static int report(void)
{
	printf("# %ld lives, %ld reads, %ld kB, %ld commands, %ld refused\n", sh->lives, sh->reads,
	       sh->bytes >> 10, sh->commands, sh->refused);
	if (sh->wrong)
		printf("# %ld wrong; first: %s\n", sh->wrong, sh->why);
	printf("%sok 1 - stress: nothing but the documented errors\n", sh->wrong ? "not " : "");
	printf("%sok 2 - stress: processes lived, were read and commanded\n", busy() ? "" : "not ");
	return sh->wrong || !busy();
}

int main(int argc, char **argv)
{
	pid_t kids[SLOTS + READERS + 1];
	int i, n = 0;
	long seconds;

	if (argc > 1 && !strcmp(argv[1], "exec"))
		live(getpid() * 4 + 1, argv);
	seconds = argc == 2 || (argc == 3 && !strcmp(argv[2], "quiet")) ? arg_number(argv[1]) : 0;
	if (!seconds) {
		fputs("usage: churn SECONDS [quiet]\n", stderr);
		return 2;
	}
	quiet = argc == 3;
	if (!quiet)
		need_module("churn");
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < SLOTS + READERS + 1; i++) {
		kids[n] = fork();
		if (kids[n++])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (i < SLOTS)
			breed(i, argv);
		else if (i < SLOTS + READERS)
			read_all(i);
		else
			control(i);
	}
	sleep(seconds);
	/* a slow machine gets longer, not off */
	for (i = 0; i < PATIENCE && !quiet && !busy(); i++)
		sleep(1);
	sh->stop = true;
	sleep(1);
	for (i = 0; i < n; i++)
		kill(kids[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	return quiet ? 0 : report();
}
