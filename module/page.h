/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MMS_PAGE_H
#define _MMS_PAGE_H

#include <linux/types.h>

struct mms_entry;
struct mms_leaf;
struct vm_area_struct;

/* Flags of a page, in the order of PID/walk's page line. */
enum mms_page_flag {
	MMS_PAGE_LOCKED,
	MMS_PAGE_REFERENCED,
	MMS_PAGE_UPTODATE,
	MMS_PAGE_DIRTY,
	MMS_PAGE_LRU,
	MMS_PAGE_ACTIVE,
	MMS_PAGE_WORKINGSET,
	MMS_PAGE_RESERVED,
	MMS_PAGE_PRIVATE,
	MMS_PAGE_WRITEBACK,
	MMS_PAGE_SWAPCACHE,
	MMS_PAGE_SWAPBACKED,
	MMS_PAGE_UNEVICTABLE,
	MMS_PAGE_MLOCKED,
	MMS_PAGE_HWPOISON,
	MMS_PAGE_YOUNG,
	MMS_PAGE_IDLE,
	MMS_PAGE_EXCLUSIVE,
	__MMS_PAGE_FLAG_MAX,
};

/**
 * struct mms_page - what a frame's struct page says
 * @head: first frame of the folio
 * @mapcount: entries that map the page; -1 = the kernel does not keep it
 * @refcount: of the folio
 * @flags: bits by enum mms_page_flag
 * @node: NUMA node
 * @order: the folio has 2^@order pages
 * @zone: name of the zone
 */
struct mms_page {
	u64 head;
	int mapcount;
	int refcount;
	u32 flags;
	u16 node;
	u8 order;
	const char *zone;
};

unsigned int mms_page_kind(struct vm_area_struct *vma, const struct mms_entry *e);
void mms_page_note(struct mms_leaf *l, struct vm_area_struct *vma, const struct mms_entry *e,
		   const u64 *slot);
bool mms_page_look(struct mms_page *p, struct vm_area_struct *vma, const struct mms_entry *e,
		   u64 frame);
bool mms_page_ages(u64 frame);
void mms_page_mark_young(u64 frame);

/* Facts of a page that can be read without a lock. */
#define MMS_PEEK_ANON	 (1U << 0)
#define MMS_PEEK_HOME	 (1U << 1) /* its index is its address, as in anonymous mappings */
#define MMS_PEEK_UNOWNED (1U << 2) /* no mapping at all */

unsigned int mms_page_peek(u64 frame, u64 addr, bool sure);

#endif /* _MMS_PAGE_H */
