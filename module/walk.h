/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * walk: follows the page tables of an mm that is pinned by mm_count.
 *
 * Locks. mm_users is held and the mmap lock read-held for one chunk or one
 * address at a time. That keeps every table of the levels above the ptes that
 * covers part of a VMA: only munmap, exit and exec free those, and munmap, which
 * frees under the lock held for reading, first takes its VMAs out of the tree
 * and spares every table that a VMA left in it still touches. Tables of ptes can
 * go under us (khugepaged on files; MADV_DONTNEED that frees empty tables): they
 * are used within RCU, under the page-table lock, after the pmd was read again.
 * Shared hugetlb tables are kept by the hugetlb VMA lock.
 *
 * Turning interrupts off instead, as GUP-fast does, would not be enough: the
 * freeing CPU waits only for CPUs that run the mm, and we read others' tables.
 */
#ifndef _MMS_WALK_H
#define _MMS_WALK_H

#include <linux/pgtable.h>
#include <linux/types.h>
#include "entry.h"
#include "page.h"
#include "tables.h"
#include "vma.h"

struct mm_struct;
struct rw_semaphore;
struct vm_area_struct;

/* What a reader of chunks wants to know of the pages behind leaves: less is cheaper. */
enum mms_walk_pages {
	MMS_WALK_NO_PAGES, /* nothing: their kind is MMS_KIND_LEAF */
	MMS_WALK_KINDS,	   /* their kind */
	MMS_WALK_FRAMES,   /* their kind and frame: every pte is a leaf of its own */
	MMS_WALK_PAGES,	   /* all that struct mms_leaf has */
};

/* Leaves kept of one hold of the mmap lock. */
#define MMS_WALK_LEAVES 1024

/**
 * struct mms_walk - a chunk: part of one VMA as one hold of the lock saw it
 * @start: the chunk covers [@start, @next) without a gap
 * @next: where the next chunk begins
 * @vma: the VMA
 * @name: its name; valid if @path
 * @path: page to format the name in, or NULL if nobody asks
 * @pages: what is asked of pages
 * @nr: leaves in use
 * @leaf: in order of address, holes merged
 */
struct mms_walk {
	u64 start;
	u64 next;
	struct mms_vma vma;
	const char *name;
	char *path;
	enum mms_walk_pages pages;
	unsigned int nr;
	struct mms_leaf leaf[MMS_WALK_LEAVES];
};

/**
 * struct mms_block - a block of PID/entries
 * @head: its header
 * @entry: @head.nr records
 */
struct mms_block {
	struct mmscope_entries_header head;
	struct mmscope_entry entry[];
};

/**
 * struct mms_table_walk - page tables being counted
 * @tables: the counts so far
 * @start: where the latest part began
 * @next: where the next part begins
 * @vma: the VMA of the latest part
 * @name: its name; valid if @path
 * @path: PATH_MAX bytes to format the name in, or NULL if nobody asks
 */
struct mms_table_walk {
	struct mms_tables tables;
	u64 start;
	u64 next;
	struct mms_vma vma;
	const char *name;
	char *path;
};

/**
 * struct mms_path - the walk of one address, every level
 * @addr: the address
 * @in_vma: @vma and @name are valid
 * @vma: the VMA of @addr
 * @name: its name
 * @top: first level
 * @bottom: level of the last entry
 * @user_top: the user copy's top entry (KPTI)
 * @table: frame of the table that holds the entry, by level
 * @entry: by level
 * @leaf: the last entry and the rights in effect
 * @has_page: @page is valid
 * @page: what @addr maps
 */
struct mms_path {
	u64 addr;
	bool in_vma;
	struct mms_vma vma;
	const char *name;
	unsigned int top;
	unsigned int bottom;
	u64 user_top;
	u64 table[MMSCOPE_LEVEL_PGD + 1];
	struct mms_entry entry[MMSCOPE_LEVEL_PGD + 1];
	struct mms_leaf leaf;
	bool has_page;
	struct mms_page page;
};

struct mms_walk *mms_walk_create(enum mms_walk_pages pages, bool names);
void mms_walk_destroy(struct mms_walk *w);
int mms_walk_chunk(struct mms_walk *w, struct mm_struct *mm, u64 pos);
int mms_walk_entries(struct mms_block *b, struct mm_struct *mm, u64 pos, unsigned int most);
void mms_walk_tables_begin(struct mms_table_walk *t);
int mms_walk_tables(struct mms_table_walk *t, struct mm_struct *mm);
int mms_walk_addr(struct mms_path *p, struct mm_struct *mm, u64 addr, char *buf, size_t size);

/* shared by walk*.c */
void mms_leaf_fill(struct mms_leaf *l, const struct mms_entry *e, unsigned int rights);
bool mms_ptes_visit(struct mm_struct *mm, pmd_t *pmdp, u64 addr, void (*fn)(pte_t *ptep, void *arg),
		    void *arg);
struct rw_semaphore *mms_shared_pmds_lock(struct vm_area_struct *vma);

#endif /* _MMS_WALK_H */
