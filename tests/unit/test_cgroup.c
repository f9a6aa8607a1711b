// SPDX-License-Identifier: GPL-2.0-only
/* collect/cgroup: cgroups that are not where the first mount is. */
#include <errno.h>
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
static char second[64], below[80];

int __wrap_statfs(const char *path, struct statfs *fs);

int __wrap_statfs(const char *path, struct statfs *fs)
{
	fs->f_type = CGROUP2_SUPER_MAGIC;
	return 0;
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

static void make_dir(char *path, size_t sz, const char *in, const char *name)
{
	snprintf(path, sz, "%s/%s", in, name);
	assert_int_equal(mkdir(path, 0700), 0);
	put(path, "cgroup.controllers", "memory\n");
}

static int make(void **state)
{
	static char mounts[128];
	char first[64];

	assert_non_null(mkdtemp(top));
	make_dir(first, sizeof(first), top, "first b");
	make_dir(second, sizeof(second), top, "first bc");
	make_dir(below, sizeof(below), second, "a");
	put(second, "memory.max", "8192\n");
	put(second, "memory.current", "4096\n");
	put(below, "memory.max", "max\n");
	put(below, "memory.current", "4096\n");
	snprintf(mounts, sizeof(mounts), "1 1 0:1 / %s/first\\040b rw - cgroup2 none rw\n", top);
	fake_file("/mountinfo", mounts);
	return 0;
}

static int unmake(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r '%s'", top);
	return system(command);
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

/* It begins as the first mount's path does, but is not below it. */
static void its_name_is_its_path(void **state)
{
	assert_string_equal(mms_cgroup_name(below), below);
	assert_string_equal(mms_cgroup_name(mms_cgroup_root()), "/");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_in_a_second_mount),
		cmocka_unit_test(its_name_is_its_path),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
