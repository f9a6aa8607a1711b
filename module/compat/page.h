/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * page: in what the supported kernels differ about pages and who maps them. For
 * the two files that ask; what every file needs is in compat.h.
 */
#ifndef _MMS_COMPAT_PAGE_H
#define _MMS_COMPAT_PAGE_H

#include <linux/mm.h>

/* 7.3: userfaultfd may ask for every access, by PROT_NONE entries. Goes when the floor is 7.3. */
#ifndef VM_UFFD_RWP
#define VM_UFFD_RWP VM_NONE
#endif

/* Entries that map one page, those of all of its folio included; -1 where that is not kept. */
static inline int mms_page_mapcount(struct folio *folio, struct page *page)
{
/*
 * 6.11: the kernel's own function became private to /proc. Before 6.2 it is not
 * a sum of two counters. Goes when the floor is 6.12.
 */
#ifdef HAVE_PAGE_MAPCOUNT
	return page_mapcount(page);
#else
	/* a page with a type has that in place of a count, as a negative number */
	int n = max(atomic_read(&page->_mapcount) + 1, 0);

	if (!folio_test_large(folio))
		return n;
	if (IS_ENABLED(CONFIG_NO_PAGE_MAPCOUNT) && !folio_test_hugetlb(folio))
		return -1;
	return n + folio_entire_mapcount(folio);
#endif
}

/* Is a page of a folio that keeps no count per page mapped by more than one process? */
static inline bool mms_folio_shared(struct folio *folio)
{
/* 6.15, with CONFIG_NO_PAGE_MAPCOUNT; without that it is not asked. */
#ifdef CONFIG_NO_PAGE_MAPCOUNT
	return folio_maybe_mapped_shared(folio);
#else
	return true;
#endif
}

/* Is a large folio mapped by leaves of its own size alone? Then its pages have one mapcount. */
static inline bool mms_folio_even(struct folio *folio)
{
/* 6.10: a count of all entries that map any of it. Goes with 6.1. */
#ifdef HAVE_FOLIO_LARGE_MAPCOUNT
	return folio_large_mapcount(folio) == folio_entire_mapcount(folio);
#else
	return false;
#endif
}

#endif /* _MMS_COMPAT_PAGE_H */
