// SPDX-License-Identifier: GPL-2.0-only
/* collect/proc_pagemap: entries of pagemap and flags of frames that are known, to pages and ranges.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "collect/proc.h"
#include "fake_words.h"

#define BASE  0x100UL /* the first page that is there: 1 MiB */
#define PAGES 5000

enum { FD_PAGEMAP = 1000, FD_FLAGS };

static struct {
	uint64_t pages[PAGES], flags[64];
	size_t end; /* pages that pagemap has */
	bool no_flags;
	int open_err, read_err;
} m;

static int fake_open(const char *path)
{
	if (!strcmp(path, "/proc/kpageflags"))
		return m.no_flags ? -1 : FD_FLAGS;
	assert_string_equal(path, "/proc/7/pagemap");
	errno = m.open_err;
	return m.open_err ? -1 : FD_PAGEMAP;
}

static ssize_t fake_pread(int fd, void *to, size_t size, off_t at)
{
	if (fd == FD_FLAGS)
		return fake_words_read(&(struct fake_words){m.flags, 0, 64, 0}, to, size, at);
	return fake_words_read(&(struct fake_words){m.pages, BASE, m.end, m.read_err}, to, size,
			       at);
}

#define open(path, flags)	fake_open(path)
#define pread(fd, to, size, at) fake_pread(fd, to, size, at)
#define close(fd)		((void)(fd))
#include "collect/proc_pagemap.c"

static struct mms_vma mappings[] = {
	{.start = BASE * PAGE, .end = (BASE + 8) * PAGE, .name = "first"},
	{.start = (BASE + 16) * PAGE, .end = (BASE + PAGES) * PAGE, .name = "second"},
};
static const struct mms_vmas vmas = {.v = mappings, .nr = 2};

static int begin(void **state)
{
	memset(&m, 0, sizeof(m));
	m.end = PAGES;
	return 0;
}

static const struct mms_walk *walk_one(struct mms_list *l, size_t page, uint64_t entry)
{
	m.pages[page] = entry;
	assert_int_equal(
		mms_pagemap_walk(7, &vmas, (BASE + page) * PAGE, (BASE + page + 1) * PAGE, l), 0);
	assert_int_equal(l->nr, 1);
	assert_int_equal(((struct mms_walk *)l->v)->va, (BASE + page) * PAGE);
	return l->v;
}

static void assert_kind(uint64_t entry, const char *kind, const char *flags)
{
	struct mms_list l = {0};
	const struct mms_walk *w = walk_one(&l, 1, entry);

	assert_string_equal(w->kind, kind);
	assert_string_equal(w->flags, flags);
	assert_string_equal(w->vma.name, "first");
	model_walks_deinit(&l);
}

static void kinds_by_entries_alone(void **state)
{
	m.no_flags = true;
	assert_kind(0, "none", "");
	assert_kind(PM_PRESENT | 9, "present", "");
	assert_kind(PM_PRESENT | PM_FILE | 9, "file", "file-or-shared");
	assert_kind(PM_SWAP | 22, "swap", "");
	assert_kind(PM_SWAP | 23, "other", "");
	assert_kind(PM_PRESENT | PM_FILE | PM_EXCLUSIVE | PM_SOFT_DIRTY | PM_UFFD_WP | PM_GUARD,
		    "file", "file-or-shared exclusive soft-dirty uffd-wp guard");
}

static void kinds_by_frames(void **state)
{
	m.flags[9] = KPF_ANON;
	assert_kind(PM_PRESENT | 9, "anon", "");
	m.flags[9] = KPF_ZERO | KPF_ANON;
	assert_kind(PM_PRESENT | 9, "zero", "");
	m.flags[9] = KPF_NOPAGE;
	assert_kind(PM_PRESENT | 9, "special", "");
	m.flags[9] = 1;
	assert_kind(PM_PRESENT | PM_FILE | 9, "file", "file-or-shared");
	assert_kind(PM_PRESENT | 64, "present", ""); /* it has no flags */
	m.flags[0] = KPF_ANON;
	assert_kind(PM_PRESENT, "present", ""); /* it is hidden, not frame 0 */
}

static void frames_and_slots(void **state)
{
	struct mms_list l = {0};
	const struct mms_walk *w = walk_one(&l, 9, PM_PRESENT | 7);

	assert_int_equal(w->known, MMS_LEAF_FRAME);
	assert_int_equal(w->frame, 7);
	assert_null(w->vma.name); /* between mappings */
	model_walks_deinit(&l);
	w = walk_one(&l, 9, PM_PRESENT);
	assert_int_equal(w->known, 0);
	model_walks_deinit(&l);
	w = walk_one(&l, 9, PM_SWAP | 0x77 << 5 | 3);
	assert_int_equal(w->known, MMS_LEAF_SWAP);
	assert_int_equal(w->swap_type, 3);
	assert_int_equal(w->swap_offset, 0x77);
	model_walks_deinit(&l);
}

static void walks_that_fail(void **state)
{
	struct mms_list l = {0};

	m.end = 4;
	assert_int_equal(mms_pagemap_walk(7, &vmas, BASE * PAGE, (BASE + 5) * PAGE, &l), -ERANGE);
	model_walks_deinit(&l);
	m.read_err = EIO;
	assert_int_equal(mms_pagemap_walk(7, &vmas, BASE * PAGE, (BASE + 5) * PAGE, &l), -EIO);
	model_walks_deinit(&l);
	m.open_err = EACCES;
	assert_int_equal(mms_pagemap_walk(7, &vmas, BASE * PAGE, (BASE + 5) * PAGE, &l), -EACCES);
	assert_int_equal(l.nr, 0);
}

static void assert_range(const struct mms_range *r, size_t from, size_t to, const char *kind,
			 const char *name)
{
	assert_int_equal(r->start, (BASE + from) * PAGE);
	assert_int_equal(r->end, (BASE + to) * PAGE);
	assert_string_equal(r->kind, kind);
	assert_string_equal(r->name, name);
	assert_true(r->young == MMS_NO_COUNT && r->dirty == MMS_NO_COUNT);
}

/* Frames and slots do not keep pages apart, flags and kinds do; nor do chunks of reading. */
static void neighbours_alike_are_one_range(void **state)
{
	struct mms_list l = {0};
	const struct mms_range *r;
	size_t i;

	for (i = 0; i < 4; i++)
		m.pages[i] = PM_PRESENT | (i + 1);
	m.pages[4] = PM_PRESENT | PM_EXCLUSIVE | 9;
	m.pages[5] = PM_SWAP | 1;
	m.pages[6] = PM_SWAP | 2 | 5 << 5;
	m.pages[7] = PM_SWAP | 30;
	assert_int_equal(mms_pagemap_ranges(7, &vmas, &l), 0);
	assert_int_equal(l.nr, 5);
	r = l.v;
	assert_range(&r[0], 0, 4, "present", "first");
	assert_range(&r[1], 4, 5, "present", "first");
	assert_string_equal(r[1].flags, "exclusive");
	assert_range(&r[2], 5, 7, "swap", "first");
	assert_range(&r[3], 7, 8, "other", "first");
	assert_range(&r[4], 16, PAGES, "none", "second");
	model_ranges_deinit(&l);
	memset(m.pages, 0, sizeof(m.pages));
	assert_int_equal(mms_pagemap_ranges(7, &vmas, &l), 0);
	assert_int_equal(l.nr, 2); /* mappings are not merged */
	model_ranges_deinit(&l);
}

static void ranges_that_end_or_fail(void **state)
{
	struct mms_list l = {0};
	const struct mms_range *r;

	m.end = 20; /* as behind user space */
	assert_int_equal(mms_pagemap_ranges(7, &vmas, &l), 0);
	assert_int_equal(l.nr, 2);
	r = l.v;
	assert_range(&r[1], 16, 20, "none", "second");
	model_ranges_deinit(&l);
	m.read_err = EIO;
	assert_int_equal(mms_pagemap_ranges(7, &vmas, &l), -EIO);
	assert_int_equal(l.nr, 0);
	m.open_err = EACCES;
	assert_int_equal(mms_pagemap_ranges(7, &vmas, &l), -EACCES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(kinds_by_entries_alone, begin),
		cmocka_unit_test_setup(kinds_by_frames, begin),
		cmocka_unit_test_setup(frames_and_slots, begin),
		cmocka_unit_test_setup(walks_that_fail, begin),
		cmocka_unit_test_setup(neighbours_alike_are_one_range, begin),
		cmocka_unit_test_setup(ranges_that_end_or_fail, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
