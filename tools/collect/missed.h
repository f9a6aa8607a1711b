/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ends of faults whose beginning is unknown, told apart by why. Neither number ever
 * shrinks, so that a difference of two looks is one. Knows nothing of maps.
 */
#ifndef _MMS_MISSED_H
#define _MMS_MISSED_H

#include <stdint.h>

struct mms_missed {
	uint64_t ends; /* without a beginning, for whatever reason */
	uint64_t full; /* of these: there was no room for it */
};

/**
 * mms_missed_look() - the tallies as they are now
 * @m: as of the last look
 * @ends: tally of ends without a beginning
 * @full: tally of beginnings without room, read after @ends; many of them have not ended yet
 */
static inline void mms_missed_look(struct mms_missed *m, uint64_t ends, uint64_t full)
{
	uint64_t came = ends - m->ends, of_them = full - m->full;

	m->ends = ends;
	m->full += of_them < came ? of_them : came;
}

#endif
