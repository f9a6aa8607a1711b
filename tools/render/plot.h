/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Curves as a picture of characters: braille dots where the terminal has UTF-8, letters in plain
 * ASCII. Knows nothing of what the curves mean, nor of terminals.
 */
#ifndef _MMS_PLOT_H
#define _MMS_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#define PLOT_SERIES 26 /* at most: each has a letter */

/**
 * struct plot_series - one curve
 * @name: for the legend
 * @x: ascending or not, finite
 * @y: 0 or more, finite
 * @nr: points, joined by lines
 */
struct plot_series {
	const char *name;
	const double *x, *y;
	size_t nr;
};

/**
 * struct plot - the picture
 * @width: columns in all; below 40 is 40
 * @height: lines of the curves; below 5 is 5
 * @utf8: braille
 * @log: x is in powers; points with x below 1 are at 1
 * @x_label, @y_label: of the axes
 */
struct plot {
	unsigned int width, height;
	bool utf8, log;
	const char *x_label, *y_label;
};

/**
 * plot_draw() - draw
 * @s: @nr of them, at most PLOT_SERIES
 * Return: lines, each ended by a newline; to be freed; NULL without memory. Without a single point
 * the axes go to 1.
 */
char *plot_draw(const struct plot *p, const struct plot_series *s, size_t nr);

#endif
