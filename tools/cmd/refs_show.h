/* SPDX-License-Identifier: GPL-2.0-only */
/* What a reference string is, for those who read it. */
#ifndef _MMS_CMD_REFS_SHOW_H
#define _MMS_CMD_REFS_SHOW_H

#include "render/out.h"
#include "store/refs_file.h"

/**
 * struct refs_sums - what the entries of a process sum up to
 * @pages: of it
 * @refs: to them
 * @writes: entries that write
 */
struct refs_sums {
	uint64_t pages;
	uint64_t refs;
	uint64_t writes;
};

/* One per process of the string, malloc'ed; all entries are read. NULL: no memory, or @why. */
struct refs_sums *refs_sum_up(struct mms_refs_reader *r, const char **why);

/* By what it was made, in the words of the file; nothing of a string that was typed. */
void refs_show_origin(struct out *o, const struct mms_refs_info *info);
void refs_show_page_size(struct out *o, unsigned int page_shift);

/* Exact, or sampled and the length of an interval: the same fields in each command. */
void refs_show_kind(struct out *o, bool sampled, uint64_t delta_ns);

/* Does it end before what it was made of did? A note if so: the same in each command. */
void refs_show_cut(struct out *o, bool cut);

/* Fields and the table of processes, in an object that is open. */
void refs_show(struct out *o, const struct mms_refs_info *info, const struct refs_sums *sums);

#endif
