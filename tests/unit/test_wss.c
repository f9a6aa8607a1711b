// SPDX-License-Identifier: GPL-2.0-only
/* model/wss and model/vma: ages to working sets, by hand-made records. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/vma.h"
#include "model/wss.h"

#define REC_SZ 24 /* longer than ours: of a newer module */
#define HDR_SZ 56

static const struct mmscope_idle recs[] = {
	{.addr = 0x1000, .level = MMSCOPE_LEVEL_PTE, .age = 0},
	{.addr = 0x2000, .level = MMSCOPE_LEVEL_PTE, .age = 3},
	{.addr = 0x3000, .level = MMSCOPE_LEVEL_PTE, .age = 253},
	{.addr = 0x4000, .level = MMSCOPE_LEVEL_PTE, .age = MMSCOPE_IDLE_MAX},
	{.addr = 0x5000, .level = MMSCOPE_LEVEL_PTE, .age = MMSCOPE_IDLE_NEVER},
	{.addr = 0x200000, .level = MMSCOPE_LEVEL_PMD, .age = 1},
};

#define NR (sizeof(recs) / sizeof(recs[0]))

static size_t stream(char *buf)
{
	struct mmscope_idle_header h = {.size = HDR_SZ, .record_size = REC_SZ, .scans = 300};
	size_t i;

	memset(buf, 0xee, HDR_SZ + NR * REC_SZ);
	memcpy(buf, &h, sizeof(h));
	for (i = 0; i < NR; i++)
		memcpy(buf + HDR_SZ + i * REC_SZ, &recs[i], sizeof(recs[i]));
	return HDR_SZ + NR * REC_SZ;
}

static void parse_skips_tails(void **state)
{
	char buf[HDR_SZ + NR * REC_SZ];
	struct mms_idle_data idle;

	assert_int_equal(model_idle_parse(buf, stream(buf), &idle), 0);
	assert_int_equal(idle.nr, NR);
	assert_memory_equal(idle.rec, recs, sizeof(recs));
	model_idle_deinit(&idle);
}

static void parse_refuses_cut_streams(void **state)
{
	char buf[HDR_SZ + NR * REC_SZ];
	size_t len = stream(buf), cut;
	struct mms_idle_data idle;

	for (cut = 0; cut < len; cut++) {
		int err = model_idle_parse(buf, cut, &idle);

		if (!cut)
			assert_int_equal(err, -ENODATA);
		else if (cut < HDR_SZ || (cut - HDR_SZ) % REC_SZ)
			assert_int_equal(err, -EBADMSG);
		else
			assert_int_equal(err, 0);
		model_idle_deinit(&idle);
	}
	memset(buf, 0, sizeof(buf)); /* record_size 0 must not divide */
	assert_int_equal(model_idle_parse(buf, len, &idle), -EBADMSG);
}

static void windows_grow_with_delta(void **state)
{
	struct mms_idle_data idle = {.rec = (struct mmscope_idle *)recs, .nr = NR};
	struct mms_wss wss;

	model_wss_count(&idle, 0, UINT64_MAX, &wss);
	assert_int_equal(model_wss_bytes(wss.age, 0), 0);
	assert_int_equal(model_wss_bytes(wss.age, 1), 4096);
	assert_int_equal(model_wss_bytes(wss.age, 2), 4096 + (2 << 20));
	assert_int_equal(model_wss_bytes(wss.age, 3), 4096 + (2 << 20));
	assert_int_equal(model_wss_bytes(wss.age, 4), 8192 + (2 << 20));
	assert_int_equal(model_wss_bytes(wss.age, 254), 12288 + (2 << 20));
	/* The last ages are not told apart, and never is not a working set. */
	assert_int_equal(model_wss_bytes(wss.age, 1000), 12288 + (2 << 20));
	assert_int_equal(model_wss_bytes(wss.huge, 254), 2 << 20);
}

static void windows_of_a_mapping(void **state)
{
	struct mms_idle_data idle = {.rec = (struct mmscope_idle *)recs, .nr = NR};
	struct mms_wss wss;

	model_wss_count(&idle, 0x2000, 0x4000, &wss);
	assert_int_equal(model_wss_bytes(wss.age, 254), 8192);
	model_wss_count(&idle, 0x6000, 0x200000, &wss);
	assert_int_equal(model_wss_bytes(wss.age, 254), 0);
}

static void vma_lookup_is_half_open(void **state)
{
	struct mms_vma v[] = {
		{.start = 0x1000, .end = 0x2000, .name = (char *)"a"},
		{.start = 0x2000, .end = 0x3000, .name = (char *)"b"},
		{.start = 0x8000, .end = 0x9000, .name = (char *)"c"},
	};
	struct mms_vmas vmas = {.v = v, .nr = 3};

	assert_null(model_vmas_find(&vmas, 0xfff));
	assert_ptr_equal(model_vmas_find(&vmas, 0x1000), &v[0]);
	assert_ptr_equal(model_vmas_find(&vmas, 0x1fff), &v[0]);
	assert_ptr_equal(model_vmas_find(&vmas, 0x2000), &v[1]);
	assert_null(model_vmas_find(&vmas, 0x3000));
	assert_ptr_equal(model_vmas_find(&vmas, 0x8fff), &v[2]);
	assert_null(model_vmas_find(&vmas, 0x9000));
	assert_string_equal(model_vma_short_name("/usr/lib/libc.so.6"), "libc.so.6");
	assert_string_equal(model_vma_short_name("/"), "/");
	assert_string_equal(model_vma_short_name("[heap]"), "[heap]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_skips_tails),
		cmocka_unit_test(parse_refuses_cut_streams),
		cmocka_unit_test(windows_grow_with_delta),
		cmocka_unit_test(windows_of_a_mapping),
		cmocka_unit_test(vma_lookup_is_half_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
