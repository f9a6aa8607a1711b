// SPDX-License-Identifier: GPL-2.0-only
/* collect/bpf_bill: moments that are late or never come, and maps without room. Ours are the maps.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include "collect/bpf_bill.h"
#include "collect/bpf_fault_impl.h"
#include "collect/hold.h"
#include "collect/kin.h"
#include "collect/proc.h"

#define FIRST MMS_BILL_FOUND_MAX

static struct {
	struct mms_bill_moment *moments;
	uint32_t *seq;
	int moments_fd, seq_fd;
	uint64_t now_ns;
	uint32_t late, late_sleeps; /* this moment is written after so many sleeps */
	size_t nr_kin, room;	    /* children of process 1; entries in "tgids" */
} k;

enum { FD_TGIDS = 1000, FD_LIVES, FD_BILLS };

int bpf_object__find_map_fd_by_name(const struct bpf_object *obj, const char *name)
{
	if (!strcmp(name, "moments"))
		return k.moments_fd;
	if (!strcmp(name, ".data.bill"))
		return k.seq_fd;
	if (!strcmp(name, "tgids"))
		return FD_TGIDS;
	return strcmp(name, "lives") ? FD_BILLS : FD_LIVES;
}

int bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
{
	if (fd != FD_TGIDS)
		return 0;
	if (*(const uint32_t *)key == 1)
		return -EEXIST; /* the root is there */
	return k.room ? (k.room--, 0) : -E2BIG;
}

int bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	return -ENOENT;
}

int bpf_map_get_next_key(int fd, const void *key, void *next)
{
	return -ENOENT;
}

int bpf_map_delete_elem(int fd, const void *key)
{
	return -ENOENT;
}

int mms_kin_read(pid_t root, struct mms_list *kin)
{
	struct mms_kin *v = calloc(k.nr_kin + 1, sizeof(*v));
	size_t i;

	for (i = 0; i <= k.nr_kin; i++)
		v[i] = (struct mms_kin){.pid = (pid_t)i + 1, .parent = i != 0, .forked = i != 0};
	kin->v = v;
	kin->nr = k.nr_kin + 1;
	return 0;
}

bool mms_kin_in_cgroup(pid_t pid, const char *path)
{
	return true;
}

void mms_hold_step(struct mms_hold *h)
{
}

void mms_hold_end(struct mms_hold *h)
{
}

bool mms_proc_gone(pid_t pid)
{
	return false;
}

static void write_fork(uint32_t seq)
{
	struct mms_bill_moment *m = &k.moments[seq & (MMS_BILL_MOMENTS - 1)];

	*m = (struct mms_bill_moment){
		.seq = seq,
		.why = MMS_BILL_FORK,
		.pid = 1,
		.life = 2 * FIRST,
		.other = seq,
		.other_life = 2 * seq + 1,
	};
}

int __wrap_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_usleep(useconds_t us);

int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	*t = (struct timespec){
		.tv_sec = (time_t)(k.now_ns / 1000000000),
		.tv_nsec = (long)(k.now_ns % 1000000000),
	};
	return 0;
}

int __wrap_usleep(useconds_t us)
{
	k.now_ns += us * 1000ULL;
	if (k.late_sleeps && !--k.late_sleeps)
		write_fork(k.late);
	return 0;
}

static void *map(int *fd, size_t size)
{
	void *p;

	*fd = memfd_create("map", MFD_CLOEXEC);
	assert_return_code(*fd, errno);
	assert_return_code(ftruncate(*fd, (off_t)size), errno);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	return p;
}

static int begin(void **state)
{
	memset(&k, 0, sizeof(k));
	k.moments = map(&k.moments_fd, MMS_BILL_MOMENTS * sizeof(*k.moments));
	k.seq = map(&k.seq_fd, sizeof(*k.seq));
	k.now_ns = 5000000000;
	*k.seq = FIRST;
	return 0;
}

static int end(void **state)
{
	munmap(k.moments, MMS_BILL_MOMENTS * sizeof(*k.moments));
	munmap(k.seq, sizeof(*k.seq));
	close(k.moments_fd);
	close(k.seq_fd);
	return 0;
}

static size_t taken(uint64_t *lost)
{
	struct mms_faults f = {.cfg.bill = 1};
	struct model_cow *c = model_cow_create();
	struct mms_bills *b;
	size_t nr;

	assert_int_equal(mms_bills_open(&b, &f), 0);
	assert_int_equal(mms_bills_take(b, c), 0);
	nr = model_cow_nr_bills(c);
	*lost = mms_bills_lost(b);
	mms_bills_close(b);
	model_cow_destroy(c);
	return nr;
}

static void a_late_moment_is_waited_for(void **state)
{
	uint64_t lost;

	*k.seq = FIRST + 3;
	write_fork(FIRST);
	write_fork(FIRST + 2);
	k.late = FIRST + 1;
	k.late_sleeps = 3;
	assert_int_equal(taken(&lost), 3);
	assert_int_equal(lost, 0);
}

/* Not for ever, and not for each of them. */
static void those_that_never_come_are_lost(void **state)
{
	uint64_t lost, begun = k.now_ns;

	*k.seq = FIRST + 4;
	write_fork(FIRST);
	write_fork(FIRST + 3);
	assert_int_equal(taken(&lost), 2);
	assert_int_equal(lost, 2);
	assert_true(k.now_ns - begun >= 1000000000);
	assert_true(k.now_ns - begun < 1100000000);
}

static void nothing_late_nothing_waited(void **state)
{
	uint64_t lost, begun = k.now_ns;

	*k.seq = FIRST + 2;
	write_fork(FIRST);
	write_fork(FIRST + 1);
	k.moments[(FIRST + 1) & (MMS_BILL_MOMENTS - 1)].why = MMS_BILL_NONE;
	assert_int_equal(taken(&lost), 1);
	assert_int_equal(lost, 0);
	assert_int_equal(k.now_ns, begun);
}

static void who_has_no_room_is_counted_once(void **state)
{
	struct mms_faults f = {.cfg.bill = 1};
	struct model_cow *c = model_cow_create();
	struct mms_bills *b;

	k.nr_kin = 7;
	k.room = 5;
	assert_int_equal(mms_bills_open(&b, &f), 0);
	assert_int_equal(mms_bills_find(b, c, 1, NULL), 0);
	assert_int_equal(f.unfollowed, 2);
	assert_int_equal(model_cow_nr_bills(c), 5);
	mms_bills_close(b);
	model_cow_destroy(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_late_moment_is_waited_for, begin, end),
		cmocka_unit_test_setup_teardown(those_that_never_come_are_lost, begin, end),
		cmocka_unit_test_setup_teardown(nothing_late_nothing_waited, begin, end),
		cmocka_unit_test_setup_teardown(who_has_no_room_is_counted_once, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
