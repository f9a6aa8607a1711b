// SPDX-License-Identifier: GPL-2.0-only
/* render/: digits against printf(), reals against jansson, and how bytes leave. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "render/out.h"
#include "render/out_ops.h"

static uint64_t seed = 88172645463325252ULL;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static uint64_t any(void)
{
	return rnd() >> rnd() % 64;
}

static void same_digits(uint64_t v)
{
	char want[32], got[OUT_DIGITS + 1];

	snprintf(want, sizeof(want), "%" PRIu64, v);
	got[out_dec(got, v)] = '\0';
	assert_string_equal(got, want);
	snprintf(want, sizeof(want), "0x%" PRIx64, v);
	got[out_hex(got, v)] = '\0';
	assert_string_equal(got, want);
}

static void digits_are_those_of_printf(void **state)
{
	uint64_t p;
	int i;

	same_digits(0);
	same_digits(UINT64_MAX);
	for (p = 1; p < UINT64_MAX / 10; p *= 10) {
		same_digits(p - 1);
		same_digits(p);
		same_digits(p * 10 - 1);
	}
	for (i = 0; i < 64; i++) {
		same_digits(1ULL << i);
		same_digits((1ULL << i) - 1);
	}
	for (i = 0; i < 200000; i++)
		same_digits(any());
}

/* By printf() alone: the nearest decimal of the quotient, as a double has it. */
static void same_ns(uint64_t ns)
{
	static const char *const units[] = {"ns", "us", "ms", "s"};
	struct out_val v = {.kind = OUT_VAL_NUM, .type = OUT_NS, .num = ns};
	char want[40], got[40];
	double x = (double)ns;
	size_t i = 0;

	while (i < 3 && x >= (i ? 999.95 : 1000)) {
		x /= 1000;
		i++;
	}
	snprintf(want, sizeof(want), "%.*f%s", i == 3 ? 2 : i ? 1 : 0, x, units[i]);
	assert_string_equal(out_human(&v, got, false), want);
	snprintf(want, sizeof(want), "%.*f %s", i == 3 ? 2 : i ? 1 : 0, x, units[i]);
	assert_string_equal(out_human(&v, got, true), want);
}

static void times_are_those_of_printf(void **state)
{
	static const uint64_t near[] = {1000,	      999950,	   1000000,	     999950000,
					1000000000,   59995000000, 1000000000000,    999995000000,
					999999999999, 1ULL << 53,  UINT64_MAX - 9000};
	size_t i;
	uint64_t d;

	for (d = 0; d < 2500000; d += d < 30000 ? 1 : 50)
		same_ns(d);
	for (i = 0; i < sizeof(near) / sizeof(near[0]); i++)
		for (d = 0; d < 1000; d++)
			same_ns(near[i] - 500 + d);
	for (d = 0; d < 20000; d++) {
		same_ns(d * 50000);   /* halves of what is printed */
		same_ns(d * 5000000); /* of seconds, too */
		same_ns(any());
	}
}

static char *one_real(double v)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	struct out *o = out_create(OUT_JSON, f, "x");

	out_begin(o);
	out_real(o, "v", "v", OUT_REAL, v);
	out_end(o);
	assert_int_equal(out_destroy(o), 0);
	fclose(f);
	return text;
}

static void same_real(double v)
{
	json_t *j = json_pack("{s:s,s:f}", "schema", "mmscope.x/1", "v", v);
	char *want = json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(15)), *got = one_real(v);

	assert_int_equal(strcspn(got, "\n"), strlen(got) - 1);
	got[strlen(got) - 1] = '\0';
	assert_string_equal(got, want);
	free(got);
	free(want);
	json_decref(j);
}

static void reals_are_those_of_jansson(void **state)
{
	static const double some[] = {0,     -0.0,   1,	     -1,    0.1,    1e15,
				      1e16,  1e20,   1e-5,   1e-4,  1e99,   1e-100,
				      1e300, 5e-324, 1.5e-7, -2e22, 1 / 3.0};
	size_t i;

	for (i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		same_real(some[i]);
	for (i = 0; i < 20000; i++)
		same_real((double)any() / (double)(any() | 1) * (rnd() % 2 ? 1e-9 : 1));
}

static void same_string(const char *s)
{
	char *text = NULL, *safe = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	struct out *o = out_create(OUT_JSON, f, "x");
	json_t *j;

	out_begin(o);
	out_str(o, "v", "v", s);
	out_end(o);
	assert_int_equal(out_destroy(o), 0);
	fclose(f);
	j = json_pack("{s:s,s:s}", "schema", "mmscope.x/1", "v", s);
	if (j) { /* not what is no UTF-8 */
		safe = json_dumps(j, JSON_COMPACT);
		text[strlen(text) - 1] = '\0';
		assert_string_equal(text, safe);
	}
	free(safe);
	free(text);
	json_decref(j);
}

static void strings_are_those_of_jansson(void **state)
{
	char s[3] = "";
	int a, b;

	for (a = 1; a < 128; a++)
		for (b = 0; b < 128; b++) {
			s[0] = (char)a;
			s[1] = (char)b;
			same_string(s);
		}
	same_string("\xc3\xa9\xe2\x82\xac/\xf0\x9f\x98\x80");
}

static const struct out_col cols[] = {
	{"n", "N", OUT_COUNT, 8},
	{"a_name_that_is_longer_than_all_others", "NAME", OUT_STR, 0},
};

static void put_rows(struct out *o, unsigned int nr)
{
	unsigned int i;

	out_begin(o);
	out_table(o, "rows", cols, 2);
	for (i = 0; i < nr; i++) {
		out_row(o);
		out_cell_num(o, i);
		out_cell_str(o, "name");
	}
	out_table_end(o);
	out_end(o);
}

/* Each write(2) to such a socket is a packet of its own. */
static void an_object_is_one_write(void **state)
{
	static const enum out_format fmts[] = {OUT_TEXT, OUT_CSV, OUT_JSON};
	static char packet[1 << 20];
	size_t i;

	for (i = 0; i < 3; i++) {
		int fd[2];
		FILE *f;
		struct out *o;
		ssize_t n;

		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
		f = fdopen(fd[1], "w");
		o = out_create(fmts[i], f, "x");
		put_rows(o, 1000);
		n = recv(fd[0], packet, sizeof(packet), MSG_DONTWAIT);
		assert_true(n > 5000);
		assert_int_equal(packet[n - 1], '\n');
		assert_int_equal(recv(fd[0], packet, sizeof(packet), MSG_DONTWAIT), -1);
		/* A note between objects does not wait for the next one: it may be of two outputs.
		 */
		if (fmts[i] == OUT_TEXT) {
			out_note(o, "now");
			n = recv(fd[0], packet, sizeof(packet), MSG_DONTWAIT);
			assert_int_equal(n, 6);
		}
		assert_int_equal(out_destroy(o), 0);
		fclose(f);
		close(fd[0]);
	}
}

static void what_others_wrote_comes_first(void **state)
{
	char text[64] = "";
	int fd[2];
	FILE *f;
	struct out *o;

	assert_int_equal(pipe(fd), 0);
	f = fdopen(fd[1], "w");
	fputs("first\n", f);
	o = out_create(OUT_TEXT, f, "x");
	put_rows(o, 1);
	assert_int_equal(out_destroy(o), 0);
	assert_true(read(fd[0], text, sizeof(text) - 1) > 0);
	assert_string_equal(text, "first\n       N NAME\n       0 name\n");
	fclose(f);
	close(fd[0]);
}

static void a_closed_pipe_is_told(void **state)
{
	static const enum out_format fmts[] = {OUT_TEXT, OUT_CSV, OUT_JSON, OUT_FOLDED};
	size_t i;

	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < 4; i++) {
		int fd[2];
		FILE *f;
		struct out *o;

		assert_int_equal(pipe(fd), 0);
		close(fd[0]);
		f = fdopen(fd[1], "w");
		o = out_create(fmts[i], f, "x");
		put_rows(o, 3);
		put_rows(o, 3);
		assert_int_equal(out_error(o), -EPIPE);
		assert_int_equal(out_destroy(o), -EPIPE);
		fclose(f);
	}
}

/* An object that was not ended is no json: nothing of it. */
static void half_an_object_is_none(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	struct out *o = out_create(OUT_JSON, f, "x");

	put_rows(o, 1);
	out_begin(o);
	out_str(o, "a", NULL, "b");
	out_note(o, "c");
	assert_int_equal(out_destroy(o), 0);
	fclose(f);
	assert_string_equal(text, "{\"schema\":\"mmscope.x/1\",\"rows\":[{\"n\":0,"
				  "\"a_name_that_is_longer_than_all_others\":\"name\"}]}\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digits_are_those_of_printf),
		cmocka_unit_test(times_are_those_of_printf),
		cmocka_unit_test(reals_are_those_of_jansson),
		cmocka_unit_test(strings_are_those_of_jansson),
		cmocka_unit_test(an_object_is_one_write),
		cmocka_unit_test(what_others_wrote_comes_first),
		cmocka_unit_test(a_closed_pipe_is_told),
		cmocka_unit_test(half_an_object_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
