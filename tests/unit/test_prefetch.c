// SPDX-License-Identifier: GPL-2.0-only
/* model/prefetch: a page that came along is used, unused or unknown, and always one of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/prefetch.h"

#define BASE 0x7f0000010000ULL /* begins a window of 16 pages */
#define PAGE 4096ULL
#define MAX  64

/* Ages of a reading, by page behind BASE; -1 = not listed. */
struct ages {
	struct mms_idle_data data;
	struct mmscope_idle rec[MAX];
};

static const struct mms_idle_data *ages(struct ages *a, uint64_t scans, size_t nr, const int *age)
{
	size_t i;

	memset(a, 0, sizeof(*a));
	a->data.header.scans = scans;
	a->data.rec = a->rec;
	for (i = 0; i < nr; i++)
		if (age[i] >= 0)
			a->rec[a->data.nr++] = (struct mmscope_idle){
				.addr = BASE + i * PAGE,
				.level = MMSCOPE_LEVEL_PTE,
				.age = (uint8_t)age[i],
			};
	return &a->data;
}

/* A fault on a page that was not mapped; @came: bit i = page i of the window came along. */
static struct mms_fault_event fault(unsigned int page, uint64_t end_ns, uint64_t came)
{
	return (struct mms_fault_event){
		.ts_ns = end_ns - 10,
		.ns = 10,
		.addr = BASE + page * PAGE + 123,
		.kind = MMS_FAULT_FILE_MINOR,
		.level_before = 1,
		.around = (uint32_t)__builtin_popcountll(came),
		.came = came << 1,
	};
}

static void add(struct model_prefetch *m, struct mms_fault_event e)
{
	model_prefetch_event(m, &e, true);
}

static void expect(const struct model_prefetch *m, unsigned int kind, uint64_t used,
		   uint64_t unused, uint64_t unknown)
{
	assert_int_equal(m->nr[kind][MODEL_CAME_USED], used);
	assert_int_equal(m->nr[kind][MODEL_CAME_UNUSED], unused);
	assert_int_equal(m->nr[kind][MODEL_CAME_UNKNOWN], unknown);
	assert_int_equal(m->came[kind], used + unused + unknown);
}

#define EXPECT(m, used, unused, unknown) expect(m, MMS_FAULT_FILE_MINOR, used, unused, unknown)
#define READ(m, at, scans, ...)                                                                 \
	do {                                                                                    \
		static const int age_[] = {__VA_ARGS__};                                        \
		struct ages a_;                                                                 \
		model_prefetch_read(m, ages(&a_, scans, sizeof(age_) / sizeof(int), age_), at); \
	} while (0)

#define NEVER MMSCOPE_IDLE_NEVER

static void the_first_scan_after_the_fault_says_nothing(void **state)
{
	struct model_prefetch m = {0};

	add(&m, fault(0, 100, 6)); /* pages 1 and 2 came along */
	EXPECT(&m, 0, 0, 2);
	READ(&m, 200, 5, 0, NEVER, NEVER);
	EXPECT(&m, 0, 0, 2);
	READ(&m, 300, 6, 0, 0, 0); /* young, because they were mapped so */
	EXPECT(&m, 0, 0, 2);
	READ(&m, 400, 7, 0, 0, 1); /* page 1 was referenced in between, page 2 was not */
	EXPECT(&m, 1, 1, 0);
	READ(&m, 500, 9, 1, 2, 1); /* and now it was, too */
	EXPECT(&m, 2, 0, 0);
	model_prefetch_free(&m);
}

static void a_reading_that_began_before_the_fault_ended_does_not_count(void **state)
{
	struct model_prefetch m = {0};

	add(&m, fault(0, 100, 2));
	READ(&m, 99, 5, 0, 0);
	READ(&m, 200, 7, 0, 0); /* this one gives the base */
	READ(&m, 300, 8, 0, 0);
	EXPECT(&m, 0, 0, 1);
	READ(&m, 400, 9, 0, 1);
	EXPECT(&m, 0, 1, 0);
	model_prefetch_free(&m);
}

static void the_clock_alone_is_a_base(void **state)
{
	struct model_prefetch m = {0};

	add(&m, fault(0, 100, 2));
	model_prefetch_clock(&m, 5, 101);
	READ(&m, 400, 7, 0, 0);
	EXPECT(&m, 1, 0, 0);
	model_prefetch_free(&m);
}

static void ages_too_old_to_tell_are_no_use(void **state)
{
	struct model_prefetch m = {0};

	add(&m, fault(0, 100, 6));
	model_prefetch_clock(&m, 5, 101);
	READ(&m, 400, 600, 0, MMSCOPE_IDLE_MAX, NEVER);
	EXPECT(&m, 0, 2, 0);
	model_prefetch_free(&m);
}

static void what_is_unmapped_early_stays_unknown(void **state)
{
	struct model_prefetch m = {0};

	add(&m, fault(0, 100, 6));
	READ(&m, 200, 5, 0, -1, -1); /* no scan since: nothing is gone */
	READ(&m, 300, 6, 0, -1, 0);  /* page 1 is */
	READ(&m, 400, 7, 0, 0, 0);   /* another page is where it was */
	EXPECT(&m, 1, 0, 1);
	READ(&m, 500, 8, 0, 0, -1);
	EXPECT(&m, 1, 0, 1);
	model_prefetch_free(&m);
}

static void what_is_unmapped_late_stays_unused(void **state)
{
	struct model_prefetch m = {0};

	add(&m, fault(0, 100, 2));
	READ(&m, 200, 5, 0, 0);
	READ(&m, 400, 7, 0, 1);
	READ(&m, 500, 8, 0, -1);
	READ(&m, 600, 9, 0, 0);
	EXPECT(&m, 0, 1, 0);
	model_prefetch_free(&m);
}

static void a_fault_on_a_mapped_page_is_a_use(void **state)
{
	struct model_prefetch m = {0};
	struct mms_fault_event e;

	add(&m, fault(0, 100, 14));
	e = fault(1, 200, 0);
	e.kind = MMS_FAULT_COW_COPY;
	e.before = MMS_PTE_P;
	add(&m, e);
	EXPECT(&m, 1, 0, 2);
	e = fault(2, 300, 0); /* nothing was there any more */
	add(&m, e);
	e = fault(3, 300, 0);
	e.level_before = 0; /* refused */
	add(&m, e);
	READ(&m, 400, 5, 0, 0, 0, 0);
	READ(&m, 500, 7, 0, 0, 0, 0);
	EXPECT(&m, 2, 0, 1);
	model_prefetch_free(&m);
}

static void a_page_that_comes_again_is_another_one(void **state)
{
	struct model_prefetch m = {0};

	add(&m, fault(0, 100, 2));
	READ(&m, 200, 5, 0, 0);
	READ(&m, 400, 7, 0, 0);
	add(&m, fault(0, 500, 2));
	EXPECT(&m, 1, 0, 1);
	READ(&m, 600, 8, 0, 0);
	READ(&m, 700, 9, 0, 0);
	EXPECT(&m, 1, 0, 1);
	READ(&m, 800, 10, 0, 1);
	EXPECT(&m, 1, 1, 0);
	model_prefetch_free(&m);
}

static void a_range_is_all_but_the_page_itself(void **state)
{
	struct model_prefetch m = {0};
	struct mms_fault_event e = fault(20, 100, 0);
	int i, age[MAX];
	struct ages a;

	e.kind = MMS_FAULT_ANON_ZERO_FILL;
	e.around = 31;
	e.came = MMS_CAME_RANGE | BASE >> 12;
	add(&m, e);
	expect(&m, MMS_FAULT_ANON_ZERO_FILL, 0, 0, 31);
	model_prefetch_clock(&m, 5, 101);
	for (i = 0; i < MAX; i++)
		age[i] = i < 8 || i == 20 ? 0 : 2;
	model_prefetch_read(&m, ages(&a, 7, MAX, age), 200);
	expect(&m, MMS_FAULT_ANON_ZERO_FILL, 8, 23, 0);
	model_prefetch_free(&m);
}

static void sampling_begun_anew_begins_anew(void **state)
{
	struct model_prefetch m = {0};

	add(&m, fault(0, 100, 6));
	READ(&m, 200, 50, 0, 0, 0);
	READ(&m, 300, 52, 0, 0, 1);
	EXPECT(&m, 1, 1, 0);
	READ(&m, 400, 1, 0, 0, 0); /* the scans of the others cleared, perhaps */
	READ(&m, 500, 2, 0, 0, 0);
	EXPECT(&m, 1, 1, 0);
	READ(&m, 600, 3, 0, 0, 0);
	EXPECT(&m, 2, 0, 0);
	model_prefetch_free(&m);
}

static void the_end_keeps_what_is_known(void **state)
{
	struct model_prefetch m = {0};

	add(&m, fault(0, 100, 6));
	READ(&m, 200, 5, 0, 0, 0);
	READ(&m, 300, 7, 0, 0, 1);
	add(&m, fault(3, 350, 16));
	model_prefetch_end(&m);
	READ(&m, 400, 1, 0, 0, 0, 0, 0);
	READ(&m, 500, 9, 0, 0, 0, 0, 0);
	EXPECT(&m, 1, 1, 1);
	model_prefetch_free(&m);
}

static void other_memory_is_unknown(void **state)
{
	struct model_prefetch m = {0};
	struct mms_fault_event e = fault(0, 100, 6);

	model_prefetch_event(&m, &e, false);
	model_prefetch_clock(&m, 5, 101);
	READ(&m, 300, 7, 0, 0, 0);
	EXPECT(&m, 0, 0, 2);
	model_prefetch_free(&m);
}

static void huge_leaves_tell_nothing_of_a_page(void **state)
{
	struct model_prefetch m = {0};
	struct mmscope_idle rec = {
		.addr = BASE + PAGE,
		.level = MMSCOPE_LEVEL_PMD,
	};
	struct mms_idle_data data = {.header.scans = 7, .rec = &rec, .nr = 1};

	add(&m, fault(0, 100, 2));
	model_prefetch_clock(&m, 5, 101);
	model_prefetch_read(&m, &data, 200);
	EXPECT(&m, 0, 0, 1);
	model_prefetch_free(&m);
}

/* More than the first room, in places that collide, with pages that go. */
static void many_pages_are_all_found(void **state)
{
	struct model_prefetch m = {0};
	struct mms_fault_event e;
	unsigned int i, nr = 20000;
	struct mmscope_idle *rec = calloc(nr, sizeof(*rec));
	struct mms_idle_data data = {.header.scans = 7, .rec = rec};

	assert_non_null(rec);
	for (i = 0; i < nr; i++) {
		e = fault(16 * i, 100, 2);
		add(&m, e);
		if (i % 4 == 0) { /* gone before a scan */
			e.addr += PAGE;
			e.around = 0;
			add(&m, e);
			continue;
		}
		rec[data.nr++] = (struct mmscope_idle){
			.addr = BASE + (16 * i + 1) * PAGE,
			.level = MMSCOPE_LEVEL_PTE,
			.age = i % 2 ? 0 : 3,
		};
	}
	model_prefetch_clock(&m, 5, 101);
	model_prefetch_read(&m, &data, 200);
	EXPECT(&m, nr / 2, nr / 4, nr / 4);
	model_prefetch_free(&m);
	free(rec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_scan_after_the_fault_says_nothing),
		cmocka_unit_test(a_reading_that_began_before_the_fault_ended_does_not_count),
		cmocka_unit_test(the_clock_alone_is_a_base),
		cmocka_unit_test(ages_too_old_to_tell_are_no_use),
		cmocka_unit_test(what_is_unmapped_early_stays_unknown),
		cmocka_unit_test(what_is_unmapped_late_stays_unused),
		cmocka_unit_test(a_fault_on_a_mapped_page_is_a_use),
		cmocka_unit_test(a_page_that_comes_again_is_another_one),
		cmocka_unit_test(a_range_is_all_but_the_page_itself),
		cmocka_unit_test(sampling_begun_anew_begins_anew),
		cmocka_unit_test(the_end_keeps_what_is_known),
		cmocka_unit_test(other_memory_is_unknown),
		cmocka_unit_test(huge_leaves_tell_nothing_of_a_page),
		cmocka_unit_test(many_pages_are_all_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
