// SPDX-License-Identifier: GPL-2.0-only
/* smaps: sums that cannot be, lines that are cut or garbled, names that look like amounts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collect/proc.h"
#include "collect/proc_segments.h"
#include "collect/share.c" /* how KSM's sums are taken from the others */
#include "fake_file.h"

#define HEAD "1000-3000 rw-p 00000000 00:00 0 \n"

static int smaps(const char *text, struct mms_map *m)
{
	struct mms_list maps = {0};
	int err;

	fake_file("/smaps", text);
	err = mms_proc_smaps(1, &maps);
	assert_true(err || maps.nr == 1);
	if (maps.nr)
		*m = *(struct mms_map *)maps.v;
	model_maps_deinit(&maps);
	return err;
}

static void shares_of_a_mapping(void **state)
{
	struct mms_map m;

	assert_int_equal(smaps(HEAD
			       "Size: 8 kB\nRss: 8 kB\nShared_Clean: 1 kB\nShared_Dirty: 2 kB\n"
			       "Private_Clean: 3 kB\nPrivate_Dirty: 1 kB\nAnonymous: 3 kB\n"
			       "Swap: 4 kB\nTHPeligible: 0\nVmFlags: rd wr\n",
			       &m),
			 0);
	assert_true(m.bytes[MMS_MAP_SHARED] == 3072 && m.bytes[MMS_MAP_EXCLUSIVE] == 4096);
	assert_true(m.known[MMS_MAP_FILE] && m.bytes[MMS_MAP_FILE] == 5120);
	assert_int_equal(m.bytes[MMS_MAP_SWAP], 4096);
}

/* What is left of nothing was 16 EiB. */
static void more_anonymous_than_resident(void **state)
{
	struct mms_map m;

	assert_int_equal(smaps(HEAD "Size: 8 kB\nRss: 4 kB\nAnonymous: 8 kB\n", &m), 0);
	assert_false(m.known[MMS_MAP_FILE]);
	assert_int_equal(m.bytes[MMS_MAP_FILE], 0);
}

static void garbled_amounts(void **state)
{
	static const char *const bad[] = {
		HEAD "Rss: x kB\n",
		HEAD "Rss: -4 kB\n",
		HEAD "Rss: 4\n",
		HEAD "Rss: 18014398509481984 kB\n",
		HEAD "Shared_Clean: 18014398509481983 kB\nShared_Dirty: 4 kB\n",
		HEAD "Private_Hugetlb: 18014398509481983 kB\nShared_Hugetlb: 4 kB\n",
		HEAD "Rss\n",
		"Rss: 4 kB\n",
	};
	struct mms_map m;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(smaps(bad[i], &m), -EBADMSG);
}

static const char stat_line[] = "1 (a) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0 0 0 0 0 0 0 0 "
				"0 0 0 0 0 0 0 17 1 0 0 0 0 0 4096 8192 12288 0 0 0 0 0 0\n";

static void count(void *ctx, uint64_t start, uint64_t end, enum mms_segment segment, uint64_t pages)
{
	*(uint64_t *)ctx += pages;
}

static void segments_of(const char *text, int ret, uint64_t pages)
{
	uint64_t nr = 0;

	fake_file("/stat", stat_line);
	fake_file("/smaps", text);
	assert_int_equal(mms_proc_segments_each(1, count, &nr), ret);
	if (!ret)
		assert_int_equal(nr, pages);
}

static void a_segment_has_no_more_than_its_room(void **state)
{
	segments_of(HEAD "Rss: 4 kB\nPrivate_Hugetlb: 4 kB\nVmFlags: rd gd\n", 0, 2);
	segments_of(HEAD "Rss: 12 kB\n", -EBADMSG, 0);
	segments_of(HEAD "Rss: 4 kB\nPrivate_Hugetlb: 18446744073709551612 kB\n", -EBADMSG, 0);
	segments_of(HEAD "Rss: -4 kB\n", -EBADMSG, 0);
	segments_of("3000-1000 rw-p 00000000 00:00 0 \nRss: 4 kB\n", -EBADMSG, 0);
	segments_of("Rss: 4 kB\n" HEAD, -EBADMSG, 0);
}

struct last {
	enum mms_segment segment;
	unsigned int nr;
};

static void keep_last(void *ctx, uint64_t start, uint64_t end, enum mms_segment segment,
		      uint64_t pages)
{
	struct last *l = ctx;

	l->segment = segment;
	l->nr++;
}

/* The program's data end at 0x1000, and its heap begins at 0x2000 (stat_line). */
static void what_names_and_flags_say(void **state)
{
	static const struct {
		const char *line;
		enum mms_segment segment;
	} cases[] = {
		{"9000-a000 rw-p 00000000 00:00 0 [stack]\n", MMS_SEG_STACK},
		{"9000-a000 rw-p 00000000 00:00 0 \nVmFlags: rd wr gd\n", MMS_SEG_STACK},
		{"9000-a000 rw-p 00000000 00:00 0 \nVmFlags: rd wr ht\n", MMS_SEG_HUGETLB},
		{"9000-a000 rw-s 00000000 00:0f 7 /anon_hugepage\nVmFlags: rd ht\n",
		 MMS_SEG_HUGETLB},
		{"2000-3000 rw-p 00000000 00:00 0 [heap]\n", MMS_SEG_HEAP},
		{"0-1000 rw-p 00000000 00:00 0 [heap]\n", MMS_SEG_ANON},
		{"1000-2000 rw-p 00000000 00:00 0 \n", MMS_SEG_BSS},
		{"9000-a000 rw-p 00000000 00:00 0 [anon_shmem:x]\n", MMS_SEG_SHMEM},
		{"9000-a000 rw-p 00000000 00:00 0 [anon:x]\n", MMS_SEG_ANON},
		{"9000-a000 rw-p 00000000 00:00 0 \n", MMS_SEG_ANON},
		{"9000-a000 r-xp 00000000 00:00 0 [vdso]\n", MMS_SEG_VDSO},
		{"9000-a000 r-xp 00000000 08:01 7 /bin/x\n", MMS_SEG_TEXT},
		{"9000-a000 rw-p 00000000 08:01 7 /bin/x\n", MMS_SEG_DATA},
		{"9000-a000 r--p 00000000 08:01 7 /bin/x\n", MMS_SEG_FILE},
		{"9000-a000 rw-s 00000000 08:01 7 /bin/x\n", MMS_SEG_FILE},
	};
	uint64_t pages[MMS_SEG_NR];
	size_t i;

	fake_file("/stat", stat_line);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct last l = {0};

		fake_file("/smaps", cases[i].line);
		assert_int_equal(mms_proc_segments_each(1, keep_last, &l), 0);
		assert_int_equal(l.nr, 1);
		assert_int_equal(l.segment, cases[i].segment);
	}
	fake_file("/smaps", "9000-a000 rw-p 00000000 00:00 0 \nRss: 4 kB\n"
			    "b000-d000 rw-p 00000000 00:00 0 \nRss: 8 kB\nVmFlags: gd\n");
	assert_int_equal(mms_proc_segments(1, pages), 0);
	assert_int_equal(pages[MMS_SEG_ANON], 1);
	assert_int_equal(pages[MMS_SEG_STACK], 2);
}

static int segments_err(const char *stat, const char *text)
{
	struct last l = {0};

	fake_file("/stat", stat);
	fake_file("/smaps", text);
	return mms_proc_segments_each(1, keep_last, &l);
}

static void who_is_about_to_go(void **state)
{
	struct last l = {0};

	assert_int_equal(segments_err("1 (a) Z 1 1 1\n", HEAD), -ESRCH);
	assert_int_equal(segments_err("", HEAD), -ESRCH);
	assert_int_equal(
		segments_err("1 (a) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0 0 0 0 0 0 0 0 "
			     "0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
			     HEAD),
		-ESRCH);
	assert_int_equal(segments_err(stat_line, ""), -ESRCH);
	fake_cut("/smaps", HEAD, ESRCH);
	assert_int_equal(mms_proc_segments_each(1, keep_last, &l), -ESRCH);
	assert_int_equal(l.nr, 0); /* of what may be half of it nothing is told */
	fake_no_file("/smaps", EACCES);
	assert_int_equal(mms_proc_segments_each(1, keep_last, &l), -EACCES);
	fake_no_file("/smaps", ENOENT);
	assert_int_equal(mms_proc_segments_each(1, keep_last, &l), -ESRCH);
	fake_no_file("/stat", EACCES);
	assert_int_equal(mms_proc_segments_each(1, keep_last, &l), -EACCES);
	fake_no_file("/stat", ENOENT);
	assert_int_equal(mms_proc_segments_each(1, keep_last, &l), -ESRCH);
}

static int ksm(const char *text, struct mms_share_vma *v, size_t nr)
{
	struct mms_share_look look = {.vmas = {.v = v, .nr = nr}};
	int err;

	fake_file("/smaps", text);
	err = ksm_of_smaps(&look, 1);
	assert_true(look.bytes.ksm == v[0].bytes.ksm + v[1].bytes.ksm);
	return err;
}

static void ksm_pages_were_counted_as_others(void **state)
{
	struct mms_share_vma v[2] = {
		{.start = 0x1000, .end = 0x3000, .bytes = {.shared = 4096, .private = 8192}},
		{.start = 0xa000, .end = 0xb000, .bytes = {.private = 4096}},
	};

	assert_int_equal(ksm(HEAD "KSM: 8 kB\na000-b000 rw-p 0 00:00 0\nKSM: 8 kB\n", v, 2), 0);
	assert_true(!v[0].bytes.shared && v[0].bytes.private == 4096 && v[0].bytes.ksm == 8192);
	assert_true(!v[1].bytes.private && v[1].bytes.ksm == 4096);
	v[0].bytes = (struct mms_share){.private = 4096};
	assert_int_equal(ksm(HEAD "KSM: 18014398509481985 kB\n", v, 2), -EBADMSG);
	assert_int_equal(ksm(HEAD "KSM: -1 kB\n", v, 2), -EBADMSG);
	assert_int_equal(v[0].bytes.private, 4096);
}

/* A long name went on in the next piece, and could say what it liked there. */
static void a_name_is_no_amount(void **state)
{
	struct mms_share_vma v[2] = {
		{.start = 0x1000, .end = 0x3000, .bytes = {.private = 8192}},
	};
	char text[400];

	snprintf(text, sizeof(text), "1000-3000 rw-p 00000000 00:00 0 %0223dKSM: 8 kB\nKSM: 4 kB\n",
		 0);
	assert_int_equal(strstr(text, "KSM:") - text, 255);
	assert_int_equal(ksm(text, v, 2), 0);
	assert_int_equal(v[0].bytes.ksm, 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_of_a_mapping),
		cmocka_unit_test(more_anonymous_than_resident),
		cmocka_unit_test(garbled_amounts),
		cmocka_unit_test(a_segment_has_no_more_than_its_room),
		cmocka_unit_test(what_names_and_flags_say),
		cmocka_unit_test(who_is_about_to_go),
		cmocka_unit_test(ksm_pages_were_counted_as_others),
		cmocka_unit_test(a_name_is_no_amount),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
