// SPDX-License-Identifier: GPL-2.0-only
/* What was mapped where and when, tables of symbols, and the lines of /proc that fill them. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "collect/kallsyms.h"
#include "collect/lives.h"
#include "collect/lives_proc.h"
#include "collect/symtab.h"

/* --- tables -------------------------------------------------------------------- */

static void add(struct mms_symtab *t, uint64_t addr, uint64_t end, unsigned int rank,
		const char *name)
{
	assert_int_equal(mms_symtab_add(t, addr, end, 0x9000, rank, name, strlen(name)), 0);
}

static void assert_found(const struct mms_symtab *t, uint64_t addr, const char *want)
{
	const char *got = mms_symtab_find(t, addr);

	if (!want)
		assert_null(got);
	else
		assert_string_equal(got ? got : "(none)", want);
}

static void nearest_symbol_that_holds_it(void **state)
{
	struct mms_symtab *t = mms_symtab_new(MMS_SYMTAB_NEAREST);

	add(t, 0x1000, 0x2000, 1, "outer");
	add(t, 0x1100, 0x1200, 1, "inner");
	add(t, 0x1180, 0x1180, 1, "label");
	add(t, 0x3000, 0x3000, 1, "asm1");
	add(t, 0x3000, 0x3000, 2, "asm2");
	add(t, 0x4000, 0x4000, 9, "alias");
	add(t, 0x4000, 0x4010, 1, "weak");
	add(t, 0x4000, 0x4010, 9, "strong");
	mms_symtab_finish(t);
	assert_found(t, 0xfff, NULL);
	assert_found(t, 0x1000, "outer");
	assert_found(t, 0x10ff, "outer");
	assert_found(t, 0x1100, "inner");
	assert_found(t, 0x1190, "inner"); /* not the label: it has no size */
	assert_found(t, 0x1200, "outer");
	assert_found(t, 0x1fff, "outer");
	assert_found(t, 0x2000, NULL);
	assert_found(t, 0x3fff, "asm2"); /* up to the next symbol */
	assert_found(t, 0x400f, "strong");
	assert_found(t, 0x4010, NULL);
	mms_symtab_free(t);
}

static void sizeless_ends_at_the_limit(void **state)
{
	struct mms_symtab *t = mms_symtab_new(MMS_SYMTAB_NEAREST);

	add(t, 0x8000, 0x8000, 1, "last");
	mms_symtab_finish(t);
	assert_found(t, 0x8fff, "last");
	assert_found(t, 0x9000, NULL);
	mms_symtab_free(t);
}

static void newest_symbol_wins(void **state)
{
	struct mms_symtab *t = mms_symtab_new(MMS_SYMTAB_NEWEST);

	add(t, 0x1100, 0x1200, 0, "old");
	add(t, 0x1000, 0x2000, 0, "new");
	mms_symtab_finish(t);
	assert_found(t, 0x1150, "new");
	mms_symtab_free(t);
}

static struct mms_symtab *kallsyms(const char *text, int want)
{
	char path[] = "/tmp/mms-kallsyms-XXXXXX";
	struct mms_symtab *t = NULL;
	FILE *f = fdopen(mkstemp(path), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(mms_kallsyms_read(path, &t), want);
	unlink(path);
	return t;
}

static void kallsyms_lines(void **state)
{
	struct mms_symtab *t = kallsyms("0000000000000000 A fixed_percpu_data\n"
					"ffffffff81000000 T _stext\n"
					"ffffffff81000000 t startup_64\n"
					"ffffffff81000100 t do_page_fault.isra.0\n"
					"ffffffff81000200 T handle_mm_fault\n"
					"ffffffff81000300 W arch_weak\n"
					"ffffffff81000400 D some_data\n"
					"not a line\n"
					"ffffffffc0000000 t mod_fn\t[some_module]\n"
					"ffffffffc0001000 t bpf_prog_ab12_f\t[bpf]\n",
					0);

	assert_int_equal(mms_symtab_nr(t), 7);
	assert_found(t, 0xffffffff80ffffff, NULL);
	assert_found(t, 0xffffffff81000004, "_stext");
	assert_found(t, 0xffffffff810001ff, "do_page_fault.isra.0");
	assert_found(t, 0xffffffff81000200, "handle_mm_fault");
	assert_found(t, 0xffffffff810003ff, "arch_weak");
	assert_found(t, 0xffffffffc0000fff, "mod_fn");
	assert_found(t, 0xffffffffc0001010, "bpf_prog_ab12_f");
	assert_found(t, 0xffffffffd0000000, NULL); /* code that came later */
	mms_symtab_free(t);
}

static void kallsyms_hidden(void **state)
{
	struct mms_symtab *t = NULL;

	assert_null(kallsyms("0000000000000000 T _stext\n0000000000000000 t fn\n", -EACCES));
	assert_null(kallsyms("", -ENODATA));
	assert_int_equal(mms_kallsyms_read("/proc/self/nonexistent", &t), -ENOENT);
	assert_null(t);
}

/* --- lives --------------------------------------------------------------------- */

static void map(struct mms_lives *l, pid_t pid, uint64_t ns, uint64_t start, char *path)
{
	struct mms_mapped_file f = {.path = path, .ino = 7, .maj = 8};
	struct mms_mapping m = {.start = start, .end = start + 0x1000, .ns = ns, .file = &f};

	mms_lives_map(l, pid, &m);
}

static const char *where(struct mms_lives *l, pid_t pid, uint64_t ns, uint64_t addr)
{
	static char path[32];
	struct mms_mapping m;
	int err = mms_lives_find(l, pid, ns, addr, &m);

	snprintf(path, sizeof(path), "%s", err ? strerror(-err) : m.file->path);
	return path;
}

#define NONE   "No such file or directory"
#define NOBODY "No such process"

static void life_goes_on_by_fork_and_exec(void **state)
{
	struct mms_lives *l = mms_lives_new();

	assert_string_equal(where(l, 1, 10, 0x1000), NOBODY);
	map(l, 1, 10, 0x1000, "/sh");
	mms_lives_set_comm(l, 1, "sh");
	mms_lives_fork(l, 1, 2, 20);
	map(l, 1, 25, 0x5000, "/late"); /* of the parent alone */
	assert_string_equal(where(l, 2, 22, 0x1000), "/sh");
	assert_string_equal(where(l, 2, 30, 0x5000), NONE);
	assert_string_equal(where(l, 1, 30, 0x5000), "/late");
	mms_lives_exec(l, 2, "ls", 30);
	map(l, 2, 31, 0x1000, "/ls");
	assert_string_equal(where(l, 2, 29, 0x1000), "/sh");
	assert_string_equal(where(l, 2, 31, 0x1000), "/ls");
	assert_string_equal(where(l, 2, UINT64_MAX, 0x1000), "/ls");
	assert_string_equal(where(l, 2, 30, 0x1000), "/ls"); /* the moment between: the last one */
	assert_string_equal(mms_lives_comm(l, 2, 29), "sh");
	assert_string_equal(mms_lives_comm(l, 2, 31), "ls");
	assert_null(mms_lives_comm(l, 2, 19));
	assert_null(mms_lives_comm(l, 3, 31));
	mms_lives_exit(l, 2);
	assert_string_equal(where(l, 2, UINT64_MAX, 0x1fff), "/ls");
	assert_string_equal(where(l, 2, UINT64_MAX, 0x2000), NONE);
	/* Its number is used again. */
	mms_lives_fork(l, 1, 2, 50);
	assert_string_equal(where(l, 2, 40, 0x1000), "/ls");
	assert_string_equal(where(l, 2, 60, 0x1000), "/sh");
	assert_string_equal(where(l, 2, 60, 0x5000), "/late");
	assert_int_equal(mms_lives_forgotten(l), 0);
	mms_lives_free(l);
}

static void newer_mapping_covers_older(void **state)
{
	struct mms_lives *l = mms_lives_new();

	map(l, 1, 10, 0x1000, "/a.so");
	map(l, 1, 20, 0x1000, "/b.so");
	map(l, 1, 30, 0x1000, "/b.so");
	assert_string_equal(where(l, 1, 15, 0x1000), "/a.so");
	assert_string_equal(where(l, 1, 25, 0x1000), "/b.so");
	map(l, 1, 40, 0x1000, "/a.so");
	assert_string_equal(where(l, 1, 25, 0x1000), "/b.so");
	assert_string_equal(where(l, 1, 40, 0x1000), "/a.so");
	mms_lives_free(l);
}

static void old_news_is_no_news(void **state)
{
	struct mms_lives *l = mms_lives_new();

	mms_lives_begin(l, 1, 100); /* as /proc had it at 100 */
	map(l, 1, 0, 0x1000, "/now");
	mms_lives_exec(l, 1, "old", 90);
	map(l, 1, 95, 0x1000, "/before");
	mms_lives_fork(l, 5, 1, 80);
	assert_string_equal(where(l, 1, UINT64_MAX, 0x1000), "/now");
	assert_string_equal(where(l, 1, 50, 0x1000), "/now");
	mms_lives_free(l);
}

static void lives_are_bounded(void **state)
{
	struct mms_lives *l = mms_lives_new();
	pid_t pid;

	map(l, 1, 1, 0x1000, "/init");
	for (pid = 2; pid < 300000; pid++) {
		mms_lives_fork(l, 1, pid, (uint64_t)pid);
		mms_lives_exec(l, pid, "prog", (uint64_t)pid);
		map(l, pid, (uint64_t)pid, 0x2000, "/prog");
		mms_lives_exit(l, pid);
	}
	assert_true(mms_lives_forgotten(l) > 300000);
	assert_string_equal(where(l, 299999, UINT64_MAX, 0x2000), "/prog");
	assert_string_equal(where(l, 2, UINT64_MAX, 0x2000), NOBODY);
	assert_string_equal(where(l, 1, UINT64_MAX, 0x1000), "/init");
	mms_lives_free(l);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void a_process_and_its_children(void **state)
{
	struct mms_lives *l = mms_lives_new();
	uint64_t here = (uintptr_t)lives_are_bounded;
	struct mms_mapping m;
	uid_t uid;
	pid_t pid = fork();

	assert_return_code(pid, errno);
	if (!pid) {
		pause();
		_exit(0);
	}
	mms_lives_read_tree(l, getpid());
	assert_true(mms_lives_known(l, getpid()) && mms_lives_known(l, pid));
	assert_false(mms_lives_known(l, 1));
	assert_int_equal(mms_lives_find(l, pid, UINT64_MAX, here, &m), 0);
	assert_non_null(strstr(m.file->path, "test_lives"));
	assert_string_equal(mms_lives_comm(l, pid, UINT64_MAX), "test_lives");
	assert_true(mms_lives_uid(l, pid, &uid) && uid == geteuid());
	assert_false(mms_lives_seen_begin(l, pid)); /* nobody told when */
	assert_true(mms_lives_begun(l, pid) > 0);
	mms_lives_free(l);
	l = mms_lives_new();
	mms_lives_read_all(l);
	assert_true(mms_lives_known(l, getpid()) && mms_lives_known(l, pid));
	end(pid);
	mms_lives_free(l);
	l = mms_lives_new();
	mms_lives_read_tree(l, pid);
	assert_false(mms_lives_known(l, pid));
	assert_int_equal(mms_lives_begun(l, pid), 0);
	assert_false(mms_lives_uid(l, pid, &uid));
	mms_lives_set_comm(l, pid, "x"); /* of nobody */
	mms_lives_set_uid(l, pid, 1);
	mms_lives_exit(l, pid);
	assert_null(mms_lives_comm(l, pid, UINT64_MAX));
	mms_lives_free(l);
	mms_lives_free(NULL);
}

static void lines_of_maps(void **state)
{
	struct mms_mapped_file f;
	struct mms_mapping m;
	char exec[] = "7f0000001000-7f0000003000 r-xp 00002000 fd:1a 4711      /usr/lib/a b.so\n";
	char anon[] = "7f0000001000-7f0000003000 rwxp 00000000 00:00 0 \n";
	char data[] = "7f0000001000-7f0000003000 rw-p 00000000 00:00 0 [heap]\n";
	char none[] = "VmFlags: rd ex mr\n";

	assert_true(mms_lives_parse(exec, &m, &f));
	assert_int_equal(m.start, 0x7f0000001000);
	assert_int_equal(m.end, 0x7f0000003000);
	assert_int_equal(m.pgoff, 0x2000);
	assert_int_equal(f.maj, 0xfd);
	assert_int_equal(f.min, 0x1a);
	assert_int_equal(f.ino, 4711);
	assert_string_equal(f.path, "/usr/lib/a b.so");
	assert_true(mms_lives_parse(anon, &m, &f));
	assert_string_equal(f.path, "//anon");
	assert_false(mms_lives_parse(data, &m, &f));
	assert_false(mms_lives_parse(none, &m, &f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nearest_symbol_that_holds_it),
		cmocka_unit_test(sizeless_ends_at_the_limit),
		cmocka_unit_test(newest_symbol_wins),
		cmocka_unit_test(kallsyms_lines),
		cmocka_unit_test(kallsyms_hidden),
		cmocka_unit_test(life_goes_on_by_fork_and_exec),
		cmocka_unit_test(newer_mapping_covers_older),
		cmocka_unit_test(old_news_is_no_news),
		cmocka_unit_test(lives_are_bounded),
		cmocka_unit_test(a_process_and_its_children),
		cmocka_unit_test(lines_of_maps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
