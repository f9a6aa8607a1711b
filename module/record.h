/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * record: entries as the records of PID/entries. Pure.
 */
#ifndef _MMS_RECORD_H
#define _MMS_RECORD_H

#include "entry.h"

/**
 * struct mms_recorder - records being written
 * @rules: the kernel's own choices
 * @next: the next record
 * @end: behind the last that there is room for
 *
 * private: what the latest pte that maps memory had in common with its likes
 * @like: its bits but those of the frame; no word at all has ~0
 * @flags: as they are in the record's @what
 * @low: bits 0-11 of the record's @where
 * @rights: of the levels above it
 */
struct mms_recorder {
	const struct mms_rules *rules;
	struct mmscope_entry *next;
	struct mmscope_entry *end;
	/* private: */
	__u64 like;
	__u64 flags;
	__u64 low;
	unsigned int rights;
};

void mms_recorder_init(struct mms_recorder *r, const struct mms_rules *rules,
		       struct mmscope_entry *entry, unsigned int nr);
void mms_record(struct mms_recorder *r, __u64 raw, __u64 addr, unsigned int level,
		unsigned int rights);
__u64 mms_record_ptes(struct mms_recorder *r, const __u64 *slot, __u64 addr, __u64 end,
		      unsigned int rights);

#endif /* _MMS_RECORD_H */
