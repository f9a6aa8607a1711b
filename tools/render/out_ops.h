/* SPDX-License-Identifier: GPL-2.0-only */
/* What a backend of out.h provides; for files of render/ only. */
#ifndef _MMS_OUT_OPS_H
#define _MMS_OUT_OPS_H

#include <stdarg.h>
#include <sys/types.h>

#include "render/out.h"
#include "render/out_buf.h"

enum out_kind {
	OUT_VAL_NONE,
	OUT_VAL_STR,
	OUT_VAL_NUM,
	OUT_VAL_REAL,
	OUT_VAL_FRAMES,
};

/* One value and how it reads. */
struct out_val {
	enum out_kind kind;
	enum out_type type;
	bool about; /* an estimate */
	union {
		const char *str;
		uint64_t num;
		double real;
		struct {
			const char *const *frames;
			size_t nr_frames;
		};
	};
};

struct out;

struct out_ops {
	int (*init)(struct out *o);
	void (*deinit)(struct out *o);
	void (*begin)(struct out *o);
	void (*end)(struct out *o);
	void (*field)(struct out *o, const char *key, const char *label, const struct out_val *v);
	/* @again: the columns are those of the table before, so the header is known. */
	void (*table)(struct out *o, const char *key, bool again);
	void (*row)(struct out *o);
	void (*row_end)(struct out *o);
	void (*cell)(struct out *o, const struct out_col *col, const struct out_val *v);
	void (*table_end)(struct out *o);
	void (*array)(struct out *o, const char *key, const uint64_t *v, size_t nr);
	void (*note)(struct out *o, const char *text);
	void (*lines)(struct out *o, const char *lines); /* NULL: left out */
	bool headed;					 /* columns without a head are left out */
	bool whole; /* an object leaves in one piece, or not at all */
};

/**
 * struct out - an output
 * @ops: the backend
 * @f: stream, the caller's
 * @buf: what the backend has written and @f has not yet
 * @what: noun of the schema
 * @cols: columns of the current or last table, NULL before the first
 * @nr_cols: how many
 * @cell: index of the next cell of the open row
 * @in_object, @in_table, @in_row: is one open?
 * @err: first error of the stream, -errno
 * @priv: the backend's
 */
struct out {
	const struct out_ops *ops;
	FILE *f;
	struct out_buf buf;
	const char *what;
	const struct out_col *cols;
	size_t nr_cols;
	size_t cell;
	bool in_object, in_table, in_row;
	int err;
	void *priv;
};

extern const struct out_ops out_text_ops, out_json_ops, out_csv_ops, out_folded_ops;

/* The value as machines read it (raw units), for csv; @buf is 32 bytes, strings are returned as
 * they are. */
const char *out_raw(const struct out_val *v, char *buf);
/* The value as people read it; @spaced puts a space and "iB" after the number: "4.0 MiB". */
const char *out_human(const struct out_val *v, char *buf, bool spaced);

/* The same for a number that needs no printf(). Return: its length, not ended by NUL; 0 = it does.
 */
size_t out_quick(const struct out_val *v, char *buf, bool spaced);

/* The frames of a stack in one malloc'ed line, as flamegraph.pl takes it; NULL: no memory. */
char *out_fold(const struct out_val *v);

#endif
