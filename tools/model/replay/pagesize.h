/* SPDX-License-Identifier: GPL-2.0-only */
/* A string as it would be with larger pages: pages, waste, page tables. */
#ifndef _MMS_PAGESIZE_H
#define _MMS_PAGESIZE_H

#include "model/replay/refs.h"

/**
 * struct mms_page_map - pages grouped into larger ones, which are aligned as the MMU wants it
 * @shift: log2 of the larger size
 * @nr_pages: larger pages that are referenced
 * @to: of each page, the larger page it lies in
 * @vpn: of each larger page: address >> @shift
 * @unused: bytes of larger pages that no referenced page covers
 */
struct mms_page_map {
	unsigned int shift;
	uint32_t nr_pages;
	uint32_t *to;
	uint64_t *vpn;
	uint64_t unused;
};

/**
 * mms_page_map_init() - group pages
 * @proc_of: process of each page, NULL: all are of one; pages of two are never in one larger page
 * @vpn: address >> @from of each page; two pages of one process never have the same
 * @nr: pages
 * @from: log2 of their size
 * @shift: log2 of the larger size, >= @from
 * Larger pages are numbered in the order of (process, address).
 * Return: 0 or -ENOMEM.
 */
int mms_page_map_init(struct mms_page_map *m, const uint16_t *proc_of, const uint64_t *vpn,
		      uint32_t nr, unsigned int from, unsigned int shift);
void mms_page_map_deinit(struct mms_page_map *m);

/* @page[] of @nr entries, renamed into @to. */
void mms_page_map_rename(const struct mms_page_map *m, const uint32_t *page, uint64_t nr,
			 uint32_t *to);

enum mms_table_level { MMS_TABLE_PTE, MMS_TABLE_PMD, MMS_TABLE_PUD, MMS_TABLE_PGD, MMS_TABLES };

/**
 * struct mms_table_count - page-table pages of x86-64 with four levels
 * @tables: of each level: 4 KiB with 512 entries. A 2 MiB page has its entry in the PMD table, so
 *          that it needs no PTE table, a 1 GiB page in the PUD table. Smaller ones (16 KiB,
 *          64 KiB, ...) are runs of PTEs, as the kernel's multi-size THP maps them: the same tables
 *          as with 4 KiB
 * @bytes: of all of them
 */
struct mms_table_count {
	uint64_t tables[MMS_TABLES];
	uint64_t bytes;
};

/**
 * mms_table_count() - the tables that map these pages and nothing else
 * @proc_of: process of each page, NULL: one
 * @vpn: address >> @from of each page
 * @shift: log2 of the size of the pages that map them, >= @from
 * Return: 0 or -ENOMEM.
 */
int mms_table_count(struct mms_table_count *c, const uint16_t *proc_of, const uint64_t *vpn,
		    uint32_t nr, unsigned int from, unsigned int shift);

#endif
