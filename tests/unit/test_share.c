// SPDX-License-Identifier: GPL-2.0-only
/* collect/share: a machine whose pages are known, with and without what kernels may lack or hide.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_file.h"
#include "fake_words.h"

/* The process's pages from BASE on; frames are few, those of the huge pages from 512 and 1024 on.
 */
#define BASE   0x200UL /* 2 MiB */
#define PAGES  1024
#define FRAMES 2048
#define ZERO   5
#define OWN    6 /* of a page that the tool itself has written */

enum { FD_PAGEMAP = 1000, FD_SELF, FD_FLAGS, FD_COUNT };

static struct {
	uint64_t pages[PAGES], flags[FRAMES], counts[FRAMES];
	bool no_flags, no_counts, hidden, short_counts, stuck;
	int open_err, read_err, scan_err; /* of the process's pagemap */
	unsigned int scans;
	size_t end; /* pages that pagemap has */
} m;

static int fake_open(const char *path)
{
	if (!strcmp(path, "/proc/self/pagemap"))
		return FD_SELF;
	errno = strstr(path, "pagemap") ? m.open_err : EACCES;
	if (strstr(path, "pagemap"))
		return m.open_err ? -1 : FD_PAGEMAP;
	if (strstr(path, "flags"))
		return m.no_flags ? -1 : FD_FLAGS;
	return m.no_counts ? -1 : FD_COUNT;
}

static ssize_t fake_pread(int fd, void *to, size_t size, off_t at)
{
	uint64_t self[2] = {ZERO, OWN};

	switch (fd) {
	case FD_SELF:
		memset(to, 0, size);
		if (!m.hidden)
			memcpy(to, self, size);
		return (ssize_t)size;
	case FD_FLAGS:
		return fake_words_read(&(struct fake_words){m.flags, 0, FRAMES, 0}, to, size, at);
	case FD_COUNT:
		if (m.short_counts)
			return 8;
		return fake_words_read(&(struct fake_words){m.counts, 0, FRAMES, 0}, to, size, at);
	}
	return fake_words_read(&(struct fake_words){m.pages, BASE, m.end, m.read_err}, to, size,
			       at);
}

#define open(path, flags)	fake_open(path)
#define pread(fd, to, size, at) fake_pread(fd, to, size, at)
#define close(fd)		((void)(fd))
#define ioctl(fd, what, arg)	fake_scan(arg)
struct scan_arg;
static int fake_scan(struct scan_arg *a);
#include "collect/share.c"

/* As the kernel does it: runs of pages that are in memory or in swap and not of a file. */
static int fake_scan(struct scan_arg *a)
{
	struct scan_region *r = (void *)(uintptr_t)a->vec;
	uint64_t va = a->start;
	int n = 0;

	m.scans++;
	errno = m.scan_err;
	if (m.scan_err)
		return -1;
	for (; va < a->end; va += PAGE) {
		uint64_t e = m.pages[va / PAGE - BASE];

		if (!(e & (PM_PRESENT | PM_SWAP)) || (e & PM_FILE))
			continue;
		if (n && r[n - 1].end == va) {
			r[n - 1].end += PAGE;
			continue;
		}
		if ((uint64_t)n == a->vec_len)
			break;
		r[n++] = (struct scan_region){.start = va, .end = va + PAGE};
	}
	a->walk_end = m.stuck ? a->start : va;
	return n;
}

#define ANON "200000-600000 rw-p 00000000 00:00 0 \n"

static void machine(void)
{
	memset(&m, 0, sizeof(m));
	m.end = PAGES;
	m.flags[OWN] = KPF_ANON;
	fake_file("/7/maps", ANON);
	fake_file("/pages_shared", "0\n");
	fake_no_file("/7/smaps", EACCES);
}

/* Two private pages far from each other, one shared, one of zeros, one in swap; and what is none.
 */
static void six_kinds(void)
{
	machine();
	m.pages[1] = PM_PRESENT | PM_EXCLUSIVE | 10;
	m.pages[2] = PM_PRESENT | 11;
	m.pages[3] = PM_PRESENT | ZERO;
	m.pages[4] = PM_PRESENT | PM_FILE | 12;
	m.pages[5] = PM_SWAP | 1;
	m.pages[6] = PM_SWAP | 31;
	m.pages[700] = PM_PRESENT | PM_EXCLUSIVE | 13;
	m.flags[10] = m.flags[11] = m.flags[13] = KPF_ANON;
}

static void assert_share(const struct mms_share *s, uint64_t shared, uint64_t private,
			 uint64_t swapped, uint64_t zero, uint64_t ksm)
{
	assert_int_equal(s->shared, shared * PAGE);
	assert_int_equal(s->private, private * PAGE);
	assert_int_equal(s->swapped, swapped * PAGE);
	assert_int_equal(s->zero, zero * PAGE);
	assert_int_equal(s->ksm, ksm * PAGE);
}

static uint64_t expect(uint64_t shared, uint64_t private, uint64_t swapped, uint64_t zero,
		       uint64_t ksm)
{
	struct mms_share_look look;
	uint64_t entries;

	assert_int_equal(mms_share_read(7, &look), 0);
	assert_share(&look.bytes, shared, private, swapped, zero, ksm);
	assert_int_equal(look.blind, m.hidden);
	entries = look.entries;
	mms_share_deinit(&look);
	return entries;
}

static void fails(int err)
{
	struct mms_share_look look;

	assert_int_equal(mms_share_read(7, &look), err);
	mms_share_deinit(&look);
}

static void kinds_of_pages(void **state)
{
	six_kinds();
	assert_int_equal(expect(1, 2, 1, 1, 0), 7); /* holes are skipped, short ones are not */
	assert_int_equal(m.scans, 1);
	six_kinds();
	m.scan_err = ENOTTY; /* older kernels */
	assert_int_equal(expect(1, 2, 1, 1, 0), PAGES);
	six_kinds();
	m.scan_err = EINVAL;
	assert_int_equal(expect(1, 2, 1, 1, 0), PAGES);
}

static void a_mapping_is_told_by_itself(void **state)
{
	struct mms_share_look look;
	struct mms_share_vma *v;

	six_kinds();
	fake_file("/7/maps", "200000-202000 rw-p 00000000 00:00 0 \n"
			     "202000-203000 rw-s 00000000 00:00 0 \n" /* belongs to no bill */
			     "203000-204000 r--p 00000000 00:00 0 [vvar]\n"
			     "300000-310000 rw-p 00000000 00:00 0 \n" /* nothing */
			     "4bc000-4bd000 rw-p 00000000 08:01 5 /lib/libx.so\n");
	assert_int_equal(mms_share_read(7, &look), 0);
	assert_share(&look.bytes, 0, 2, 0, 0, 0);
	assert_int_equal(look.vmas.nr, 2);
	v = look.vmas.v;
	assert_string_equal(v[0].name, "anon");
	assert_share(&v[0].bytes, 0, 1, 0, 0, 0);
	assert_string_equal(v[1].name, "libx.so");
	assert_true(v[1].start == 0x4bc000 && v[1].end == 0x4bd000);
	mms_share_deinit(&look);
}

/* Frames are 0 for those who may not see them. */
static void a_blind_look(void **state)
{
	size_t i;

	six_kinds();
	for (i = 0; i < PAGES; i++)
		if (m.pages[i] & PM_PRESENT)
			m.pages[i] &= ~PM_FRAME;
	m.hidden = m.no_flags = m.no_counts = true;
	expect(2, 2, 1, 0, 0);
}

static void pages_of_a_file(void **state)
{
	machine();
	fake_file("/7/maps", "200000-600000 rw-p 00000000 08:01 5 /lib/libx.so\n");
	m.pages[1] = PM_PRESENT | PM_EXCLUSIVE | 10; /* a huge one without its bit */
	m.pages[2] = PM_PRESENT | PM_EXCLUSIVE | 11;
	m.flags[11] = KPF_ANON;
	expect(0, 1, 0, 0, 0);
	m.no_flags = true; /* then it cannot be told */
	expect(0, 2, 0, 0, 0);
}

static void the_huge_page_of_zeros(void **state)
{
	machine();
	m.pages[0] = PM_PRESENT | PM_FILE | 512;
	m.pages[1] = PM_PRESENT | 513;
	m.pages[512] = PM_PRESENT | 1024; /* huge, too, and of no zeros */
	m.flags[512] = KPF_ZERO;
	m.scan_err = ENOTTY;
	expect(1, 0, 0, 2, 0);
}

/* Some kernels say of a huge page as a whole that it is shared; counts say of each page. */
static void a_huge_page_that_is_shared_in_part(void **state)
{
	machine();
	m.pages[0] = PM_PRESENT | 512;
	m.pages[1] = PM_PRESENT | 513;
	m.pages[2] = PM_PRESENT | 700; /* does not lie as its address does */
	m.counts[512] = m.counts[700] = 1;
	m.counts[513] = 2;
	expect(2, 1, 0, 0, 0);
	m.short_counts = true;
	expect(3, 0, 0, 0, 0);
	m.short_counts = false;
	m.no_counts = true;
	expect(3, 0, 0, 0, 0);
}

static void merged_pages(void **state)
{
	six_kinds();
	fake_file("/pages_shared", "3\n");
	m.flags[11] |= KPF_KSM;
	expect(0, 2, 1, 1, 1);
	/* Kernels that have the bit on every page, and users who may not read it: smaps is asked.
	 */
	m.flags[OWN] |= KPF_KSM;
	fake_file("/7/smaps", ANON "KSM: 8 kB\n");
	expect(0, 1, 1, 1, 2);
	m.flags[OWN] = KPF_ANON;
	m.no_flags = true;
	expect(0, 1, 1, 1, 2);
	fake_cut("/7/smaps", ANON, ESRCH);
	fails(-ESRCH);
	fake_no_file("/7/smaps", EACCES);
	fails(-EACCES);
}

static void more_regions_than_one_call_tells(void **state)
{
	size_t i;

	machine();
	for (i = 0; i < 600; i += 2) {
		m.pages[i] = PM_PRESENT | PM_EXCLUSIVE | (10 + i);
		m.flags[10 + i] = KPF_ANON;
	}
	assert_int_equal(expect(0, 300, 0, 0, 0), 511 + 87); /* two runs, of 256 and of 44 pages */
	assert_int_equal(m.scans, 2);
	m.stuck = true; /* it does not get on: neither does it go on for ever */
	expect(0, 256, 0, 0, 0);
}

static void nothing_there(void **state)
{
	machine();
	expect(0, 0, 0, 0, 0);
	m.end = 0; /* beyond what pagemap has */
	m.scan_err = ENOTTY;
	expect(0, 0, 0, 0, 0);
	fake_file("/7/maps", "");
	fails(-ESRCH);
}

static void what_cannot_be_read(void **state)
{
	six_kinds();
	m.open_err = ENOENT;
	fails(-ESRCH);
	m.open_err = EACCES;
	fails(-EACCES);
	six_kinds();
	m.read_err = EIO;
	fails(-EIO);
	six_kinds();
	m.scan_err = EIO;
	fails(-EIO);
	six_kinds();
	fake_no_file("/7/maps", EACCES);
	fails(-EACCES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_of_pages),
		cmocka_unit_test(a_mapping_is_told_by_itself),
		cmocka_unit_test(a_blind_look),
		cmocka_unit_test(pages_of_a_file),
		cmocka_unit_test(the_huge_page_of_zeros),
		cmocka_unit_test(a_huge_page_that_is_shared_in_part),
		cmocka_unit_test(merged_pages),
		cmocka_unit_test(more_regions_than_one_call_tells),
		cmocka_unit_test(nothing_there),
		cmocka_unit_test(what_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
