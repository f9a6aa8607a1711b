// SPDX-License-Identifier: GPL-2.0-only
/* render/plot: where dots and letters go, and how a picture leaves through render/out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "render/out.h"
#include "render/plot.h"

static const double x[] = {0, 15, 30}, down[] = {8, 4, 0}, flat[] = {4, 4, 4};

static char *draw(struct plot p, size_t nr)
{
	const struct plot_series s[] = {
		{"down", x, down, 3},
		{"flat", x, flat, 3},
	};

	p.width = 40; /* 30 for the curves */
	p.height = 5;
	p.x_label = "frames";
	p.y_label = "%";
	return plot_draw(&p, s, nr);
}

static void letters_in_ascii(void **state)
{
	char *text = draw((struct plot){.utf8 = false}, 2);

	assert_string_equal(text, "%   A down   B flat\n"
				  "      8 +AAAA\n"
				  "        |    AAAAAAAA\n"
				  "      4 +BBBBBBBBBBBBABABABABBBBBBBBBBB\n"
				  "        |                   AAAAAAA\n"
				  "      0 +                          AAAA\n"
				  "        +------------------------------\n"
				  "         0              15           30\n"
				  "         frames\n");
	free(text);
}

/* The axis of y ends at a short number, that of x where the curves do. */
static void ends_of_the_axes(void **state)
{
	static const struct {
		double y;
		const char *top, *middle;
	} cases[] = {
		{54.96, "     60 +", "     30 +"}, {0.0801, "    0.1 +", "   0.05 +"},
		{100, "    100 +", "     50 +"},   {3, "      4 +", "      2 +"},
		{0.004, "  0.004 +", "  0.002 +"},
	};
	const double px[] = {7, 19};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const double py[] = {cases[i].y, 0};
		const struct plot_series s[] = {{"one", px, py, 2}};
		struct plot p = {.width = 40, .height = 5, .x_label = "x", .y_label = "y"};
		char *text = plot_draw(&p, s, 1);

		assert_non_null(strstr(text, cases[i].top));
		assert_non_null(strstr(text, cases[i].middle));
		assert_non_null(strstr(text, "\n         7 "));
		assert_non_null(strstr(text, " 19\n"));
		free(text);
	}
}

/* Three curves on one line take turns. */
static void curves_on_each_other(void **state)
{
	const struct plot_series s[] = {{"a", x, flat, 3}, {"b", x, flat, 3}, {"c", x, flat, 3}};
	struct plot p = {.width = 40, .height = 5, .x_label = "x", .y_label = "y"};
	char *text = plot_draw(&p, s, 3);

	assert_non_null(strstr(text, " +ABCABCABCABCABCABCABCABCABCABC\n"));
	free(text);
}

/* Line @n of the text; to be freed. */
static char *line(const char *text, int n)
{
	while (n--)
		text = strchr(text, '\n') + 1;
	return strndup(text, strcspn(text, "\n"));
}

static void dots_in_braille(void **state)
{
	const double px[] = {0, 30}, py[] = {1, 1};
	const struct plot_series s[] = {{"one", px, py, 2}};
	struct plot p = {.width = 40, .height = 5, .utf8 = true, .x_label = "x", .y_label = "y"};
	char *text = plot_draw(&p, s, 1), *top = line(text, 1), *second = line(text, 2);

	/* The top row of dots of every character; a letter at columns 0, 12 and 24. */
	assert_memory_equal(top, "      1 ┤A⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉A⠉", strlen("      1 ┤A⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉A⠉"));
	assert_string_equal(second, "        │");
	free(top);
	free(second);
	free(text);
}

static void powers_are_even(void **state)
{
	const double px[] = {1, 10, 100}, py[] = {2, 1, 0};
	const struct plot_series s[] = {{"log", px, py, 3}};
	struct plot p = {.width = 40, .height = 5, .log = true, .x_label = "x", .y_label = "y"};
	char *text = plot_draw(&p, s, 1), *middle = line(text, 3), *axis = line(text, 7);

	assert_non_null(strstr(middle, "A"));
	/* x = 10 is in the middle of the 30 columns, 9 to the left of them. */
	assert_in_range(strstr(middle, "A") - middle, 9 + 11, 9 + 15);
	assert_string_equal(axis, "         1              10          100");
	free(middle);
	free(axis);
	free(text);
}

static void nothing_is_drawn_too(void **state)
{
	struct plot p = {.width = 1, .height = 0, .x_label = "x", .y_label = "y"};
	const double zero[] = {0};
	const struct plot_series one[] = {{"zero", zero, zero, 1}};
	char *text = plot_draw(&p, NULL, 0);

	assert_non_null(strstr(text, "      1 +\n"));
	free(text);
	text = plot_draw(&p, one, 1);
	assert_non_null(strstr(text, "      0 +A\n"));
	free(text);
}

static char *printed(enum out_format fmt)
{
	char *buf = NULL;
	size_t size = 0;
	FILE *mem = open_memstream(&buf, &size);
	struct out *o = out_create(fmt, mem, "test");

	out_begin(o);
	out_num(o, "n", "n", OUT_COUNT, 1);
	out_lines(o, "a \\ b\nc\n");
	out_num(o, "m", "m", OUT_COUNT, 2);
	out_end(o);
	assert_int_equal(out_destroy(o), 0);
	fclose(mem);
	return buf;
}

static void pictures_are_for_text_alone(void **state)
{
	char *text = printed(OUT_TEXT), *json = printed(OUT_JSON), *csv = printed(OUT_CSV);

	assert_string_equal(text, "n: 1\n\na \\ b\nc\n\nm: 2\n");
	assert_string_equal(json, "{\"schema\":\"mmscope.test/1\",\"n\":1,\"m\":2}\n");
	assert_string_equal(csv, "");
	free(text);
	free(json);
	free(csv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_in_ascii),
		cmocka_unit_test(ends_of_the_axes),
		cmocka_unit_test(curves_on_each_other),
		cmocka_unit_test(dots_in_braille),
		cmocka_unit_test(powers_are_even),
		cmocka_unit_test(nothing_is_drawn_too),
		cmocka_unit_test(pictures_are_for_text_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
