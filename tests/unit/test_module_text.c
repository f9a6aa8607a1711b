// SPDX-License-Identifier: GPL-2.0-only
/* collect/module_text: the module's files to structs; broken ones are errors, never zeroes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "collect/module_text.h"

static const char walk_text[] =
	"va 0x7f3210004000\n"
	"vma 0x7f3210000000-0x7f3210021000 rw-p 00000000 /tmp/a b\\012c (deleted)\n"
	"pgd table=0x1a2b3 index=254 raw=0x800000010123a067 P RW US A D pkey=3 frame=0x10123a\n"
	"pte table=0x5 index=4 raw=0x0 - frame=-\n"
	"user-pgd raw=0x123\n"
	"leaf kind=anon level=pte size=4096 frame=0x81234 phys=0x81234000 rights=rw-u\n"
	"page order=4 head=0x81230 mapcount=- refcount=17 node=1 zone=Normal flags=lru,exclusive new=1\n"
	"\n"
	"va 0x1000\n"
	"vma none\n"
	"p4d table=0x5 index=0 raw=0xfff - frame=-\n"
	"leaf kind=swap level=p4d type=3 offset=0x77 novel=1\n";

static void walk_blocks(void **state)
{
	struct mms_list l = {0};
	char *text = strdup(walk_text);
	struct mms_walk *w;

	assert_int_equal(mms_text_walk(text, &l), 0);
	assert_int_equal(l.nr, 2);
	w = l.v;
	assert_true(w->va == 0x7f3210004000 && w->vma.end == 0x7f3210021000);
	assert_string_equal(w->vma.name, "/tmp/a b\\012c (deleted)");
	assert_int_equal(w->nr_levels, 3);
	assert_string_equal(w->levels[0].flags, "P RW US A D pkey=3");
	assert_true(w->levels[0].has_frame && w->levels[0].frame == 0x10123a);
	assert_int_equal(w->levels[0].index, 254);
	assert_true(!w->levels[1].has_frame && !w->levels[1].flags[0]);
	assert_true(!w->levels[2].has_slot && w->levels[2].raw == 0x123);
	assert_int_equal(w->known, MMS_LEAF_SIZE | MMS_LEAF_FRAME | MMS_LEAF_LEVEL |
					   MMS_LEAF_RIGHTS | MMS_LEAF_PAGE);
	assert_true(w->page.order == 4 && w->page.head == 0x81230 && w->page.refcount == 17);
	assert_true(w->page.node == 1);
	assert_string_equal(w->page.zone, "Normal");
	assert_string_equal(w->page.flags, "lru,exclusive");
	assert_true(w->frame == 0x81234 && w->size == 4096);
	assert_null(w[1].vma.name);
	assert_string_equal(w[1].kind, "swap");
	assert_true(w[1].swap_type == 3 && w[1].swap_offset == 0x77);
	model_walks_deinit(&l);
	free(text);
}

/* Cut anywhere, a file is an error or has only whole blocks; never a crash, never half a block. */
static void walk_cut_anywhere(void **state)
{
	size_t cut;

	for (cut = 0; cut < strlen(walk_text); cut++) {
		struct mms_list l = {0};
		char *text = strndup(walk_text, cut);
		size_t i;

		if (!mms_text_walk(text, &l))
			for (i = 0; i < l.nr; i++)
				assert_true(((struct mms_walk *)l.v)[i].kind[0]);
		else
			assert_int_equal(l.nr, 0);
		model_walks_deinit(&l);
		free(text);
	}
}

static void walk_malformed(void **state)
{
	static const char *const bad[] = {
		"leaf kind=anon level=pte\n",
		"va x\nleaf kind=anon level=pte\n",
		"va 0x1000\nvma 5 rw-p 0 x\nleaf kind=anon\n",
		"va 0x1000\n",
		"va 0x1000\nva 0x2000\nleaf kind=none level=pgd\n",
		"va 0x1000\npgd table=zz index=0 raw=0x0 - frame=-\nleaf kind=none level=pgd\n",
		"va 0x1000\nleaf kind=averylongkindthatdoesnotfit level=pte\n",
		"va 0x1000\na\nb\nc\nd\ne\nf\ng\nleaf kind=none level=pgd\n",
		"va 0x1000\nvma 0-1 rw-p 0 x\nvma 0-1 rw-p 0 y\nleaf kind=none level=pgd\n",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct mms_list l = {0};
		char *text = strdup(bad[i]);

		assert_int_equal(mms_text_walk(text, &l), -EBADMSG);
		assert_int_equal(l.nr, 0);
		free(text);
	}
}

static void maps_blocks(void **state)
{
	char text[] = "400000-401000 r-xp 00000000 08:01 123    /usr/bin/x\n"
		      "Size: 4 kB\nRss: 4 kB\nNovel: 9 kB\n4K: 4 kB\nNode1: 4 kB\nSwap3: 8 kB\n"
		      "Node64: 1 kB\nNodes: 1 kB\n"
		      "7f0000000000-7f0000002000 rw-p 00000000 00:00 0 \n"
		      "Size: 8 kB\nRss: 0 kB\nAbsent: 8 kB\n"
		      "Total\nSize: 12 kB\n";
	struct mms_list l = {0};
	struct mms_map *m, total;

	assert_int_equal(mms_text_maps(text, &l), 0);
	assert_int_equal(l.nr, 2);
	m = l.v;
	assert_string_equal(m[0].vma.name, "/usr/bin/x");
	assert_string_equal(m[1].vma.name, "anon");
	assert_int_equal(m[0].bytes[MMS_MAP_4K], 4096);
	assert_int_equal(m[1].bytes[MMS_MAP_ABSENT], 8192);
	assert_false(m[0].known[MMS_MAP_ABSENT]);
	assert_int_equal(m[0].bytes[MMS_MAP_NODE0 + 1], 4096);
	assert_int_equal(m[0].bytes[MMS_MAP_SWAP0 + 3], 8192);
	assert_int_equal(m[0].bytes[MMS_MAP_SWAP0], 0); /* nor a node beyond those told */
	model_maps_total(m, l.nr, &total);
	assert_int_equal(total.bytes[MMS_MAP_SIZE], 12288);
	assert_true(total.known[MMS_MAP_SIZE] && total.known[MMS_MAP_NODE0 + 1]);
	assert_false(total.known[MMS_MAP_NODE0]);
	assert_false(total.known[MMS_MAP_ABSENT]); /* one mapping does not tell it */
	model_maps_deinit(&l);
}

static void maps_malformed(void **state)
{
	static const char *const bad[] = {
		"Size: 4 kB\n",
		"400000-3ff000 rw-p 0 0:0 0\n",
		"400000-401000 rw-p 0 0:0 0\nSize: x kB\n",
		"400000-401000 rw-p 0 0:0 0\nSize: 99999999999999999999 kB\n",
		"400000-401000 rw-p\n",
		"400000-401000 rw-p 0\n",
		"400000-401000 rw-p 0 0:0\n",
		"400000-401000 rw-p x 0:0 0\n",
		"400000-401000 rw-pxx 0 0:0 0\n",
		"400000-0 rw-p 0 0:0 0\n",
		"400000-401000 rw-p 0 0:0 0\nno amount\n",
		"400000-401000 rw-p 0 0:0 0\nSize: 18014398509481984 kB\n",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct mms_list l = {0};
		char *text = strdup(bad[i]);

		assert_int_equal(mms_text_maps(text, &l), -EBADMSG);
		free(text);
	}
}

static void ranges_with_names(void **state)
{
	char text[] = "---[ /tmp/x ]--- y ]---\n"
		      "0x1000-0x3000 8 pte anon rw-u P,RW,US,NX young=2 dirty=1\n"
		      "0x3000-0x4000 4 - none ---- - young=0 dirty=0\n"
		      "---[ [heap] ]---\n"
		      "0x5000-0x6000 4 pte swap ---- soft-dirty,exclusive\n";
	struct mms_list l = {0};
	struct mms_range *r;

	assert_int_equal(mms_text_ranges(text, &l), 0);
	assert_int_equal(l.nr, 3);
	r = l.v;
	assert_string_equal(r[0].name, "/tmp/x ]--- y");
	assert_string_equal(r[0].flags, "P,RW,US,NX");
	assert_true(r[0].young == 2 && r[0].dirty == 1);
	assert_string_equal(r[1].flags, "");
	assert_string_equal(r[2].name, "[heap]");
	assert_true(r[2].young == MMS_NO_COUNT);
	model_ranges_deinit(&l);
}

/* Amounts that nobody asks for, or in no unit that is known, are no error. */
static void maps_with_more(void **state)
{
	char text[] =
		"400000-401000 rw-p 0 0:0 0   [a b]\n"
		"\nRss:\nAnon: 4\nSize: 4 pages\nNode: 4 kB\nSwapx: 4 kB\nSwap99999: 4 kB\nVmFlags: rd\n";
	struct mms_list l = {0};
	struct mms_map *m;
	size_t i;

	assert_int_equal(mms_text_maps(text, &l), 0);
	assert_int_equal(l.nr, 1);
	m = l.v;
	assert_string_equal(m->vma.name, "[a b]");
	for (i = 0; i < sizeof(m->known) / sizeof(m->known[0]); i++)
		assert_false(m->known[i]);
	model_maps_deinit(&l);
}

static void ranges_malformed(void **state)
{
	static const char *const bad[] = {
		"0x1000-0x3000 8 pte anon\n",
		"0x3000-0x1000 8 pte anon rw-u\n",
		"0x1000 8 pte anon rw-u\n",
		"0x1000-0x3000 8 alevelthatislongerthanawordcanbehere anon rw-u\n",
		"0x1000-0x3000 8 pte akindthatislongerthanawordcanbehere rw-u\n",
		"0x1000-0x3000 8 pte anon rightsthatarelongerthanawordcanbe\n",
		"0x1000-0x3000 8 pte anon rw-u young=x\n",
		"0x1000-0x3000 8 pte anon rw-u dirty=-1\n",
		"---[ [heap]\n",
		"---[ ]---\n",
	};
	struct mms_list l = {0};
	char long_flags[400];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *text = strdup(bad[i]);

		assert_int_equal(mms_text_ranges(text, &l), -EBADMSG);
		assert_int_equal(l.nr, 0);
		free(text);
	}
	snprintf(long_flags, sizeof(long_flags), "\n0x1000-0x3000 8 pte anon rw-u %0*d\n",
		 MMS_FLAGS, 0);
	assert_int_equal(mms_text_ranges(long_flags, &l), -EBADMSG);
	assert_int_equal(l.nr, 0);
}

static void census_malformed(void **state)
{
	static const char *const bad[] = {
		"flags\n0x1 2\n",
		"flags\nfound 2 0 -\n",
		"flags\n\n",
	};
	char none[] = "flags pages MB symbolic\n", unnamed[] = "flags\n0x1 2 0\n";
	struct mms_list l = {0};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *text = strdup(bad[i]);

		assert_int_equal(mms_text_census(text, &l), -EBADMSG);
		assert_int_equal(l.nr, 0);
		free(text);
	}
	assert_int_equal(mms_text_census(none, &l), 0);
	assert_int_equal(l.nr, 0);
	assert_int_equal(mms_text_census(unnamed, &l), 0);
	assert_string_equal(((struct mms_census_row *)l.v)->names, "-");
	model_census_deinit(&l);
}

static void features_malformed(void **state)
{
	static const char *const bad[] = {
		"la57\n",
		"\n",
		"afeaturewhosenameislongerthanthereisroomforinthestructure yes -\n",
	};
	char bare[] = "la57 no\n";
	struct mms_list l = {0};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *text = strdup(bad[i]);

		assert_int_equal(mms_text_features(text, &l), -EBADMSG);
		assert_int_equal(l.nr, 0);
		free(text);
	}
	assert_int_equal(mms_text_features(bare, &l), 0);
	assert_string_equal(((struct mms_module_feature *)l.v)->why, "-");
	free(l.v);
}

static void census_with_lost(void **state)
{
	char text[] = "flags pages MB symbolic\n0x67 23 0 P,RW,US,A,D\nlost 5 0 -\n";
	char bad[] = "flags pages MB symbolic\n0x67 x 0 P\n";
	struct mms_list l = {0};
	struct mms_census_row *r;

	assert_int_equal(mms_text_census(text, &l), 0);
	assert_int_equal(l.nr, 2);
	r = l.v;
	assert_true(r[0].mask == 0x67 && r[0].pages == 23);
	assert_true(r[1].mask == MMS_CENSUS_LOST && r[1].pages == 5);
	model_census_deinit(&l);
	assert_int_equal(mms_text_census(bad, &l), -EBADMSG);
}

static void features(void **state)
{
	char text[] = "la57 yes -\nkpti no the CPU needs none\n", bad[] = "la57 maybe -\n";
	struct mms_list l = {0};
	struct mms_module_feature *f;

	assert_int_equal(mms_text_features(text, &l), 0);
	f = l.v;
	assert_true(l.nr == 2 && f[0].yes && !f[1].yes);
	assert_string_equal(f[1].why, "the CPU needs none");
	free(l.v);
	memset(&l, 0, sizeof(l));
	assert_int_equal(mms_text_features(bad, &l), -EBADMSG);
	assert_true(!l.v && !l.nr); /* nobody frees it after an error */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walk_blocks),	    cmocka_unit_test(walk_cut_anywhere),
		cmocka_unit_test(walk_malformed),   cmocka_unit_test(maps_blocks),
		cmocka_unit_test(maps_malformed),   cmocka_unit_test(ranges_with_names),
		cmocka_unit_test(census_with_lost), cmocka_unit_test(features),
		cmocka_unit_test(maps_with_more),   cmocka_unit_test(ranges_malformed),
		cmocka_unit_test(census_malformed), cmocka_unit_test(features_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
