// SPDX-License-Identifier: GPL-2.0-only
/*
 * page: the only file that looks at struct page. Must not follow page tables.
 *
 * No reference is taken. Both functions run under the page-table lock of a
 * present (or PROT_NONE) entry that maps the frame. Whoever frees, splits or
 * migrates the folio must first take that entry away under the same lock, so
 * for as long as we hold it the folio is what it is, its mapping word is
 * settled, and its memory cannot go offline. Nothing beyond the memmap is read:
 * not the mapping that the word points to, not the LRU.
 */
#include <linux/hugetlb.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/page_idle.h>
#include <linux/pgtable.h>
#include <linux/swap.h>
#include "entry.h"
#include "page.h"

/*
 * The rule is the kernel's own (vm_normal_page): for a pte the special bit
 * alone decides; a larger leaf of a raw-frame VMA is special without it.
 *
 * The huge zero page has no exported pointer. Newer kernels set the special bit
 * on it, in VMAs that otherwise never have that bit; on older ones it is the
 * only folio mapped by a PMD, hugetlb apart, that has no mapping: anonymous
 * and file THPs always have one while they are mapped.
 */
static unsigned int special_kind(const struct vm_area_struct *vma, const struct mms_entry *e)
{
	if (e->level == MMSCOPE_LEVEL_PTE && is_zero_pfn(e->frame))
		return MMS_KIND_ZERO;
	if (e->level == MMSCOPE_LEVEL_PMD && !(vma->vm_flags & (VM_PFNMAP | VM_MIXEDMAP | VM_IO)))
		return MMS_KIND_ZERO;
	return MMS_KIND_SPECIAL;
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
	struct folio *folio;
	struct page *page;

	if (e->flags & (MMS_FLAG_SPECIAL | MMS_FLAG_DEVMAP))
		return special_kind(vma, e);
	if (e->level > MMSCOPE_LEVEL_PTE && (vma->vm_flags & VM_PFNMAP))
		return MMS_KIND_SPECIAL;
	if (e->level == MMSCOPE_LEVEL_PTE && is_zero_pfn(e->frame))
		return MMS_KIND_ZERO;
	page = pfn_to_online_page(e->frame);
	if (!page)
		return MMS_KIND_SPECIAL;
	folio = page_folio(page);
	if (folio_test_ksm(folio))
		return MMS_KIND_KSM;
	if (folio_test_anon(folio))
		return MMS_KIND_ANON;
	if (e->level == MMSCOPE_LEVEL_PMD && !is_vm_hugetlb_page(vma) && !READ_ONCE(folio->mapping))
		return MMS_KIND_ZERO;
	return MMS_KIND_FILE;
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
