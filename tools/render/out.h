/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One description of the data, several backends (text, json, csv, folded). A command
 * says once what it has; commas, escapes, units and widths belong to the
 * backend. This file knows nothing of what the data mean.
 */
#ifndef _MMS_OUT_H
#define _MMS_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "util/format.h"

/* How a number reads for a person; machine formats always give raw units. */
enum out_type {
	OUT_STR,
	OUT_COUNT,   /* plain number */
	OUT_HEX,     /* text and csv 0x..., json the same as a string */
	OUT_BYTES,   /* text: exact K below 10M, else M or G with a decimal; else bytes */
	OUT_SIZE,    /* text: in the largest unit that is exact, 4K, 2M, 1G; else bytes */
	OUT_NS,	     /* text: ns, us, ms or s; else ns */
	OUT_REAL,    /* double, text with two decimals */
	OUT_PERCENT, /* double 0..100 */
	OUT_RATE,    /* double per second, text with as many decimals as say something */
	OUT_RATIO,   /* double, text with three digits that say something */
	OUT_BOOL,
	OUT_FRAMES,  /* a stack, outermost frame first: out_cell_frames() */
	OUT_KFRAMES, /* a stack of the kernel */
};

/**
 * struct out_col - one column of a table
 * @key: name in json and csv: lower case, with the unit ("lat_total_ns")
 * @head: header in text: upper case; NULL = json and csv only
 * @type: how the cell reads
 * @width: columns in text, negative = left-aligned, 0 = last and unbounded
 */
struct out_col {
	const char *key;
	const char *head;
	enum out_type type;
	int width;
};

struct out;

/**
 * out_create() - begin output to a stream
 * @fmt: backend
 * @f: stream, not closed by out_destroy()
 * @what: the schema's noun: json objects carry "schema": "mmscope.<what>/1"
 * Return: the output, or NULL with errno set.
 */
struct out *out_create(enum out_format fmt, FILE *f, const char *what);
/* Flushes; NULL is fine. Return: 0 or -errno of the stream (a full disk, a closed pipe); see
 * err_output(). */
int out_destroy(struct out *o);
/* What out_destroy() would return now: loops over intervals stop when it is not 0. */
int out_error(const struct out *o);

/* One object: a report, or one interval of a stream. */
void out_begin(struct out *o);
void out_end(struct out *o);

/*
 * Fields of the object: text prints "label: value" unless label is NULL (then
 * only json has it). csv leaves fields out. Strings are escaped by the backend:
 * bytes that are not UTF-8 everywhere, control characters in text and csv, as
 * \xNN. json has numbers above INT64_MAX as strings of digits, and NaN as null.
 */
void out_str(struct out *o, const char *key, const char *label, const char *v);
void out_num(struct out *o, const char *key, const char *label, enum out_type type, uint64_t v);
void out_real(struct out *o, const char *key, const char *label, enum out_type type, double v);
void out_bool(struct out *o, const char *key, const char *label, bool v);

/*
 * A table of the object: json gives an array of objects under @key. Cells come
 * in the order of the columns, one call per cell. The header is printed once
 * per out in text and csv unless the columns change.
 */
void out_table(struct out *o, const char *key, const struct out_col *cols, size_t nr);
void out_row(struct out *o);
void out_cell_str(struct out *o, const char *v);
void out_cell_num(struct out *o, uint64_t v);
void out_cell_real(struct out *o, double v);
void out_cell_num_if(struct out *o, bool known, uint64_t v); /* the number, or none */
void out_cell_frames(struct out *o, const char *const *v, size_t nr);
void out_cell_about(struct out *o, bool about, uint64_t v); /* text: ~ before an estimate */
void out_cell_none(struct out *o); /* no value: "-" in text, null in json, empty in csv */
/* Are the next @nr cells, all of them, left out in this format? Then they are done with. */
bool out_cells_left_out(struct out *o, size_t nr);
void out_table_end(struct out *o);

/* A nested array of numbers in the current object or row (json only), e.g. histogram buckets. */
void out_array(struct out *o, const char *key, const uint64_t *v, size_t nr);

/* A picture, lines that each end in a newline, as they are: for text alone. */
void out_lines(struct out *o, const char *lines);

#define OUT_SIZE_CHARS 32
/* As OUT_SIZE in a sentence: "64 MiB". @buf has OUT_SIZE_CHARS. Return: @buf. */
const char *out_size(uint64_t v, char *buf);

/* A line of talk on the data (losses, how it was measured): text prints it, json collects "notes":
 * [...], csv: stderr. */
void out_note(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
