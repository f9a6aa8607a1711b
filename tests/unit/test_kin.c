// SPDX-License-Identifier: GPL-2.0-only
/* collect/kin: who was forked from whom, in a /proc that is known. */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_file.h"

#define MAX 12

static struct {
	const char *names[MAX]; /* of /proc, in its order */
	size_t nr, at;
	int open_err;
	pid_t same_a, same_b; /* they share their memory */
	pid_t no_exe;
} proc;

static DIR *fake_opendir(void)
{
	static int dir;

	errno = proc.open_err;
	proc.at = 0;
	return proc.open_err ? NULL : (DIR *)&dir;
}

static struct dirent *fake_readdir(void)
{
	static struct dirent e;

	if (proc.at == proc.nr)
		return NULL;
	snprintf(e.d_name, sizeof(e.d_name), "%s", proc.names[proc.at++]);
	return &e;
}

/* All run one program, but who is 100 or more above it runs another. */
static int fake_stat(const char *path, struct stat *st)
{
	int pid = (int)strtol(path + strlen("/proc/"), NULL, 10);

	if (pid == proc.no_exe)
		return -1;
	st->st_ino = pid / 100;
	return 0;
}

static long fake_kcmp(pid_t a, pid_t b)
{
	return !(a == proc.same_a && b == proc.same_b);
}

static int fake_clock(clockid_t id, struct timespec *t)
{
	*t = id == CLOCK_BOOTTIME ? (struct timespec){.tv_sec = 9, .tv_nsec = 100}
				  : (struct timespec){.tv_sec = 6, .tv_nsec = 200};
	return 0;
}

#define opendir(path)		   fake_opendir()
#define readdir(dir)		   fake_readdir()
#define closedir(dir)		   ((void)(dir))
#define stat(path, st)		   fake_stat(path, st)
#define syscall(nr, a, b, c, d, e) fake_kcmp(a, b)
#define clock_gettime(id, t)	   fake_clock(id, t)
#include "collect/kin.c"

#define ASLEEP 2999999900ULL /* 3 s, less 100 ns */

struct made {
	pid_t pid, parent;
	const char *comm;
	char state;
	unsigned int flags;
	unsigned long long start; /* ticks */
	unsigned int mark;	  /* of all addresses */
	unsigned int fields;	  /* of 52; it may be cut off */
};

static void put(const struct made *p)
{
	static char text[MAX][512], path[MAX][32], name[MAX][16];
	size_t i = proc.nr++;
	unsigned int field;
	int len = snprintf(text[i], sizeof(text[i]), "%d (%s)", p->pid, p->comm);

	for (field = 3; field <= p->fields; field++) {
		unsigned long long v = field == 4    ? (unsigned long long)p->parent
				       : field == 9  ? p->flags
				       : field == 22 ? p->start
				       : field >= 26 ? p->mark
						     : 0;

		len += field == 3
			       ? snprintf(text[i] + len, sizeof(text[i]) - (size_t)len, " %c",
					  p->state)
			       : snprintf(text[i] + len, sizeof(text[i]) - (size_t)len, " %llu", v);
	}
	snprintf(path[i], sizeof(path[i]), "/%d/stat", p->pid);
	snprintf(name[i], sizeof(name[i]), "%d", p->pid);
	fake_file(path[i], text[i]);
	proc.names[i] = name[i];
}

/* 110 was forked from 109, 111 from that; they come before their parents. */
static int family(void **state)
{
	static const struct made all[] = {
		{111, 110, "grandchild", 'S', 0, 700, 5, 52},
		{110, 109, "a) R (b", 'S', 0, 600, 5, 52},
		{112, 109, "another layout", 'S', 0, 650, 6, 52},
		{209, 109, "another program", 'R', 0, 660, 5, 52},
		{109, 101, "parent", 'S', 0, 500, 5, 52},
		{101, 0, "init", 'S', 0, 1, 4, 52},
		{102, 0, "kthreadd", 'S', 0x200000, 1, 4, 52},
		{103, 109, "zombie", 'Z', 0, 1, 5, 52},
		{104, 109, "cut", 'S', 0, 1, 5, 20},
	};
	size_t i;

	memset(fake_files, 0, sizeof(fake_files));
	memset(&proc, 0, sizeof(proc));
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		put(&all[i]);
	proc.names[proc.nr++] = "self";
	proc.names[proc.nr++] = "999"; /* it has gone meanwhile */
	return 0;
}

static const struct mms_kin *who(const struct mms_list *kin, pid_t pid)
{
	const struct mms_kin *k = kin->v;
	size_t i;

	for (i = 0; i < kin->nr; i++)
		if (k[i].pid == pid)
			return &k[i];
	return NULL;
}

static void below_a_root(void **state)
{
	struct mms_list kin = {0};
	const struct mms_kin *k;

	assert_int_equal(mms_kin_read(109, &kin), 0);
	assert_int_equal(kin.nr, 5);
	k = kin.v;
	assert_int_equal(k[0].pid, 109); /* parents come first */
	assert_int_equal(k[0].parent, 101);
	assert_false(k[0].forked);
	k = who(&kin, 110);
	assert_non_null(k);
	assert_true(k->forked && k->parent == 109);
	assert_string_equal(k->comm, "a) R (b");
	assert_int_equal(k->start_ns, 6000000000 - ASLEEP);
	assert_true(who(&kin, 111)->forked);
	assert_false(who(&kin, 112)->forked); /* an exec since */
	assert_false(who(&kin, 209)->forked);
	assert_string_equal(who(&kin, 209)->comm, "another program");
	free(kin.v);
}

static void everybody(void **state)
{
	struct mms_list kin = {0};

	assert_int_equal(mms_kin_read(0, &kin), 0);
	assert_int_equal(kin.nr, 6);
	assert_non_null(who(&kin, 101));
	assert_null(who(&kin, 102)); /* a thread of the kernel */
	assert_null(who(&kin, 103));
	assert_null(who(&kin, 104));
	free(kin.v);
	memset(&kin, 0, sizeof(kin));
	assert_int_equal(mms_kin_read(111, &kin), 0);
	assert_int_equal(kin.nr, 1);
	free(kin.v);
	memset(&kin, 0, sizeof(kin));
	assert_int_equal(mms_kin_read(12345, &kin), 0);
	assert_int_equal(kin.nr, 0);
}

static bool is_fork(pid_t pid)
{
	struct mms_list kin = {0};
	bool forked;

	assert_int_equal(mms_kin_read(109, &kin), 0);
	assert_non_null(who(&kin, pid));
	forked = who(&kin, pid)->forked;
	free(kin.v);
	return forked;
}

static void what_cannot_be_told_is_no_fork(void **state)
{
	static const struct made hidden = {110, 109, "hidden", 'S', 0, 600, 0, 52},
				 cut = {110, 109, "cut", 'S', 0, 600, 5, 30};

	assert_true(is_fork(110));
	proc.same_a = 110;
	proc.same_b = 109;
	assert_false(is_fork(110)); /* a vfork */
	assert_true(is_fork(111));
	proc.same_a = 0;
	proc.no_exe = 109;
	assert_false(is_fork(110));
	assert_true(is_fork(111));
	proc.no_exe = 110;
	assert_false(is_fork(110));
	proc.no_exe = 0;
	put(&hidden); /* the one before says no more */
	proc.nr--;
	assert_false(is_fork(110));
	put(&cut);
	proc.nr--;
	assert_false(is_fork(110));
}

static void garbled_lines(void **state)
{
	struct mms_list kin = {0};

	fake_file("/111/stat", "111 grandchild S 110\n");
	fake_file("/110/stat", "110 )a( S 109\n");
	fake_file("/112/stat", "");
	fake_file("/209/stat", "209 (x)");
	assert_int_equal(mms_kin_read(109, &kin), 0);
	assert_int_equal(kin.nr, 1);
	free(kin.v);
	memset(&kin, 0, sizeof(kin));
	proc.open_err = EACCES;
	assert_int_equal(mms_kin_read(109, &kin), -EACCES);
	assert_int_equal(kin.nr, 0);
}

static bool within(const char *text, const char *path)
{
	fake_file("/7/cgroup", text);
	return mms_kin_in_cgroup(7, path);
}

static void in_a_cgroup_or_below(void **state)
{
	static const char text[] = "3:memory:/old\n0::/a/b\n";

	memset(fake_files, 0, sizeof(fake_files));
	assert_true(within(text, "/a/b"));
	assert_true(within(text, "/a"));
	assert_true(within(text, "/"));
	assert_false(within(text, "/a/b/c"));
	assert_false(within("0::/a/bc\n", "/a/b"));
	assert_false(within(text, "/old"));
	assert_false(within("3:memory:/a\n", "/a"));
	fake_no_file("/7/cgroup", ENOENT);
	assert_false(mms_kin_in_cgroup(7, "/"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(below_a_root, family),
		cmocka_unit_test_setup(everybody, family),
		cmocka_unit_test_setup(what_cannot_be_told_is_no_fork, family),
		cmocka_unit_test_setup(garbled_lines, family),
		cmocka_unit_test(in_a_cgroup_or_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
