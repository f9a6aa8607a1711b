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
		fputc('\n', o->f);
	t->gap = false;
	t->last = what;
}

static void put_escaped(struct out *o, const char *s)
{
	char *safe = out_escape(s, true);

	if (!safe && !o->err)
		o->err = -ENOMEM;
	fputs(safe ? safe : "", o->f);
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
	fprintf(o->f, "%s: ", label);
	put_escaped(o, out_human(v, buf, true));
	fputc('\n', o->f);
}

static void pad(struct out *o, size_t n)
{
	struct text *t = o->priv;

	t->col += n;
	while (n--)
		fputc(' ', o->f);
}

/*
 * One cell in its columns. A cell that is too wide pushes the next ones only
 * until their own padding has made up for it.
 */
static void put_cell(struct out *o, const struct out_col *col, const char *s)
{
	struct text *t = o->priv;
	char *safe = out_escape(s, true);
	size_t width = abs(col->width), len, begin;

	if (!safe) {
		o->err = o->err ? o->err : -ENOMEM;
		return;
	}
	len = out_columns(safe);
	begin = t->want;
	if (col->width > 0 && len < width)
		begin += width - len;
	if (t->want && begin <= t->col)
		begin = t->col + 1;
	if (len) { /* no padding for nothing: no blanks at the end of a line */
		pad(o, begin - t->col);
		fputs(safe, o->f);
		t->col += len;
	}
	t->want += width + 1;
	free(safe);
}

static void end_line(struct out *o)
{
	struct text *t = o->priv;

	fputc('\n', o->f);
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

static void text_cell(struct out *o, const struct out_col *col, const struct out_val *v)
{
	char buf[32], *folded;

	if (!col->head)
		return;
	if (v->kind != OUT_VAL_FRAMES) {
		put_cell(o, col, out_human(v, buf, false));
		return;
	}
	folded = out_fold(v);
	put_cell(o, col, folded ? folded : "");
	free(folded);
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
	fputs("# ", o->f);
	put_escaped(o, line);
	fputc('\n', o->f);
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
};
