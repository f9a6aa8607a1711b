// SPDX-License-Identifier: GPL-2.0-only
/* collect/proc: small files of a process and of the machine, whole, cut off, garbled and not there.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "collect/proc.h"
#include "fake_file.h"

#define NOBODY 0x3fffffff /* above the kernel's highest id */

static void the_first_line(void **state)
{
	char line[8];

	fake_file("/one", "[al] no\nmore\n");
	assert_int_equal(mms_file_line("/one", line, sizeof(line)), 0);
	assert_string_equal(line, "[al] no");
	fake_file("/one", "no newline");
	assert_int_equal(mms_file_line("/one", line, sizeof(line)), 0);
	assert_string_equal(line, "no newl");
	fake_file("/one", "");
	assert_int_equal(mms_file_line("/one", line, sizeof(line)), -ENODATA);
	fake_cut("/one", "", EIO);
	assert_int_equal(mms_file_line("/one", line, sizeof(line)), -EIO);
	fake_no_file("/one", EACCES);
	assert_int_equal(mms_file_line("/one", line, sizeof(line)), -EACCES);
}

static void assert_choice(const char *text, const char *want)
{
	char line[64];

	snprintf(line, sizeof(line), "%s", text);
	mms_file_choice(line);
	assert_string_equal(line, want);
}

static void what_is_in_brackets_is_chosen(void **state)
{
	assert_choice("always [madvise] never", "madvise");
	assert_choice("[always] madvise", "always");
	assert_choice("none", "none");
	assert_choice("] [open", "] [open");
}

static void whose_thread_it_is(void **state)
{
	assert_int_equal(mms_proc_tgid(getpid()), getpid());
	assert_int_equal(mms_proc_tgid(NOBODY), 0);
	fake_file("/7/status", "Name:\tx\nTgid:\t5\nPid:\t7\n");
	assert_int_equal(mms_proc_tgid(7), 5);
	fake_file("/7/status", "Name:\tx\n");
	assert_int_equal(mms_proc_tgid(7), 0);
	fake_file("/7/status", "Tgid:\t-1\n");
	assert_int_equal(mms_proc_tgid(7), 0);
}

static void words_of_cpuinfo(void **state)
{
	fake_file("/cpuinfo", "processor\t: 0\nflags\t\t: fpu vme pge\nflags\t\t: other\n");
	assert_true(mms_proc_cpu_flag("fpu"));
	assert_true(mms_proc_cpu_flag("pge")); /* the last, before a newline */
	assert_false(mms_proc_cpu_flag("vm"));
	assert_false(mms_proc_cpu_flag("other")); /* the first processor is like all */
	assert_false(mms_proc_cpu_flag("processor"));
	fake_file("/cpuinfo", "processor\t: 0\n");
	assert_false(mms_proc_cpu_flag("fpu"));
	fake_no_file("/cpuinfo", ENOENT);
	assert_false(mms_proc_cpu_flag("fpu"));
}

static int check(const char *stat)
{
	fake_file("/7/stat", stat);
	return mms_proc_check(7);
}

static void who_has_memory_to_look_at(void **state)
{
	assert_int_equal(check("7 (a) S 1 1 1 0 -1 4194304 0\n"), 0);
	assert_int_equal(check("7 (a) R) Z) R 1 1 1 0 -1 4194304 0\n"), 0); /* a name */
	assert_int_equal(check("7 (a) Z 1 1 1 0 -1 4194304 0\n"), -ECHILD);
	assert_int_equal(check("7 (a) X 1 1 1 0 -1 4194304 0\n"), -ECHILD);
	assert_int_equal(check("7 (kthreadd) S 0 0 0 0 -1 2097152 0\n"), -EINVAL);
	assert_int_equal(check("7 (a) S 1 1\n"), -EBADMSG);
	assert_int_equal(check("7 a S 1 1 1 0 -1 4194304 0\n"), -EBADMSG);
	assert_int_equal(check(""), -ESRCH);
	fake_no_file("/7/stat", ENOENT);
	assert_int_equal(mms_proc_check(7), -ESRCH);
	fake_no_file("/7/stat", EACCES);
	assert_int_equal(mms_proc_check(7), -EACCES);
}

static void names_are_as_they_are(void **state)
{
	char comm[64];

	fake_file("/7/comm", "a b\nc\n");
	mms_proc_comm(7, comm);
	assert_string_equal(comm, "a b\nc");
	mms_proc_comm(NOBODY, comm);
	assert_string_equal(comm, "?");
}

static void resident_pages(void **state)
{
	uint64_t bytes;

	fake_file("/7/statm", "100 3 1 1 0 20 0\n");
	assert_int_equal(mms_proc_rss(7, &bytes), 0);
	assert_int_equal(bytes, 3 * sysconf(_SC_PAGESIZE));
	fake_file("/7/statm", "100\n");
	assert_int_equal(mms_proc_rss(7, &bytes), -EBADMSG);
	fake_file("/7/statm", "100 18446744073709551615 0\n");
	assert_int_equal(mms_proc_rss(7, &bytes), -EBADMSG);
	assert_int_equal(mms_proc_rss(NOBODY, &bytes), -ENOENT);
}

static void what_was_referenced(void **state)
{
	uint64_t referenced = 0, rss = 0;

	fake_file("/smaps_rollup",
		  "1000-2000 ---p 0 00:00 0 [rollup]\nRss: 12 kB\nReferenced: 8 kB\n");
	assert_int_equal(mms_proc_referenced(7, &referenced, &rss), 0);
	assert_int_equal(referenced, 8192);
	assert_int_equal(rss, 12288);
	fake_file("/smaps_rollup", "Rss: 12 kB\n");
	assert_int_equal(mms_proc_referenced(7, &referenced, &rss), -ESRCH);
	fake_file("/smaps_rollup", "Referenced: 12 kB\n");
	assert_int_equal(mms_proc_referenced(7, &referenced, &rss), -ESRCH);
	fake_cut("/smaps_rollup", "Rss: 12 kB\n", ESRCH);
	assert_int_equal(mms_proc_referenced(7, &referenced, &rss), -ESRCH);
	fake_no_file("/smaps_rollup", EACCES);
	assert_int_equal(mms_proc_referenced(7, &referenced, &rss), -EACCES);
}

static void bits_are_cleared_of_who_is_there(void **state)
{
	assert_int_equal(mms_proc_clear_refs(NOBODY), -ENOENT);
	assert_int_equal(mms_proc_clear_refs(getpid()), 0);
}

/* What was read until then is not given as all there is. */
static void lists_that_are_cut_off(void **state)
{
	struct mms_list maps = {0};
	struct mms_vmas vmas = {0};

	fake_cut("/7/maps", "1000-3000 rw-p 00000000 00:00 0 \n", ESRCH);
	assert_int_equal(mms_proc_vmas(7, &vmas), -ESRCH);
	assert_int_equal(vmas.nr, 0);
	fake_file("/7/maps", "1000-3000 rw-p 00000000 00:00 0 \nno line\n");
	assert_int_equal(mms_proc_vmas(7, &vmas), -EBADMSG);
	assert_int_equal(vmas.nr, 0);
	fake_no_file("/7/maps", EACCES);
	assert_int_equal(mms_proc_vmas(7, &vmas), -EACCES);
	fake_cut("/7/smaps", "1000-3000 rw-p 00000000 00:00 0 \nRss: 4 kB\n", EIO);
	assert_int_equal(mms_proc_smaps(7, &maps), -EIO);
	assert_int_equal(maps.nr, 0);
	fake_file("/7/smaps", "no line\n");
	assert_int_equal(mms_proc_smaps(7, &maps), -EBADMSG);
	fake_no_file("/7/smaps", EACCES);
	assert_int_equal(mms_proc_smaps(7, &maps), -EACCES);
	assert_int_equal(maps.nr, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_line),
		cmocka_unit_test(what_is_in_brackets_is_chosen),
		cmocka_unit_test(whose_thread_it_is),
		cmocka_unit_test(words_of_cpuinfo),
		cmocka_unit_test(who_has_memory_to_look_at),
		cmocka_unit_test(names_are_as_they_are),
		cmocka_unit_test(resident_pages),
		cmocka_unit_test(what_was_referenced),
		cmocka_unit_test(bits_are_cleared_of_who_is_there),
		cmocka_unit_test(lists_that_are_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
