// SPDX-License-Identifier: GPL-2.0-only
/*
 * out.h for programs: one JSON object per line, "schema" first, raw units, no
 * blanks. Owns commas, quotes and escapes (RFC 8259).
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "render/escape.h"
#include "render/out_ops.h"

/* ,"NAME": of a column; len is 0 where it does not fit. */
struct key {
	unsigned char len;
	char text[31];
};

/**
 * struct json - state of the backend
 * @keys: of the table's columns
 * @nr_keys: there is room for so many
 * @rows: of the open table so far
 * @notes: elements for the open object, or the next one if none is open
 */
struct json {
	struct key *keys;
	size_t nr_keys;
	size_t rows;
	struct out_buf notes;
};

static int js_init(struct out *o)
{
	o->priv = calloc(1, sizeof(struct json));
	return o->priv ? 0 : -ENOMEM;
}

static void put_control(struct out_buf *b, unsigned char c)
{
	static const char named[] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
	char code[8];

	if (c < sizeof(named) && named[c])
		snprintf(code, sizeof(code), "\\%c", named[c]);
	else
		snprintf(code, sizeof(code), "\\u%04X", c);
	out_buf_str(b, code);
}

static void put_escaped(struct out_buf *b, const char *s)
{
	char *safe = out_escape(s, false);
	const char *p;

	if (!safe)
		b->failed = true;
	for (p = safe; p && *p; p++) {
		if ((unsigned char)*p < ' ') {
			put_control(b, (unsigned char)*p);
			continue;
		}
		if (*p == '"' || *p == '\\')
			out_buf_char(b, '\\');
		out_buf_char(b, *p);
	}
	free(safe);
}

static void put_string(struct out_buf *b, const char *s)
{
	size_t len;
	char *p;

	if (!out_plain(s, &len)) {
		out_buf_char(b, '"');
		put_escaped(b, s);
		out_buf_char(b, '"');
		return;
	}
	p = out_buf_space(b, len + 2);
	if (!p)
		return;
	*p = '"';
	memcpy(p + 1, s, len);
	p[len + 1] = '"';
	b->len += len + 2;
}

/*
 * Many readers have signed integers: what does not fit is given as digits in a string.
 * @p has room for OUT_DIGITS + 2. Return: how many characters.
 */
static inline size_t num_chars(char *p, const struct out_val *v)
{
	size_t n;

	if (v->type != OUT_HEX && v->num <= INT64_MAX)
		return out_dec(p, v->num);
	n = v->type == OUT_HEX ? out_hex(p + 1, v->num) : out_dec(p + 1, v->num);
	p[0] = p[n + 1] = '"';
	return n + 2;
}

static void put_num(struct out_buf *b, const struct out_val *v)
{
	char *p = out_buf_space(b, OUT_DIGITS + 2);

	if (v->type == OUT_BOOL)
		out_buf_str(b, v->num ? "true" : "false");
	else if (p)
		b->len += num_chars(p, v);
}

/* With a point or an exponent, so that it stays a real for who reads it; 1e20, not 1e+20. */
static void put_real(struct out_buf *b, double v)
{
	char buf[32], *e, *digits;

	snprintf(buf, sizeof(buf), "%.15g", v);
	e = strchr(buf, 'e');
	if (e) {
		digits = e + 2 + strspn(e + 2, "0");
		memmove(e[1] == '-' ? e + 2 : e + 1, digits, strlen(digits) + 1);
	}
	out_buf_str(b, buf);
	if (!e && !strchr(buf, '.'))
		out_buf_str(b, ".0");
}

static void put_frames(struct out_buf *b, const struct out_val *v)
{
	size_t i;

	out_buf_char(b, '[');
	for (i = 0; i < v->nr_frames; i++) {
		if (i)
			out_buf_char(b, ',');
		put_string(b, v->frames[i]);
	}
	out_buf_char(b, ']');
}

static void put_val(struct out_buf *b, const struct out_val *v)
{
	if (v->kind == OUT_VAL_NUM)
		put_num(b, v);
	else if (v->kind == OUT_VAL_STR)
		put_string(b, v->str);
	else if (v->kind == OUT_VAL_FRAMES)
		put_frames(b, v);
	else if (v->kind == OUT_VAL_REAL && isfinite(v->real))
		put_real(b, v->real);
	else
		out_buf_put(b, "null", 4);
}

/* ,"NAME": */
static void put_key(struct out_buf *b, const char *key)
{
	out_buf_char(b, ',');
	put_string(b, key);
	out_buf_char(b, ':');
}

static void js_begin(struct out *o)
{
	out_buf_str(&o->buf, "{\"schema\":\"mmscope.");
	out_buf_str(&o->buf, o->what);
	out_buf_str(&o->buf, "/1\"");
}

static void js_end(struct out *o)
{
	struct out_buf *notes = &((struct json *)o->priv)->notes;

	if (notes->failed)
		o->buf.failed = true;
	if (notes->len) {
		put_key(&o->buf, "notes");
		out_buf_char(&o->buf, '[');
		out_buf_put(&o->buf, notes->p, notes->len);
		out_buf_char(&o->buf, ']');
	}
	notes->len = 0;
	out_buf_str(&o->buf, "}\n");
}

static void js_deinit(struct out *o)
{
	struct json *js = o->priv;

	if (o->in_object) { /* who began it has failed, and says so elsewhere */
		o->buf.len = 0;
	} else if (js->notes.len) { /* notes after the last object must not be lost */
		js_begin(o);
		js_end(o);
	}
	free(js->notes.p);
	free(js->keys);
	free(js);
}

static void js_field(struct out *o, const char *key, const char *label, const struct out_val *v)
{
	put_key(&o->buf, key);
	put_val(&o->buf, v);
}

static void learn_keys(struct out *o)
{
	struct json *js = o->priv;
	struct key *keys = js->keys;
	size_t i, len;

	if (o->nr_cols > js->nr_keys)
		keys = reallocarray(keys, o->nr_cols, sizeof(*keys));
	if (!keys) {
		o->buf.failed = true;
		return;
	}
	js->keys = keys;
	js->nr_keys = o->nr_cols > js->nr_keys ? o->nr_cols : js->nr_keys;
	for (i = 0; i < o->nr_cols; i++) {
		len = (size_t)snprintf(keys[i].text, sizeof(keys[i].text),
				       ",\"%s\":", o->cols[i].key);
		keys[i].len = len < sizeof(keys[i].text) ? (unsigned char)len : 0;
	}
}

static void js_table(struct out *o, const char *key, bool again)
{
	struct json *js = o->priv;

	if (!again)
		learn_keys(o);
	js->rows = 0;
	put_key(&o->buf, key);
	out_buf_char(&o->buf, '[');
}

static void js_row(struct out *o)
{
	struct json *js = o->priv;

	if (js->rows++)
		out_buf_char(&o->buf, ',');
	out_buf_char(&o->buf, '{');
}

static void js_row_end(struct out *o)
{
	out_buf_char(&o->buf, '}');
}

static void first_cell(struct out *o, const struct out_col *col, const struct out_val *v)
{
	put_string(&o->buf, col->key);
	out_buf_char(&o->buf, ':');
	put_val(&o->buf, v);
}

static void js_cell(struct out *o, const struct out_col *col, const struct out_val *v)
{
	struct json *js = o->priv;
	const struct key *key;
	char *p;

	if (o->cell == 1 || o->cell > js->nr_keys) { /* no comma; no memory for it */
		first_cell(o, col, v);
		return;
	}
	key = &js->keys[o->cell - 1];
	p = out_buf_space(&o->buf, sizeof(key->text) + OUT_DIGITS + 2);
	if (!key->len || !p) {
		put_key(&o->buf, col->key);
		put_val(&o->buf, v);
		return;
	}
	memcpy(p, key->text, sizeof(key->text));
	o->buf.len += key->len;
	if (v->kind == OUT_VAL_NUM && v->type != OUT_BOOL)
		o->buf.len += num_chars(p + key->len, v);
	else
		put_val(&o->buf, v);
}

static void js_table_end(struct out *o)
{
	out_buf_char(&o->buf, ']');
}

static void js_array(struct out *o, const char *key, const uint64_t *v, size_t nr)
{
	struct out_val val = {.kind = OUT_VAL_NUM, .type = OUT_COUNT};
	size_t i;

	put_key(&o->buf, key);
	out_buf_char(&o->buf, '[');
	for (i = 0; i < nr; i++) {
		if (i)
			out_buf_char(&o->buf, ',');
		val.num = v[i];
		put_num(&o->buf, &val);
	}
	out_buf_char(&o->buf, ']');
}

static void js_note(struct out *o, const char *line)
{
	struct json *js = o->priv;

	if (js->notes.len)
		out_buf_char(&js->notes, ',');
	put_string(&js->notes, line);
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
	.whole = true,
};
