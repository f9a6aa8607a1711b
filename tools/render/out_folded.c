// SPDX-License-Identifier: GPL-2.0-only
/*
 * out.h for flamegraph.pl and others that take folded stacks: a row is a line of
 * frames with ';' between them, a blank, a number. Columns without a head are left
 * out as in text; strings are frames, too. Notes go to stderr: a line that ends in
 * a number would be taken for a stack.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render/escape.h"
#include "render/out_ops.h"
#include "util/memstream.h"

/* priv: has the open row a frame yet? */
static int folded_init(struct out *o)
{
	o->priv = calloc(1, sizeof(bool));
	return o->priv ? 0 : -ENOMEM;
}

static void folded_deinit(struct out *o)
{
	free(o->priv);
}

static void folded_row(struct out *o)
{
	*(bool *)o->priv = false;
}

static void folded_nop(struct out *o)
{
}

static void folded_field(struct out *o, const char *key, const char *label, const struct out_val *v)
{
}

static void folded_table(struct out *o, const char *key, bool again)
{
}

static void folded_array(struct out *o, const char *key, const uint64_t *v, size_t nr)
{
}

/* What separates frames and lines must not be in a name. */
static char *safe_frame(const char *s)
{
	char *safe = out_escape(s, true), *p;

	for (p = safe; p && *p; p++) {
		if (*p == ';')
			*p = ':';
		else if (*p == ' ')
			*p = '_';
	}
	return safe;
}

/**
 * out_fold() - the frames of a stack in one line
 * @v: frames; those of the kernel get "_[k]" behind them
 * Return: a string to free(), or NULL without memory.
 */
char *out_fold(const struct out_val *v)
{
	const char *tail = v->type == OUT_KFRAMES ? "_[k]" : "";
	char *line = NULL;
	size_t sz = 0, i;
	FILE *f = open_memstream(&line, &sz);

	if (!f)
		return NULL;
	for (i = 0; i < v->nr_frames; i++) {
		char *safe = safe_frame(v->frames[i]);

		if (!safe) {
			fclose(f);
			free(line);
			return NULL;
		}
		fprintf(f, "%s%s%s", i ? ";" : "", safe, tail);
		free(safe);
	}
	return memstream_end(f, &line);
}

static void folded_cell(struct out *o, const struct out_col *col, const struct out_val *v)
{
	bool *begun = o->priv;
	struct out_val one = *v;
	char buf[32], *line;

	if (v->kind == OUT_VAL_NONE)
		return;
	if (v->kind == OUT_VAL_NUM) {
		out_buf_char(&o->buf, ' ');
		out_buf_str(&o->buf, out_raw(v, buf));
		return;
	}
	if (v->kind == OUT_VAL_STR) {
		one.frames = &v->str;
		one.nr_frames = 1;
	}
	line = out_fold(&one);
	if (!line) {
		o->buf.failed = true;
	} else if (*line) {
		if (*begun)
			out_buf_char(&o->buf, ';');
		out_buf_str(&o->buf, line);
		*begun = true;
	}
	free(line);
}

static void folded_row_end(struct out *o)
{
	out_buf_char(&o->buf, '\n');
}

static void folded_note(struct out *o, const char *line)
{
	char *safe = out_escape(line, true);

	fprintf(stderr, "# %s\n", safe ? safe : "");
	free(safe);
}

const struct out_ops out_folded_ops = {
	.init = folded_init,
	.deinit = folded_deinit,
	.begin = folded_nop,
	.end = folded_nop,
	.field = folded_field,
	.table = folded_table,
	.row = folded_row,
	.row_end = folded_row_end,
	.cell = folded_cell,
	.table_end = folded_nop,
	.array = folded_array,
	.note = folded_note,
	.headed = true,
};
