// SPDX-License-Identifier: GPL-2.0-only
/* What could not be opened: the exit status says whether anything can be done about it. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_failed_is_told_from_what_is_missing),
		cmocka_unit_test(without_a_reason_it_failed),
		cmocka_unit_test(people_get_the_identity_when_it_says_something),
		cmocka_unit_test(programs_always_get_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
