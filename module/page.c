// SPDX-License-Identifier: GPL-2.0-only
/*
 * page: the only file that looks at struct page. Must not follow page tables.
 *
 * No reference is taken. All functions but mms_page_peek() run under the page-table lock of a
 * present (or PROT_NONE) entry that maps the frame. Whoever frees, splits or
 * migrates the folio must first take that entry away under the same lock, so
 * for as long as we hold it the folio is what it is, its mapping word is
 * settled, and its memory cannot go offline. Nothing beyond the memmap is read:
 * not the mapping that the word points to, not the LRU. Counts and flags are as
 * they were when they were read: others may map the page meanwhile.
 */
#include <linux/hugetlb.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/page_idle.h>
#include <linux/pgtable.h>
#include <linux/swap.h>
#include "compat/page.h"
#include "compat/vma.h"
#include "entry.h"
#include "page.h"

/*
 * The rule is the kernel's own (vm_normal_page): for a pte the special bit
 * alone decides; a larger leaf of a raw-frame VMA is special without it.
 *
 * The huge zero page has no exported pointer. Newer kernels set the special bit
 * on it, in VMAs that otherwise never have that bit; on older ones it is the
 * only folio mapped by a PMD, hugetlb and device memory apart, that has no
 * mapping: anonymous and file THPs always have one while they are mapped.
 */
static unsigned int special_kind(const struct vm_area_struct *vma, const struct mms_entry *e)
{
	if (e->level == MMSCOPE_LEVEL_PTE && is_zero_pfn(e->frame))
		return MMS_KIND_ZERO;
	if (e->level == MMSCOPE_LEVEL_PMD && !(e->flags & MMS_FLAG_DEVMAP) &&
	    !(vma->vm_flags & (VM_PFNMAP | VM_MIXEDMAP | VM_IO)))
		return MMS_KIND_ZERO;
	return MMS_KIND_SPECIAL;
}

/*
 * Of a frame that a leaf maps which is not special: device memory too, which is
 * never online, has a page then, and what is mapped keeps it.
 */
static struct page *mapped_page(u64 frame)
{
	return pfn_valid(frame) ? pfn_to_page(frame) : NULL;
}

/* Returns the page to look at, or NULL if the leaf has none; @kind is settled. */
static struct page *page_of(struct vm_area_struct *vma, const struct mms_entry *e,
			    unsigned int *kind)
{
	struct folio *folio;
	struct page *page;

	*kind = MMS_KIND_SPECIAL;
	if (e->flags & (MMS_FLAG_SPECIAL | MMS_FLAG_DEVMAP)) {
		*kind = special_kind(vma, e);
		return NULL;
	}
	if (e->level > MMSCOPE_LEVEL_PTE && (vma->vm_flags & VM_PFNMAP))
		return NULL;
	if (e->level == MMSCOPE_LEVEL_PTE && is_zero_pfn(e->frame)) {
		*kind = MMS_KIND_ZERO;
		return NULL;
	}
	page = mapped_page(e->frame);
	if (!page)
		return NULL;
	folio = page_folio(page);
	if (folio_test_ksm(folio))
		*kind = MMS_KIND_KSM;
	else if (folio_test_anon(folio))
		*kind = MMS_KIND_ANON;
	else if (e->level == MMSCOPE_LEVEL_PMD && !is_vm_hugetlb_page(vma) &&
		 !folio_is_zone_device(folio) && !READ_ONCE(folio->mapping))
		*kind = MMS_KIND_ZERO;
	else
		*kind = MMS_KIND_FILE;
	return *kind == MMS_KIND_ZERO ? NULL : page;
}

/**
 * mms_page_kind - what kind of page a leaf maps
 * @vma: the VMA of the leaf
 * @e: the leaf
 *
 * Context: the leaf's page-table lock is held; does not sleep.
 * Return: MMS_KIND_ANON, _FILE, _KSM, _ZERO or _SPECIAL.
 */
unsigned int mms_page_kind(struct vm_area_struct *vma, const struct mms_entry *e)
{
	unsigned int kind;

	page_of(vma, e, &kind);
	return kind;
}

/* All of a hugetlb page is mapped at once; tables of pmds may be shared, and count once. */
static u32 shared_hugetlb(struct folio *folio, const u64 *slot, unsigned int level, u32 nr)
{
	if (mms_page_mapcount(folio, &folio->page) > 1)
		return nr;
	return level == MMSCOPE_LEVEL_PMD && hugetlb_pmd_shared((pte_t *)slot) ? nr : 0;
}

/*
 * How many of the @nr pages from @page on have a mapcount above 1. A huge page
 * may be mapped as one here and in parts elsewhere; only then, or where the
 * kernel counts by the page, all of its pages have to be asked.
 */
static u32 shared_pages(struct folio *folio, struct page *page, u32 nr)
{
	u32 i, shared = 0;
	int mapcount;

	/* our entry is the only reference */
	if (folio_ref_count(folio) == 1)
		return 0;
	mapcount = mms_page_mapcount(folio, page);
	if (mapcount < 0)
		return mms_folio_shared(folio) ? nr : 0;
	if (nr == 1 || mms_folio_even(folio))
		return mapcount > 1 ? nr : 0;
	for (i = 0; i < nr; i++)
		shared += mms_page_mapcount(folio, page + i) > 1;
	return shared;
}

/**
 * mms_page_note - say of a leaf what its page is
 * @l: its kind, order, node and shared are written
 * @vma: the VMA of the leaf
 * @e: the leaf, decoded
 * @slot: where it is
 *
 * Context: the leaf's page-table lock is held; does not sleep.
 */
void mms_page_note(struct mms_leaf *l, struct vm_area_struct *vma, const struct mms_entry *e,
		   const u64 *slot)
{
	u32 nr = 1U << (mms_entry_shift(e->level) - PAGE_SHIFT);
	unsigned int kind;
	struct page *page = page_of(vma, e, &kind);
	struct folio *folio;

	l->kind = kind;
	l->order = 0;
	l->node = 0;
	l->shared = 0;
	if (!page)
		return;
	folio = page_folio(page);
	l->order = folio_order(folio);
	l->node = folio_nid(folio);
	if (is_vm_hugetlb_page(vma))
		l->shared = shared_hugetlb(folio, slot, e->level, nr);
	else
		l->shared = shared_pages(folio, page, nr);
}

/**
 * mms_page_ages - may sampling take the accessed bit of a leaf
 * @frame: of the leaf, which is neither special nor of hugetlb
 *
 * Context: the leaf's page-table lock is held; does not sleep.
 * Return: false for device memory, which reclaim never looks at.
 */
bool mms_page_ages(u64 frame)
{
	return pfn_to_online_page(frame);
}

static u32 flag(bool set, enum mms_page_flag nr)
{
	return (u32)set << nr;
}

static u32 page_flags(struct folio *folio, struct page *page)
{
	return flag(folio_test_locked(folio), MMS_PAGE_LOCKED) |
	       flag(folio_test_referenced(folio), MMS_PAGE_REFERENCED) |
	       flag(folio_test_uptodate(folio), MMS_PAGE_UPTODATE) |
	       flag(folio_test_dirty(folio), MMS_PAGE_DIRTY) |
	       flag(folio_test_lru(folio), MMS_PAGE_LRU) |
	       flag(folio_test_active(folio), MMS_PAGE_ACTIVE) |
	       flag(folio_test_workingset(folio), MMS_PAGE_WORKINGSET) |
	       flag(folio_test_reserved(folio), MMS_PAGE_RESERVED) |
	       flag(folio_test_private(folio), MMS_PAGE_PRIVATE) |
	       flag(folio_test_writeback(folio), MMS_PAGE_WRITEBACK) |
	       flag(folio_test_swapcache(folio), MMS_PAGE_SWAPCACHE) |
	       flag(folio_test_swapbacked(folio), MMS_PAGE_SWAPBACKED) |
	       flag(folio_test_unevictable(folio), MMS_PAGE_UNEVICTABLE) |
	       flag(folio_test_mlocked(folio), MMS_PAGE_MLOCKED) |
	       flag(PageHWPoison(page), MMS_PAGE_HWPOISON) |
	       flag(folio_test_young(folio), MMS_PAGE_YOUNG) |
	       flag(folio_test_idle(folio), MMS_PAGE_IDLE);
}

static const char *zone_name(enum zone_type zone)
{
	switch (zone) {
#ifdef CONFIG_ZONE_DMA
	case ZONE_DMA:
		return "DMA";
#endif
#ifdef CONFIG_ZONE_DMA32
	case ZONE_DMA32:
		return "DMA32";
#endif
	case ZONE_NORMAL:
		return "Normal";
	case ZONE_MOVABLE:
		return "Movable";
	default:
		return "Device";
	}
}

/**
 * mms_page_look - all that PID/walk tells of a page
 * @p: all of it is written if the result is true
 * @vma: the VMA of the leaf
 * @e: the leaf, its kind settled; not MMS_KIND_SPECIAL
 * @frame: a frame that it maps
 *
 * A large folio keeps most flags once. Hugetlb keeps the counts so too, and a
 * huge leaf keeps with its first page that it is exclusive.
 *
 * Context: the leaf's page-table lock is held; does not sleep.
 * Return: false if @frame has no page to tell of.
 */
bool mms_page_look(struct mms_page *p, struct vm_area_struct *vma, const struct mms_entry *e,
		   u64 frame)
{
	struct page *page = mapped_page(frame);
	struct folio *folio;

	if (!page)
		return false;
	folio = page_folio(page);
	if (is_vm_hugetlb_page(vma))
		page = &folio->page;
	*p = (struct mms_page){
		.head = folio_pfn(folio),
		.mapcount = mms_page_mapcount(folio, page),
		.refcount = folio_ref_count(folio),
		.flags = page_flags(folio, page),
		.node = folio_nid(folio),
		.order = folio_order(folio),
		.zone = zone_name(page_zonenum(page)),
	};
	if (e->kind == MMS_KIND_ANON)
		p->flags |= flag(PageAnonExclusive(pfn_to_page(e->frame)), MMS_PAGE_EXCLUSIVE);
	return true;
}

/**
 * mms_page_mark_young - keep for reclaim a reference that we took away
 * @frame: of a leaf whose accessed bit was set and is now clear
 *
 * Where the kernel keeps PG_young this is what page_idle and DAMON do, and
 * reclaim sees no difference. Elsewhere folio_mark_accessed() has to do: a
 * page referenced in two scans becomes active, so reclaim spares it for longer
 * than it would have without us.
 *
 * Context: the leaf's page-table lock is held; does not sleep.
 */
void mms_page_mark_young(u64 frame)
{
	struct page *page = pfn_to_online_page(frame);
	struct folio *folio;

	if (!page)
		return;
	folio = page_folio(page);
#ifdef CONFIG_PAGE_IDLE_FLAG
	folio_set_young(folio);
	if (folio_test_idle(folio))
		folio_clear_idle(folio);
#else
	folio_mark_accessed(folio);
#endif
}

/**
 * mms_page_peek - facts of a page without a lock
 * @frame: of the page
 * @addr: where it is mapped
 * @sure: by a pte that is not special: so it has a struct page
 *
 * What is returned may be of another page, unless the caller sees to it that
 * the frame was mapped all the time.
 *
 * Context: any, also NMI; interrupts off, on a CPU that runs the page's mm.
 * Return: MMS_PEEK_*.
 */
unsigned int mms_page_peek(u64 frame, u64 addr, bool sure)
{
	struct page *page = sure ? pfn_to_page(frame) : pfn_to_online_page(frame);
	unsigned int facts = 0;
	struct folio *folio;

	if (!page)
		return 0;
	folio = page_folio(page);
	if (folio_test_anon(folio))
		facts |= MMS_PEEK_ANON;
	if (MMS_INDEX_TELLS_FILE && folio->index + (frame - folio_pfn(folio)) == addr >> PAGE_SHIFT)
		facts |= MMS_PEEK_HOME;
	if (!READ_ONCE(folio->mapping))
		facts |= MMS_PEEK_UNOWNED;
	return facts;
}
