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

#define NOBODY 0x3fffffff /* above the kernel's highest id: /proc knows nothing of it */

static void take_task_of(struct mms_mmaps *m, uint32_t type, uint32_t pid, uint32_t parent,
			 uint32_t tid)
{
	const uint32_t task[4] = {pid, parent, tid, parent};

	assert_int_equal(take(m, type, 40, task, sizeof(task)), 0);
}

/* A record's time is 5: those of one moment stay in the order in which they came. */
static void what_records_tell(void **state)
{
	struct {
		struct record_mmap2 r;
		char path[16];
	} map = {.r = {.pid = NOBODY,
		       .tid = NOBODY,
		       .addr = 0x1000,
		       .len = 0x1000,
		       .prot = PROT_EXEC,
		       .ino = 7},
		 .path = "/bin/sh"};
	struct {
		uint32_t pid, tid;
		char comm[16];
	} comm = {.pid = NOBODY, .tid = NOBODY, .comm = "sh"};
	struct mms_mmaps *m = new_mmaps();
	struct mms_mapping found;
	uint64_t since;
	uid_t uid;

	assert_int_equal(take(m, PERF_RECORD_MMAP2, sizeof(map) + 8, (char *)&map + sizeof(map.r.h),
			      sizeof(map) - sizeof(map.r.h)),
			 0);
	assert_int_equal(take(m, PERF_RECORD_COMM, 40, &comm, sizeof(comm)), 0);
	take_task_of(m, PERF_RECORD_FORK, NOBODY + 1, NOBODY, NOBODY + 1);
	take_task_of(m, PERF_RECORD_FORK, NOBODY, NOBODY, NOBODY + 2); /* a thread */
	take_task_of(m, PERF_RECORD_EXIT, NOBODY, NOBODY, NOBODY + 2);
	comm.tid++; /* a thread's name */
	memset(comm.comm, 'x', sizeof(comm.comm));
	assert_int_equal(take(m, PERF_RECORD_COMM, 40, &comm, sizeof(comm)), 0);
	assert_int_equal(m->nr_news, 3);
	assert_int_equal(mms_mmaps_poll(m), 0);
	assert_int_equal(m->nr_news, 0);
	assert_int_equal(mms_mmaps_find(m, NOBODY, UINT64_MAX, 0x1800, &found), 0);
	assert_string_equal(found.file->path, "/bin/sh");
	assert_int_equal(found.file->ino, 7);
	assert_string_equal(mms_mmaps_comm(m, NOBODY, UINT64_MAX), "sh");
	assert_int_equal(mms_mmaps_find(m, NOBODY + 1, UINT64_MAX, 0x1800, &found), 0);
	assert_string_equal(mms_mmaps_comm(m, NOBODY + 1, UINT64_MAX), "sh");
	assert_false(mms_mmaps_owner(m, NOBODY + 1, &uid, &since)); /* records do not tell */
	take_task_of(m, PERF_RECORD_EXIT, NOBODY, NOBODY, NOBODY);
	assert_int_equal(mms_mmaps_poll(m), 0);
	assert_int_equal(mms_mmaps_find(m, NOBODY, UINT64_MAX, 0x1800, &found),
			 0); /* still known */
	assert_int_equal(mms_mmaps_lost(m), 0);
	assert_false(mms_mmaps_whole(m)); /* there were no rings */
	mms_mmaps_close(m);
}

/* What is mapped by the build-id, and a name with the word that another program was begun. */
static void a_new_program(void **state)
{
	struct {
		struct record_mmap2 r;
		char path[16];
	} map = {.r = {.h = {.type = PERF_RECORD_MMAP2,
			     .size = sizeof(map) + 8,
			     .misc = PERF_RECORD_MISC_MMAP_BUILD_ID},
		       .pid = NOBODY,
		       .tid = NOBODY,
		       .addr = 0x1000,
		       .len = 0x1000,
		       .prot = PROT_EXEC,
		       .build_id_len = 255,
		       .build_id = {1, 2, 3}},
		 .path = "/bin/ls"};
	struct {
		struct record_comm r;
		uint64_t ns;
	} exec = {.r = {.h = {.type = PERF_RECORD_COMM,
			      .size = sizeof(exec),
			      .misc = PERF_RECORD_MISC_COMM_EXEC},
			.pid = NOBODY,
			.tid = NOBODY,
			.comm = "ls"},
		  .ns = 4};
	struct {
		struct record_mmap2 r;
		char path[16];
		uint64_t ns;
	} mapped = {.ns = 5};
	struct mms_mmaps *m = new_mmaps();
	struct mms_mapping found;

	memcpy(&mapped, &map, sizeof(map));
	mapped.r.h.size = sizeof(mapped);
	assert_int_equal(take_record(&mapped.r.h, m), 0); /* out of order, from another CPU */
	assert_int_equal(take_record(&exec.r.h, m), 0);
	mapped.ns = UINT64_MAX; /* later than the poll */
	assert_int_equal(take_record(&mapped.r.h, m), 0);
	assert_int_equal(mms_mmaps_poll(m), 0);
	assert_int_equal(m->nr_news, 1);
	assert_int_equal(mms_mmaps_find(m, NOBODY, UINT64_MAX, 0x1000, &found), 0);
	assert_int_equal(found.file->build_id_len, MMS_BUILD_ID);
	assert_int_equal(found.file->build_id[2], 3);
	assert_string_equal(mms_mmaps_comm(m, NOBODY, UINT64_MAX), "ls");
	assert_true(mms_lives_seen_begin(m->lives, NOBODY));
	mms_mmaps_close(m);
}

/* Of one process alone, and its children. */
static void others_are_not_kept(void **state)
{
	struct mms_mmaps *m = new_mmaps();

	m->only = NOBODY;
	mms_lives_begin(m->lives, NOBODY, 1);
	take_task_of(m, PERF_RECORD_FORK, NOBODY + 1, NOBODY, NOBODY + 1);
	take_task_of(m, PERF_RECORD_FORK, NOBODY + 3, NOBODY + 2, NOBODY + 3);
	assert_int_equal(mms_mmaps_poll(m), 0);
	assert_true(mms_lives_known(m->lives, NOBODY + 1));
	assert_false(mms_lives_known(m->lives, NOBODY + 3));
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
		cmocka_unit_test(what_records_tell),
		cmocka_unit_test(a_new_program),
		cmocka_unit_test(others_are_not_kept),
		cmocka_unit_test(more_than_the_ring_has),
		cmocka_unit_test(lost_without_a_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
