// SPDX-License-Identifier: GPL-2.0-only
/* How curves read: tables and a picture. Knows nothing of how they were made. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/replay_curve.h"
#include "render/plot.h"

#define PLOT_LINES 20
#define MAX_POINTS 4096 /* drawn of a curve: more than there are dots */

/* A column of faults with so many frames. */
struct line {
	const char *name;
	uint64_t (*faults)(const struct replay_curve *c, size_t k);
	struct out_col count, percent;
};

static uint64_t lru(const struct replay_curve *c, size_t k)
{
	return mms_distances_faults(&c->lru_dist, c->sizes[k]);
}

static uint64_t opt(const struct replay_curve *c, size_t k)
{
	return mms_distances_faults(&c->opt_dist, c->sizes[k]);
}

static uint64_t fifo(const struct replay_curve *c, size_t k)
{
	return c->fifo_faults[k];
}

static uint64_t clock_of(const struct replay_curve *c, size_t k)
{
	return c->clock_faults[k];
}

static uint64_t least(const struct replay_curve *c, size_t k)
{
	return mms_distances_faults(&c->least, c->sizes[k]);
}

static uint64_t most(const struct replay_curve *c, size_t k)
{
	return mms_distances_faults(&c->most, c->sizes[k]);
}

#define LINE(name, function, key, head)                               \
	{                                                             \
		name, function, {key "_faults", head, OUT_COUNT, 11}, \
		{                                                     \
			key "_percent", head "-%", OUT_RATIO, 11      \
		}                                                     \
	}

static const struct line lines[] = {
	LINE("lru", lru, "lru", "LRU"),
	LINE("opt", opt, "opt", "OPT"),
	LINE("fifo", fifo, "fifo", "FIFO"),
	LINE("clock", clock_of, "clock", "CLOCK"),
	LINE("lru at least", least, "lru_least", "LRU-LEAST"),
	LINE("lru at most", most, "lru_most", "LRU-MOST"),
};

static const unsigned int line_kind[] = {REPLAY_LRU,   REPLAY_OPT, REPLAY_FIFO,
					 REPLAY_CLOCK, REPLAY_LRU, REPLAY_LRU};

#define NR_LINES (sizeof(lines) / sizeof(lines[0]))
#define NR_EXACT 4

/* Is one order taken, the true one or the file's? */
static bool ordered(const struct replay_curve *c)
{
	return !c->s->info.sampled || c->opts->sampled_ok;
}

static bool known(const struct replay_curve *c, size_t line)
{
	if (!(c->kinds & line_kind[line]))
		return false;
	return line < NR_EXACT ? ordered(c) : c->s->info.sampled;
}

static void put_sizes(const struct replay_curve *c, struct out *o)
{
	static struct out_col cols[2 + 2 * NR_LINES];
	static const struct out_col first[] = {
		{"frames", "FRAMES", OUT_COUNT, 10},
		{"memory_bytes", "MEMORY", OUT_BYTES, 8},
	};
	double refs = (double)c->s->info.nr_refs;
	size_t nr = 2, i, k;

	memcpy(cols, first, sizeof(first));
	for (i = 0; i < NR_LINES; i++) {
		if (!known(c, i))
			continue;
		cols[nr++] = lines[i].count;
		cols[nr++] = lines[i].percent;
	}
	if (nr == 2)
		return;
	out_table(o, "sizes", cols, nr);
	for (k = 0; k < c->nr_sizes && !out_error(o); k++) {
		out_row(o);
		out_cell_num(o, c->sizes[k]);
		out_cell_num(o, (uint64_t)c->sizes[k] << c->s->info.page_shift);
		for (i = 0; i < NR_LINES; i++) {
			uint64_t faults = known(c, i) ? lines[i].faults(c, k) : 0;

			if (!known(c, i))
				continue;
			out_cell_num(o, faults);
			out_cell_real(o, 100 * (double)faults / refs);
		}
	}
	out_table_end(o);
}

static void put_ws(const struct replay_curve *c, struct out *o)
{
	static const struct out_col all[] = {
		{"window", "WINDOW", OUT_COUNT, 14},
		{"ws_faults", "WS", OUT_COUNT, 11},
		{"ws_percent", "WS-%", OUT_RATIO, 8},
		{"ws_mean", "MEAN", OUT_REAL, 12},
		{"ws_least_faults", "WS-LEAST", OUT_COUNT, 11},
		{"ws_most_faults", "WS-MOST", OUT_COUNT, 11},
	};
	static struct out_col cols[sizeof(all) / sizeof(all[0])]; /* as long as the output */
	bool sampled = c->s->info.sampled;
	double refs = (double)c->s->info.nr_refs;
	size_t k;

	memcpy(cols, all, sizeof(all));
	for (k = 1; k < 4 && !ordered(c); k++)
		cols[k].head = NULL; /* without a figure: for machines alone */
	out_table(o, "windows", cols, sampled ? 6 : 4);
	for (k = 0; k < c->nr_windows && !out_error(o); k++) {
		const struct mms_ws_point *p = &c->ws_points[k];

		out_row(o);
		out_cell_num(o, p->window);
		if (ordered(c)) {
			out_cell_num(o, p->faults);
			out_cell_real(o, 100 * (double)p->faults / refs);
			out_cell_real(o, (double)p->sum / refs);
		} else {
			out_cell_none(o);
			out_cell_none(o);
			out_cell_none(o);
		}
		if (sampled) {
			out_cell_num(o, c->windows[k].least);
			out_cell_num(o, c->windows[k].most);
		}
	}
	out_table_end(o);
}

static void put_pff(const struct replay_curve *c, struct out *o)
{
	static const struct out_col cols[] = {
		{"threshold", "THRESHOLD", OUT_COUNT, 14}, {"pff_faults", "PFF", OUT_COUNT, 11},
		{"pff_percent", "PFF-%", OUT_RATIO, 8},	   {"pff_mean", "MEAN", OUT_REAL, 12},
		{"pff_max", "MAX", OUT_COUNT, 10},
	};
	double refs = (double)c->s->info.nr_refs;
	size_t k;

	out_table(o, "thresholds", cols, 5);
	for (k = 0; k < c->nr_windows && !out_error(o); k++) {
		const struct mms_pff_point *p = &c->pff_points[k];

		out_row(o);
		out_cell_num(o, p->threshold);
		out_cell_num(o, p->faults);
		out_cell_real(o, 100 * (double)p->faults / refs);
		out_cell_real(o, (double)p->sum / refs);
		out_cell_num(o, p->max);
	}
	out_table_end(o);
}

/* Points of the picture, as doubles. */
struct points {
	struct plot_series s[NR_LINES + 2];
	size_t nr;
};

/* A series with room for @nr points. Return: false without memory. */
static bool series(struct points *p, const char *name, size_t nr, double **x, double **y)
{
	*x = calloc(nr, sizeof(**x));
	*y = calloc(nr, sizeof(**y));
	p->s[p->nr++] = (struct plot_series){.name = name, .x = *x, .y = *y};
	return *x && *y;
}

static bool size_points(const struct replay_curve *c, struct points *p)
{
	size_t step = c->nr_sizes / MAX_POINTS + 1, i, k;
	double *x, *y;

	for (i = 0; i < NR_LINES; i++) {
		if (!known(c, i))
			continue;
		if (!series(p, lines[i].name, c->nr_sizes / step + 1, &x, &y))
			return false;
		for (k = 0; k < c->nr_sizes; k += step) {
			struct plot_series *s = &p->s[p->nr - 1];

			x[s->nr] = c->sizes[k];
			y[s->nr++] =
				100 * (double)lines[i].faults(c, k) / (double)c->s->info.nr_refs;
		}
	}
	return true;
}

/* Working set and PFF: faults over the mean of what is resident. */
static bool window_points(const struct replay_curve *c, struct points *p)
{
	double *x, *y, refs = (double)c->s->info.nr_refs;
	size_t k;

	if (ordered(c) && (c->kinds & REPLAY_WS)) {
		if (!series(p, "ws", c->nr_windows, &x, &y))
			return false;
		for (k = 0; k < c->nr_windows; k++) {
			x[k] = (double)c->ws_points[k].sum / refs;
			y[k] = 100 * (double)c->ws_points[k].faults / refs;
		}
		p->s[p->nr - 1].nr = c->nr_windows;
	}
	if (c->kinds & REPLAY_PFF) {
		if (!series(p, "pff", c->nr_windows, &x, &y))
			return false;
		for (k = 0; k < c->nr_windows; k++) {
			x[k] = (double)c->pff_points[k].sum / refs;
			y[k] = 100 * (double)c->pff_points[k].faults / refs;
		}
		p->s[p->nr - 1].nr = c->nr_windows;
	}
	return true;
}

static bool has_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	const char *v;
	size_t i;

	for (i = 0; i < 3; i++) {
		v = getenv(names[i]);
		if (v && *v)
			return strcasestr(v, "utf-8") || strcasestr(v, "utf8");
	}
	return false;
}

static unsigned int terminal_width(void)
{
	struct winsize w;

	return !ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) && w.ws_col ? w.ws_col : 80;
}

static bool picture(const struct replay_curve *c, struct out *o)
{
	struct plot plot = {
		.width = c->opts->width ? c->opts->width : terminal_width(),
		.height = PLOT_LINES,
		.utf8 = has_utf8(),
		.log = c->opts->log,
		.x_label = "frames (ws, pff: mean)",
		.y_label = "faults, % of references",
	};
	struct points p = {.nr = 0};
	char *text = NULL;
	bool fine;
	size_t i;

	if (!(c->kinds & (REPLAY_WS | REPLAY_PFF)) || !ordered(c))
		plot.x_label = "frames";
	fine = size_points(c, &p) && window_points(c, &p);
	if (fine && p.nr)
		text = plot_draw(&plot, p.s, p.nr);
	if (text)
		out_lines(o, text);
	else if (fine && !p.nr)
		out_note(o, "nothing to draw: what is known of ws is by window, and a picture goes "
			    "by frames: without --plot");
	fine = fine && (text || !p.nr);
	for (i = 0; i < p.nr; i++) {
		free((void *)p.s[i].x);
		free((void *)p.s[i].y);
	}
	free(text);
	return fine;
}

#define MANY 100 /* sizes: more than this, and the steep part is a few columns */

static void notes(const struct replay_curve *c, struct out *o)
{
	replay_note_step(o, c->step, c->s->info.nr_pages);
	if (c->opts->plot && !c->opts->log && c->s->info.nr_pages > MANY)
		out_note(o, "--log shows the small sizes, where most curves fall, better");
	if (!c->s->info.sampled || !(c->kinds & (REPLAY_LRU | REPLAY_WS)))
		return;
	out_note(o,
		 "sampled every %.3g s: no order of the references inside an interval has fewer "
		 "faults than LEAST or more than MOST",
		 (double)c->s->info.delta_ns / 1e9);
	if (c->opts->curves_default && !ordered(c))
		out_note(o, "left out, as having no bounds: opt; --sampled-ok takes the order of "
			    "the file");
	if (c->opts->sampled_ok)
		out_note(o, "the other figures are of one order of many, the file's");
}

int replay_curve_report(const struct replay_curve *c, struct out *o)
{
	bool drawn = c->opts->plot && c->opts->format == OUT_TEXT, fine = true;

	out_begin(o);
	replay_head(o, c->s);
	if (c->kinds & REPLAY_CLOCK)
		out_num(o, "clock_bit", "reference bit on load, of clock", OUT_COUNT,
			c->opts->clock_bit);
	if (drawn) {
		fine = picture(c, o);
	} else {
		put_sizes(c, o);
		if (c->kinds & REPLAY_WS)
			put_ws(c, o);
		if (c->kinds & REPLAY_PFF)
			put_pff(c, o);
	}
	notes(c, o);
	out_end(o);
	return fine ? EXIT_OK : err_failed("no memory for the picture");
}
