// SPDX-License-Identifier: GPL-2.0-only
/* collect/jitmap: whose word is taken for names of code, and when it is asked for again. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "collect/jitmap.h"
#include "fake_file.h"

/* Above the kernel's highest id: nobody writes its map, nor does another run of this test. */
#define NOBODY (0x3f000000 + getpid())

static char path[64];
static uint64_t now_ns = 1000000000;
static struct mms_jitmaps *maps;
static struct mms_jit_owner owner;

int __wrap_clock_gettime(clockid_t id, struct timespec *t);

int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	*t = (struct timespec){.tv_sec = (time_t)(now_ns / 1000000000),
			       .tv_nsec = (long)(now_ns % 1000000000)};
	return 0;
}

static void put(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static int begin(void **state)
{
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", NOBODY);
	unlink(path);
	owner = (struct mms_jit_owner){.pid = NOBODY, .uid = geteuid()};
	maps = mms_jitmaps_new();
	return maps ? 0 : -1;
}

static int end(void **state)
{
	unlink(path);
	mms_jitmaps_free(maps);
	return 0;
}

/* Asked for after so long that the file is looked at. */
static void assert_name(uint64_t addr, const char *want)
{
	const char *got;

	now_ns += 250000000;
	got = mms_jitmaps_find(maps, &owner, addr);
	if (want)
		assert_string_equal(got ? got : "(none)", want);
	else
		assert_null(got);
}

static void lines(void **state)
{
	assert_name(0x1000, NULL); /* there is no file */
	put("1000 10 first \n2000 10   a b;c\n"
	    "x 10 no\n3000\n3000 10\n3000 10 \n3000 0 no\n3000 y no\n3000:10 no\n"
	    "fffffffffffffff8 10 around\n4000 8 last"); /* without a newline */
	assert_name(0x100f, "first");
	assert_name(0x1010, NULL);
	assert_name(0x2000, "a b;c");
	assert_name(0x3000, NULL);
	assert_name(0xfffffffffffffff9, NULL);
	assert_name(0x4007, "last");
}

static void it_grows_and_goes(void **state)
{
	put("1000 10 first\n");
	assert_name(0x1000, "first");
	put("1000 10 first\n2000 10 second\n");
	assert_null(mms_jitmaps_find(maps, &owner, 0x2000)); /* too soon */
	assert_name(0x2000, "second");
	assert_name(0x2000, "second");
	unlink(path);
	assert_name(0x2000, "second"); /* what it said holds */
}

static void of_another_process(void **state)
{
	struct stat st;

	put("1000 10 first\n");
	assert_return_code(stat(path, &st), errno);
	owner.since_ns =
		((uint64_t)st.st_mtim.tv_sec + 1) * 1000000000 + (uint64_t)st.st_mtim.tv_nsec;
	assert_name(0x1000, NULL);
	owner.since_ns -= 1000000000;
	assert_name(0x1000, "first");
}

static void of_another_user(void **state)
{
	put("1000 10 first\n");
	owner.uid = 12345;
	if (geteuid()) {
		assert_name(0x1000, NULL);
		return;
	}
	assert_name(0x1000, "first"); /* root may say what it likes */
	owner.pid--;
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", owner.pid);
	put("1000 10 first\n");
	assert_return_code(chown(path, 54321, 0), errno);
	assert_name(0x1000, NULL);
	owner.uid = 54321;
	assert_name(0x1000, "first");
	unlink(path);
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", NOBODY);
}

static void no_file_that_is_one(void **state)
{
	assert_return_code(symlink("/etc/passwd", path), errno);
	assert_name(0x1000, NULL);
	unlink(path);
	assert_return_code(mkdir(path, 0700), errno);
	assert_name(0x1000, NULL);
	rmdir(path);
	assert_return_code(mkfifo(path, 0600), errno);
	assert_name(0x1000, NULL);
}

/* The one that was asked for longest ago makes room. */
static void of_many_processes(void **state)
{
	int i;

	put("1000 10 first\n");
	assert_name(0x1000, "first");
	unlink(path);
	for (i = 1; i < 64; i++) {
		owner.pid = NOBODY - i;
		assert_name(0x1000, NULL);
	}
	owner.pid = NOBODY;
	assert_name(0x1000, "first");
	for (i = 1; i < 65; i++) {
		owner.pid = NOBODY - i;
		assert_name(0x1000, NULL);
	}
	owner.pid = NOBODY;
	assert_name(0x1000, NULL);
}

/* It names its file by the number that it has in its own namespace. */
static void in_a_namespace(void **state)
{
	char status[64], numbers[64];

	snprintf(status, sizeof(status), "/%d/status", getpid());
	snprintf(numbers, sizeof(numbers), "Name:\tx\nNSpid:\t%d\t%d\n", getpid(), NOBODY);
	fake_file(status, numbers);
	put("1000 10 inner\n");
	owner.pid = getpid();
	assert_name(0x1000, "inner");
	mms_jitmaps_free(maps);
	maps = mms_jitmaps_new();
	fake_file(status, "Name:\tx\nNSpid:\n"); /* nothing is said: as outside */
	assert_name(0x1000, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lines, begin, end),
		cmocka_unit_test_setup_teardown(it_grows_and_goes, begin, end),
		cmocka_unit_test_setup_teardown(of_another_process, begin, end),
		cmocka_unit_test_setup_teardown(of_another_user, begin, end),
		cmocka_unit_test_setup_teardown(no_file_that_is_one, begin, end),
		cmocka_unit_test_setup_teardown(of_many_processes, begin, end),
		cmocka_unit_test_setup_teardown(in_a_namespace, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
