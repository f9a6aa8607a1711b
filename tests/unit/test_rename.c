// SPDX-License-Identifier: GPL-2.0-only
/* model/replay: ids of pages against a list of those that were seen, and the memory it takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "model/replay/rename.h"

static uint64_t seed = 88172645463325252;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	return seed ^= seed << 17;
}

#define REFS 3000

static void as_a_list_has_them(void **state)
{
	static uint64_t vpn[REFS], seen_vpn[REFS];
	static uint16_t proc[REFS], seen_proc[REFS];
	static uint32_t id[REFS];

	for (int round = 0; round < 30; round++) {
		/* Pages that differ in high or low bits alone, and processes. */
		unsigned int shift = rnd() % 56, wide = 1 + rnd() % 2000;
		struct mms_rename *r = mms_rename_create();
		uint32_t nr = 0, k, i, at, n;

		assert_non_null(r);
		for (i = 0; i < REFS; i++) {
			vpn[i] = rnd() % wide << shift;
			proc[i] = rnd() % (round % 3 ? 3 : 60000);
		}
		for (at = 0; at < REFS; at += n) {
			n = 1 + rnd() % 900;
			n = REFS - at < n ? REFS - at : n;
			assert_int_equal(mms_rename_pages(r, vpn + at, proc + at, n, id + at), 0);
		}
		for (i = 0; i < REFS; i++) {
			for (k = 0; k < nr; k++)
				if (seen_vpn[k] == vpn[i] && seen_proc[k] == proc[i])
					break;
			if (k == nr) {
				seen_vpn[nr] = vpn[i];
				seen_proc[nr++] = proc[i];
			}
			assert_int_equal(id[i], k);
		}
		assert_int_equal(mms_renamed(r)->nr, nr);
		assert_memory_equal(mms_renamed(r)->vpn, seen_vpn, nr * sizeof(*seen_vpn));
		assert_memory_equal(mms_renamed(r)->proc_of, seen_proc, nr * sizeof(*seen_proc));
		mms_rename_destroy(r);
	}
}

/* Of the address sanitizer; not every compiler brings the header. */
int __sanitizer_install_malloc_and_free_hooks(void (*allocated)(const volatile void *, size_t),
					      void (*freed)(const volatile void *));
size_t __sanitizer_get_allocated_size(const volatile void *p);

static int64_t held, peak;

static void allocated(const volatile void *p, size_t size)
{
	held += (int64_t)size;
	peak = held > peak ? held : peak;
}

static void freed(const volatile void *p)
{
	if (p)
		held -= (int64_t)__sanitizer_get_allocated_size(p);
}

/* At no number of pages more than is said, the tables that are copied included. */
static void takes_what_it_says(void **state)
{
	enum { LOT = 4096, LOTS = 250 };
	static uint64_t vpn[LOT];
	static uint16_t proc[LOT];
	static uint32_t id[LOT];
	struct mms_rename *r;

	assert_int_not_equal(__sanitizer_install_malloc_and_free_hooks(allocated, freed), 0);
	held = peak = 0;
	r = mms_rename_create();
	assert_non_null(r);
	for (uint64_t lot = 0; lot < LOTS; lot++) {
		for (uint64_t i = 0; i < LOT; i++)
			vpn[i] = (lot * LOT + i) * 3;
		assert_int_equal(mms_rename_pages(r, vpn, proc, LOT, id), 0);
		assert_int_equal(id[LOT - 1], lot * LOT + LOT - 1);
		assert_true(peak > 0 && peak <= (int64_t)((lot + 1) * LOT * 64 + (200 << 10)));
	}
	mms_rename_destroy(r);
	assert_int_equal(held, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_a_list_has_them),
		cmocka_unit_test(takes_what_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
