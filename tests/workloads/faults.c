// SPDX-License-Identifier: GPL-2.0-only
/*
 * faults NAME N: takes faults of a known kind inside the region [0x200000000000, + 1 GiB)
 * and writes what they must be, "KIND COUNT" per line, to the file named by
 * MMS_EXPECT. The oracle is the kernel's other doors: pagemap before each touch
 * (present, swapped, frame) and mincore (is it in the page or swap cache).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "expect.h"

#define BASE ((char *)0x200000000000ULL)
#define PG   4096UL
#define HUGE (2UL << 20)

static int pagemap = -1;
static unsigned long n;

static char *map_at(char *at, size_t len, int prot, int flags, int fd)
{
	/* N = 0 measures what the program does besides. */
	char *p = mmap(at, len ? len : PG, prot, flags | MAP_FIXED_NOREPLACE, fd, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

static char *anon(size_t len)
{
	char *p = map_at(BASE, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	madvise(p, len, MADV_NOHUGEPAGE);
	return p;
}

static uint64_t entry(const void *p)
{
	uint64_t e = 0;

	if (pread(pagemap, &e, 8, (off_t)((uintptr_t)p / PG * 8)) != 8)
		die("pagemap");
	return e;
}

#define PRESENT(e) ((e) >> 63)
#define SWAPPED(e) ((e) >> 62 & 1)
#define FRAME(e)   ((e) & ((1ULL << 55) - 1))

static int cached(void *p)
{
	unsigned char v = 0;

	if (mincore(p, PG, &v))
		die("mincore");
	return v & 1;
}

static void writes(char *p)
{
	unsigned long i;

	for (i = 0; i < n; i++)
		((volatile char *)p)[i * PG] = 1;
}

static void reads(char *p)
{
	unsigned long i;

	for (i = 0; i < n; i++)
		(void)((volatile char *)p)[i * PG];
}

static void in_child(void (*fn)(char *), char *p)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (fn)
			fn(p);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		die("child");
}

static void t_anon(void)
{
	writes(anon(n * PG));
	expect("anon-zero-fill", n);
}

static void t_zero(void)
{
	reads(anon(n * PG));
	expect("zero-page", n);
}

static void t_zero_break(void)
{
	char *p = anon(n * PG);

	reads(p);
	writes(p);
	expect("zero-page", n);
	expect("anon-zero-fill", n);
}

static void t_cow(void)
{
	char *p = anon(n * PG);

	writes(p);
	in_child(writes, p);
	expect("anon-zero-fill", n);
	expect("cow-copy", n);
}

/* After the child is gone the frame is ours alone, unless the kernel still holds a reference. */
static void t_reuse(void)
{
	char *p = anon(n * PG);
	unsigned long i;

	writes(p);
	expect("anon-zero-fill", n);
	in_child(NULL, p);
	for (i = 0; i < n; i++) {
		uint64_t before = FRAME(entry(p + i * PG));

		((volatile char *)p)[i * PG] = 2;
		expect(before == FRAME(entry(p + i * PG)) ? "cow-reuse" : "cow-copy", 1);
	}
}

static int test_file(size_t len)
{
	char name[] = "/root/mms-faults-XXXXXX";
	int fd = mkstemp(name);
	char page[PG];
	size_t i;

	if (fd < 0)
		die("mkstemp");
	unlink(name);
	memset(page, 7, sizeof(page));
	for (i = 0; i < len; i += PG)
		if (write(fd, page, PG) != (ssize_t)PG)
			die("write");
	if (fsync(fd))
		die("fsync");
	return fd;
}

/* Touches page by page; what is present by then was mapped along with a neighbour. */
static void touch_file(char *p, const char *kind)
{
	unsigned long i;

	for (i = 0; i < n; i++) {
		if (!PRESENT(entry(p + i * PG)))
			expect(kind ? kind : cached(p + i * PG) ? "file-minor" : "file-major", 1);
		(void)((volatile char *)p)[i * PG];
	}
}

static void t_file(void)
{
	int fd = test_file(n * PG);

	touch_file(map_at(BASE, n * PG, PROT_READ, MAP_PRIVATE, fd), NULL);
}

static void t_file_major(void)
{
	int fd = test_file(n * PG);
	char *p = map_at(BASE, n * PG, PROT_READ, MAP_PRIVATE, fd);

	if (madvise(p, n * PG, MADV_RANDOM) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		die("advice");
	touch_file(p, NULL);
}

static void t_file_cow(void)
{
	int fd = test_file(n * PG);

	writes(map_at(BASE, n * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd));
	expect("cow-copy", n);
}

static void t_notify(void)
{
	int fd = test_file(n * PG);
	char *p = map_at(BASE, n * PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd);

	touch_file(p, NULL);
	writes(p);
	expect("write-notify", n);
}

static void t_shmem(void)
{
	char *p = map_at(BASE, n * PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
	unsigned long i;

	madvise(p, n * PG, MADV_NOHUGEPAGE);
	for (i = 0; i < n; i++) {
		if (!PRESENT(entry(p + i * PG)))
			expect("shmem", 1);
		((volatile char *)p)[i * PG] = 1;
	}
}

/* MMS_SWAP says what the only swap area is: zram or device. */
static void t_swap(void)
{
	const char *area = getenv("MMS_SWAP"), *kind;
	char *p = anon(n * PG);
	unsigned long i, out = 0;
	int fd = open("/dev/urandom", O_RDONLY);

	if (!area)
		skip("no swap area");
	kind = strcmp(area, "zram") ? "swap-in-device" : "swap-in-zram";
	if (read(fd, p, n * PG) != (ssize_t)(n * PG))
		die("urandom");
	expect("anon-zero-fill", n);
	for (i = 0; i < 50 && out < n; i++) {
		unsigned long j;

		if (madvise(p, n * PG, MADV_PAGEOUT))
			skip("no MADV_PAGEOUT");
		usleep(20000);
		for (j = 0, out = 0; j < n; j++)
			out += SWAPPED(entry(p + j * PG));
	}
	for (i = 0; i < n; i++) {
		uint64_t e = entry(p + i * PG);

		if (SWAPPED(e))
			expect(cached(p + i * PG) ? "swap-in-cache" : kind, 1);
		(void)((volatile char *)p)[i * PG];
	}
	if (out < n)
		skip("the pages did not go out to swap");
}

struct uffd {
	int fd;
	char *p;
	unsigned long gather; /* answer only when so many wait */
};

static void *uffd_answer(void *arg)
{
	struct uffd *u = arg;
	static char zeros[PG] __attribute__((aligned(4096)));
	unsigned long *addr = calloc(n, sizeof(*addr)), have = 0, done = 0;

	while (done < n) {
		struct uffd_msg m;
		struct uffdio_copy c = {.src = (uintptr_t)zeros, .len = PG};

		if (read(u->fd, &m, sizeof(m)) != (ssize_t)sizeof(m))
			die("userfaultfd read");
		addr[have++] = m.arg.pagefault.address & ~(PG - 1);
		if (have - done < u->gather)
			continue;
		for (; done < have; done++) {
			c.dst = addr[done];
			if (ioctl(u->fd, UFFDIO_COPY, &c))
				die("UFFDIO_COPY");
		}
	}
	return NULL;
}

static pthread_t uffd_start(struct uffd *u)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register reg = {.mode = UFFDIO_REGISTER_MODE_MISSING};
	pthread_t t;

	u->fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (u->fd < 0)
		skip("no userfaultfd");
	u->p = anon(n * PG);
	reg.range.start = (uintptr_t)u->p;
	reg.range.len = n ? n * PG : PG;
	if (ioctl(u->fd, UFFDIO_API, &api) || ioctl(u->fd, UFFDIO_REGISTER, &reg))
		die("userfaultfd");
	pthread_create(&t, NULL, uffd_answer, u);
	return t;
}

static void t_uffd(void)
{
	struct uffd u = {.gather = 1};
	pthread_t t = uffd_start(&u);

	writes(u.p);
	pthread_join(t, NULL);
	expect("userfault", n);
}

static void *touch_one(void *p)
{
	*(volatile char *)p = 1;
	return NULL;
}

/* N threads blocked inside the fault at the same time. */
static void t_blocked(void)
{
	struct uffd u = {.gather = n};
	pthread_t t = uffd_start(&u), *all = calloc(n, sizeof(*all));
	unsigned long i;

	for (i = 0; i < n; i++)
		pthread_create(&all[i], NULL, touch_one, u.p + i * PG);
	for (i = 0; i < n; i++)
		pthread_join(all[i], NULL);
	pthread_join(t, NULL);
	expect("userfault", n);
}

/* N threads blocked for good, until a line comes. */
static void t_stuck(void)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register reg = {.mode = UFFDIO_REGISTER_MODE_MISSING};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	char *p = anon(n * PG);
	struct uffd_msg m;
	unsigned long i;
	pthread_t t;

	reg.range.start = (uintptr_t)p;
	reg.range.len = n * PG;
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &reg))
		skip("no userfaultfd");
	for (i = 0; i < n; i++) {
		pthread_create(&t, NULL, touch_one, p + i * PG);
		if (read(fd, &m, sizeof(m)) != (ssize_t)sizeof(m))
			die("userfaultfd read");
	}
	printf("stuck\n");
	fflush(stdout);
	getchar();
	_exit(0);
}

static void t_hugetlb(void)
{
	char *p = mmap(BASE, n * HUGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_FIXED_NOREPLACE, -1, 0);
	unsigned long i;

	if (p == MAP_FAILED)
		skip("no free huge pages");
	for (i = 0; i < n; i++)
		((volatile char *)p)[i * HUGE] = 1;
	expect("hugetlb", n);
}

static char *thp(void)
{
	char *p = map_at(BASE, n * HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (madvise(p, n * HUGE, MADV_HUGEPAGE))
		skip("no transparent huge pages");
	return p;
}

static void t_thp(void)
{
	char *p = thp();
	unsigned long i;

	for (i = 0; i < n; i++)
		((volatile char *)p)[i * HUGE] = 1;
	if (!PRESENT(entry(p + PG)))
		skip("no huge page was given");
	expect("anon-huge", n);
}

static void t_thp_zero(void)
{
	char *p = thp();
	unsigned long i;

	for (i = 0; i < n; i++)
		(void)((volatile char *)p)[i * HUGE];
	expect("zero-page", n);
}

/* The kernel touches the pages, for read(2). */
static void t_kernel(void)
{
	char *p = anon(n * PG);
	int fd = open("/dev/zero", O_RDONLY);

	if (read(fd, p, n * PG) != (ssize_t)(n * PG))
		die("read");
	expect("anon-zero-fill", n);
}

static void t_populate(void)
{
	if (madvise(anon(n * PG), n * PG, 23 /* MADV_POPULATE_WRITE */))
		skip("no MADV_POPULATE_WRITE");
	expect("anon-zero-fill", n);
}

static void write_parent(char *p)
{
	char page[PG] = {1};
	unsigned long i;

	for (i = 0; i < n; i++) {
		struct iovec from = {page, 1}, to = {p + i * PG, 1};

		if (process_vm_writev(getppid(), &from, 1, &to, 1, 0) != 1)
			die("process_vm_writev");
	}
}

/* Another process faults in our tables. */
static void t_remote(void)
{
	in_child(write_parent, anon(n * PG));
	expect("anon-zero-fill", n);
}

static sigjmp_buf jump;

static void on_fault(int sig)
{
	siglongjmp(jump, sig);
}

static void t_segv(void)
{
	char *p = map_at(BASE, n * PG, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	volatile unsigned long i = 0;

	signal(SIGSEGV, on_fault);
	if (sigsetjmp(jump, 1))
		i++;
	if (i < n)
		((volatile char *)p)[i * PG] = 1;
	expect("segv", n);
}

static void t_sigbus(void)
{
	int fd = test_file(PG);
	char *p = map_at(BASE, (n + 1) * PG, PROT_READ, MAP_PRIVATE, fd);
	volatile unsigned long i = 0;

	signal(SIGBUS, on_fault);
	if (sigsetjmp(jump, 1))
		i++;
	if (i < n)
		(void)((volatile char *)p)[(i + 1) * PG];
	expect("sigbus", n);
}

#define CONTENDERS 4
#define ROUND	   16UL

static void *contend(void *arg)
{
	char *p = arg;
	unsigned long done, i;

	for (done = 0; done < n; done += ROUND) {
		for (i = 0; i < ROUND; i++)
			((volatile char *)p)[i * PG] = 1;
		madvise(p, ROUND * PG, MADV_DONTNEED);
	}
	return NULL;
}

/* Threads that compete for one CPU: a preempted program must not make others be skipped. */
static void t_contend(void)
{
	char *p = anon(CONTENDERS * ROUND * PG);
	pthread_t t[CONTENDERS];
	cpu_set_t one;
	unsigned long i;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	n = (n + ROUND - 1) / ROUND * ROUND;
	for (i = 0; i < CONTENDERS; i++)
		pthread_create(&t[i], NULL, contend, p + i * ROUND * PG);
	for (i = 0; i < CONTENDERS; i++)
		pthread_join(t[i], NULL);
	expect("anon-zero-fill", CONTENDERS * n);
}

static void *busy(void *p)
{
	time_t end = time(NULL) + 6;

	while (time(NULL) < end)
		writes(p);
	return NULL;
}

/*
 * NUMA balancing looks at a process by the processor time that it used, and with a single
 * thread leaves pages of the own node alone.
 */
static void t_numa(void)
{
	char *p = anon(n * PG);
	pthread_t t;

	/* Whoever started us may have exempted itself from balancing: not us. */
	if (syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0))
		die("set_mempolicy");
	pthread_create(&t, NULL, busy, p);
	busy(p);
	pthread_join(t, NULL);
}

static const struct {
	const char *name;
	void (*fn)(void);
} tests[] = {
	{"anon", t_anon},
	{"zero", t_zero},
	{"zero-break", t_zero_break},
	{"cow", t_cow},
	{"reuse", t_reuse},
	{"file", t_file},
	{"file-major", t_file_major},
	{"file-cow", t_file_cow},
	{"notify", t_notify},
	{"shmem", t_shmem},
	{"swap", t_swap},
	{"uffd", t_uffd},
	{"blocked", t_blocked},
	{"stuck", t_stuck},
	{"hugetlb", t_hugetlb},
	{"thp", t_thp},
	{"thp-zero", t_thp_zero},
	{"kernel", t_kernel},
	{"populate", t_populate},
	{"remote", t_remote},
	{"segv", t_segv},
	{"sigbus", t_sigbus},
	{"contend", t_contend},
	{"numa", t_numa},
};

int main(int argc, char **argv)
{
	size_t i;

	if (argc != 3) {
		fprintf(stderr, "usage: faults NAME N\n");
		return 2;
	}
	n = strtoul(argv[2], NULL, 10);
	pagemap = open("/proc/self/pagemap", O_RDONLY);
	if (pagemap < 0)
		die("pagemap");
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		if (strcmp(tests[i].name, argv[1]))
			continue;
		if (getenv("MMS_WAIT"))
			getchar();
		tests[i].fn();
		write_expected();
		return 0;
	}
	fprintf(stderr, "faults: no test %s\n", argv[1]);
	return 2;
}
