// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text in columns. What they are is given, or said by the first line. Strict: a line that is
 * neither empty nor a comment ('#') must have all of them, and no more: of "1,234" none knows
 * which page is meant.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "collect/import_in.h"

#define MAX_COLUMNS 64

enum column { IGNORED, ADDRESS, PAGE, ID, PROC, PID, RW, TIME, INTERVAL, NR_COLUMNS };

static const struct {
	const char *name;
	enum column column;
} names[] = {
	{"address", ADDRESS}, {"addr", ADDRESS},      {"page", PAGE}, {"vpn", PAGE},
	{"id", ID},	      {"proc", PROC},	      {"pid", PID},   {"rw", RW},
	{"time_ns", TIME},    {"interval", INTERVAL}, {"-", IGNORED}, {"index", IGNORED},
};

/**
 * struct csv - what is known of the columns
 * @nr: how many
 * @last: the last that is not ignored
 * @interval: of the reference before; @begun: there was one
 */
struct csv {
	enum column column[MAX_COLUMNS];
	size_t nr, last;
	bool has[NR_COLUMNS];
	bool begun;
	uint64_t interval;
};

/* Without blanks and quotes around. */
static void trim(const char **p, size_t *len)
{
	while (*len && (**p == ' ' || **p == '\t')) {
		++*p;
		--*len;
	}
	while (*len && strchr(" \t\r", (*p)[*len - 1]))
		--*len;
	if (*len >= 2 && **p == '"' && (*p)[*len - 1] == '"') {
		++*p;
		*len -= 2;
	}
}

/* The next column of the line. Return: false after the last. */
static bool split(const char **line, size_t *len, char separator, const char **p, size_t *n)
{
	const char *end;

	if (!*line)
		return false;
	end = memchr(*line, separator, *len);
	*p = *line;
	*n = end ? (size_t)(end - *line) : *len;
	*len -= end ? *n + 1 : *n;
	*line = end ? end + 1 : NULL;
	trim(p, n);
	return true;
}

static int find_column(const char *p, size_t n, bool strict)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i].name) == n && !strncasecmp(names[i].name, p, n))
			return names[i].column;
	return strict ? -1 : IGNORED;
}

/* What is wrong with a column, and what would be right, in @why. Return: -EINVAL. */
static int bad_column(const struct csv *c, int column, const char *p, size_t n, const char **why)
{
	static char text[160];

	snprintf(text, sizeof(text), "column '%.*s' is %s", n > 40 ? 40 : (int)n, p,
		 column < 0 ? "unknown: there are address, page, vpn, id, proc, pid, rw, "
			      "time_ns, interval, and - for others"
		 : c->nr == MAX_COLUMNS ? "one too many: 64 can be"
					: "there twice: call one - with --columns");
	*why = text;
	return -EINVAL;
}

static int learn(struct csv *c, const struct mms_import_opts *o, const char *line, size_t len,
		 char separator, bool strict, const char **why)
{
	const char *p;
	size_t n;

	const char *all = line;
	unsigned int pages;
	size_t nr = len;

	while (split(&line, &len, separator, &p, &n)) {
		int column = find_column(p, n, strict);

		if (column < 0 || (column && c->has[column]) || c->nr == MAX_COLUMNS)
			return bad_column(c, column, p, n, why);
		c->has[column] = true;
		if (column)
			c->last = c->nr;
		c->column[c->nr++] = column;
	}
	pages = c->has[ADDRESS] + c->has[PAGE] + c->has[ID];
	*why = NULL;
	if (!pages && separator != '\t' && memchr(all, '\t', nr))
		*why = "no column is address, page (vpn) or id: are they separated by tabs? "
		       "--separator tab";
	else if (!pages)
		*why = "one column must be address, page (vpn) or id: say which with --columns";
	else if (pages > 1)
		*why = "only one column can be address, page (vpn) or id: call the others - with "
		       "--columns";
	else if (c->has[TIME] && c->has[INTERVAL])
		*why = "there are both time_ns and interval: call one - with --columns";
	else if ((c->has[TIME] || c->has[INTERVAL]) && !o->delta_ns)
		*why = "it has a column time_ns or interval: if each reference is there, in its "
		       "order, leave that out (--columns -,address,rw, without the line of "
		       "names); if not, say with --sampled how long an interval is";
	else if (o->delta_ns && !c->has[TIME] && !c->has[INTERVAL])
		*why = "no column is time_ns or interval, which --sampled goes by: say which with "
		       "--columns, or leave --sampled away";
	return *why ? -EINVAL : 0;
}

int mms_import_columns(const struct mms_import_opts *opts, const char **why)
{
	struct csv c = {0};

	return learn(&c, opts, opts->columns, strlen(opts->columns), ',', true, why);
}

/* The next line, counted. Return: 1, 0 at the end, -errno. */
static int next_line(struct mms_import *im, const char **line, size_t *len)
{
	int ret = mms_in_line(im->in, line, len);

	if (ret <= 0)
		return ret;
	if (!im->count.records && *len >= 3 && !memcmp(*line, "\xef\xbb\xbf", 3)) {
		*line += 3; /* what spreadsheets begin with */
		*len -= 3;
	}
	im->count.records++;
	return 1;
}

static bool says_nothing(const char *line, size_t len)
{
	return !len || *line == '#' || (len == 1 && *line == '\r');
}

/* The columns, of --columns or of the first line that says something. */
static int learn_all(struct mms_import *im, const char **why)
{
	const struct mms_import_opts *o = im->opts;
	const char *line;
	size_t len;
	int ret;

	if (o->columns)
		return learn(im->priv, o, o->columns, strlen(o->columns), ',', true, why);
	do {
		ret = next_line(im, &line, &len);
		if (ret < 0)
			return mms_import_failed(im, ret, why);
		if (!ret) {
			*why = "an empty trace: its first line should name the columns";
			return -EINVAL;
		}
		im->count.skipped++;
	} while (says_nothing(line, len));
	return learn(im->priv, o, line, len, o->separator, false, why);
}

static int begin(struct mms_import *im, const char **why)
{
	struct csv *c = calloc(1, sizeof(*c));
	int err;

	if (!c) {
		*why = strerror(ENOMEM);
		return -ENOMEM;
	}
	im->priv = c;
	err = learn_all(im, why);
	im->ids = c->has[ID];
	return err;
}

static bool number(const char *p, size_t n, bool hex, uint64_t *v)
{
	uint64_t base = hex ? 16 : 10;
	size_t i;

	if (n > 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
		base = 16;
		p += 2;
		n -= 2;
	}
	*v = 0;
	for (i = 0; i < n; i++) {
		unsigned int c = (unsigned char)p[i], low = c | 0x20;
		unsigned int d = c >= '0' && c <= '9'	    ? c - '0'
				 : low >= 'a' && low <= 'f' ? low - 'a' + 10
							    : 99;

		if (d >= base || __builtin_mul_overflow(*v, base, v) ||
		    __builtin_add_overflow(*v, d, v))
			return false;
	}
	return n > 0;
}

/* Return: 1 writes, 0 reads, -1 neither. */
static int read_or_write(const char *p, size_t n)
{
	static const char *const reads[] = {"", "r", "0", "l", "read", "load"};
	static const char *const writes[] = {"w", "1", "s", "m", "write", "store"};
	size_t i;

	for (i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
		if (strlen(reads[i]) == n && !strncasecmp(p, reads[i], n))
			return 0;
		if (strlen(writes[i]) == n && !strncasecmp(p, writes[i], n))
			return 1;
	}
	return -1;
}

static bool take_interval(struct mms_import *im, uint64_t v, struct mms_import_ref *ref)
{
	struct csv *c = im->priv;

	if (c->begun && v < c->interval)
		return false;
	ref->mark = !c->begun || v != c->interval;
	c->begun = true;
	c->interval = v;
	return true;
}

/* One column. Return: NULL, or what is wrong with it. */
static const char *take(struct mms_import *im, enum column column, const char *p, size_t n,
			struct mms_import_ref *ref)
{
	const struct mms_import_opts *o = im->opts;
	uint64_t v = 0;
	int write;

	if (column == IGNORED)
		return NULL;
	if (column == RW) {
		write = read_or_write(p, n);
		ref->write = write > 0;
		return write < 0 ? "rw is none of r, w, 0, 1, read, write" : NULL;
	}
	if (!number(p, n, o->hex && (column == ADDRESS || column == PAGE || column == ID), &v))
		return o->columns && im->count.records == 1
			       ? "not a number: a line of names? Leave it away, or --columns"
			       : "not a number of 64 bits (hexadecimal: 0x, or --hex)";
	switch (column) {
	case PROC:
	case PID:
		if (v > INT32_MAX)
			return "not a pid, which is at most 2147483647";
		*(column == PID ? &ref->pid : &ref->proc) = v;
		return NULL;
	case TIME:
		v /= o->delta_ns;
		/* fallthrough */
	case INTERVAL:
		return take_interval(im, v, ref) ? NULL : "time goes back: sort the lines by it";
	default:
		ref->vpn = column == ADDRESS ? v >> o->page_shift : v;
		return NULL;
	}
}

static int take_line(struct mms_import *im, const char *line, size_t len,
		     struct mms_import_ref *ref, const char **why)
{
	const struct csv *c = im->priv;
	const char *p, *wrong;
	size_t i, n;

	*ref = (struct mms_import_ref){0};
	for (i = 0; i < c->nr && split(&line, &len, im->opts->separator, &p, &n); i++) {
		wrong = take(im, c->column[i], p, n, ref);
		if (wrong)
			return mms_import_bad(im, why, wrong);
	}
	if (i <= c->last)
		return mms_import_bad(im, why, "columns are missing: it has fewer than were named");
	if (line)
		return mms_import_bad(im, why,
				      im->opts->columns ? "more columns than --columns names"
							: "more columns than the first line has");
	if (!c->has[PROC])
		ref->proc = ref->pid;
	return 0;
}

static ssize_t next(struct mms_import *im, struct mms_import_ref *refs, size_t max,
		    const char **why)
{
	const char *line;
	size_t n = 0, len;
	int ret;

	while (n < max) {
		ret = next_line(im, &line, &len);
		if (ret == -EINTR && n)
			break; /* the next call says so */
		if (ret < 0)
			return mms_import_failed(im, ret, why);
		if (!ret)
			break;
		if (says_nothing(line, len)) {
			im->count.skipped++;
			continue;
		}
		ret = take_line(im, line, len, &refs[n], why);
		if (ret)
			return ret;
		n++;
		im->count.used++;
	}
	im->count.refs += n;
	return n;
}

const struct mms_import_format mms_import_csv = {
	.name = "csv",
	.record = "line",
	.text = true,
	.begin = begin,
	.next = next,
};
