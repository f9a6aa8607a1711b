// SPDX-License-Identifier: GPL-2.0-only
/*
 * collect/: at each allocation there is no memory in turn. What is asked for fails then, or says
 * that it is not whole: half of it is never given as all.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "collect/cgroup.h"
#include "collect/elfsyms.h"
#include "collect/kallsyms.h"
#include "collect/keyed.h"
#include "collect/lives_proc.h"
#include "collect/mmaps.h"
#include "collect/proc.h"
#include "collect/proc_segments.h"
#include "collect/psi.h"
#include "collect/symbols.h"
#include "failing.h"
#include "fake_file.h"

/* More than one step of the lists' growth. */
static char many_maps[64 * 40], many_smaps[64 * 80];

static int fill(void **state)
{
	size_t maps = 0, smaps = 0, i;

	for (i = 0; i < 40; i++) {
		maps += (size_t)snprintf(many_maps + maps, sizeof(many_maps) - maps,
					 "%zx000-%zx000 r-xp 00000000 08:01 7 /f\n", i + 1, i + 2);
		smaps += (size_t)snprintf(
			many_smaps + smaps, sizeof(many_smaps) - smaps,
			"%zx000-%zx000 rw-p 00000000 00:00 0 \nRss: 4 kB\nAnonymous: 4 kB\n", i + 1,
			i + 2);
	}
	return 0;
}

static void vmas(void)
{
	struct mms_vmas v = {0};
	int err;

	fake_file("/maps", many_maps);
	err = mms_proc_vmas(1, &v);
	if (failing_end()) {
		assert_int_equal(err, -ENOMEM);
	} else {
		assert_int_equal(err, 0);
		assert_int_equal(v.nr, 40);
		assert_string_equal(v.v[39].name, "/f");
		assert_int_equal(v.v[39].end, 0x29000);
	}
	model_vmas_deinit(&v);
}

static void smaps(void)
{
	struct mms_list maps = {0};
	int err;

	fake_file("/smaps", many_smaps);
	err = mms_proc_smaps(1, &maps);
	if (failing_end()) {
		assert_int_equal(err, -ENOMEM);
		assert_int_equal(maps.nr, 0);
	} else {
		assert_int_equal(err, 0);
		assert_int_equal(maps.nr, 40);
		assert_int_equal(((struct mms_map *)maps.v)[39].bytes[MMS_MAP_ANON], 4096);
	}
	model_maps_deinit(&maps);
}

static void count(void *ctx, uint64_t start, uint64_t end, enum mms_segment segment, uint64_t pages)
{
	*(uint64_t *)ctx += pages;
}

static void segments(void)
{
	uint64_t nr = 0;
	int err;

	fake_file("/stat", "1 (a) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0 0 0 0 0 0 0 0 "
			   "0 0 0 0 0 0 0 17 1 0 0 0 0 0 4096 8192 12288 0 0 0 0 0 0\n");
	fake_file("/smaps", many_smaps);
	err = mms_proc_segments_each(1, count, &nr);
	if (failing_end()) {
		assert_int_equal(err, -ENOMEM);
	} else {
		assert_int_equal(err, 0);
		assert_int_equal(nr, 40);
	}
}

static void keys(void)
{
	static const char *const names[] = {"a"};
	uint64_t v = 0;
	int err;

	fake_file("/keyed", "a 1\n");
	err = mms_keyed_read("/keyed", names, &v, 1);
	if (failing_end()) {
		assert_int_equal(err, -ENOMEM);
		assert_int_equal(v, MMS_NO_VALUE);
	} else {
		assert_int_equal(err, 0);
		assert_int_equal(v, 1);
	}
}

static void pressure(void)
{
	struct mms_psi psi;
	int err;

	fake_file("/memory.pressure", "some avg10=0.00 total=3\nfull avg10=0.00 total=2\n");
	err = mms_psi_read("/x", &psi);
	if (failing_end()) {
		assert_int_equal(err, -ENOMEM);
	} else {
		assert_int_equal(err, 0);
		assert_true(psi.some_ns == 3000 && psi.full_ns == 2000);
	}
}

static void kernel_names(void)
{
	struct mms_symtab *t = NULL;
	int err;

	fake_file("/kallsyms", "ffffffff81000000 T a\nffffffff81000100 t b\n");
	err = mms_kallsyms_read("/kallsyms", &t);
	if (failing_end()) {
		assert_int_equal(err, -ENOMEM);
		assert_null(t);
	} else {
		assert_int_equal(err, 0);
		assert_string_equal(mms_symtab_find(t, 0xffffffff81000180), "b");
	}
	mms_symtab_free(t);
}

/* Nobody asks whether it worked: what is not there was forgotten, and that is told. */
static void lives(void)
{
	struct mms_mapping m;
	struct mms_lives *l;
	bool failed;

	fake_file("/maps", many_maps);
	fake_file("/comm", "name\n");
	l = mms_lives_new();
	if (l) {
		mms_lives_read(l, 1, false);
		mms_lives_fork(l, 1, 2, UINT64_MAX - 1);
		mms_lives_exec(l, 1, "new", UINT64_MAX - 1);
	}
	failed = failing_end();
	if (!l) {
		assert_true(failed);
		return;
	}
	if (!failed) {
		assert_int_equal(mms_lives_forgotten(l), 0);
		assert_int_equal(mms_lives_find(l, 2, UINT64_MAX, 0x28000, &m), 0);
		assert_string_equal(m.file->path, "/f");
		assert_string_equal(mms_lives_comm(l, 2, UINT64_MAX), "name");
		assert_string_equal(mms_lives_comm(l, 1, UINT64_MAX), "new");
	} else {
		assert_true(mms_lives_forgotten(l) > 0);
	}
	mms_lives_free(l);
}

static void records(void)
{
	struct mms_mmaps *m = NULL;
	int err;

	fake_file("/maps", many_maps);
	fake_file("/children", "");
	err = mms_mmaps_open(&m, 1);
	if (!failing_end())
		assert_int_equal(err, 0);
	else if (err)
		assert_int_equal(err, -ENOMEM);
	else
		assert_true(mms_mmaps_lost(m) > 0 && !mms_mmaps_whole(m));
	if (!err)
		mms_mmaps_close(m);
}

static void symbols(void)
{
	struct mms_symbols *s = NULL;
	int err = mms_symbols_open(&s, NULL);

	if (failing_end())
		assert_int_equal(err, -ENOMEM);
	else
		assert_int_equal(err, 0);
	if (!err)
		mms_symbols_close(s);
}

static void cgroup(void)
{
	static bool rooted; /* the root is looked for once */
	char *dir = NULL;
	int err;

	fake_file("/mountinfo", "1 1 0:1 / /x rw - cgroup2 none rw\n");
	fake_file("/self/cgroup", "0::/a/b\n");
	fake_file("/7/cgroup", "1:name=x:/\n0::/a/b\n");
	err = mms_cgroup_of_pid(7, &dir);
	if (failing_end()) {
		/* without a root it is as on a machine that has none */
		assert_true(err == -ENOMEM || (err == -EOPNOTSUPP && !rooted) || !err);
	} else {
		assert_int_equal(err, 0);
		rooted = true;
	}
	if (!err)
		assert_string_equal(dir, "/x/a/b");
	free(dir);
}

/* Each of them takes memory at least so often. */
static void there_is_none(void **state)
{
	static const struct {
		void (*fn)(void);
		size_t least;
	} all[] = {
		{vmas, 40},    {smaps, 40},	  {segments, 1}, {keys, 1},
		{pressure, 1}, {kernel_names, 4}, {lives, 10},	 {records, 10},
		{symbols, 3},  {cgroup, 2},	  {cgroup, 2},
	};
	size_t i, nr;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		nr = failing_each(all[i].fn);
		if (nr < all[i].least)
			fail_msg("%zu: %zu allocations", i, nr);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_is_none),
	};

	return cmocka_run_group_tests(tests, fill, NULL);
}
