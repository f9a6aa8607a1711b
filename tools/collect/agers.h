/* SPDX-License-Identifier: GPL-2.0-only */
/* Who else takes accessed bits: whatever they take, our samples miss. */
#ifndef _MMS_AGERS_H
#define _MMS_AGERS_H

#include <stdbool.h>

bool mms_ager_damon_stat(void); /* DAMON_STAT runs */
bool mms_ager_damon(void);	/* another DAMON context runs */
bool mms_ager_lru_gen(void);	/* multi-generational LRU is on */

#endif
