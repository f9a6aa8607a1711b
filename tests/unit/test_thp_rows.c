// SPDX-License-Identifier: GPL-2.0-only
/* cmd/thp_rows, collect/cover: counts and covers that are made up, to rows. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cmd/thp_rows.h"
#include "collect/cgroup.h"
#include "collect/kin.h"
#include "fake_file.h"

#define FAILED 7 /* results that are none of the kernel's here */
#define IDLE   99

static struct {
	struct mms_kin kin[4];
	size_t nr;
	int err;
	pid_t root;   /* that was asked for */
	pid_t within; /* in the cgroup; also the only one that is followed */
} p;

bool mms_thp_succeeded(const struct mms_thp_count *c)
{
	return !c->result;
}

bool mms_thp_idle(const struct mms_thp_count *c)
{
	return c->result == IDLE;
}

bool mms_thp_follows(const struct mms_thp *t, pid_t pid)
{
	return pid == p.within;
}

int mms_kin_read(pid_t root, struct mms_list *kin)
{
	p.root = root;
	if (p.err)
		return p.err;
	kin->v = calloc(p.nr + 1, sizeof(*p.kin));
	memcpy(kin->v, p.kin, p.nr * sizeof(*p.kin));
	kin->nr = p.nr;
	return 0;
}

bool mms_kin_in_cgroup(pid_t pid, const char *path)
{
	assert_string_equal(path, "/c");
	return pid == p.within;
}

const char *mms_cgroup_name(const char *dir)
{
	return dir + strlen("/sys");
}

static const struct mms_thp_count counts[] = {
	{5, MMS_THP_COLLAPSE, MMS_THP_BY_KERNEL, 0, 1, "five"},
	{5, MMS_THP_COLLAPSE, MMS_THP_BY_ITSELF, 0, 2, "five"},
	{5, MMS_THP_FILE, MMS_THP_BY_KERNEL, 0, 4, "five"},
	{5, MMS_THP_SMALLER, MMS_THP_BY_KERNEL, 0, 8, "five"},
	{5, MMS_THP_SCAN, MMS_THP_BY_KERNEL, FAILED, 16, "five"},
	{5, MMS_THP_FILE, MMS_THP_BY_KERNEL, FAILED, 32, "five"},
	{5, MMS_THP_COLLAPSE, MMS_THP_BY_KERNEL, FAILED, 64, "five"},
	{5, MMS_THP_SCAN, MMS_THP_BY_KERNEL, IDLE, 1000, "five"},
	{6, MMS_THP_SPLIT_ENTRY, MMS_THP_BY_ITSELF, 0, 1, "six"},
	{6, MMS_THP_SPLIT_FOLIO, MMS_THP_BY_ITSELF, 0, 2, "six"},
	{6, MMS_THP_SPLIT_FOLIO, MMS_THP_BY_OTHER, FAILED, 4, "six"},
	{6, MMS_THP_SPLIT_SMALLER, MMS_THP_BY_OTHER, 0, 8, "six"},
	{6, MMS_THP_SPLIT_SMALLER, MMS_THP_BY_OTHER, FAILED, 16, "six"},
	{0, MMS_THP_SPLIT_FOLIO, MMS_THP_BY_KERNEL, 0, 3, ""},
};
#define NR (sizeof(counts) / sizeof(counts[0]))

static int begin(void **state)
{
	memset(&p, 0, sizeof(p));
	memset(fake_files, 0, sizeof(fake_files));
	fake_file("/5/smaps_rollup", "Rss: 8192 kB\nAnonHugePages: 2048 kB\nShmemPmdMapped: 4 kB\n"
				     "FilePmdMapped: 8 kB\n");
	fake_file("/6/smaps_rollup", "Rss: 40 kB\nAnonHugePages: 0 kB\nShmemPmdMapped: 0 kB\n"
				     "FilePmdMapped: 0 kB\n");
	fake_file("/8/smaps_rollup", "Rss: 6144 kB\nAnonHugePages: 4096 kB\nShmemPmdMapped: 0 kB\n"
				     "FilePmdMapped: 0 kB\n");
	fake_no_file("/7/smaps_rollup", ENOENT);
	p.kin[0] = (struct mms_kin){.pid = 5, .comm = "five"};
	p.kin[1] = (struct mms_kin){.pid = 7, .comm = "gone"};
	p.kin[2] = (struct mms_kin){.pid = 8, .comm = "eight"};
	p.kin[3] = (struct mms_kin){.pid = 6, .comm = "six"};
	p.nr = 4;
	return 0;
}

static const struct thp_row *row_of(const struct thp_rows *rows, pid_t pid)
{
	size_t i;

	for (i = 0; i < rows->nr; i++)
		if (rows->v[i].pid == pid)
			return &rows->v[i];
	return NULL;
}

static void each_event_has_its_column(void **state)
{
	struct watch w = {0};
	struct thp_rows rows;
	const struct thp_row *r;

	assert_int_equal(thp_rows(NULL, counts, NR, &w, &rows), 0);
	assert_int_equal(rows.nr, 4); /* 8 for its cover alone, 7 has none */
	r = row_of(&rows, 5);
	assert_string_equal(r->comm, "five");
	assert_true(r->khugepaged == 5 && r->madvise == 2 && r->smaller == 8);
	assert_true(r->refused == 48 && r->failed == 64);
	assert_true(!r->entries && !r->folios && !r->folios_smaller && !r->folios_failed);
	assert_true(r->has_cover && r->cover.rss == 8192 << 10 && r->cover.anon == 2048 << 10);
	assert_true(r->cover.shmem == 4 << 10 && r->cover.file == 8 << 10);
	r = row_of(&rows, 6);
	assert_true(r->entries == 1 && r->folios == 2 && r->folios_smaller == 8 &&
		    r->folios_failed == 20);
	assert_true(!r->khugepaged && r->has_cover && !mms_cover_huge(&r->cover));
	r = row_of(&rows, 0);
	assert_true(r->folios == 3 && !r->has_cover);
	assert_true(rows.all.folios == 5 && rows.all.khugepaged == 5 && rows.all.refused == 48);
	assert_int_equal(rows.all.cover.rss, (8192 + 40 + 6144) << 10);
	assert_int_equal(mms_cover_huge(&rows.all.cover), (2048 + 4 + 8 + 4096) << 10);
	thp_rows_free(&rows);
}

static void most_events_then_most_cover(void **state)
{
	static const pid_t want[] = {5, 6, 0, 8};
	struct watch w = {0};
	struct thp_rows rows;
	size_t i;

	assert_int_equal(thp_rows(NULL, counts, NR, &w, &rows), 0);
	for (i = 0; i < 4; i++)
		assert_int_equal(rows.v[i].pid, want[i]);
	thp_rows_free(&rows);
	assert_int_equal(thp_rows(NULL, NULL, 0, &w, &rows), 0);
	assert_int_equal(rows.nr, 2);
	assert_true(rows.v[0].pid == 8 && rows.v[1].pid == 5); /* by the cover alone */
	thp_rows_free(&rows);
}

/* Of those asked for also who has no huge page; of the others nobody. */
static void whom_it_shows(void **state)
{
	struct watch w = {.pid = 6};
	char *command[] = {"x", NULL};
	struct thp_rows rows;

	p.within = 6;
	assert_int_equal(thp_rows(NULL, NULL, 0, &w, &rows), 0);
	assert_int_equal(p.root, 6);
	assert_int_equal(rows.nr, 1);
	assert_int_equal(rows.v[0].pid, 6);
	thp_rows_free(&rows);
	w = (struct watch){.cgroup = (char *)"/sys/c"};
	assert_int_equal(thp_rows(NULL, NULL, 0, &w, &rows), 0);
	assert_int_equal(rows.nr, 1);
	assert_int_equal(rows.v[0].pid, 6);
	thp_rows_free(&rows);
	w = (struct watch){.command = command}; /* it has ended when rows are made */
	p.root = -1;
	assert_int_equal(thp_rows(NULL, counts, 1, &w, &rows), 0);
	assert_int_equal(p.root, -1);
	assert_int_equal(rows.nr, 1);
	thp_rows_free(&rows);
}

static void who_has_just_ended(void **state)
{
	struct watch w = {.pid = 5};
	struct thp_rows rows;

	p.err = -ESRCH;
	assert_int_equal(thp_rows(NULL, counts, 1, &w, &rows), 0);
	assert_int_equal(rows.nr, 1);
	thp_rows_free(&rows);
	p.err = -ENOMEM;
	assert_int_equal(thp_rows(NULL, counts, 1, &w, &rows), -ENOMEM);
}

static void covers_that_cannot_be_had(void **state)
{
	struct mms_cover c;

	assert_int_equal(mms_cover_read(7, &c), -ESRCH);
	fake_no_file("/7/smaps_rollup", EACCES);
	assert_int_equal(mms_cover_read(7, &c), -EACCES);
	fake_file("/7/smaps_rollup", "");
	assert_int_equal(mms_cover_read(7, &c), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_event_has_its_column, begin),
		cmocka_unit_test_setup(most_events_then_most_cover, begin),
		cmocka_unit_test_setup(whom_it_shows, begin),
		cmocka_unit_test_setup(who_has_just_ended, begin),
		cmocka_unit_test_setup(covers_that_cannot_be_had, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
