// SPDX-License-Identifier: GPL-2.0-only
/* render/: each backend gives exactly these bytes for one description of data. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "render/escape.h"
#include "render/out.h"
#include "render/out_ops.h"

static char *buf;
static size_t buf_sz;
static FILE *mem;

static struct out *start(enum out_format fmt)
{
	free(buf);
	buf = NULL;
	mem = open_memstream(&buf, &buf_sz);
	return out_create(fmt, mem, "test");
}

static void finish(struct out *o)
{
	assert_int_equal(out_destroy(o), 0);
	fclose(mem);
}

static const struct out_col cols[] = {
	{"start", "START", OUT_HEX, -10}, {"size", "SIZE", OUT_BYTES, 8},
	{"lat_ns", "LAT", OUT_NS, 8},	  {"share", "SHARE", OUT_PERCENT, 6},
	{"thp", "THP", OUT_BOOL, 4},	  {"name", "NAME", OUT_STR, 0},
};

static void one_row(struct out *o, uint64_t v, const char *name)
{
	out_row(o);
	out_cell_num(o, v);
	out_cell_num(o, v);
	out_cell_num(o, v);
	out_cell_real(o, 12.34);
	out_cell_num(o, 1);
	out_cell_str(o, name);
}

static void one_object(struct out *o)
{
	out_begin(o);
	out_num(o, "pid", "pid", OUT_COUNT, 42);
	out_str(o, "hidden", NULL, "x");
	out_table(o, "rows", cols, 6);
	one_row(o, 4096, "a,b");
	one_row(o, 20 << 20, NULL);
	out_table_end(o);
	out_note(o, "lost %d", 3);
	out_end(o);
}

static void text_aligns_and_scales(void **state)
{
	struct out *o = start(OUT_TEXT);

	one_object(o);
	finish(o);
	assert_string_equal(buf, "pid: 42\n"
				 "\n"
				 "START          SIZE      LAT  SHARE  THP NAME\n"
				 "0x1000           4K    4.1us  12.3%  yes a,b\n"
				 "0x1400000     20.0M   21.0ms  12.3%  yes -\n"
				 "# lost 3\n");
}

static void text_header_once_until_columns_change(void **state)
{
	static const struct out_col other[] = {{"n", "N", OUT_COUNT, 4}};
	struct out *o = start(OUT_TEXT);
	int i;

	for (i = 0; i < 2; i++) {
		out_begin(o);
		out_table(o, "n", other, 1);
		out_row(o);
		out_cell_num(o, i);
		out_table_end(o);
		out_end(o);
	}
	out_begin(o);
	out_table(o, "rows", cols, 6);
	out_table_end(o);
	out_end(o);
	finish(o);
	assert_string_equal(buf, "   N\n   0\n   1\n\n"
				 "START          SIZE      LAT  SHARE  THP NAME\n");
}

static void parts_of_a_nanosecond(void **state)
{
	struct out_val val = {.kind = OUT_VAL_REAL, .type = OUT_NS, .real = 1.25};
	char b[32];

	assert_string_equal(out_human(&val, b, true), "1.25 ns");
	val.real = 3;
	assert_string_equal(out_human(&val, b, true), "3 ns");
	val.real = 3568242.64;
	assert_string_equal(out_human(&val, b, true), "3.6 ms");
}

static void text_wide_cell_realigns_later(void **state)
{
	static const struct out_col w[] = {
		{"a", "A", OUT_STR, -4},
		{"b", "B", OUT_COUNT, 8},
		{"c", "C", OUT_COUNT, 3},
	};
	struct out *o = start(OUT_TEXT);

	out_begin(o);
	out_table(o, "w", w, 3);
	out_row(o);
	out_cell_str(o, "toolong");
	out_cell_num(o, 12);
	out_cell_num(o, 3);
	out_row(o);
	out_cell_str(o, "s");
	out_cell_num(o, 12);
	out_cell_num(o, 3);
	out_table_end(o);
	out_end(o);
	finish(o);
	assert_string_equal(buf, "A           B   C\n"
				 "toolong    12   3\n"
				 "s          12   3\n");
}

static void csv_is_raw_and_quoted(void **state)
{
	struct out *o = start(OUT_CSV);

	out_begin(o);
	out_num(o, "pid", "pid", OUT_COUNT, 42);
	out_table(o, "rows", cols, 6);
	one_row(o, 4096, "a,\"b\"\n");
	out_row(o);
	out_cell_none(o);
	out_cell_num(o, UINT64_MAX);
	out_cell_num(o, 0);
	out_cell_real(o, NAN);
	out_cell_num(o, 0);
	out_cell_str(o, "");
	out_table_end(o);
	out_end(o);
	finish(o);
	assert_string_equal(buf, "start,size,lat_ns,share,thp,name\n"
				 "0x1000,4096,4096,12.34,true,\"a,\"\"b\"\"\\x0a\"\n"
				 ",18446744073709551615,0,,false,\n");
}

static void csv_tables_have_a_line_between(void **state)
{
	static const struct out_col other[] = {{"n", "N", OUT_COUNT, 0}};
	struct out *o = start(OUT_CSV);
	int i;

	for (i = 1; i <= 2; i++) {
		out_begin(o);
		out_table(o, "other", other, 1);
		out_row(o);
		out_cell_num(o, i);
		out_table_end(o);
		out_end(o);
	}
	out_begin(o);
	out_table(o, "rows", cols, 6);
	one_row(o, 4096, "a");
	out_table_end(o);
	out_end(o);
	finish(o);
	assert_string_equal(buf, "n\n1\n2\n\nstart,size,lat_ns,share,thp,name\n"
				 "0x1000,4096,4096,12.34,true,a\n");
}

static json_t *parsed(void)
{
	json_error_t e;
	json_t *j = json_loads(buf, JSON_REJECT_DUPLICATES, &e);

	if (!j)
		print_error("%s: %s\n", e.text, buf);
	assert_non_null(j);
	return j;
}

static void json_is_one_valid_line(void **state)
{
	struct out *o = start(OUT_JSON);

	one_object(o);
	finish(o);
	assert_string_equal(
		buf,
		"{\"schema\":\"mmscope.test/1\",\"pid\":42,\"hidden\":\"x\",\"rows\":["
		"{\"start\":\"0x1000\",\"size\":4096,\"lat_ns\":4096,\"share\":12.34,\"thp\":true,"
		"\"name\":\"a,b\"},{\"start\":\"0x1400000\",\"size\":20971520,\"lat_ns\":20971520,"
		"\"share\":12.34,\"thp\":true,\"name\":null}],\"notes\":[\"lost 3\"]}\n");
	json_decref(parsed());
}

static const struct out_col stack_cols[] = {
	{"comm", "COMM", OUT_STR, -15},	   {"pid", NULL, OUT_COUNT, 7},
	{"user", "USER", OUT_FRAMES, -10}, {"kernel", "KERNEL", OUT_KFRAMES, -10},
	{"kind", "KIND", OUT_STR, 10},	   {"count", "COUNT", OUT_COUNT, 5},
};

static void two_stacks(struct out *o)
{
	static const char *const user[] = {"main", "operator new;x", "a b\tc\xff"};
	static const char *const kernel[] = {"do_syscall_64", "handle_mm_fault"};

	out_begin(o);
	out_str(o, "attach", "attached by", "x 1");
	out_table(o, "stacks", stack_cols, 6);
	out_row(o);
	out_cell_str(o, "my prog");
	out_cell_num(o, 42);
	out_cell_frames(o, user, 3);
	out_cell_frames(o, kernel, 2);
	out_cell_str(o, "fault:segv");
	out_cell_num(o, 17);
	out_row(o);
	out_cell_none(o);
	out_cell_num(o, 43);
	out_cell_frames(o, NULL, 0);
	out_cell_frames(o, kernel, 1);
	out_cell_none(o);
	out_cell_num(o, 1);
	out_table_end(o);
	out_end(o);
}

static void folded_is_lines_of_stacks(void **state)
{
	struct out *o = start(OUT_FOLDED);

	two_stacks(o);
	finish(o);
	assert_string_equal(buf, "my_prog;main;operator_new:x;a_b\\x09c\\xff;do_syscall_64_[k];"
				 "handle_mm_fault_[k];fault:segv 17\n"
				 "do_syscall_64_[k] 1\n");
}

static void stacks_in_other_formats(void **state)
{
	struct out *o = start(OUT_JSON);

	two_stacks(o);
	finish(o);
	assert_string_equal(
		buf,
		"{\"schema\":\"mmscope.test/1\",\"attach\":\"x 1\",\"stacks\":[{\"comm\":\"my prog\","
		"\"pid\":42,\"user\":[\"main\",\"operator new;x\",\"a b\\tc\\\\xff\"],\"kernel\":["
		"\"do_syscall_64\",\"handle_mm_fault\"],\"kind\":\"fault:segv\",\"count\":17},"
		"{\"comm\":null,\"pid\":43,\"user\":[],\"kernel\":[\"do_syscall_64\"],"
		"\"kind\":null,\"count\":1}]}\n");
	o = start(OUT_CSV);
	two_stacks(o);
	finish(o);
	assert_string_equal(buf, "comm,pid,user,kernel,kind,count\n"
				 "my prog,42,main;operator_new:x;a_b\\x09c\\xff,"
				 "do_syscall_64_[k];handle_mm_fault_[k],fault:segv,17\n"
				 ",43,,do_syscall_64_[k],,1\n");
}

static void json_survives_any_bytes(void **state)
{
	static const char *const bad[] = {
		"\xff\xfe", "a\"b\\c",	    "\x01\x1b[31m\n\t", "\xc3\xa9", "\xc3",
		"\xe2\x82", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\x80", "\xf0\x80\x80\x80",
		"",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct out *o = start(OUT_JSON);

		out_begin(o);
		out_str(o, "s", NULL, bad[i]);
		out_note(o, "%s", bad[i]);
		out_end(o);
		finish(o);
		assert_non_null(strchr(buf, '\n'));
		assert_int_equal(strchr(buf, '\n')[1], 0);
		json_decref(parsed());
	}
}

static void json_all_two_byte_strings(void **state)
{
	unsigned int a, b;

	for (a = 1; a < 256; a++)
		for (b = 1; b < 256; b++) {
			char s[3] = {(char)a, (char)b, 0};
			char *safe = out_escape(s, false);
			json_t *j = json_string(safe);

			assert_non_null(j);
			json_decref(j);
			free(safe);
		}
}

static void json_large_numbers_keep_their_digits(void **state)
{
	static const uint64_t v[] = {0, INT64_MAX, UINT64_MAX};
	struct out *o = start(OUT_JSON);
	json_t *j;

	out_begin(o);
	out_num(o, "big", "big", OUT_COUNT, UINT64_MAX);
	out_num(o, "hex", "hex", OUT_HEX, UINT64_MAX);
	out_real(o, "nan", "nan", OUT_REAL, NAN);
	out_array(o, "a", v, 3);
	out_end(o);
	finish(o);
	j = parsed();
	assert_string_equal(json_string_value(json_object_get(j, "big")), "18446744073709551615");
	assert_string_equal(json_string_value(json_object_get(j, "hex")), "0xffffffffffffffff");
	assert_true(json_is_null(json_object_get(j, "nan")));
	assert_int_equal(json_integer_value(json_array_get(json_object_get(j, "a"), 1)), INT64_MAX);
	json_decref(j);
}

static void json_note_after_last_object_is_kept(void **state)
{
	struct out *o = start(OUT_JSON);

	out_note(o, "process exited");
	finish(o);
	assert_string_equal(buf,
			    "{\"schema\":\"mmscope.test/1\",\"notes\":[\"process exited\"]}\n");
}

static void escapes_what_a_terminal_obeys(void **state)
{
	static const struct {
		const char *in, *out;
	} t[] = {
		{"plain", "plain"},
		{"\x1b[2J", "\\x1b[2J"},
		{"\xc2\x9b"
		 "31m",
		 "\\xc2\\x9b31m"},
		{"\xc3\xa9", "\xc3\xa9"},
		{"a\nb", "a\\x0ab"},
		{"\x7f", "\\x7f"},
	};
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char *s = out_escape(t[i].in, true);

		assert_string_equal(s, t[i].out);
		free(s);
	}
	assert_int_equal(out_columns("\xc3\xa9t\xc3\xa9"), 3);
}

static void check_human(enum out_type type, uint64_t v, bool spaced, const char *want)
{
	struct out_val val = {.kind = OUT_VAL_NUM, .type = type, .num = v};
	char b[32];

	assert_string_equal(out_human(&val, b, spaced), want);
}

static void check_real(enum out_type type, double v, const char *want)
{
	struct out_val val = {.kind = OUT_VAL_REAL, .type = type, .real = v};
	char b[32];

	assert_string_equal(out_human(&val, b, false), want);
}

static void numbers_read_well(void **state)
{
	check_human(OUT_BYTES, 0, false, "0");
	check_human(OUT_BYTES, 512, false, "512B");
	check_human(OUT_BYTES, 1536, false, "1.5K");
	check_human(OUT_BYTES, 10239 * 1024, false, "10239K");
	check_human(OUT_BYTES, 10 << 20, false, "10.0M");
	check_human(OUT_BYTES, 3ULL << 34, true, "48.0 GiB");
	check_human(OUT_BYTES, 10240ULL << 30, true, "10.0 TiB");
	check_human(OUT_BYTES, UINT64_MAX, true, "16777216.0 TiB");
	check_human(OUT_SIZE, 0, true, "0 B");
	check_human(OUT_SIZE, 1000, false, "1000B");
	check_human(OUT_SIZE, 4096, false, "4K");
	check_human(OUT_SIZE, 2052 << 10, false, "2052K");
	check_human(OUT_SIZE, 2 << 20, true, "2 MiB");
	check_human(OUT_SIZE, 1 << 30, false, "1G");
	check_human(OUT_SIZE, 1ULL << 62, false, "4194304T");
	check_human(OUT_NS, 999, false, "999ns");
	check_human(OUT_NS, 1000, false, "1.0us");
	check_human(OUT_NS, 999940, false, "999.9us");
	check_human(OUT_NS, 999960, false, "1.0ms");
	check_human(OUT_NS, 61000000000, true, "61.00 s");
	check_human(OUT_PERCENT, 100, false, "100.0%");
	check_human(OUT_RATE, 7, false, "7.00");
	check_human(OUT_RATE, 42, false, "42.0");
	check_human(OUT_RATE, 123456, false, "123456");
	check_human(OUT_RATIO, 7, false, "7.00");
	check_human(OUT_RATIO, 0, false, "0");
	check_real(OUT_RATIO, 0.0804, "0.0804");
	check_real(OUT_RATIO, 0.5, "0.500");
	check_real(OUT_RATIO, 0.00001234, "0.000012");
	check_real(OUT_RATIO, 9.994, "9.99");
	check_real(OUT_RATIO, 9.996, "10.0");
	check_real(OUT_RATIO, 99.96, "100");
	check_real(OUT_RATIO, 1234.5, "1234");
}

static void estimates_are_marked_for_people_only(void **state)
{
	static const struct out_col c[] = {{"count", "COUNT", OUT_COUNT, 6},
					   {"size", "SIZE", OUT_BYTES, 6}};
	static const struct {
		enum out_format fmt;
		const char *want;
	} t[] = {
		{OUT_TEXT, " COUNT   SIZE\n  ~123    ~4K\n   123     4K\n"},
		{OUT_CSV, "count,size\n123,4096\n123,4096\n"},
	};
	size_t i;
	int about;

	for (i = 0; i < 2; i++) {
		struct out *o = start(t[i].fmt);

		out_begin(o);
		out_table(o, "rows", c, 2);
		for (about = 1; about >= 0; about--) {
			out_row(o);
			out_cell_about(o, about, 123);
			out_cell_about(o, about, 4096);
		}
		out_table_end(o);
		out_end(o);
		finish(o);
		assert_string_equal(buf, t[i].want);
	}
}

static void full_disk_is_an_error(void **state)
{
	static const enum out_format fmts[] = {OUT_TEXT, OUT_JSON, OUT_CSV, OUT_FOLDED};
	size_t i;

	for (i = 0; i < 4; i++) {
		FILE *f = fopen("/dev/full", "w");
		struct out *o = out_create(fmts[i], f, "test");

		one_object(o);
		assert_int_equal(out_error(o), -ENOSPC);
		assert_int_equal(out_destroy(o), -ENOSPC);
		fclose(f);
	}
	assert_int_equal(out_destroy(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_aligns_and_scales),
		cmocka_unit_test(text_header_once_until_columns_change),
		cmocka_unit_test(text_wide_cell_realigns_later),
		cmocka_unit_test(csv_is_raw_and_quoted),
		cmocka_unit_test(csv_tables_have_a_line_between),
		cmocka_unit_test(json_is_one_valid_line),
		cmocka_unit_test(json_survives_any_bytes),
		cmocka_unit_test(folded_is_lines_of_stacks),
		cmocka_unit_test(stacks_in_other_formats),
		cmocka_unit_test(json_all_two_byte_strings),
		cmocka_unit_test(json_large_numbers_keep_their_digits),
		cmocka_unit_test(json_note_after_last_object_is_kept),
		cmocka_unit_test(escapes_what_a_terminal_obeys),
		cmocka_unit_test(numbers_read_well),
		cmocka_unit_test(parts_of_a_nanosecond),
		cmocka_unit_test(estimates_are_marked_for_people_only),
		cmocka_unit_test(full_disk_is_an_error),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(buf);
	return failed;
}
