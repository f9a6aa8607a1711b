/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file of a reference string: Documentation/abi/refs-file. Knows the bytes; nothing of
 * where a string came from, or of what is done with it.
 */
#ifndef _MMS_REFS_FILE_H
#define _MMS_REFS_FILE_H

#include "model/replay/refs.h"

/**
 * struct mms_refs_proc - one process of a string
 * @pid: or 0, not known
 * @name: printable; may be empty
 */
struct mms_refs_proc {
	uint32_t pid;
	char name[32];
};

/**
 * struct mms_refs_info - what a file says of its string
 * @sampled: references were not seen one by one; else the string is exact
 * @delta_ns: sampled: all of an interval of that length are in no known order; > 0
 * @marks: sampled: entries before which an interval begins, ascending, @nr_marks; owned. The last
 *         may be @nr. Intervals without a reference are not told
 * @page_shift: log2 of the page size, 12 for 4 KiB
 * @nr, @nr_refs, @nr_pages: as in struct mms_refs, of the whole string
 * @has_more, @has_write: what the string has
 * @cut: it ends before what it was made of did: a limit, or somebody who interrupted
 * @ids: @vpn are ids of whoever made the trace, of some pages at least: neighbours mean nothing
 * @origin: one line: by what it was made ("lackey", "csv", ...), printable
 * @procs: @nr_procs of them, at least one; owned
 * @proc_of: the process of each page; NULL: all are of process 0; owned
 * @vpn: page number in its process (address >> page_shift), or a foreign id; owned
 */
struct mms_refs_info {
	bool sampled;
	uint64_t delta_ns;
	uint64_t *marks;
	uint64_t nr_marks;
	unsigned int page_shift;
	uint64_t nr, nr_refs;
	uint32_t nr_pages;
	bool has_more, has_write, cut, ids;
	char origin[64];
	struct mms_refs_proc *procs;
	uint32_t nr_procs;
	uint16_t *proc_of;
	uint64_t *vpn;
};

struct mms_refs_reader;

/* Does it begin as a reference string does? Looks at plain files alone. */
bool mms_refs_begins(const char *path);

/**
 * mms_refs_open() - open for reading
 * @path: a file; "-" is stdin. A pipe is copied to a file without a name first, as the tables are
 *        behind the entries
 * @why: on error, what is wrong with it: "truncated", "made by a newer mmscope (version 2)", ...
 *       for "PATH: WHY"; kept until the next call
 * Header and tables are read and checked; nothing of the entries.
 * Return: 0 or -errno; -EBADMSG for what is no such file or a damaged one.
 */
int mms_refs_open(struct mms_refs_reader **r, const char *path, const char **why);
const struct mms_refs_info *mms_refs_info(const struct mms_refs_reader *r);
/**
 * mms_refs_next() - the next chunk of entries
 * @chunk: valid until the next call; nr_pages is the whole string's
 * Every id, count and checksum has been checked.
 * Return: 1, 0 at the end (counts agree with the header), or -errno with @why.
 */
int mms_refs_next(struct mms_refs_reader *r, struct mms_refs *chunk, const char **why);
int mms_refs_rewind(struct mms_refs_reader *r); /* 0 */
void mms_refs_close(struct mms_refs_reader *r); /* NULL is fine */

/**
 * mms_refs_load() - all entries into memory
 * @refs: filled in; given back by mms_refs_unload()
 * Return: 0 or -errno; -ENOMEM if it does not fit, @why says how much it would take.
 */
int mms_refs_load(struct mms_refs_reader *r, struct mms_refs *refs, const char **why);
void mms_refs_unload(struct mms_refs *refs);
/* What mms_refs_load() takes: pages come as they are filled, so that it may begin and not end. */
uint64_t mms_refs_bytes(const struct mms_refs_info *info);

struct mms_refs_writer;

/**
 * mms_refs_create() - begin a file
 * @path: what has it before stays until the file is complete; "-": stdout, which, like
 *        what is no plain file, gets a copy when it is complete
 * @info: origin, sampled, delta_ns, page_shift, ids; the rest is given at the end
 * Return: 0 or -errno.
 */
int mms_refs_create(struct mms_refs_writer **w, const char *path, const struct mms_refs_info *info);
/* One reference; repeats of the page before are joined. Ids are numbered by first reference: @page
 * is one that has occurred, or the next: else -EINVAL. Return: 0 or -errno, kept for commit. */
int mms_refs_add(struct mms_refs_writer *w, uint32_t page, bool write);
/* Sampled: an interval begins here. */
int mms_refs_mark(struct mms_refs_writer *w);
/* Tables (@info: procs, proc_of, vpn, nr_pages; cut), and the name. Frees. Return: 0 or -errno:
 * -ENODATA if there was no reference, -EINVAL if the tables do not fit to what was added. */
int mms_refs_commit(struct mms_refs_writer *w, const struct mms_refs_info *info);
void mms_refs_abort(struct mms_refs_writer *w); /* removes it; NULL is fine */

#endif
