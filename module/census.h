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
	MMS_TALLY_16K,
	MMS_TALLY_32K,
	MMS_TALLY_64K,
	MMS_TALLY_128K,
	MMS_TALLY_256K,
	MMS_TALLY_512K,
	MMS_TALLY_1M,
	MMS_TALLY_NUMA_HINT,
	MMS_TALLY_SHARED,
	MMS_TALLY_EXCLUSIVE,
	MMS_TALLY_WX,
	MMS_TALLY_WX_VMA,
	MMS_TALLY_NX_CLEAR,
	__MMS_TALLY_MAX,
};

/* A swap entry has five bits for its type. */
#define MMS_TALLY_SWAPS 32

/**
 * struct mms_run - ptes in a row that map a folio from its first page on
 * @addr: address that goes on
 * @frame: frame that goes on
 * @left: pages of the folio still to come; 0 = no run
 * @order: of the folio
 */
struct mms_run {
	__u64 addr;
	__u64 frame;
	__u32 left;
	__u8 order;
};

/**
 * struct mms_tally - pages of 4 KiB by key
 * @pages: by enum mms_tally_key
 * @swap: by swap type
 * @node: by NUMA node; room of the caller's, zeroed
 * @nodes: elements of @node
 * @rights: MMS_RIGHT_* that the VMA being counted allows
 *
 * private:
 * @run: the folio that the latest leaf is part of
 *
 * A tally counts leaves of one VMA, in order of address.
 */
struct mms_tally {
	__u64 pages[__MMS_TALLY_MAX];
	__u64 swap[MMS_TALLY_SWAPS];
	__u64 *node;
	__u32 nodes;
	__u32 rights;
	/* private: */
	struct mms_run run;
};

void mms_tally_begin(struct mms_tally *t, unsigned int rights);
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
