// SPDX-License-Identifier: GPL-2.0-only
/* What watching commands share: whom, reports and their number, what could not be opened. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "cmd/watch.h"
#include "util/err.h"

/* The exit status; its line goes to @line. */
static int open_error(const struct watch *w, int err, const char *why, char *line, size_t size)
{
	int saved = dup(STDERR_FILENO), ret;
	FILE *f = tmpfile();
	size_t len;

	assert_non_null(f);
	fflush(stderr);
	dup2(fileno(f), STDERR_FILENO);
	ret = watch_open_error("tlb", w, err, why);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(f);
	len = fread(line, 1, size - 1, f);
	line[len] = '\0';
	fclose(f);
	return ret;
}

static void what_failed_is_told_from_what_is_missing(void **state)
{
	static const struct {
		int err, status;
		const char *line;
	} cases[] = {
		{-ESRCH, EXIT_FAILED, "mmscope: tlb: the reason\n"},
		{-ESTALE, EXIT_FAILED, "mmscope: tlb: the reason\n"},
		{-EIO, EXIT_FAILED, "mmscope: tlb: the reason\n"},
		{-ENOMEM, EXIT_FAILED, "mmscope: tlb: the reason\n"},
		{-EPERM, EXIT_MISSING, "mmscope: tlb: the reason\n"},
		{-ENOENT, EXIT_MISSING, "mmscope: tlb: the reason\n"},
		{-EOPNOTSUPP, EXIT_MISSING, "mmscope: tlb: the reason\n"},
		{-EINVAL, EXIT_MISSING, "mmscope: tlb: the reason: Invalid argument\n"},
	};
	const struct watch w = {.cgroup = "/went"};
	char line[128];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(open_error(NULL, cases[i].err, "the reason", line, sizeof(line)),
				 cases[i].status);
		assert_string_equal(line, cases[i].line);
	}
	/* a cgroup that went while the command began has its name */
	assert_int_equal(open_error(&w, -ESTALE, "the reason", line, sizeof(line)), EXIT_FAILED);
	assert_string_equal(line, "mmscope: cgroup '/went': the reason\n");
}

static void without_a_reason_it_failed(void **state)
{
	char line[128];

	assert_int_equal(open_error(NULL, -EINVAL, NULL, line, sizeof(line)), EXIT_FAILED);
	assert_string_equal(line, "mmscope: tlb: Invalid argument\n");
}

/* What an object with only the identity looks like. */
static char *identity(enum out_format format, uint64_t sampled_out, uint64_t dropped)
{
	struct watch_identity i = {.seen = 100 + dropped,
				   .stored = 60,
				   .filtered = 40,
				   .sampled_out = sampled_out,
				   .dropped = dropped};
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	struct out *o = out_create(format, f, "tlb");

	assert_non_null(o);
	out_begin(o);
	watch_report_identity(o, &i);
	out_end(o);
	assert_int_equal(out_destroy(o), 0);
	fclose(f);
	return text;
}

static void assert_identity(enum out_format format, uint64_t sampled_out, uint64_t dropped,
			    const char *want)
{
	char *text = identity(format, sampled_out, dropped);

	assert_string_equal(text, want);
	free(text);
}

static void people_get_the_identity_when_it_says_something(void **state)
{
	assert_identity(OUT_TEXT, UINT64_MAX, 0, "");
	assert_identity(OUT_TEXT, 0, 0, "");
	assert_identity(OUT_TEXT, UINT64_MAX, 7,
			"seen: 107\nstored: 60\nfiltered: 40\ndropped: 7\n");
	assert_identity(OUT_TEXT, 5, 0,
			"seen: 100\nstored: 60\nfiltered: 40\nsampled out: 5\ndropped: 0\n");
}

static void programs_always_get_it(void **state)
{
	assert_identity(OUT_JSON, UINT64_MAX, 0,
			"{\"schema\":\"mmscope.tlb/1\",\"seen\":100,\"stored\":60,"
			"\"filtered\":40,\"dropped\":0}\n");
	assert_identity(OUT_JSON, 0, 0,
			"{\"schema\":\"mmscope.tlb/1\",\"seen\":100,\"stored\":60,"
			"\"filtered\":40,\"sampled_out\":0,\"dropped\":0}\n");
}

static void of_all_and_one_only_one_is_watched(void **state)
{
	char *command[] = {"true", NULL};
	const struct watch none = {}, pid = {.pid = 1}, group = {.cgroup_id = 1},
			   run = {.command = command}, two = {.pid = 1, .cgroup_id = 1},
			   both = {.pid = 1, .command = command};

	assert_int_equal(watch_check_whom(&none, "tlb", true), EXIT_OK);
	assert_int_equal(watch_check_whom(&pid, "tlb", false), EXIT_OK);
	assert_int_equal(watch_check_whom(&group, "tlb", false), EXIT_OK);
	assert_int_equal(watch_check_whom(&run, "tlb", false), EXIT_OK);
	assert_int_equal(watch_check_whom(&pid, "tlb", true), EXIT_USAGE);
	assert_int_equal(watch_check_whom(&run, "tlb", true), EXIT_USAGE);
	assert_int_equal(watch_check_whom(&two, "tlb", false), EXIT_USAGE);
	assert_int_equal(watch_check_whom(&both, "tlb", false), EXIT_USAGE);
}

/* What comes of each wait, and what is done then. */
struct observer {
	int waits[4];
	int reports_fail, broken_after;
	uint64_t moments[4];
	int nr_waits, nr_reports, nr_stops;
};

static int observer_wait(void *arg, uint64_t moment_ns)
{
	struct observer *v = arg;

	v->moments[v->nr_waits] = moment_ns;
	return v->waits[v->nr_waits++];
}

static int observer_report(void *arg)
{
	struct observer *v = arg;

	v->nr_reports++;
	return v->reports_fail;
}

static void observer_stop(void *arg)
{
	((struct observer *)arg)->nr_stops++;
}

static bool observer_broken(void *arg)
{
	struct observer *v = arg;

	return v->broken_after && v->nr_reports >= v->broken_after;
}

static const struct watch_ops observer_ops = {.wait = observer_wait,
					      .report = observer_report,
					      .stop = observer_stop,
					      .broken = observer_broken};

static void reports_come_until_the_end(void **state)
{
	struct watch once = {}, often = {.interval_ns = 10};
	struct observer at_end = {}, ended = {.waits = {1, 1, 0}};

	assert_int_equal(watch_observe(&once, 100, &observer_ops, &at_end), 0);
	assert_int_equal(at_end.moments[0], 0);
	assert_int_equal(at_end.nr_reports, 1);
	assert_int_equal(at_end.nr_stops, 1);
	assert_int_equal(watch_observe(&often, 100, &observer_ops, &ended), 0);
	assert_int_equal(ended.moments[0], 110);
	assert_int_equal(ended.moments[2], 130);
	assert_int_equal(ended.nr_reports, 3);
	assert_int_equal(ended.nr_stops, 1);
}

static void reports_end_by_count_failure_or_a_full_disk(void **state)
{
	struct watch often = {.interval_ns = 10}, twice = {.interval_ns = 10, .count = 2};
	struct observer counted = {.waits = {1, 1, 1}}, full = {.waits = {1, 1}, .broken_after = 1},
			failed = {.waits = {1, 1}, .reports_fail = -EIO},
			not_waited = {.waits = {1, -ENOMEM}};

	assert_int_equal(watch_observe(&twice, 0, &observer_ops, &counted), 0);
	assert_int_equal(counted.nr_reports, 2);
	assert_int_equal(counted.nr_stops, 1);
	assert_int_equal(watch_observe(&often, 0, &observer_ops, &full), 0);
	assert_int_equal(full.nr_reports, 1);
	assert_int_equal(watch_observe(&often, 0, &observer_ops, &failed), -EIO);
	assert_int_equal(failed.nr_reports, 1);
	assert_int_equal(watch_observe(&often, 0, &observer_ops, &not_waited), -ENOMEM);
	assert_int_equal(not_waited.nr_reports, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_failed_is_told_from_what_is_missing),
		cmocka_unit_test(without_a_reason_it_failed),
		cmocka_unit_test(people_get_the_identity_when_it_says_something),
		cmocka_unit_test(programs_always_get_it),
		cmocka_unit_test(of_all_and_one_only_one_is_watched),
		cmocka_unit_test(reports_come_until_the_end),
		cmocka_unit_test(reports_end_by_count_failure_or_a_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
