// SPDX-License-Identifier: GPL-2.0-only
/* The segments of this process: mappings that it made itself, and what it was given. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>
#include "collect/proc_segments.h"

#define PAGE 4096UL

/* One address that is looked for. */
struct probe {
	uint64_t addr;
	unsigned int found;
	enum mms_segment is;
	uint64_t pages, before;
};

static void look(void *ctx, uint64_t start, uint64_t end, enum mms_segment segment, uint64_t pages)
{
	struct probe *p = ctx;

	assert_true(p->before <= start && start < end);
	p->before = end;
	if (p->addr < start || p->addr >= end)
		return;
	p->found++;
	p->is = segment;
	p->pages = pages;
}

static enum mms_segment segment_at(const void *at, uint64_t *pages)
{
	struct probe p = {.addr = (uintptr_t)at};

	assert_int_equal(mms_proc_segments_each(getpid(), look, &p), 0);
	assert_int_equal(p.found, 1);
	if (pages)
		*pages = p.pages;
	return p.is;
}

static void what_is_mapped_of_a_file(void **state)
{
	/* A file of the system: the tree that this is built in may be on tmpfs. */
	int fd = open("/bin/sh", O_RDONLY | O_CLOEXEC);
	static const struct {
		int prot, flags;
		enum mms_segment is;
	} cases[] = {
		{PROT_READ | PROT_WRITE, MAP_PRIVATE, MMS_SEG_DATA},
		{PROT_READ, MAP_PRIVATE, MMS_SEG_FILE},
		{PROT_READ, MAP_SHARED, MMS_SEG_FILE},
		{PROT_READ | PROT_EXEC, MAP_PRIVATE, MMS_SEG_TEXT},
	};
	size_t i;

	assert_true(fd >= 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		void *at = mmap(NULL, 3 * PAGE, cases[i].prot, cases[i].flags, fd, 0);

		assert_ptr_not_equal(at, MAP_FAILED);
		assert_int_equal(segment_at(at, NULL), cases[i].is);
		munmap(at, 3 * PAGE);
	}
	close(fd);
}

static void what_is_of_no_file(void **state)
{
	/* Between two that cannot be touched: merged with nothing. */
	char *at = mmap(NULL, 5 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t pages;
	int local = 0;

	assert_ptr_not_equal(at, MAP_FAILED);
	assert_int_equal(mprotect(at + PAGE, 3 * PAGE, PROT_READ | PROT_WRITE), 0);
	at[PAGE] = at[3 * PAGE] = 1;
	assert_int_equal(segment_at(at + 2 * PAGE, &pages), MMS_SEG_ANON);
	assert_int_equal(pages, 2);
	munmap(at, 5 * PAGE);
	assert_int_equal(segment_at(&local, NULL), MMS_SEG_STACK);
}

static void what_the_program_is(void **state)
{
	static int data = 1;

	assert_int_equal(segment_at((const void *)(uintptr_t)what_the_program_is, NULL),
			 MMS_SEG_TEXT);
	assert_int_equal(segment_at(&data, NULL), MMS_SEG_DATA);
}

static void nobody_has_none(void **state)
{
	struct probe p = {0};

	assert_int_equal(mms_proc_segments_each(0x7fffffff, look, &p), -ESRCH);
	assert_int_equal(p.before, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_mapped_of_a_file),
		cmocka_unit_test(what_is_of_no_file),
		cmocka_unit_test(what_the_program_is),
		cmocka_unit_test(nobody_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
