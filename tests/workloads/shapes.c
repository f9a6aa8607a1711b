// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process whose page tables are known by construction. Prints one line
 * "shape NAME START PAGES TOUCHED" for each shape that this kernel and machine
 * can make, "skip NAME WHY" for the others, then "ready", and waits for the
 * end of its standard input. Knows nothing of mmscope.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef MAP_HUGE_SHIFT
#define MAP_HUGE_SHIFT 26
#endif

#define PG 4096UL
#define MB (1UL << 20)

static void shape(const char *name, const void *p, unsigned long pages, unsigned long touched)
{
	printf("shape %s %p %lu %lu\n", name, p, pages, touched);
}

static void skip(const char *name, const char *why)
{
	printf("skip %s %s\n", name, why);
}

/* Non-zero and incompressible: a zero page would never reach the swap device. */
static void fill(char *p, unsigned long pages)
{
	uint64_t x = 88172645463325252ULL ^ (uintptr_t)p;

	for (unsigned long i = 0; i < pages * PG / 8; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		((uint64_t *)p)[i] = x;
	}
}

/* Each region is a VMA of its own: an inaccessible page on both sides keeps neighbours apart. */
static char *region(unsigned long pages, int prot, int flags, int fd)
{
	char *p = mmap(NULL, (pages + 2) * PG, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED ||
	    mmap(p + PG, pages * PG, prot, flags | MAP_FIXED, fd, 0) == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	if (flags & MAP_ANONYMOUS)
		madvise(p + PG, pages * PG, MADV_NOHUGEPAGE);
	return p + PG;
}

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW   (PROT_READ | PROT_WRITE)

static void anonymous(void)
{
	volatile char sink;
	char *p = region(64, RW, ANON, -1);

	for (int i = 0; i < 23; i++)
		p[i * PG] = 1;
	shape("anon", p, 64, 23);

	p = region(64, RW, ANON, -1);
	for (int i = 0; i < 64; i += 3)
		p[i * PG] = 1;
	shape("stride3", p, 64, 22);

	p = region(16, RW, ANON, -1);
	for (int i = 0; i < 13; i++)
		sink = p[i * PG];
	(void)sink;
	shape("zero", p, 16, 13);

	p = region(9, RW, ANON, -1);
	shape("untouched", p, 9, 0);

	p = region(11, RW, ANON, -1);
	fill(p, 11);
	mprotect(p, 11 * PG, PROT_NONE);
	shape("protnone", p, 11, 11);

	p = region(8, RW, ANON, -1);
	fill(p, 8);
	mprotect(p, 8 * PG, PROT_READ);
	shape("readonly", p, 8, 8);

	p = region(5, RW | PROT_EXEC, ANON, -1);
	fill(p, 5);
	shape("wx", p, 5, 5);
}

static void swapped(void)
{
	char *p = region(37, RW, ANON, -1);
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t e[37];
	int left = 37;

	fill(p, 37);
	for (int try = 0; try < 50 && left; try++) {
		if (madvise(p, 37 * PG, MADV_PAGEOUT)) {
			skip("swap", strerror(errno));
			goto out;
		}
		usleep(100000);
		left = 37;
		if (pread(fd, e, sizeof(e), (uintptr_t)p / PG * 8) == sizeof(e))
			for (int i = 0; i < 37; i++)
				left -= !!(e[i] & (1ULL << 62));
	}
	if (left)
		skip("swap", "pages stay in memory: no swap?");
	else
		shape("swap", p, 37, 37);
out:
	close(fd);
}

static char *aligned(unsigned long len, unsigned long align)
{
	char *p = mmap(NULL, len + 2 * align, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *q = (char *)(((uintptr_t)p + 2 * align - 1) & ~(align - 1));

	if (mmap(q, len, RW, ANON | MAP_FIXED, -1, 0) == MAP_FAILED)
		exit(1);
	return q;
}

/* AnonHugePages of the VMA at p, in kB. */
static unsigned long anon_huge_kb(const char *p)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long start, end, kb = 0;
	char line[512];
	int in = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			in = start <= (uintptr_t)p && (uintptr_t)p < end;
		else if (in && sscanf(line, "AnonHugePages: %lu", &kb) == 1)
			break;
	}
	if (f)
		fclose(f);
	return kb;
}

static void huge(void)
{
	volatile char sink;
	char *p = aligned(6 * MB, 2 * MB);

	if (madvise(p, 6 * MB, MADV_HUGEPAGE)) {
		skip("thp", strerror(errno));
		skip("hugezero", strerror(errno));
	} else {
		p[0] = 1;
		p[2 * MB] = 1;
		if (anon_huge_kb(p) == 4096)
			shape("thp", p, 1536, 1024);
		else
			skip("thp", "no huge page was given");
		p = aligned(2 * MB, 2 * MB);
		madvise(p, 2 * MB, MADV_HUGEPAGE);
		sink = p[0];
		(void)sink;
		shape("hugezero", p, 512, 512);
	}

	p = mmap(NULL, 4 * MB, RW, ANON | MAP_HUGETLB | (21 << MAP_HUGE_SHIFT), -1, 0);
	if (p == MAP_FAILED) {
		skip("hugetlb2m", strerror(errno));
	} else {
		p[0] = 1;
		shape("hugetlb2m", p, 1024, 512);
	}
	p = mmap(NULL, 1024 * MB, RW, ANON | MAP_HUGETLB | (30 << MAP_HUGE_SHIFT), -1, 0);
	if (p == MAP_FAILED) {
		skip("hugetlb1g", strerror(errno));
	} else {
		p[0] = 1;
		shape("hugetlb1g", p, 262144, 262144);
	}
}

static void files(const char *dir)
{
	volatile char sink;
	char path[256], *p;
	int fd = memfd_create("shapes", 0);

	if (fd < 0 || ftruncate(fd, 12 * PG))
		exit(1);
	p = region(12, RW, MAP_SHARED, fd);
	fill(p, 12);
	shape("memfd", p, 12, 12);

	snprintf(path, sizeof(path), "%s/shapes.data", dir);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	for (int i = 0; i < 10; i++) {
		char b[PG];

		memset(b, 'a' + i, sizeof(b));
		if (write(fd, b, sizeof(b)) != (ssize_t)sizeof(b))
			exit(1);
	}
	fsync(fd);
	p = region(10, PROT_READ, MAP_PRIVATE, fd);
	for (int i = 0; i < 10; i++)
		sink = p[i * PG];
	shape("file", p, 10, 10);

	p = region(10, RW, MAP_PRIVATE, fd);
	for (int i = 0; i < 10; i++)
		sink = p[i * PG];
	for (int i = 0; i < 3; i++)
		p[i * PG] = 'x';
	(void)sink;
	shape("filecow", p, 10, 3);
}

static void markers(void)
{
	int fd = memfd_create("marked", 0);
	int u = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_WP_HUGETLBFS_SHMEM};
	struct uffdio_register reg = {.mode = UFFDIO_REGISTER_MODE_WP};
	struct uffdio_writeprotect wp = {.mode = UFFDIO_WRITEPROTECT_MODE_WP};
	char *p;

	if (fd < 0 || ftruncate(fd, 16 * PG))
		exit(1);
	p = region(16, RW, MAP_SHARED, fd);
	reg.range.start = (uintptr_t)p;
	reg.range.len = 16 * PG;
	wp.range.start = (uintptr_t)p;
	wp.range.len = 7 * PG;
	if (u < 0 || ioctl(u, UFFDIO_API, &api) || ioctl(u, UFFDIO_REGISTER, &reg) ||
	    ioctl(u, UFFDIO_WRITEPROTECT, &wp))
		skip("uffdwp", strerror(errno));
	else
		shape("uffdwp", p, 16, 7);

	p = region(12, RW, ANON, -1);
	fill(p, 4);
	if (madvise(p + 4 * PG, 5 * PG, MADV_GUARD_INSTALL))
		skip("guard", strerror(errno));
	else
		shape("guard", p, 12, 5);
}

static void keyed(void)
{
	char *p = region(4, RW, ANON, -1);
	int key = pkey_alloc(0, 0);

	fill(p, 4);
	if (key < 0 || pkey_mprotect(p, 4 * PG, RW, key))
		skip("pkey", strerror(errno));
	else
		shape("pkey", p, 4, key);
}

int main(int argc, char **argv)
{
	char c;

	setvbuf(stdout, NULL, _IOLBF, 0);
	anonymous();
	huge();
	files(argc > 1 ? argv[1] : "/root");
	markers();
	keyed();
	swapped();
	puts("ready");
	while (read(0, &c, 1) > 0)
		;
	return 0;
}
