// SPDX-License-Identifier: GPL-2.0-only
/* collect/cgroup: which cgroup is meant, and what its files say; those that are not where the first
 * mount is. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cmocka.h>

#include "collect/cgroup.h"
#include "fake_file.h"

/* mkdtemp() fills it in: two mounts, "first b" and "first" and more letters. */
static char top[] = "/tmp/mms-cgroup-XXXXXX";
static char first[64], inner[80], second[64], below[80];
static long magic = CGROUP2_SUPER_MAGIC;
static const char *has_id; /* what a handle leads to */

int __wrap_statfs(const char *path, struct statfs *fs);
int __wrap_open_by_handle_at(int mount, struct file_handle *handle, int flags);

int __wrap_statfs(const char *path, struct statfs *fs)
{
	fs->f_type = magic;
	return 0;
}

int __wrap_open_by_handle_at(int mount, struct file_handle *handle, int flags)
{
	if (has_id)
		return open(has_id, flags);
	errno = EPERM;
	return -1;
}

static void put(const char *dir, const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void drop(const char *dir, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_return_code(unlink(path), errno);
}

static void make_dir(char *path, size_t sz, const char *in, const char *name)
{
	snprintf(path, sz, "%s/%s", in, name);
	assert_int_equal(mkdir(path, 0700), 0);
	put(path, "cgroup.controllers", "memory\n");
}

static int make(void **state)
{
	assert_non_null(mkdtemp(top));
	make_dir(first, sizeof(first), top, "first b");
	make_dir(inner, sizeof(inner), first, "in");
	put(inner, "memory.current", "12288\n");
	make_dir(second, sizeof(second), top, "first bc");
	make_dir(below, sizeof(below), second, "a");
	put(second, "memory.max", "8192\n");
	put(second, "memory.current", "4096\n");
	put(below, "memory.max", "max\n");
	put(below, "memory.current", "4096\n");
	return 0;
}

static int unmake(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r '%s'", top);
	return system(command);
}

static void nothing_is_mounted(void **state)
{
	const char *why = NULL;
	uint64_t bytes;
	char *dir;

	fake_file("/meminfo", "MemTotal: 100 kB\nMemFree: 40 kB\n");
	fake_no_file("/mountinfo", EACCES);
	assert_null(mms_cgroup_root());
	fake_file("/mountinfo", "1 1 0:1 / /x rw - ext4 none rw\n2 1 0:1 / - cgroup2\n");
	assert_null(mms_cgroup_root());
	assert_int_equal(mms_cgroup_find("/a", &dir, &why), -EOPNOTSUPP);
	assert_string_equal(why, "cgroup2 is not mounted: mount -t cgroup2 cgroup2 /sys/fs/cgroup");
	assert_int_equal(mms_cgroup_of_pid(1, &dir), -EOPNOTSUPP);
	assert_int_equal(mms_cgroup_by_id(1, &dir), -EOPNOTSUPP);
	assert_string_equal(mms_cgroup_name("/x/a"), "/x/a");
	assert_int_equal(mms_cgroup_limit(below, &bytes, &dir), 0);
	assert_int_equal(bytes, 8192);
	assert_string_equal(dir, second);
	free(dir);
}

/* From here on there is one; the escape is a blank, what only looks like one is not. */
static void where_it_is_mounted(void **state)
{
	static char mounts[128];

	snprintf(mounts, sizeof(mounts), "1 1 0:1 / %s/first\\040b rw - cgroup2 none rw\n", top);
	fake_file("/mountinfo", mounts);
	assert_string_equal(mms_cgroup_root(), first);
	fake_no_file("/mountinfo", EACCES); /* it does not move */
	assert_string_equal(mms_cgroup_root(), first);
}

static void not_found(const char *name, int err, const char *reason)
{
	const char *why = NULL;
	char *dir;

	assert_int_equal(mms_cgroup_find(name, &dir, &why), err);
	assert_string_equal(why, reason);
}

static void found(const char *name, const char *want)
{
	const char *why = NULL;
	char *dir = NULL;

	assert_int_equal(mms_cgroup_find(name, &dir, &why), 0);
	assert_string_equal(dir, want);
	free(dir);
}

static void what_a_name_means(void **state)
{
	char path[128];

	found("/in", inner);
	found("in/", inner);
	found(inner, inner);
	not_found("", -EINVAL, "its name is empty");
	not_found("/none", -ENOENT, "no such cgroup");
	snprintf(path, sizeof(path), "%s/memory.max", second);
	not_found(path, -ENOENT, "no such cgroup");
	not_found(
		"/", -EOPNOTSUPP,
		"the memory controller is off for this cgroup: echo +memory > cgroup.subtree_control of "
		"its parent");
	put(first, "memory.stat", "");
	found("/", first); /* the root has no memory.current */
	drop(first, "memory.stat");
	magic = TMPFS_MAGIC;
	not_found("/in", -EINVAL, "not a cgroup of version 2 (cgroup2)");
	magic = CGROUP2_SUPER_MAGIC;
}

/* The kernel tells by an id which directory of the first mount it is. */
static void one_cgroup_in_two_mounts(void **state)
{
	char *dir, gone[128];

	has_id = below;
	found(below, below);
	has_id = inner; /* another one's */
	found(below, below);
	assert_int_equal(mms_cgroup_by_id(1, &dir), 0);
	assert_string_equal(dir, inner);
	free(dir);
	make_dir(gone, sizeof(gone), first, "gone");
	drop(gone, "cgroup.controllers");
	has_id = gone;
	assert_int_equal(mms_cgroup_by_id(1, &dir), 0);
	free(dir);
	assert_return_code(rmdir(gone), errno);
	assert_int_equal(mms_cgroup_by_id(1, &dir), -ENOENT);
	assert_int_equal(mms_cgroup_id(gone), 0);
	has_id = NULL;
	assert_int_equal(mms_cgroup_by_id(1, &dir), -EPERM);
}

static void of_pid(const char *text, const char *want)
{
	char *dir = NULL;

	fake_file("/7/cgroup", text);
	assert_int_equal(mms_cgroup_of_pid(7, &dir), 0);
	assert_string_equal(dir, want);
	free(dir);
}

static void where_a_process_is_charged(void **state)
{
	char *dir;

	of_pid("3:memory:/old\n0::/in\n", inner);
	of_pid("0::/\n", first);
	of_pid("0::/in/threads", inner); /* has no memory of its own */
	fake_file("/7/cgroup", "3:memory:/old\n");
	assert_int_equal(mms_cgroup_of_pid(7, &dir), -EOPNOTSUPP);
	fake_cut("/7/cgroup", "3:memory:/old\n", ESRCH);
	assert_int_equal(mms_cgroup_of_pid(7, &dir), -ESRCH);
	fake_no_file("/7/cgroup", ENOENT);
	assert_int_equal(mms_cgroup_of_pid(7, &dir), -ESRCH);
	fake_no_file("/7/cgroup", EACCES);
	assert_int_equal(mms_cgroup_of_pid(7, &dir), -EACCES);
}

/* The way up ends at that mount's root, where the limit is; not at a part of the path that is none.
 */
static void limits_in_a_second_mount(void **state)
{
	char *dir, *holder;
	uint64_t bytes;
	const char *why;

	assert_int_equal(mms_cgroup_find(below, &dir, &why), 0);
	assert_string_equal(dir, below);
	assert_int_equal(mms_cgroup_limit(dir, &bytes, &holder), 0);
	assert_int_equal(bytes, 8192);
	assert_string_equal(holder, second);
	free(holder);
	assert_int_equal(mms_cgroup_room(dir, &bytes), 0);
	assert_int_equal(bytes, 4096);
	free(dir);
}

static void assert_limit(uint64_t want, const char *where)
{
	uint64_t bytes;
	char *holder;

	assert_int_equal(mms_cgroup_limit(below, &bytes, &holder), 0);
	assert_int_equal(bytes, want);
	assert_string_equal(holder, where);
	free(holder);
}

static void the_least_limit(void **state)
{
	uint64_t bytes;

	put(second, "memory.high", "4000\n");
	assert_limit(4000, second);
	put(below, "memory.high", "4000\n"); /* no less above: the nearest */
	assert_limit(4000, below);
	put(second, "memory.high", "3999\n");
	assert_limit(3999, second);
	put(second, "memory.high", "garbled\n");
	drop(below, "memory.high");
	assert_limit(8192, second);
	fake_file("/meminfo", "MemTotal: 4 kB\nMemFree: 1 kB\n");
	assert_limit(4096, first); /* more than there is limits nothing */
	fake_file("/meminfo", "MemTotal: 4 kB\n");
	assert_int_equal(mms_cgroup_limit(below, &bytes, NULL), -EINVAL);
	fake_file("/meminfo", "MemTotal: 100 kB\nMemFree: 40 kB\n");
	assert_int_equal(mms_cgroup_limit(below, &bytes, NULL), 0);
	drop(second, "memory.high");
}

static void assert_room(uint64_t want)
{
	uint64_t bytes;

	assert_int_equal(mms_cgroup_room(below, &bytes), 0);
	assert_int_equal(bytes, want);
}

static void what_reclaim_could_have_is_room(void **state)
{
	assert_room(4096);
	put(second, "memory.stat",
	    "active_file 1000\ninactive_file 90\nslab_reclaimable 6\nanon 9\n");
	assert_room(8192 - 3000);
	put(second, "memory.stat", "active_file 5000\n");
	assert_room(8192);
	put(second, "memory.stat",
	    "active_file 18446744073709551000\ninactive_file 18446744073709551000\n");
	assert_room(4096); /* cannot be */
	drop(second, "memory.stat");
	put(second, "memory.current", "9000\n");
	assert_room(0);
	put(second, "memory.current", "garbled\n");
	assert_room(UINT64_MAX);
	put(second, "memory.current", "4096\n");
}

static void what_is_used(void **state)
{
	uint64_t bytes;

	assert_int_equal(mms_cgroup_usage(inner, &bytes), 0);
	assert_int_equal(bytes, 12288);
	assert_int_equal(mms_cgroup_usage(first, &bytes), 0); /* the root's is the machine's */
	assert_int_equal(bytes, 60 << 10);
	assert_int_equal(mms_cgroup_usage(top, &bytes), -ENOENT);
}

static void cpu_time(void **state)
{
	uint64_t ns;

	assert_int_equal(mms_cgroup_cpu_ns(inner, &ns), -ENOENT);
	put(inner, "cpu.stat", "usage_usec 7\nuser_usec 1\n");
	assert_int_equal(mms_cgroup_cpu_ns(inner, &ns), 0);
	assert_int_equal(ns, 7000);
	put(inner, "cpu.stat", "user_usec 1\n");
	assert_int_equal(mms_cgroup_cpu_ns(inner, &ns), -EOPNOTSUPP);
	put(inner, "cpu.stat", "usage_usec 18446744073709551614\n");
	assert_int_equal(mms_cgroup_cpu_ns(inner, &ns), -EBADMSG);
}

/* It begins as the first mount's path does, but is not below it. */
static void its_name_is_its_path(void **state)
{
	assert_string_equal(mms_cgroup_name(below), below);
	assert_string_equal(mms_cgroup_name(mms_cgroup_root()), "/");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_mounted),
		cmocka_unit_test(where_it_is_mounted),
		cmocka_unit_test(what_a_name_means),
		cmocka_unit_test(one_cgroup_in_two_mounts),
		cmocka_unit_test(where_a_process_is_charged),
		cmocka_unit_test(limits_in_a_second_mount),
		cmocka_unit_test(the_least_limit),
		cmocka_unit_test(what_reclaim_could_have_is_room),
		cmocka_unit_test(what_is_used),
		cmocka_unit_test(cpu_time),
		cmocka_unit_test(its_name_is_its_path),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
