// SPDX-License-Identifier: GPL-2.0-only
/*
 * out.h for people: labelled lines, tables with a header in upper case, notes
 * after "# ". Owns widths and blank lines.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render/escape.h"
#include "render/out_ops.h"

/**
 * struct text - state of the backend
 * @last: what was printed last
 * @fields: the object before, or this one, has labelled lines
 * @gap: a blank line is due before the next line
 * @col: columns printed of the open row
 * @want: where the open row's next cell should begin if no cell was too wide
 */
struct text {
	enum { NOTHING, FIELD, ROW, NOTE } last;
	bool fields;
	bool gap;
	size_t col;
	size_t want;
};

static int text_init(struct out *o)
{
	o->priv = calloc(1, sizeof(struct text));
	return o->priv ? 0 : -ENOMEM;
}

static void text_deinit(struct out *o)
{
	free(o->priv);
}

static void begin_line(struct out *o, int what)
{
	struct text *t = o->priv;

	if (t->gap && t->last != NOTHING)
		out_buf_char(&o->buf, '\n');
	t->gap = false;
	t->last = what;
}

static void put_escaped(struct out *o, const char *s)
{
	char *safe = out_escape(s, true);

	if (safe)
		out_buf_str(&o->buf, safe);
	else
		o->buf.failed = true;
	free(safe);
}

static void text_begin(struct out *o)
{
	struct text *t = o->priv;

	/* Streams of rows stay dense; reports with labels get room. */
	t->gap = t->fields;
	t->fields = false;
}

static void text_end(struct out *o)
{
}

static void text_field(struct out *o, const char *key, const char *label, const struct out_val *v)
{
	struct text *t = o->priv;
	char buf[32];

	if (!label)
		return;
	if (t->last == ROW)
		t->gap = true;
	t->fields = true;
	begin_line(o, FIELD);
	out_buf_str(&o->buf, label);
	out_buf_str(&o->buf, ": ");
	put_escaped(o, out_human(v, buf, true));
	out_buf_char(&o->buf, '\n');
}

#define BLANKS 16 /* at once: without a call, a little too far */

/*
 * One cell in its columns. A cell that is too wide pushes the next ones only
 * until their own padding has made up for it.
 */
static void put_chars(struct out *o, const struct out_col *col, const char *s, size_t size,
		      size_t len)
{
	struct text *t = o->priv;
	size_t width = (size_t)abs(col->width), at = t->want, gap;
	char *p;

	if (col->width > 0 && len < width)
		at += width - len;
	if (t->want && at <= t->col)
		at = t->col + 1;
	t->want += width + 1;
	if (!len) /* no padding for nothing: no blanks at the end of a line */
		return;
	gap = at - t->col;
	p = out_buf_space(&o->buf, gap + size + BLANKS);
	if (!p)
		return;
	memset(p, ' ', BLANKS);
	if (gap > BLANKS)
		memset(p, ' ', gap);
	memcpy(p + gap, s, size);
	o->buf.len += gap + size;
	t->col = at + len;
}

static void put_cell(struct out *o, const struct out_col *col, const char *s)
{
	size_t len;
	char *safe;

	if (out_plain(s, &len)) {
		put_chars(o, col, s, len, len);
		return;
	}
	safe = out_escape(s, true);
	if (safe)
		put_chars(o, col, safe, strlen(safe), out_columns(safe));
	else
		o->buf.failed = true;
	free(safe);
}

static void end_line(struct out *o)
{
	struct text *t = o->priv;

	out_buf_char(&o->buf, '\n');
	t->col = t->want = 0;
}

static void text_table(struct out *o, const char *key, bool again)
{
	struct text *t = o->priv;
	size_t i;

	if (again && t->last != FIELD)
		return;
	t->gap = true;
	begin_line(o, ROW);
	for (i = 0; i < o->nr_cols; i++)
		if (o->cols[i].head)
			put_cell(o, &o->cols[i], o->cols[i].head);
	end_line(o);
}

static void text_row(struct out *o)
{
	begin_line(o, ROW);
}

static void text_row_end(struct out *o)
{
	end_line(o);
}

static void put_frames(struct out *o, const struct out_col *col, const struct out_val *v)
{
	char *folded = out_fold(v);

	put_cell(o, col, folded ? folded : "");
	free(folded);
}

static void text_cell(struct out *o, const struct out_col *col, const struct out_val *v)
{
	char buf[32];
	size_t len;

	if (v->kind == OUT_VAL_STR) {
		put_cell(o, col, v->str);
		return;
	}
	len = out_quick(v, buf, false);
	if (len)
		put_chars(o, col, buf, len, len);
	else if (v->kind == OUT_VAL_NONE)
		put_chars(o, col, "-", 1, 1);
	else if (v->kind == OUT_VAL_FRAMES)
		put_frames(o, col, v);
	else
		put_cell(o, col, out_human(v, buf, false));
}

static void text_table_end(struct out *o)
{
}

static void text_array(struct out *o, const char *key, const uint64_t *v, size_t nr)
{
}

static void text_note(struct out *o, const char *line)
{
	begin_line(o, NOTE);
	out_buf_str(&o->buf, "# ");
	put_escaped(o, line);
	out_buf_char(&o->buf, '\n');
}

static void text_lines(struct out *o, const char *lines)
{
	struct text *t = o->priv;

	t->gap = true;
	begin_line(o, FIELD);
	out_buf_str(&o->buf, lines);
	t->gap = true;
}

const struct out_ops out_text_ops = {
	.init = text_init,
	.deinit = text_deinit,
	.begin = text_begin,
	.end = text_end,
	.field = text_field,
	.table = text_table,
	.row = text_row,
	.row_end = text_row_end,
	.cell = text_cell,
	.table_end = text_table_end,
	.array = text_array,
	.note = text_note,
	.lines = text_lines,
	.headed = true,
};
