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
	bool elsewhere, gone;	    /* they are in another cgroup; have ended */
	uint32_t known;		    /* this one's life the programs know of */
	size_t nr_counts, next, deleted;
	uint32_t epochs[4]; /* that somebody is in */
	size_t nr_epochs;
} k;

static struct count {
	struct mms_bill_key key;
	struct mms_bill_val val;
	bool deleted, vanishes;
} counts[MMS_BILL_COUNTS];

enum { FD_TGIDS = 1000, FD_LIVES, FD_BILLS, FD_PLACES };

int bpf_object__find_map_fd_by_name(const struct bpf_object *obj, const char *name)
{
	if (!strcmp(name, "moments"))
		return k.moments_fd;
	if (!strcmp(name, ".data.bill"))
		return k.seq_fd;
	if (!strcmp(name, "tgids"))
		return FD_TGIDS;
	if (!strcmp(name, "places"))
		return FD_PLACES;
	return strcmp(name, "lives") ? FD_BILLS : FD_LIVES;
}

int bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
{
	if (fd == FD_LIVES && k.known && *(const uint32_t *)key == k.known)
		return -EEXIST;
	if (fd != FD_TGIDS)
		return 0;
	if (*(const uint32_t *)key == 1)
		return -EEXIST; /* the root is there */
	return k.room ? (k.room--, 0) : -E2BIG;
}

static struct count *count_of(const void *key)
{
	size_t i;

	for (i = 0; i < k.nr_counts; i++)
		if (!counts[i].deleted && !memcmp(&counts[i].key, key, sizeof(counts[i].key)))
			return &counts[i];
	return NULL;
}

int bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	const struct mms_fault_place_key *place = key;
	uint32_t id = *(const uint32_t *)key;
	struct count *c;

	switch (fd) {
	case FD_BILLS:
		c = count_of(key);
		if (!c || c->vanishes)
			return -ENOENT;
		*(struct mms_bill_val *)value = c->val;
		return 0;
	case FD_LIVES:
		if (id != k.known && id >= k.nr_epochs)
			return -ENOENT;
		*(struct mms_bill_life *)value = (struct mms_bill_life){
			.life = 4, .epoch = id < k.nr_epochs ? k.epochs[id] : 4};
		return 0;
	case FD_PLACES:
		if (place->tgid != 7)
			return -ENOENT;
		*(struct mms_fault_place *)value = (struct mms_fault_place){.start = place->where};
		return 0;
	}
	return -ENOENT;
}

/* Goes on behind @key as long as it is asked for in turn. */
int bpf_map_get_next_key(int fd, const void *key, void *next)
{
	size_t i = 0;

	if (fd == FD_LIVES) {
		i = key ? *(const uint32_t *)key + 1 : 0;
		*(uint32_t *)next = (uint32_t)i;
		return i < k.nr_epochs ? 0 : -ENOENT;
	}
	for (i = key ? k.next : 0; i < k.nr_counts && counts[i].deleted; i++)
		;
	if (i >= k.nr_counts)
		return -ENOENT;
	*(struct mms_bill_key *)next = counts[i].key;
	k.next = i + 1;
	return 0;
}

int bpf_map_delete_elem(int fd, const void *key)
{
	struct count *c = fd == FD_BILLS ? count_of(key) : NULL;

	k.deleted++;
	if (c)
		c->deleted = true;
	return 0;
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
	return !k.elsewhere;
}

void mms_hold_step(struct mms_hold *h)
{
}

void mms_hold_end(struct mms_hold *h)
{
}

bool mms_proc_gone(pid_t pid)
{
	return k.gone;
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

static size_t bills_found(const char *cgroup, int want)
{
	struct mms_faults f = {.cfg.bill = 1};
	struct model_cow *c = model_cow_create();
	struct mms_bills *b;
	size_t nr;

	assert_int_equal(mms_bills_open(&b, &f), 0);
	assert_int_equal(mms_bills_find(b, c, 0, cgroup), want);
	nr = model_cow_nr_bills(c);
	mms_bills_close(b);
	model_cow_destroy(c);
	return nr;
}

static void who_has_forked_already(void **state)
{
	k.nr_kin = 3;
	assert_int_equal(bills_found(NULL, 0), 3);
	assert_int_equal(bills_found("/here", 0), 3);
	k.known = 3; /* the programs have seen it being forked: theirs is the bill */
	assert_int_equal(bills_found(NULL, 0), 2);
	k.known = 1; /* the parent's life has its number */
	assert_int_equal(bills_found(NULL, 0), 3);
	k.known = 0;
	k.elsewhere = true;
	assert_int_equal(bills_found("/here", 0), 0);
	k.elsewhere = false;
	k.gone = true; /* meanwhile: what was entered is taken out */
	assert_int_equal(bills_found(NULL, 0), 0);
	assert_int_equal(k.deleted, 3);
	k.gone = false;
	k.nr_kin = MMS_BILL_FOUND_MAX;
	assert_int_equal(bills_found(NULL, -ENOSPC), MMS_BILL_FOUND_MAX - 1);
}

static void nothing_to_read(void **state)
{
	struct mms_faults f = {.cfg.bill = 0};
	struct mms_bills *b;

	assert_int_equal(mms_bills_open(&b, &f), -EINVAL);
	f.cfg.bill = 1;
	close(k.seq_fd);
	k.seq_fd = -1;
	assert_int_equal(mms_bills_open(&b, &f), -ENOMEM);
	mms_bills_close(NULL);
}

static void add_nr(void *ctx, enum model_bill_part part, const struct mms_bill_key *key,
		   const struct mms_bill_val *val)
{
	*(uint64_t *)ctx += val->nr;
}

/* Of all counters, as the model has them after another look. */
static uint64_t total(struct mms_bills *b, struct model_cow *c)
{
	uint64_t nr = 0;

	assert_int_equal(mms_bills_take(b, c), 0);
	model_cow_all(c, add_nr, &nr);
	return nr;
}

static void put_count(uint64_t where, uint32_t epoch, uint64_t nr)
{
	counts[k.nr_counts++] =
		(struct count){.key = {.where = where, .epoch = epoch}, .val = {.nr = nr}};
}

static void counters_are_read_one_by_one(void **state)
{
	struct mms_faults f = {.cfg.bill = 1};
	struct model_cow *c = model_cow_create();
	struct mms_bills *b;

	*k.seq = FIRST + 1;
	write_fork(FIRST);
	put_count(0, 2 * FIRST, 5);
	put_count(0, 2 * FIRST + 1, 30);
	put_count(1, 2 * FIRST + 1, 200);
	assert_int_equal(mms_bills_open(&b, &f), 0);
	assert_int_equal(total(b, c), 235);
	counts[1].vanishes = true; /* between its key and its value */
	assert_int_equal(total(b, c), 205);
	assert_int_equal(k.deleted, 0);
	mms_bills_close(b);
	model_cow_destroy(c);
}

/* What nobody is in any more is taken out, but only a second later, and no count is lost by that.
 */
static void room_that_gets_short(void **state)
{
	const size_t many = MMS_BILL_COUNTS / 4 + 1;
	struct mms_faults f = {.cfg.bill = 1};
	struct model_cow *c = model_cow_create();
	struct mms_bills *b;
	size_t i;

	*k.seq = FIRST + 1;
	write_fork(FIRST);
	for (i = 0; i < many; i++)
		put_count(i, 2 * FIRST + !(i % 4), 1 + i % 3);
	k.epochs[0] = 2 * FIRST + 1; /* somebody is in it */
	k.nr_epochs = 1;
	assert_int_equal(mms_bills_open(&b, &f), 0);
	assert_int_equal(total(b, c), 2 * many - 1);
	k.now_ns += 900000000;
	assert_int_equal(total(b, c), 2 * many - 1);
	assert_int_equal(k.deleted, 0);
	k.now_ns += 200000000;
	assert_int_equal(total(b, c), 2 * many - 1);
	assert_int_equal(k.deleted, many - (many + 3) / 4);
	k.now_ns += 2000000000;
	assert_int_equal(total(b, c), 2 * many - 1);
	assert_int_equal(k.deleted, many - (many + 3) / 4); /* there is room */
	mms_bills_close(b);
	model_cow_destroy(c);
}

static void many_moments_are_a_crowd(void **state)
{
	struct mms_faults f = {.cfg.bill = 1};
	struct model_cow *c = model_cow_create();
	struct mms_fault_place place;
	struct mms_bills *b;
	uint32_t i;

	for (i = 0; i < 513; i++)
		write_fork(FIRST + i);
	assert_int_equal(mms_bills_open(&b, &f), 0);
	*k.seq = FIRST + 512;
	assert_int_equal(mms_bills_poll(b, c), 0);
	assert_false(mms_bills_crowded(b));
	++*k.seq;
	assert_int_equal(mms_bills_poll(b, c), 0);
	assert_true(mms_bills_crowded(b));
	assert_int_equal(mms_bills_take(b, c), 0);
	assert_false(mms_bills_crowded(b));
	assert_true(mms_bills_place(b, 7, 0x5000, &place));
	assert_int_equal(place.start, 0x5000);
	assert_false(mms_bills_place(b, 8, 0x5000, &place));
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
		cmocka_unit_test_setup_teardown(who_has_forked_already, begin, end),
		cmocka_unit_test_setup_teardown(nothing_to_read, begin, end),
		cmocka_unit_test_setup_teardown(counters_are_read_one_by_one, begin, end),
		cmocka_unit_test_setup_teardown(room_that_gets_short, begin, end),
		cmocka_unit_test_setup_teardown(many_moments_are_a_crowd, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
