/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * References out of the traces of other programs. Knows their formats; nothing of what becomes of
 * the references. To add a format: tools/collect/import_NAME.c with a struct
 * mms_import_format, and its line below.
 */
#ifndef _MMS_IMPORT_H
#define _MMS_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MMS_IMPORT_FORMATS(X) \
	X(mms_import_lackey)  \
	X(mms_import_oracle)  \
	X(mms_import_csv)     \
	X(mms_import_u32)     \
	X(mms_import_u64)

/**
 * struct mms_import_ref - one reference to one page
 * @vpn: address >> page_shift, or the id that the trace has
 * @proc: number of its process in the trace; 0 where the trace does not tell processes apart
 * @pid: or 0
 * @write: it writes
 * @mark: an interval begins with it
 */
struct mms_import_ref {
	uint64_t vpn;
	uint32_t proc;
	uint32_t pid;
	bool write;
	bool mark;
};

/**
 * struct mms_import_opts - how a trace is to be read
 * @page_shift: for addresses: log2 of the page size
 * @no_fetch: lackey: instruction fetches are left out
 * @addresses: u32, u64, oracleGeneral: numbers are addresses, not ids
 * @hex: csv: numbers are hexadecimal, also without 0x
 * @separator: csv: between columns
 * @columns: csv: what the columns are, separated by commas; NULL: the first line says it
 * @delta_ns: sampled: length of an interval; 0: exact
 */
struct mms_import_opts {
	unsigned int page_shift;
	bool no_fetch;
	bool addresses;
	bool hex;
	char separator;
	const char *columns;
	uint64_t delta_ns;
};

/**
 * struct mms_import_count - what became of a trace
 * @records: lines, or records of a binary format
 * @used: of them, references
 * @left_out: of them, references that were not wanted
 * @skipped: of them, no references: @records = @used + @left_out + @skipped
 * @malformed: lackey: of the skipped, those that begin as an access
 * @refs: references to pages: @used, and @straddles
 * @straddles: further pages of references that reach over the end of a page
 */
struct mms_import_count {
	uint64_t records;
	uint64_t used;
	uint64_t left_out;
	uint64_t skipped;
	uint64_t malformed;
	uint64_t refs;
	uint64_t straddles;
};

struct mms_import;

/**
 * struct mms_import_format - a format
 * @name: as people type it
 * @record: "line" or "record"
 * @numbers: its pages are ids, unless they are said to be addresses; else @begin tells
 * @text: packed input is known by its first bytes; else by these and its name, .gz or
 *        .zst, or by a trial to unpack it
 * @begin: NULL, or looks at the options and the head of the trace. Return: 0 or -errno with @why
 * @next: the next references, at most @max. Return: how many, 0 at the end, -errno with @why
 */
struct mms_import_format {
	const char *name;
	const char *record;
	bool text, numbers;
	int (*begin)(struct mms_import *im, const char **why);
	ssize_t (*next)(struct mms_import *im, struct mms_import_ref *refs, size_t max,
			const char **why);
};

#define MMS_IMPORT_EXTERN(variable) extern const struct mms_import_format variable;
MMS_IMPORT_FORMATS(MMS_IMPORT_EXTERN)
#undef MMS_IMPORT_EXTERN

const struct mms_import_format *mms_import_find(const char *name); /* or NULL */

/* csv: are the columns of @opts such as can be? Return: 0 or -errno with @why. */
int mms_import_columns(const struct mms_import_opts *opts, const char **why);

/**
 * mms_import_open() - begin
 * @path: a file, packed by gzip or zstd or not; "-": stdin
 * @opts: must outlive it
 * @why: on error, what is wrong, for "PATH: WHY"; kept until the next call
 * Return: 0 or -errno, -EINVAL for what is wrong with the options or the trace.
 */
int mms_import_open(struct mms_import **im, const struct mms_import_format *f, const char *path,
		    const struct mms_import_opts *opts, const char **why);
/* The same for what is open; takes @fd over, also if it fails. */
int mms_import_fd(struct mms_import **im, const struct mms_import_format *f, int fd,
		  const struct mms_import_opts *opts, const char **why);
/* What was opened is a pipe that one process writes to: it ends with that, also if others hold the
 * pipe. @writer: its pidfd, taken over; -1: not known. */
void mms_import_writer(struct mms_import *im, int writer);

/**
 * mms_import_next() - the next references
 * @max: > 0
 * Return: how many, 0 at the end, -errno with @why, which names the line or record.
 */
ssize_t mms_import_next(struct mms_import *im, struct mms_import_ref *refs, size_t max,
			const char **why);
const struct mms_import_count *mms_import_count(const struct mms_import *im);
/* Are its pages ids, not parts of addresses? Known from the begin. */
bool mms_import_ids(const struct mms_import *im);
pid_t mms_import_pid(const struct mms_import *im); /* of the only process, 0: not told */
void mms_import_close(struct mms_import *im);	   /* NULL is fine */

#endif
