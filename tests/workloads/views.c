// SPDX-License-Identifier: GPL-2.0-only
/*
 * views NAME N: takes faults whose place, file, thread or origin is known, and writes
 * "KEY COUNT" lines to the file named by MMS_EXPECT. N = 0 does all but the faults, so
 * that the rest can be taken away. pagemap says which pages came along with others.
 *
 * cold N: touches its segments one after the other with pauses, and writes its smaps to
 * MMS_SMAPS before the last one; MMS_EXPECT has "MOMENT SEGMENT COUNT" with the time at
 * which each step was done.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BASE ((char *)0x200000000000ULL)
#define PG   4096UL
#define FAR  (64UL << 20) /* between mappings that must not become one */

#define DATA_PAGES  7
#define BSS_PAGES   9
#define STACK_PAGES 11
#define HEAP_PAGES  23

static int pagemap = -1;
static unsigned long n;
static FILE *expected;

/* The first page of each is left alone: others may be on it. */
static char data[(DATA_PAGES + 1) * PG] __attribute__((aligned(4096))) = {1};
static char bss[(BSS_PAGES + 1) * PG] __attribute__((aligned(4096)));

static void die(const char *what)
{
	fprintf(stderr, "views: %s: %s\n", what, strerror(errno));
	exit(2);
}

static char *map_at(char *at, size_t len, int prot, int flags, int fd)
{
	char *p = mmap(at, len ? len : PG, prot, flags | MAP_FIXED_NOREPLACE, fd, 0);

	if (p == MAP_FAILED)
		die("mmap");
	madvise(p, len, MADV_NOHUGEPAGE);
	return p;
}

static char *anon(char *at, unsigned long pages)
{
	return map_at(at, pages * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static int present(const void *p)
{
	uint64_t e = 0;

	if (pread(pagemap, &e, 8, (off_t)((uintptr_t)p / PG * 8)) != 8)
		die("pagemap");
	return e >> 63;
}

static void writes(char *p, unsigned long pages)
{
	unsigned long i;

	for (i = 0; i < pages; i++)
		((volatile char *)p)[i * PG] = 1;
}

/* Return: faults that this took: pages that no neighbour brought along. */
static unsigned long reads(char *p, unsigned long pages)
{
	unsigned long i, nr = 0;

	for (i = 0; i < pages; i++) {
		nr += !present(p + i * PG);
		(void)((volatile char *)p)[i * PG];
	}
	return nr;
}

static int test_file(unsigned long pages)
{
	char name[] = "/root/mms-views-XXXXXX", page[PG];
	int fd = mkstemp(name);

	if (fd < 0)
		die("mkstemp");
	unlink(name);
	memset(page, 7, sizeof(page));
	for (; pages; pages--)
		if (write(fd, page, PG) != (ssize_t)PG)
			die("write");
	if (fsync(fd))
		die("fsync");
	return fd;
}

static void expect_vma(const char *segment, const char *p, unsigned long pages, unsigned long nr)
{
	fprintf(expected, "%lx-%lx:%s %lu\n", (unsigned long)p,
		(unsigned long)p + (pages ? pages : 1) * PG, segment, nr);
}

/*
 * Mappings of each sort, one that grows downward and one that grows upward in between, and
 * two that are neighbours but not one.
 */
static void t_vma(void)
{
	char *p = BASE;
	int fd = test_file(3 * n);
	unsigned long nr;

	writes(anon(p, n), n);
	expect_vma("anon", p, n, n);
	p += FAR;
	nr = reads(map_at(p, 2 * n * PG, PROT_READ, MAP_PRIVATE, fd), 2 * n);
	expect_vma("file", p, 2 * n, nr);
	p += FAR;
	writes(map_at(p, 3 * n * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd), 3 * n);
	expect_vma("data", p, 3 * n, 3 * n);
	p += FAR;
	writes(map_at(p, n * PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1), n);
	expect_vma("shmem", p, n, n);
	p += FAR;
	anon(p + n * PG, n);
	writes(p + n * PG, n);
	if (n)
		anon(p, n);
	writes(p, n);
	expect_vma("anon", n ? p : p + PG, 2 * n, 2 * n);
}

static void t_file(void)
{
	struct stat st;
	int fd, i;

	for (i = 1; i <= 3; i++) {
		unsigned long nr;

		fd = test_file(i * n);
		nr = reads(map_at(BASE + i * FAR, i * n * PG, PROT_READ, MAP_PRIVATE, fd), i * n);
		if (fstat(fd, &st))
			die("fstat");
		fprintf(expected, "%u:%u/%lu %lu\n", major(st.st_dev), minor(st.st_dev),
			(unsigned long)st.st_ino, nr);
	}
}

static void *thread(void *arg)
{
	unsigned long pages = (unsigned long)arg;

	writes(BASE + pages * FAR, pages);
	flockfile(expected);
	fprintf(expected, "%ld %lu\n", syscall(SYS_gettid), pages);
	funlockfile(expected);
	return NULL;
}

/* A thread touches its stack, too: as many pages whatever N is. */
static void t_thread(void)
{
	pthread_t t[3];
	unsigned long i;

	for (i = 0; i < 3; i++)
		anon(BASE + n * (i + 1) * FAR + (n ? 0 : i * FAR), n * (i + 1));
	for (i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, thread, (void *)(n * (i + 1)));
	for (i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
}

static void write_parent(char *p)
{
	char page[PG];
	unsigned long i;

	/* For N = 0, too: the buffer, and the code of the call. */
	*(volatile char *)page = 1;
	process_vm_writev(getppid(), NULL, 0, NULL, 0, 0);
	for (i = 0; i < n; i++) {
		struct iovec from = {page, 1}, to = {p + i * PG, 1};

		if (process_vm_writev(getppid(), &from, 1, &to, 1, 0) != 1)
			die("process_vm_writev");
	}
}

static void t_origin(void)
{
	char *user = anon(BASE, n), *kernel = anon(BASE + FAR, 2 * n);
	char *gup = anon(BASE + 2 * FAR, 3 * n), *remote = anon(BASE + 3 * FAR, n);
	int fd = open("/dev/zero", O_RDONLY), status;
	pid_t pid;

	writes(user, n);
	if (read(fd, kernel, 2 * n * PG) != (ssize_t)(2 * n * PG))
		die("read");
	if (n && madvise(gup, 3 * n * PG, 23 /* MADV_POPULATE_WRITE */))
		die("MADV_POPULATE_WRITE");
	pid = fork();
	if (!pid) {
		write_parent(remote);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		die("child");
	fprintf(expected, "user %lu\nkernel %lu\ngup %lu\nremote %lu\n", n, 2 * n, 3 * n, n);
}

/* Written by N, so that a first touch is told from the next. */
static void t_anon(void)
{
	writes(anon(BASE, n), n);
	fprintf(expected, "anon %lu\n", n);
}

/* Faults as fast as it can, for N seconds. */
static void t_storm(void)
{
	struct timespec t;
	time_t end;
	char *p = anon(BASE, 256);

	clock_gettime(CLOCK_MONOTONIC, &t);
	end = t.tv_sec + (time_t)n;
	do {
		writes(p, 256);
		madvise(p, 256 * PG, MADV_DONTNEED);
		clock_gettime(CLOCK_MONOTONIC, &t);
	} while (t.tv_sec < end);
}

static void *touch_one(void *p)
{
	*(volatile char *)p = 1;
	return NULL;
}

/* N threads inside a fault that nobody answers. */
static void t_stuck(void)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register reg = {.mode = UFFDIO_REGISTER_MODE_MISSING};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	char *p = anon(BASE, n);
	unsigned long i;
	pthread_t t;

	reg.range.start = (uintptr_t)p;
	reg.range.len = n * PG;
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &reg))
		die("userfaultfd");
	for (i = 0; i < n; i++)
		pthread_create(&t, NULL, touch_one, p + i * PG);
	for (i = 0; i < n; i++) {
		struct uffd_msg m;

		if (read(fd, &m, sizeof(m)) != (ssize_t)sizeof(m))
			die("userfaultfd read");
		fprintf(expected, "0x%llx 1\n", m.arg.pagefault.address & ~(PG - 1));
	}
	fflush(expected);
	puts("stuck");
	fflush(stdout);
	pause();
}

static void done(const char *segment, unsigned long nr)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	fprintf(expected, "%lu %s %lu\n", t.tv_sec * 1000000000UL + (unsigned long)t.tv_nsec,
		segment, nr);
	fflush(expected);
}

static void pause_ms(unsigned long ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

/* Well below what the stack has been used for so far. */
static __attribute__((noinline)) void touch_stack(unsigned long pages)
{
	volatile char deep[(STACK_PAGES + 40) * PG];
	unsigned long i;
	char *p = (char *)(((uintptr_t)deep + PG) & ~(PG - 1));

	for (i = 0; i < pages; i++)
		((volatile char *)p)[i * PG] = 1;
}

static char buf[1 << 16];

static void copy_smaps(void)
{
	const char *path = getenv("MMS_SMAPS");
	int in = open("/proc/self/smaps", O_RDONLY);
	int out = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644) : -1;
	ssize_t len;

	while (out >= 0 && (len = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, (size_t)len) != len)
			die("smaps");
}

static void t_cold(void)
{
	unsigned long on = n > 0, nr;
	char *heap, *p;
	int fd = test_file(n);

	/* What the steps use besides is there before them. */
	memset(buf, 1, sizeof(buf));
	copy_smaps();
	done("begin", 0);
	heap = sbrk((HEAP_PAGES + 1) * PG);
	heap = (char *)(((uintptr_t)heap + PG - 1) & ~(PG - 1));
	p = map_at(BASE, n * PG, PROT_READ, MAP_SHARED, fd);
	pause_ms(300);
	writes(heap, on * HEAP_PAGES);
	done("heap", on * HEAP_PAGES);
	pause_ms(700);
	touch_stack(on * STACK_PAGES);
	done("stack", on * STACK_PAGES);
	writes(data + PG, on * DATA_PAGES);
	done("data", on * DATA_PAGES);
	pause_ms(1500);
	writes(bss + PG, on * BSS_PAGES);
	done("bss", on * BSS_PAGES);
	nr = reads(p, n);
	done("file", nr);
	copy_smaps();
	pause_ms(4000);
}

static const struct {
	const char *name;
	void (*fn)(void);
} tests[] = {
	{"vma", t_vma},	  {"file", t_file},   {"thread", t_thread}, {"origin", t_origin},
	{"anon", t_anon}, {"storm", t_storm}, {"stuck", t_stuck},   {"cold", t_cold},
};

int main(int argc, char **argv)
{
	const char *path = getenv("MMS_EXPECT");
	size_t i;

	if (argc != 3) {
		fprintf(stderr, "usage: views NAME N\n");
		return 2;
	}
	n = strtoul(argv[2], NULL, 10);
	pagemap = open("/proc/self/pagemap", O_RDONLY);
	expected = fopen(path ? path : "/dev/null", "w");
	if (pagemap < 0 || !expected)
		die("open");
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		if (strcmp(tests[i].name, argv[1]))
			continue;
		if (getenv("MMS_WAIT"))
			getchar();
		tests[i].fn();
		fclose(expected);
		return 0;
	}
	fprintf(stderr, "views: no test %s\n", argv[1]);
	return 2;
}
