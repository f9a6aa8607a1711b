// SPDX-License-Identifier: GPL-2.0-only
/*
 * Curves as a picture. First dots (2 by 4 in a character of braille, one in ASCII), then
 * letters that tell the curves apart, then axes and legend around.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render/plot.h"
#include "util/memstream.h"

#define MARGIN 9  /* left of the curves: numbers and the axis */
#define APART  12 /* columns between the letters of a curve */

/**
 * struct canvas - where dots go
 * @cols, @rows: characters
 * @dx, @dy: dots in a character
 * @dots: of each character, bits as in braille; in ASCII any bit is a dot
 * @letter: in braille, on top of it; 0: none
 * @curves: in ASCII, which ones pass here: bit 0 is A
 */
struct canvas {
	unsigned int cols, rows, dx, dy;
	uint8_t *dots;
	char *letter;
	uint32_t *curves;
	double x_min, x_max, y_max;
	bool log;
};

/* Bits of U+2800: rows of the left column, then of the right one. */
static const uint8_t braille[2][4] = {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}};

static double scaled(const struct canvas *c, double x)
{
	if (!c->log)
		return x;
	return x > 1 ? log10(x) : 0;
}

/* To a number of one digit whose half is as short. */
static double round_up(double y)
{
	static const double steps[] = {1, 2, 4, 5, 6, 8, 10};
	double unit = pow(10, floor(log10(y)));
	size_t i = 0;

	while (i < 6 && steps[i] * unit < y * (1 - 1e-9))
		i++;
	return steps[i] * unit;
}

static void bounds(struct canvas *c, const struct plot_series *s, size_t nr)
{
	size_t i, k;
	bool any = false;

	for (i = 0; i < nr; i++) {
		for (k = 0; k < s[i].nr; k++) {
			double x = scaled(c, s[i].x[k]);

			c->x_min = any ? fmin(c->x_min, x) : x;
			c->x_max = any ? fmax(c->x_max, x) : x;
			c->y_max = fmax(c->y_max, s[i].y[k]);
			any = true;
		}
	}
	if (c->x_max <= c->x_min)
		c->x_max = c->x_min + 1;
	c->y_max = c->y_max > 0 ? round_up(c->y_max) : 1;
}

static long dot_x(const struct canvas *c, double x)
{
	double at = (scaled(c, x) - c->x_min) / (c->x_max - c->x_min);

	return lround(at * (c->cols * c->dx - 1));
}

static long dot_y(const struct canvas *c, double y)
{
	return lround((1 - y / c->y_max) * (c->rows * c->dy - 1));
}

/**
 * struct pen - what draws a curve
 * @letter: of it
 * @due: braille: the column from which on the letter is put next
 */
struct pen {
	char letter;
	unsigned int due;
};

/* In braille now and again a letter, in ASCII nothing but letters. */
static void dot(struct canvas *c, struct pen *pen, long x, long y)
{
	unsigned int col = x / c->dx;
	size_t at = y / c->dy * c->cols + col;

	c->dots[at] |= braille[x % c->dx][y % c->dy];
	if (c->dx == 1) {
		c->curves[at] |= 1U << (pen->letter - 'A');
	} else if (col >= pen->due) {
		c->letter[at] = pen->letter;
		pen->due = col + APART;
	}
}

/* A straight line of dots that touch. */
static void line(struct canvas *c, struct pen *pen, long x, long y, long to_x, long to_y)
{
	long dx = labs(to_x - x), dy = labs(to_y - y), steps = dx > dy ? dx : dy, k;

	for (k = 0; k <= steps; k++) {
		double at = steps ? (double)k / steps : 0;

		dot(c, pen, x + lround(at * (to_x - x)), y + lround(at * (to_y - y)));
	}
}

static void draw(struct canvas *c, const struct plot_series *s, struct pen pen)
{
	long x, y, was_x = 0, was_y = 0;
	size_t k;

	for (k = 0; k < s->nr; k++) {
		x = dot_x(c, s->x[k]);
		y = dot_y(c, s->y[k]);
		line(c, &pen, k ? was_x : x, k ? was_y : y, x, y);
		was_x = x;
		was_y = y;
	}
}

static void put_braille(FILE *f, uint8_t dots)
{
	fputc(0xe2, f);
	fputc(0xa0 | dots >> 6, f);
	fputc(0x80 | (dots & 0x3f), f);
}

/* Where several curves pass, they take turns from column to column. */
static char letter_of(uint32_t curves, unsigned int col)
{
	unsigned int turn = col % (unsigned int)__builtin_popcount(curves);

	while (turn--)
		curves &= curves - 1;
	return (char)('A' + __builtin_ctz(curves));
}

static void put_row(FILE *f, const struct canvas *c, unsigned int row)
{
	size_t first = (size_t)row * c->cols, at = first, end = at + c->cols;

	while (end > at && !c->dots[end - 1]) /* no blanks at the end of a line */
		end--;
	for (; at < end; at++) {
		if (c->curves[at])
			fputc(letter_of(c->curves[at], at - first), f);
		else if (c->letter[at])
			fputc(c->letter[at], f);
		else if (c->dots[at])
			put_braille(f, c->dots[at]);
		else
			fputc(' ', f);
	}
	fputc('\n', f);
}

static void put_rows(FILE *f, const struct canvas *c, bool utf8)
{
	const char *axis = utf8 ? "│" : "|", *tick = utf8 ? "┤" : "+";
	unsigned int row, rows = c->rows;

	for (row = 0; row < rows; row++) {
		bool mark = !row || row == rows - 1 || row == rows / 2;
		double y = c->y_max * (row ? row + 1 == rows ? 0 : 0.5 : 1);

		if (mark)
			fprintf(f, "%*.4g %s", MARGIN - 2, y, tick);
		else
			fprintf(f, "%*s%s", MARGIN - 1, "", axis);
		put_row(f, c, row);
	}
}

static double x_at(const struct canvas *c, double share)
{
	double x = c->x_min + share * (c->x_max - c->x_min);

	return c->log ? pow(10, x) : x;
}

static void put_x_axis(FILE *f, const struct canvas *c, const struct plot *p)
{
	char left[32], middle[32], right[32];
	unsigned int k, half = c->cols / 2;

	fprintf(f, "%*s%s", MARGIN - 1, "", p->utf8 ? "└" : "+");
	for (k = 0; k < c->cols; k++)
		fputs(p->utf8 ? "─" : "-", f);
	snprintf(left, sizeof(left), "%.4g", x_at(c, 0));
	snprintf(middle, sizeof(middle), "%.6g", round(x_at(c, 0.5)));
	snprintf(right, sizeof(right), "%.8g", c->log ? round(x_at(c, 1)) : x_at(c, 1));
	fprintf(f, "\n%*s%-*s%-*s%*s\n", MARGIN, "", (int)half, left,
		(int)(c->cols - half - strlen(right)), middle, (int)strlen(right), right);
	fprintf(f, "%*s%s%s\n", MARGIN, "", p->x_label, c->log ? " (powers)" : "");
}

static void put_all(FILE *f, const struct canvas *c, const struct plot *p,
		    const struct plot_series *s, size_t nr)
{
	size_t i;

	fprintf(f, "%s", p->y_label);
	for (i = 0; i < nr; i++)
		fprintf(f, "   %c %s", (int)('A' + i), s[i].name);
	fputc('\n', f);
	put_rows(f, c, p->utf8);
	put_x_axis(f, c, p);
}

char *plot_draw(const struct plot *p, const struct plot_series *s, size_t nr)
{
	struct canvas c = {
		.cols = (p->width < 40 ? 40 : p->width) - MARGIN - 1,
		.rows = p->height < 5 ? 5 : p->height,
		.dx = p->utf8 ? 2 : 1,
		.dy = p->utf8 ? 4 : 1,
		.log = p->log,
	};
	size_t i, size = 0, cells = (size_t)c.cols * c.rows;
	char *text = NULL;
	FILE *f;

	c.dots = calloc(cells, 1);
	c.letter = calloc(cells, 1);
	c.curves = calloc(cells, sizeof(*c.curves));
	f = c.dots && c.letter && c.curves ? open_memstream(&text, &size) : NULL;
	if (f) {
		bounds(&c, s, nr);
		for (i = 0; i < nr; i++)
			draw(&c, &s[i], (struct pen){'A' + i, i * 3});
		put_all(f, &c, p, s, nr);
		memstream_end(f, &text);
	}
	free(c.dots);
	free(c.letter);
	free(c.curves);
	return text;
}
