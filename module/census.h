/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * census: leaves counted, by what they are (maps) and by their flags. Pure.
 */
#ifndef _MMS_CENSUS_H
#define _MMS_CENSUS_H

#include "entry.h"

/* Keys of PID/maps, in the order of the file. */
enum mms_tally_key {
	MMS_TALLY_SIZE,
	MMS_TALLY_RSS,
	MMS_TALLY_ANON,
	MMS_TALLY_FILE,
	MMS_TALLY_KSM,
	MMS_TALLY_ZERO,
	MMS_TALLY_SPECIAL,
	MMS_TALLY_ABSENT,
	MMS_TALLY_SWAP,
	MMS_TALLY_MIGRATION,
	MMS_TALLY_MARKER,
	MMS_TALLY_OTHER,
	MMS_TALLY_4K,
	MMS_TALLY_2M,
	MMS_TALLY_1G,
	MMS_TALLY_HUGETLB,
	MMS_TALLY_YOUNG,
	MMS_TALLY_DIRTY,
	MMS_TALLY_PROTNONE,
	MMS_TALLY_WRITABLE,
	MMS_TALLY_EXECUTABLE,
	MMS_TALLY_USER_NX,
	__MMS_TALLY_MAX,
};

/**
 * struct mms_tally - pages of 4 KiB by key
 * @pages: by enum mms_tally_key
 */
struct mms_tally {
	__u64 pages[__MMS_TALLY_MAX];
};

void mms_tally_add(struct mms_tally *t, const struct mms_leaf *l);
void mms_tally_sum(struct mms_tally *t, const struct mms_tally *more);
const char *mms_tally_name(unsigned int key);

/* Combinations of flags that are told apart; real processes have a few dozen. */
#define MMS_CENSUS_SLOTS 512

/**
 * struct mms_census - pages by combination of flags
 * @nr: combinations in use
 * @lost: pages of combinations beyond MMS_CENSUS_SLOTS
 * @slot: a hash table until mms_census_sort(), then the first @nr in order
 */
struct mms_census {
	unsigned int nr;
	__u64 lost;
	struct {
		__u64 pages; /* 0 = free */
		__u32 flags;
	} slot[MMS_CENSUS_SLOTS];
};

void mms_census_add(struct mms_census *c, const struct mms_leaf *l);
void mms_census_sort(struct mms_census *c);

#endif /* _MMS_CENSUS_H */
