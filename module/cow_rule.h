/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cow_rule: what a write fault did, from the entry before and after. Pure.
 */
#ifndef _MMS_COW_RULE_H
#define _MMS_COW_RULE_H

#include <linux/types.h>
#ifndef __KERNEL__
#include <stdbool.h>
#endif

enum mms_cow_state {
	MMS_COW_EMPTY, /* no entry, or none could be read */
	MMS_COW_OTHER, /* not present: swapped, migrating, a marker, PROT_NONE */
	MMS_COW_READ,  /* present, not writable */
	MMS_COW_WRITE, /* present, writable */
};

/**
 * struct mms_cow_look - the entry of an address at some moment
 * @frame: of the addressed 4 KiB, also inside a huge leaf; if present
 * @state: enum mms_cow_state
 * @level: enum mmscope_level of the entry
 * @zero: the zero page, or the huge one
 * @anon: anonymous; only told where asked for
 * @home: of a mapping that begins where anonymous memory does that never moved,
 *	so of no file; only told where asked for
 */
struct mms_cow_look {
	__u64 frame;
	__u8 state;
	__u8 level;
	bool zero;
	bool anon;
	bool home;
};

/* What of PID/cow and of the trace event: the first three are ABI. */
enum mms_cow_what {
	MMS_COW_COPIED,
	MMS_COW_FILLED,
	MMS_COW_REUSED,
	__MMS_COW_MAX,
	MMS_COW_MAYBE_FILLED = __MMS_COW_MAX, /* if it is a private file mapping */
	MMS_COW_LATE,			      /* what was asked for was there already */
	MMS_COW_NOTHING,
};

enum mms_cow_what mms_cow_judge(const struct mms_cow_look *before,
				const struct mms_cow_look *after);
const char *mms_cow_what_name(unsigned int what);

#endif /* _MMS_COW_RULE_H */
