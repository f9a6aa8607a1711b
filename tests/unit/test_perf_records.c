// SPDX-License-Identifier: GPL-2.0-only
/* collect/perf_rings, mmaps: records whose sizes cannot be. What lies behind one is not its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collect/mmaps.c" /* one record, without perf_event_open(2) */
#include "collect/perf_rings.c"

#define RING 128

/* A record in a block of its own size, its time 5; as many bytes of @body as it has room for. */
static int take(struct mms_mmaps *m, uint32_t type, uint16_t size, const void *body, size_t len)
{
	struct perf_event_header *h = calloc(1, size);
	size_t room = size - sizeof(*h) - sizeof(uint64_t);
	uint64_t ns = 5;
	int err;

	*h = (struct perf_event_header){.type = type, .size = size};
	memcpy(h + 1, body, len < room ? len : room);
	memcpy((char *)h + size - sizeof(ns), &ns, sizeof(ns));
	err = take_record(h, m);
	free(h);
	return err;
}

static struct mms_mmaps *new_mmaps(void)
{
	struct mms_mmaps *m = calloc(1, sizeof(*m));

	m->lives = mms_lives_new();
	return m;
}

static void short_records_tell_nothing(void **state)
{
	static const uint32_t task[6] = {2, 1, 2, 1};
	struct mms_mmaps *m = new_mmaps();

	assert_int_equal(take(m, PERF_RECORD_FORK, 16, task, sizeof(task)), 0);
	assert_int_equal(take(m, PERF_RECORD_FORK, 24, task, sizeof(task)), 0);
	assert_int_equal(take(m, PERF_RECORD_EXIT, 16, task, sizeof(task)), 0);
	assert_int_equal(take(m, PERF_RECORD_COMM, 16, task, sizeof(task)), 0);
	assert_int_equal(take(m, PERF_RECORD_MMAP2, 16, task, sizeof(task)), 0);
	assert_int_equal(take(m, PERF_RECORD_MMAP2, 80, task, sizeof(task)), 0);
	assert_int_equal(m->nr_news, 0);
	assert_int_equal(take(m, PERF_RECORD_FORK, 40, task, sizeof(task)), 0);
	assert_int_equal(m->nr_news, 1);
	mms_mmaps_close(m);
}

/* It would end before it begins. */
static void a_mapping_beyond_the_end(void **state)
{
	struct record_mmap2 r = {
		.pid = 2, .tid = 2, .addr = UINT64_MAX - 4095, .len = 8192, .prot = PROT_EXEC};
	struct mms_mmaps *m = new_mmaps();

	assert_int_equal(take(m, PERF_RECORD_MMAP2, sizeof(r) + 16, (char *)&r + sizeof(r.h),
			      sizeof(r) - sizeof(r.h)),
			 0);
	r.len = 0;
	assert_int_equal(take(m, PERF_RECORD_MMAP2, sizeof(r) + 16, (char *)&r + sizeof(r.h),
			      sizeof(r) - sizeof(r.h)),
			 0);
	assert_int_equal(m->nr_news, 0);
	r.len = 2048;
	assert_int_equal(take(m, PERF_RECORD_MMAP2, sizeof(r) + 16, (char *)&r + sizeof(r.h),
			      sizeof(r) - sizeof(r.h)),
			 0);
	assert_int_equal(m->nr_news, 1);
	mms_mmaps_close(m);
}

static int count(const struct perf_event_header *h, void *ctx)
{
	++*(unsigned int *)ctx;
	return 0;
}

/* One record of @size, in a ring that is said to hold @waiting bytes. */
static unsigned int drained(uint32_t type, uint16_t size, uint64_t waiting, uint64_t lost)
{
	struct perf_event_header h = {.type = type, .size = size};
	struct perf_event_mmap_page *page = calloc(1, sizeof(*page) + RING);
	struct ring ring = {.fd = -1, .page = page, .size = RING};
	struct mms_perf_rings all = {.v = &ring, .nr = 1};
	unsigned int nr = 0;

	page->data_offset = sizeof(*page);
	page->data_head = waiting;
	memcpy(page + 1, &h, sizeof(h));
	assert_int_equal(mms_perf_rings_drain(&all, count, &nr), 0);
	assert_int_equal(page->data_tail, waiting);
	assert_int_equal(mms_perf_rings_told_lost(&all), lost);
	free(page);
	return nr;
}

static void more_than_the_ring_has(void **state)
{
	assert_int_equal(drained(PERF_RECORD_EXIT, 32, 32, 0), 1);
	assert_int_equal(drained(PERF_RECORD_EXIT, RING + 8, RING + 8, 1), 0);
	assert_int_equal(drained(PERF_RECORD_EXIT, 8, 8, 1), 0);
	assert_int_equal(drained(PERF_RECORD_EXIT, 32, 16, 1), 0);
}

/* What an earlier record had there is not the number of those that were lost. */
static void lost_without_a_number(void **state)
{
	struct perf_event_mmap_page *page = calloc(1, sizeof(*page) + RING);
	struct ring ring = {.fd = -1, .page = page, .size = RING};
	struct mms_perf_rings all = {.v = &ring, .nr = 1};
	struct perf_event_header h = {.type = PERF_RECORD_EXIT, .size = 48};
	unsigned int nr = 0;

	page->data_offset = sizeof(*page);
	page->data_head = 64;
	memset(page + 1, 0x7f, RING);
	memcpy(page + 1, &h, sizeof(h));
	h = (struct perf_event_header){.type = PERF_RECORD_LOST, .size = 16};
	memcpy((char *)(page + 1) + 48, &h, sizeof(h));
	assert_int_equal(mms_perf_rings_drain(&all, count, &nr), 0);
	assert_int_equal(nr, 1);
	assert_int_equal(mms_perf_rings_told_lost(&all), 1);
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_records_tell_nothing),
		cmocka_unit_test(a_mapping_beyond_the_end),
		cmocka_unit_test(more_than_the_ring_has),
		cmocka_unit_test(lost_without_a_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
