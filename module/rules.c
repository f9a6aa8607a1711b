// SPDX-License-Identifier: GPL-2.0-only
/*
 * rules: the only bridge from the kernel's headers to the pure decoder: what
 * this kernel and this CPU do with the bits that are theirs to choose. Must
 * not know processes or page tables.
 */
#include <linux/mm.h>
#include <linux/hugetlb.h>
#include <linux/pgtable.h>
#include <linux/swap.h>
#include <linux/swapops.h>
#include <asm/cpufeature.h>
#include "rules.h"

struct mms_rules mms_rules __ro_after_init;

/* What entry_x86.c takes for granted, held against the kernel. */
#define PROBE_SWP 0x1ffff800ULL /* any value of a swap offset */
static void __init rules_check(void)
{
	const swp_entry_t swp = {.val = (29UL << 59) | (~PROBE_SWP << 14 >> 5)};

	BUILD_BUG_ON(_PAGE_PRESENT != 1 << 0 || _PAGE_RW != 1 << 1 || _PAGE_USER != 1 << 2);
	BUILD_BUG_ON(_PAGE_PWT != 1 << 3 || _PAGE_PCD != 1 << 4 || _PAGE_ACCESSED != 1 << 5);
	BUILD_BUG_ON(_PAGE_DIRTY != 1 << 6 || _PAGE_PSE != 1 << 7 || _PAGE_PROTNONE != 1 << 8);
	BUILD_BUG_ON(_PAGE_PAT != 1 << 7 || _PAGE_PAT_LARGE != 1 << 12 || _PAGE_GLOBAL != 1 << 8);
	BUILD_BUG_ON(_PAGE_BIT_NX != 63 || _PAGE_BIT_PKEY_BIT0 != 59);
	BUILD_BUG_ON(PAGE_SHIFT != 12 || PMD_SHIFT != 21 || PUD_SHIFT != 30 || PTRS_PER_PTE != 512);
	BUILD_BUG_ON(__swp_type(swp) != 29 || __swp_offset(swp) != PROBE_SWP);
}

static u32 __init migration_types(void)
{
#ifdef CONFIG_MIGRATION
	return BIT(SWP_MIGRATION_READ) | BIT(SWP_MIGRATION_READ_EXCLUSIVE) |
	       BIT(SWP_MIGRATION_WRITE);
#else
	return 0;
#endif
}

/*
 * Device-private and device-exclusive types sit between the migration types
 * and the markers; their names changed, their place did not.
 */
static u32 __init device_types(void)
{
	u32 bits = 0;
	int i;

	for (i = 0; i < SWP_DEVICE_NUM; i++)
		bits |= BIT(MAX_SWAPFILES + SWP_HWPOISON_NUM + SWP_MIGRATION_NUM + i);
	return bits;
}

/**
 * mms_rules_init - learn the kernel's rules
 *
 * Context: module load.
 */
void __init mms_rules_init(void)
{
	rules_check();
	mms_rules = (struct mms_rules){
		.phys_mask = PTE_PFN_MASK,
		.special = _PAGE_SPECIAL,
		.soft_dirty = _PAGE_SOFT_DIRTY,
		.uffd_wp = _PAGE_UFFD,
#ifdef _PAGE_SAVED_DIRTY
		.saved_dirty = _PAGE_SAVED_DIRTY,
#endif
#ifdef _PAGE_DEVMAP
		.devmap = _PAGE_DEVMAP,
#endif
		.swp_soft_dirty = _PAGE_SWP_SOFT_DIRTY,
		.swp_uffd_wp = _PAGE_SWP_UFFD,
		.swp_exclusive = _PAGE_SWP_EXCLUSIVE,
		.swp_pfn_mask = SWP_PFN_MASK,
		.swapfiles = MAX_SWAPFILES,
		.migration_types = migration_types(),
		.device_types = device_types(),
#ifdef SWP_HWPOISON
		.hwpoison_types = BIT(SWP_HWPOISON),
#endif
#ifdef SWP_PTE_MARKER
		.marker_types = BIT(SWP_PTE_MARKER),
#endif
		.levels = pgtable_l5_enabled() ? 5 : 4,
		.kpti = boot_cpu_has(X86_FEATURE_PTI),
	};
}
