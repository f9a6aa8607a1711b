// SPDX-License-Identifier: GPL-2.0-only
/* What could not be opened: the exit status says whether anything can be done about it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "cmd/watch.h"
#include "util/err.h"

/* The exit status; its line goes to @line. */
static int open_error(int err, const char *why, char *line, size_t size)
{
	int saved = dup(STDERR_FILENO), ret;
	FILE *f = tmpfile();
	size_t len;

	assert_non_null(f);
	fflush(stderr);
	dup2(fileno(f), STDERR_FILENO);
	ret = watch_open_error("tlb", err, why);
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
	char line[128];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(open_error(cases[i].err, "the reason", line, sizeof(line)),
				 cases[i].status);
		assert_string_equal(line, cases[i].line);
	}
}

static void without_a_reason_it_failed(void **state)
{
	char line[128];

	assert_int_equal(open_error(-EINVAL, NULL, line, sizeof(line)), EXIT_FAILED);
	assert_string_equal(line, "mmscope: tlb: Invalid argument\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_failed_is_told_from_what_is_missing),
		cmocka_unit_test(without_a_reason_it_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
