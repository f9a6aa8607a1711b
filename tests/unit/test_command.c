// SPDX-License-Identifier: GPL-2.0-only
/* collect/command, cmd/watch: a command that is held, let go, and ends; whom to watch and until
 * when. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/watch.h"
#include "collect/cgroup.h"
#include "util/err.h"

#define NOBODY 0x3fffffff /* above the kernel's highest id */

static char dir[] = "/tmp/mms-command-XXXXXX";
static int saved_stderr = -1;
static char said[256];

/* What is said on stderr from here to err_end() is in said[]. */
static void err_begin(void)
{
	FILE *f = tmpfile();

	assert_non_null(f);
	fflush(stderr);
	saved_stderr = dup(STDERR_FILENO);
	assert_return_code(dup2(fileno(f), STDERR_FILENO), errno);
	fclose(f);
}

static void err_end(void)
{
	ssize_t n;

	fflush(stderr);
	n = pread(STDERR_FILENO, said, sizeof(said) - 1, 0);
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	assert_return_code(n, errno);
	said[n] = '\0';
}

static int wait_for(struct mms_command *c, int *status)
{
	struct rusage ru;
	int ret;

	while (!(ret = mms_command_ended(c, status, &ru)))
		usleep(1000);
	return ret;
}

static void it_waits_until_it_may(void **state)
{
	char path[64], text[128];
	char *argv[] = {"sh", "-c", text, NULL};
	struct mms_command c = {.with_us = true};
	struct rusage ru;
	sigset_t mask;
	int status;

	snprintf(path, sizeof(path), "%s/ran", dir);
	snprintf(text, sizeof(text), "echo >%s; exit 7", path);
	sigemptyset(&mask);
	assert_int_equal(mms_command_hold(&c, argv, &mask), 0);
	usleep(50000);
	assert_int_equal(mms_command_ended(&c, &status, &ru), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(mms_command_go(&c), 0);
	assert_int_equal(wait_for(&c, &status), 1);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(mms_command_ended(&c, &status, &ru), -ECHILD);
	mms_command_drop(&c); /* nothing is held any more */
}

static void what_cannot_be_run(void **state)
{
	char *argv[] = {"/nonexistent/program", NULL};
	struct mms_command c = {0};
	sigset_t mask;

	sigemptyset(&mask);
	assert_int_equal(mms_command_hold(&c, argv, &mask), 0);
	assert_int_equal(mms_command_go(&c), -ENOENT);
	assert_int_equal(waitpid(c.pid, NULL, WNOHANG), -1);
	argv[0] = dir;
	assert_int_equal(mms_command_hold(&c, argv, &mask), 0);
	assert_int_equal(mms_command_go(&c), -EACCES);
}

static void it_goes_where_it_is_dropped(void **state)
{
	char path[64], text[128];
	char *argv[] = {"sh", "-c", text, NULL};
	struct mms_command c = {0};
	sigset_t mask;

	snprintf(path, sizeof(path), "%s/dropped", dir);
	snprintf(text, sizeof(text), "echo >%s", path);
	sigemptyset(&mask);
	assert_int_equal(mms_command_hold(&c, argv, &mask), 0);
	mms_command_drop(&c);
	assert_int_equal(waitpid(c.pid, NULL, WNOHANG), -1);
	assert_int_equal(access(path, F_OK), -1);
}

static void put_program(const char *name, mode_t mode)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT, 0700);
	assert_return_code(fd, errno);
	assert_return_code(fchmod(fd, mode), errno);
	close(fd);
}

static void what_a_name_runs(void **state)
{
	char path[64], want[64], list[128], was[4096];

	snprintf(was, sizeof(was), "%s", getenv("PATH"));
	put_program("prog", 0700);
	put_program("data", 0600);
	snprintf(want, sizeof(want), "%s/prog", dir);
	snprintf(list, sizeof(list), "/nonexistent:/tmp:%s", dir);
	setenv("PATH", list, 1);
	assert_int_equal(mms_command_path("prog", path, sizeof(path)), 0);
	assert_string_equal(path, want);
	assert_int_equal(mms_command_path("data", path, sizeof(path)), -ENOENT);
	assert_int_equal(mms_command_path(dir + 5, path, sizeof(path)), -ENOENT); /* a directory */
	assert_int_equal(mms_command_path("prog", path, 10), -ENOENT);
	assert_int_equal(mms_command_path("./x/y", path, sizeof(path)), 0);
	assert_string_equal(path, "./x/y");
	assert_int_equal(mms_command_path("./x/y", path, 5), -ENAMETOOLONG);
	assert_return_code(chdir(dir), errno);
	setenv("PATH", "/nonexistent:", 1); /* nothing is here */
	assert_int_equal(mms_command_path("prog", path, sizeof(path)), 0);
	assert_string_equal(path, "./prog");
	unsetenv("PATH");
	assert_int_equal(mms_command_path("prog", path, sizeof(path)), -ENOENT);
	setenv("PATH", was, 1);
	assert_return_code(chdir("/"), errno);
}

/* --- watch --------------------------------------------------------------------- */

static int operands(struct watch *w, int argc, char **argv, int at)
{
	int ret;

	*w = (struct watch){0};
	optind = at;
	err_begin();
	ret = watch_parse_operands(w, "tlb", argc, argv);
	err_end();
	return ret;
}

static void intervals_counts_and_commands(void **state)
{
	struct watch w;

	assert_int_equal(operands(&w, 1, (char *[]){"tlb"}, 1), EXIT_OK);
	assert_true(!w.interval_ns && !w.count && !w.command);
	assert_int_equal(operands(&w, 3, (char *[]){"tlb", "1.5", "3"}, 1), EXIT_OK);
	assert_true(w.interval_ns == 1500000000 && w.count == 3);
	assert_int_equal(operands(&w, 4, (char *[]){"tlb", "--", "ls", "-l"}, 2), EXIT_OK);
	assert_string_equal(w.command[0], "ls");
	assert_int_equal(operands(&w, 2, (char *[]){"tlb", "--"}, 2), EXIT_USAGE);
	assert_non_null(strstr(said, "no command after '--'"));
	assert_int_equal(operands(&w, 4, (char *[]){"tlb", "1", "2", "3"}, 1), EXIT_USAGE);
	assert_non_null(strstr(said, "too many arguments"));
	assert_int_equal(operands(&w, 2, (char *[]){"tlb", "ls"}, 1), EXIT_USAGE);
	assert_non_null(strstr(said, "'ls' is not an interval"));
	assert_int_equal(operands(&w, 3, (char *[]){"tlb", "1", "0"}, 1), EXIT_USAGE);
	assert_non_null(strstr(said, "'0' is not a count"));
	assert_int_equal(operands(&w, 3, (char *[]){"tlb", "1", "x"}, 1), EXIT_USAGE);
	assert_non_null(strstr(said, "'x' is not a count"));
}

static int begin(struct watch *w)
{
	int ret;

	err_begin();
	ret = watch_begin(w);
	err_end();
	return ret;
}

static void nobody_to_watch(void **state)
{
	struct watch w = {.pid = NOBODY};
	siginfo_t info;

	assert_int_equal(begin(&w), EXIT_FAILED);
	assert_string_equal(said, "mmscope: no process 1073741823\n");
	watch_end(&w);
	w = (struct watch){.pid = fork()};
	assert_return_code(w.pid, errno);
	if (!w.pid)
		_exit(0);
	assert_return_code(waitid(P_PID, (id_t)w.pid, &info, WEXITED | WNOWAIT), errno);
	assert_int_equal(begin(&w), EXIT_FAILED);
	assert_non_null(strstr(said, "has ended: its parent has not waited for it"));
	waitpid(w.pid, NULL, 0);
	watch_end(&w);
}

static void until_the_command_ends(void **state)
{
	char *argv[] = {"sh", "-c", "exit 3", NULL};
	struct watch w = {.command = argv};

	assert_int_equal(begin(&w), EXIT_OK);
	assert_int_equal(watch_whom(&w).command, w.cmd.pid);
	assert_int_equal(watch_go(&w), EXIT_OK);
	assert_false(watch_until(&w, 0));
	assert_true(w.ended);
	assert_int_equal(watch_status(&w), 3);
	watch_end(&w);
	argv[2] = "kill -9 $$";
	w = (struct watch){.command = argv};
	assert_int_equal(begin(&w), EXIT_OK);
	assert_int_equal(watch_go(&w), EXIT_OK);
	assert_false(watch_until(&w, 0));
	assert_int_equal(watch_status(&w), 128 + SIGKILL);
	watch_end(&w);
}

static void the_command_is_none(void **state)
{
	char *argv[] = {"/nonexistent/program", NULL};
	struct watch w = {.command = argv};
	int ret;

	assert_int_equal(begin(&w), EXIT_OK);
	err_begin();
	ret = watch_go(&w);
	err_end();
	assert_int_equal(ret, EXIT_FAILED);
	assert_string_equal(
		said, "mmscope: cannot run '/nonexistent/program': No such file or directory\n");
	watch_end(&w);
}

/* A moment that comes, a process that ends, a signal to us: each ends the wait. */
static void until_something_happens(void **state)
{
	struct watch w = {0};
	uint64_t begun;
	pid_t pid;

	assert_int_equal(begin(&w), EXIT_OK);
	assert_int_equal(watch_go(&w), EXIT_OK);
	begun = watch_now_ns();
	assert_true(watch_until(&w, begun + 250000000));
	assert_true(watch_now_ns() - begun >= 250000000);
	kill(getpid(), SIGTERM);
	assert_false(watch_until(&w, 0));
	assert_false(w.ended);
	watch_end(&w);
	pid = fork();
	assert_return_code(pid, errno);
	if (!pid) {
		pause();
		_exit(0);
	}
	w = (struct watch){.pid = pid};
	assert_int_equal(begin(&w), EXIT_OK);
	assert_true(watch_until(&w, watch_now_ns() + 1));
	kill(pid, SIGKILL);
	assert_false(watch_until(&w, 0));
	assert_true(w.ended);
	waitpid(pid, NULL, 0);
	watch_end(&w);
}

static bool cgroup_goes(struct watch *w)
{
	bool more;

	err_begin();
	more = watch_until(w, watch_now_ns() + 20000000000);
	err_end();
	return !more && w->ended && strstr(said, "/group' is gone\n");
}

/* Another directory of that name, which is another cgroup; and none. */
static void until_the_cgroup_goes(void **state)
{
	char group[64], other[64], aside[64];
	struct watch w = {0};

	snprintf(group, sizeof(group), "%s/group", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
	snprintf(aside, sizeof(aside), "%s/aside", dir);
	assert_return_code(mkdir(group, 0700), errno);
	assert_return_code(mkdir(other, 0700), errno);
	w.cgroup = strdup(group);
	w.cgroup_id = mms_cgroup_id(group);
	assert_int_equal(begin(&w), EXIT_OK);
	assert_true(watch_until(&w, watch_now_ns() + 250000000));
	assert_return_code(rename(group, aside), errno);
	assert_return_code(rename(other, group), errno);
	assert_true(cgroup_goes(&w));
	w.ended = false;
	w.cgroup_id = mms_cgroup_id(group);
	assert_return_code(rmdir(group), errno);
	assert_true(cgroup_goes(&w));
	watch_end(&w);
}

/* A signal that somebody sends us is for the command, and it is the command that ends the watch. */
static void signals_are_passed_on(void **state)
{
	char *argv[] = {"sh", "-c",
			"trap 'exit 9' TERM; kill -TERM $PPID; while :; do sleep 0.05; done", NULL};
	struct watch w = {.command = argv};

	assert_int_equal(begin(&w), EXIT_OK);
	assert_int_equal(watch_go(&w), EXIT_OK);
	assert_false(watch_until(&w, 0));
	assert_int_equal(watch_status(&w), 9);
	watch_end(&w);
}

static struct {
	unsigned int reports, waits, stops;
	int report, wait;
	bool broken;
} seen;

static bool is_broken(void *arg)
{
	return seen.broken;
}

static int do_report(void *arg)
{
	seen.reports++;
	return seen.report;
}

static int do_wait(void *arg, uint64_t until_ns)
{
	seen.waits++;
	return seen.wait;
}

static void do_stop(void *arg)
{
	seen.stops++;
}

static void reports_and_their_number(void **state)
{
	struct watch_ops ops = {
		.broken = is_broken, .report = do_report, .wait = do_wait, .stop = do_stop};
	struct watch w = {.interval_ns = 1, .count = 3};

	seen.wait = 1;
	assert_int_equal(watch_observe(&w, 0, &ops, NULL), 0);
	assert_true(seen.reports == 3 && seen.waits == 3 && seen.stops == 1);
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(watch_observe(&w, 0, &ops, NULL), 0); /* the wait ends it */
	assert_true(seen.reports == 1 && seen.stops == 1);
	seen.wait = -EIO;
	assert_int_equal(watch_observe(&w, 0, &ops, NULL), -EIO);
	assert_int_equal(seen.reports, 1);
	seen.wait = 1;
	seen.report = -ENOSPC;
	assert_int_equal(watch_observe(&w, 0, &ops, NULL), -ENOSPC);
	assert_int_equal(seen.reports, 2);
	seen.broken = true;
	assert_int_equal(watch_observe(&w, 0, &ops, NULL), 0);
	assert_int_equal(seen.reports, 2);
	memset(&seen, 0, sizeof(seen));
	ops.wait = NULL;
	ops.stop = NULL;
	sigemptyset(&w.waited);
	w.pidfd = -1;
	assert_int_equal(watch_observe(&w, watch_now_ns(), &ops, NULL), 0);
	assert_int_equal(seen.reports, 3);
}

static int make(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int unmake(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r '%s'", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_waits_until_it_may),
		cmocka_unit_test(what_cannot_be_run),
		cmocka_unit_test(it_goes_where_it_is_dropped),
		cmocka_unit_test(what_a_name_runs),
		cmocka_unit_test(intervals_counts_and_commands),
		cmocka_unit_test(nobody_to_watch),
		cmocka_unit_test(until_the_command_ends),
		cmocka_unit_test(the_command_is_none),
		cmocka_unit_test(until_something_happens),
		cmocka_unit_test(until_the_cgroup_goes),
		cmocka_unit_test(signals_are_passed_on),
		cmocka_unit_test(reports_and_their_number),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
