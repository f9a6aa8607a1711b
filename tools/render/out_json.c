// SPDX-License-Identifier: GPL-2.0-only
/*
 * out.h for programs: one JSON object per line, "schema" first, raw units.
 * Commas and escapes are jansson's.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "render/escape.h"
#include "render/out_ops.h"

/**
 * struct json - state of the backend
 * @obj: the open object
 * @table: the open table, borrowed from @obj
 * @row: the open row, borrowed from @table
 * @notes: notes for the open object, or the next one if none is open
 */
struct json {
	json_t *obj;
	json_t *table;
	json_t *row;
	json_t *notes;
};

static int js_init(struct out *o)
{
	o->priv = calloc(1, sizeof(struct json));
	return o->priv ? 0 : -ENOMEM;
}

static void failed(struct out *o)
{
	if (!o->err)
		o->err = -ENOMEM;
}

static json_t *new_string(const char *s)
{
	char *safe = out_escape(s, false);
	json_t *j = safe ? json_string(safe) : NULL;

	free(safe);
	return j;
}

/* jansson's integers are signed: what does not fit is given as digits in a string. */
static json_t *new_num(const struct out_val *v)
{
	char buf[32];

	if (v->type == OUT_BOOL)
		return json_boolean(v->num);
	if (v->type == OUT_HEX || v->num > INT64_MAX)
		return json_string(out_raw(v, buf));
	return json_integer((json_int_t)v->num);
}

static json_t *new_frames(const struct out_val *v)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < v->nr_frames; i++) {
		if (json_array_append_new(array, new_string(v->frames[i]))) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *new_val(const struct out_val *v)
{
	switch (v->kind) {
	case OUT_VAL_STR:
		return new_string(v->str);
	case OUT_VAL_NUM:
		return new_num(v);
	case OUT_VAL_REAL:
		return isfinite(v->real) ? json_real(v->real) : json_null();
	case OUT_VAL_FRAMES:
		return new_frames(v);
	case OUT_VAL_NONE:
		break;
	}
	return json_null();
}

static void js_begin(struct out *o)
{
	struct json *js = o->priv;
	char schema[64];

	snprintf(schema, sizeof(schema), "mmscope.%s/1", o->what);
	js->obj = json_object();
	if (json_object_set_new(js->obj, "schema", json_string(schema)))
		failed(o);
}

static void js_end(struct out *o)
{
	struct json *js = o->priv;

	if (js->notes && json_object_set_new(js->obj, "notes", js->notes))
		failed(o);
	js->notes = NULL;
	if (json_dumpf(js->obj, o->f, JSON_COMPACT | JSON_REAL_PRECISION(15)) && !ferror(o->f))
		failed(o);
	fputc('\n', o->f);
	json_decref(js->obj);
	js->obj = NULL;
}

static void js_deinit(struct out *o)
{
	struct json *js = o->priv;

	if (js->notes && !js->obj) { /* notes after the last object must not be lost */
		js_begin(o);
		js_end(o);
	}
	json_decref(js->obj);
	json_decref(js->notes);
	free(js);
}

static void js_field(struct out *o, const char *key, const char *label, const struct out_val *v)
{
	struct json *js = o->priv;

	if (json_object_set_new(js->obj, key, new_val(v)))
		failed(o);
}

static void js_table(struct out *o, const char *key, bool again)
{
	struct json *js = o->priv;

	js->table = json_array();
	if (json_object_set_new(js->obj, key, js->table))
		failed(o);
}

static void js_row(struct out *o)
{
	struct json *js = o->priv;

	js->row = json_object();
	if (json_array_append_new(js->table, js->row))
		failed(o);
}

static void js_row_end(struct out *o)
{
	struct json *js = o->priv;

	js->row = NULL;
}

static void js_cell(struct out *o, const struct out_col *col, const struct out_val *v)
{
	struct json *js = o->priv;

	if (json_object_set_new(js->row, col->key, new_val(v)))
		failed(o);
}

static void js_table_end(struct out *o)
{
	struct json *js = o->priv;

	js->table = NULL;
}

static void js_array(struct out *o, const char *key, const uint64_t *v, size_t nr)
{
	struct json *js = o->priv;
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < nr; i++) {
		struct out_val val = {.kind = OUT_VAL_NUM, .type = OUT_COUNT, .num = v[i]};

		if (json_array_append_new(array, new_num(&val)))
			failed(o);
	}
	if (json_object_set_new(js->row ? js->row : js->obj, key, array))
		failed(o);
}

static void js_note(struct out *o, const char *line)
{
	struct json *js = o->priv;

	if (!js->notes)
		js->notes = json_array();
	if (json_array_append_new(js->notes, new_string(line)))
		failed(o);
}

const struct out_ops out_json_ops = {
	.init = js_init,
	.deinit = js_deinit,
	.begin = js_begin,
	.end = js_end,
	.field = js_field,
	.table = js_table,
	.row = js_row,
	.row_end = js_row_end,
	.cell = js_cell,
	.table_end = js_table_end,
	.array = js_array,
	.note = js_note,
};
