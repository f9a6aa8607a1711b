// SPDX-License-Identifier: GPL-2.0-only
/*
 * The front of out.h: checks the order of calls, hands values to a backend, and what
 * that makes of them to the stream, whose first error it keeps. Knows nothing of formats.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "render/out_ops.h"

static const struct out_ops *const backends[] = {
	[OUT_TEXT] = &out_text_ops,
	[OUT_JSON] = &out_json_ops,
	[OUT_CSV] = &out_csv_ops,
	[OUT_FOLDED] = &out_folded_ops,
};

#define ENOUGH (256U << 10) /* waits until it is written before the end of the object */

static void flush(struct out *o)
{
	int err = 0;

	if (o->err)
		o->buf.len = 0;
	else
		err = out_buf_flush(&o->buf, o->f);
	if (err)
		o->err = err;
}

/**
 * out_create() - begin output to a stream
 * @fmt: backend
 * @f: stream, not closed by out_destroy()
 * @what: noun of the schema; not copied
 * Return: the output, or NULL with errno set.
 */
struct out *out_create(enum out_format fmt, FILE *f, const char *what)
{
	struct out *o = calloc(1, sizeof(*o));
	int err;

	if (!o)
		return NULL;
	o->ops = backends[fmt];
	o->f = f;
	o->what = what;
	err = o->ops->init(o);
	if (err) {
		free(o);
		errno = -err;
		return NULL;
	}
	return o;
}

/**
 * out_destroy() - end the output
 * @o: output, NULL is fine
 * Return: 0, or -errno of the first thing that went wrong on the stream.
 */
int out_destroy(struct out *o)
{
	int err;

	if (!o)
		return 0;
	o->ops->deinit(o);
	flush(o);
	err = o->err;
	free(o->buf.p);
	free(o);
	return err;
}

/**
 * out_error() - has the stream failed?
 * @o: output
 * Return: 0 or -errno.
 */
int out_error(const struct out *o)
{
	return o->err;
}

/**
 * out_begin() - begin an object
 * @o: output
 */
void out_begin(struct out *o)
{
	assert(!o->in_object);
	o->in_object = true;
	o->ops->begin(o);
}

/**
 * out_end() - end the object; what it holds is on the stream afterwards
 * @o: output
 */
void out_end(struct out *o)
{
	assert(o->in_object && !o->in_table);
	o->ops->end(o);
	o->in_object = false;
	flush(o);
}

static void field(struct out *o, const char *key, const char *label, struct out_val v)
{
	assert(o->in_object && !o->in_table);
	o->ops->field(o, key, label, &v);
}

/** out_str() - a string field; NULL is none */
void out_str(struct out *o, const char *key, const char *label, const char *v)
{
	field(o, key, label, (struct out_val){.kind = v ? OUT_VAL_STR : OUT_VAL_NONE, .str = v});
}

/** out_num() - a whole-number field of any type but OUT_STR */
void out_num(struct out *o, const char *key, const char *label, enum out_type type, uint64_t v)
{
	field(o, key, label, (struct out_val){.kind = OUT_VAL_NUM, .type = type, .num = v});
}

/** out_real() - a field with a fraction */
void out_real(struct out *o, const char *key, const char *label, enum out_type type, double v)
{
	field(o, key, label, (struct out_val){.kind = OUT_VAL_REAL, .type = type, .real = v});
}

/** out_bool() - a field that is yes or no */
void out_bool(struct out *o, const char *key, const char *label, bool v)
{
	out_num(o, key, label, OUT_BOOL, v);
}

static void close_row(struct out *o)
{
	if (!o->in_row)
		return;
	assert(o->cell == o->nr_cols);
	o->ops->row_end(o);
	o->in_row = false;
	if (o->buf.len >= ENOUGH && !o->ops->whole)
		flush(o);
}

/**
 * out_table() - begin a table
 * @o: output
 * @key: its name in json
 * @cols: columns; must live as long as @o
 * @nr: how many
 */
void out_table(struct out *o, const char *key, const struct out_col *cols, size_t nr)
{
	bool again = o->cols == cols && o->nr_cols == nr;

	assert(o->in_object && !o->in_table);
	o->in_table = true;
	o->cols = cols;
	o->nr_cols = nr;
	o->ops->table(o, key, again);
}

/** out_row() - begin a row; ends the one before */
void out_row(struct out *o)
{
	assert(o->in_table);
	close_row(o);
	o->in_row = true;
	o->cell = 0;
	o->ops->row(o);
}

/* The column of the next cell; NULL if the backend leaves it out. */
static inline const struct out_col *next_col(struct out *o)
{
	const struct out_col *col;

	assert(o->in_row && o->cell < o->nr_cols);
	col = &o->cols[o->cell++];
	return col->head || !o->ops->headed ? col : NULL;
}

static void cell(struct out *o, struct out_val *v)
{
	const struct out_col *col = next_col(o);

	if (!col)
		return;
	v->type = col->type;
	o->ops->cell(o, col, v);
}

/** out_cell_str() - next cell, a string; NULL is none */
void out_cell_str(struct out *o, const char *v)
{
	const struct out_col *col = next_col(o);
	struct out_val val;

	if (!col)
		return;
	val.kind = v ? OUT_VAL_STR : OUT_VAL_NONE;
	val.type = col->type;
	val.about = false;
	val.str = v;
	o->ops->cell(o, col, &val);
}

/* Most cells are numbers, and of most rows there are many. */
static inline void cell_num(struct out *o, bool known, bool about, uint64_t v)
{
	const struct out_col *col = next_col(o);
	struct out_val val;

	if (!col)
		return;
	val.kind = known ? OUT_VAL_NUM : OUT_VAL_NONE;
	val.type = col->type;
	val.about = about;
	val.num = v;
	o->ops->cell(o, col, &val);
}

/** out_cell_num() - next cell, a whole number */
void out_cell_num(struct out *o, uint64_t v)
{
	cell_num(o, true, false, v);
}

/** out_cell_num_if() - next cell, a number if it is known, else no value */
void out_cell_num_if(struct out *o, bool known, uint64_t v)
{
	cell_num(o, known, false, v);
}

/** out_cell_about() - next cell, a number that may be an estimate */
void out_cell_about(struct out *o, bool about, uint64_t v)
{
	cell_num(o, true, about, v);
}

/** out_cell_real() - next cell, a number with a fraction */
void out_cell_real(struct out *o, double v)
{
	cell(o, &(struct out_val){.kind = OUT_VAL_REAL, .real = v});
}

/** out_cell_frames() - next cell, a stack, outermost frame first */
void out_cell_frames(struct out *o, const char *const *v, size_t nr)
{
	cell(o, &(struct out_val){.kind = OUT_VAL_FRAMES, .frames = v, .nr_frames = nr});
}

/** out_cell_none() - next cell, no value */
void out_cell_none(struct out *o)
{
	cell(o, &(struct out_val){.kind = OUT_VAL_NONE});
}

/**
 * out_cells_left_out() - need the next cells not be given?
 * @o: output, in a row
 * @nr: how many
 * For rows of which there are many, with cells that cost something.
 * Return: true if this format leaves out all of them; they count as given then.
 */
bool out_cells_left_out(struct out *o, size_t nr)
{
	const struct out_col *col = &o->cols[o->cell];
	size_t i;

	assert(o->in_row && o->cell + nr <= o->nr_cols);
	if (!o->ops->headed)
		return false;
	for (i = 0; i < nr; i++)
		if (col[i].head)
			return false;
	o->cell += nr;
	return true;
}

/** out_table_end() - end the table */
void out_table_end(struct out *o)
{
	close_row(o);
	o->ops->table_end(o);
	o->in_table = false;
}

/** out_array() - numbers under @key in the open row, else in the object; json only */
void out_array(struct out *o, const char *key, const uint64_t *v, size_t nr)
{
	assert(o->in_object && o->in_table == o->in_row);
	o->ops->array(o, key, v, nr);
}

/** out_lines() - a picture, in text */
void out_lines(struct out *o, const char *lines)
{
	assert(o->in_object && !o->in_table);
	if (o->ops->lines)
		o->ops->lines(o, lines);
}

/** out_note() - a line of talk on the data */
void out_note(struct out *o, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	o->ops->note(o, line);
	if (!o->in_object)
		flush(o);
}
