/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules of a made-up kernel that has every feature, for tests of the decoder.
 */
#ifndef _MMS_TEST_RULES_H
#define _MMS_TEST_RULES_H

#include "entry.h"

static const struct mms_rules rules = {
	.phys_mask = ((1ULL << 52) - 1) & ~0xfffULL,
	.special = 1ULL << 9,
	.uffd_wp = 1ULL << 10,
	.soft_dirty = 1ULL << 11,
	.devmap = 1ULL << 57,
	.saved_dirty = 1ULL << 58,
	.swp_soft_dirty = 1ULL << 1,
	.swp_uffd_wp = 1ULL << 2,
	.swp_exclusive = 1ULL << 3,
	.swp_pfn_mask = (1ULL << 40) - 1,
	.swapfiles = 23,
	.hwpoison_types = 1U << 23,
	.migration_types = 7U << 24,
	.device_types = 15U << 27,
	.marker_types = 1U << 31,
	.levels = 5,
};

#endif
