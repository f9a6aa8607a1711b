// SPDX-License-Identifier: GPL-2.0-only
/*
 * out.h for spreadsheets and scripts (RFC 4180, LF): a header line whenever the
 * columns change, after a blank line but for the first, rows in raw units. Fields and arrays are
 * left out, notes go to stderr.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render/escape.h"
#include "render/out_ops.h"

/**
 * struct csv - state of the backend
 * @begun: there was a table
 */
struct csv {
	bool begun;
};

static int csv_init(struct out *o)
{
	o->priv = calloc(1, sizeof(struct csv));
	return o->priv ? 0 : -ENOMEM;
}

static void csv_deinit(struct out *o)
{
	free(o->priv);
}

static void csv_nop(struct out *o)
{
}

static void csv_field(struct out *o, const char *key, const char *label, const struct out_val *v)
{
}

static void csv_table(struct out *o, const char *key, bool again)
{
	struct csv *csv = o->priv;
	size_t i;

	if (again)
		return;
	if (csv->begun)
		out_buf_char(&o->buf, '\n');
	csv->begun = true;
	for (i = 0; i < o->nr_cols; i++) {
		if (i)
			out_buf_char(&o->buf, ',');
		out_buf_str(&o->buf, o->cols[i].key);
	}
	out_buf_char(&o->buf, '\n');
}

static void csv_row_end(struct out *o)
{
	out_buf_char(&o->buf, '\n');
}

static void put_quoted(struct out *o, const char *s)
{
	const char *p;

	out_buf_char(&o->buf, '"');
	for (p = s; *p; p++) {
		if (*p == '"')
			out_buf_char(&o->buf, '"');
		out_buf_char(&o->buf, *p);
	}
	out_buf_char(&o->buf, '"');
}

static void put_string(struct out *o, const char *s)
{
	size_t len;
	char *safe;

	if (out_plain(s, &len)) {
		out_buf_put(&o->buf, s, len);
		return;
	}
	safe = out_escape(s, true);
	if (!safe)
		o->buf.failed = true;
	else if (strpbrk(safe, ",\""))
		put_quoted(o, safe);
	else
		out_buf_str(&o->buf, safe);
	free(safe);
}

static void put_digits(struct out *o, const struct out_val *v)
{
	char *p = out_buf_space(&o->buf, OUT_DIGITS);

	if (p)
		o->buf.len += v->type == OUT_HEX ? out_hex(p, v->num) : out_dec(p, v->num);
}

static void csv_cell(struct out *o, const struct out_col *col, const struct out_val *v)
{
	char buf[32], *folded;

	if (o->cell > 1)
		out_buf_char(&o->buf, ',');
	if (v->kind == OUT_VAL_NUM && v->type != OUT_BOOL) {
		put_digits(o, v);
		return;
	}
	if (v->kind != OUT_VAL_FRAMES) {
		put_string(o, out_raw(v, buf));
		return;
	}
	folded = out_fold(v);
	put_string(o, folded ? folded : "");
	free(folded);
}

static void csv_array(struct out *o, const char *key, const uint64_t *v, size_t nr)
{
}

static void csv_note(struct out *o, const char *line)
{
	char *safe = out_escape(line, true);

	fprintf(stderr, "# %s\n", safe ? safe : "");
	free(safe);
}

const struct out_ops out_csv_ops = {
	.init = csv_init,
	.deinit = csv_deinit,
	.begin = csv_nop,
	.end = csv_nop,
	.field = csv_field,
	.table = csv_table,
	.row = csv_nop,
	.row_end = csv_row_end,
	.cell = csv_cell,
	.table_end = csv_nop,
	.array = csv_array,
	.note = csv_note,
};
