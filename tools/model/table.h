/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What page tables hold, as plain structs: the walk of an address, ranges,
 * counts per mapping and per combination of flags. Words as in
 * Documentation/abi/debugfs-mmscope.
 */
#ifndef _MMS_TABLE_H
#define _MMS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/vma.h"

#define MMS_WORD       16  /* a kind, level or rights, with NUL */
#define MMS_FLAGS      128 /* flag names, with NUL */
#define MMS_MAX_LEVELS 6   /* pgd p4d pud pmd pte, and user-pgd */

/**
 * struct mms_walk_level - the entry of one level
 * @level: pgd, p4d, pud, pmd, pte or user-pgd
 * @has_slot: @table and @index are known
 * @table: frame of the table that holds the entry
 * @index: slot in it
 * @raw: the entry
 * @flags: names, separated by blanks
 * @has_frame: @frame is known
 * @frame: frame of the next table or of the page
 */
struct mms_walk_level {
	char level[MMS_WORD];
	bool has_slot;
	uint64_t table;
	unsigned int index;
	uint64_t raw;
	char flags[MMS_FLAGS];
	bool has_frame;
	uint64_t frame;
};

/* What of struct mms_walk is known. */
#define MMS_LEAF_SIZE	  (1U << 0)
#define MMS_LEAF_FRAME	  (1U << 1)
#define MMS_LEAF_SWAP	  (1U << 2)
#define MMS_LEAF_LEVEL	  (1U << 3)
#define MMS_LEAF_RIGHTS	  (1U << 4)
#define MMS_LEAF_MARKER	  (1U << 5)
#define MMS_LEAF_PAGE	  (1U << 6)
#define MMS_LEAF_MAPCOUNT (1U << 7)

/**
 * struct mms_walk_page - the page behind a leaf
 * @order: the folio has 2^order pages
 * @head: its first frame
 * @mapcount: entries that map the page
 * @refcount: of the folio
 * @node: NUMA node
 * @zone: name of the zone
 * @flags: names, separated by commas
 */
struct mms_walk_page {
	uint64_t order;
	uint64_t head;
	uint64_t mapcount;
	uint64_t refcount;
	uint64_t node;
	char zone[MMS_WORD];
	char flags[2 * MMS_FLAGS];
};

/**
 * struct mms_walk - one page: its mapping, the entries that lead to it, its leaf
 * @va: page-aligned address
 * @vma: "START-END PERMS OFFSET NAME" split; name NULL if in no mapping
 * @nr_levels: entries in @levels, from the top
 * @levels: the entries
 * @known: MMS_LEAF_*
 * @kind: anon, file, ksm, zero, special, swap, migration, marker, ...
 * @level: level of the leaf, or where the walk ended
 * @size: bytes of the leaf
 * @frame: frame of the 4 KiB at @va
 * @rights: in effect over all levels, "rw-u"
 * @marker: name of a marker
 * @swap_type: swap device
 * @swap_offset: slot on it
 * @flags: what a walk without levels knows of the leaf, names
 * @page: the page
 */
struct mms_walk {
	uint64_t va;
	struct mms_vma vma;
	size_t nr_levels;
	struct mms_walk_level levels[MMS_MAX_LEVELS];
	unsigned int known;
	char kind[MMS_WORD];
	char level[MMS_WORD];
	uint64_t size;
	uint64_t frame;
	char rights[MMS_WORD];
	char marker[MMS_WORD];
	uint64_t swap_type;
	uint64_t swap_offset;
	char flags[MMS_FLAGS];
	struct mms_walk_page page;
};

#define MMS_MAP_NODES 64 /* those beyond are not told */
#define MMS_MAP_SWAPS 32

/* Keys of a maps block; the order is that of the columns of -e. */
enum mms_map_key {
	MMS_MAP_SIZE,
	MMS_MAP_RSS,
	MMS_MAP_ANON,
	MMS_MAP_FILE,
	MMS_MAP_KSM,
	MMS_MAP_ZERO,
	MMS_MAP_SPECIAL,
	MMS_MAP_HUGETLB,
	MMS_MAP_ABSENT,
	MMS_MAP_SWAP,
	MMS_MAP_MIGRATION,
	MMS_MAP_MARKER,
	MMS_MAP_OTHER,
	MMS_MAP_4K,
	MMS_MAP_2M,
	MMS_MAP_1G,
	MMS_MAP_YOUNG,
	MMS_MAP_DIRTY,
	MMS_MAP_PROTNONE,
	MMS_MAP_WRITABLE,
	MMS_MAP_EXECUTABLE,
	MMS_MAP_USERNX,
	MMS_MAP_16K,
	MMS_MAP_32K,
	MMS_MAP_64K,
	MMS_MAP_128K,
	MMS_MAP_256K,
	MMS_MAP_512K,
	MMS_MAP_1M,
	MMS_MAP_NUMAHINT,
	MMS_MAP_SHARED,
	MMS_MAP_EXCLUSIVE,
	MMS_MAP_WX,
	MMS_MAP_WXVMA,
	MMS_MAP_NXCLEAR,
	MMS_NR_NAMED_KEYS,
	/* by number: nodes, swap areas */
	MMS_MAP_NODE0 = MMS_NR_NAMED_KEYS,
	MMS_MAP_SWAP0 = MMS_MAP_NODE0 + MMS_MAP_NODES,
	MMS_NR_MAP_KEYS = MMS_MAP_SWAP0 + MMS_MAP_SWAPS,
};

/**
 * struct mms_map - what the tables hold for one mapping
 * @vma: the mapping; name "Total" with no addresses for the sum
 * @bytes: by key
 * @known: by key: the source has it
 */
struct mms_map {
	struct mms_vma vma;
	uint64_t bytes[MMS_NR_MAP_KEYS];
	bool known[MMS_NR_MAP_KEYS];
};

/**
 * struct mms_range - merged leaves of one mapping
 * @start: first address
 * @end: address after the last
 * @level: level of the leaves
 * @kind: as in struct mms_walk
 * @rights: in effect
 * @flags: names, separated by commas
 * @young: pages referenced, MMS_NO_COUNT if unknown
 * @dirty: pages written, MMS_NO_COUNT if unknown
 * @name: of the mapping; owned
 */
struct mms_range {
	uint64_t start;
	uint64_t end;
	char level[MMS_WORD];
	char kind[MMS_WORD];
	char rights[MMS_WORD];
	char flags[MMS_FLAGS];
	uint64_t young;
	uint64_t dirty;
	char *name;
};

#define MMS_NO_COUNT UINT64_MAX

/**
 * struct mms_census_row - pages with one combination of flags
 * @mask: the flags; MMS_CENSUS_LOST for pages whose flags could not be kept
 * @pages: in units of 4 KiB
 * @names: separated by commas
 */
struct mms_census_row {
	uint64_t mask;
	uint64_t pages;
	char names[MMS_FLAGS];
};

#define MMS_CENSUS_LOST UINT64_MAX

/* A growing array of one of the above. */
struct mms_list {
	void *v;
	size_t nr;
	size_t max;
};

/* Return: a zeroed new last element, or NULL without memory. */
void *model_list_add(struct mms_list *l, size_t elem_sz);

/* Free the elements and what they own. */
void model_walks_deinit(struct mms_list *walks);
void model_maps_deinit(struct mms_list *maps);
void model_ranges_deinit(struct mms_list *ranges);
void model_census_deinit(struct mms_list *rows);

/* Sum of @maps into @total: a key is known if every map knows it, a numbered one if any does. */
void model_maps_total(const struct mms_map *maps, size_t nr, struct mms_map *total);

#endif
