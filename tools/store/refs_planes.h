/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers from planes of their bytes, for refs_file_read.c alone. Pure. */
#ifndef _MMS_REFS_PLANES_H
#define _MMS_REFS_PLANES_H

#include <stdbool.h>
#include <stdint.h>

/**
 * mms_refs_join() - 32-bit numbers from planes
 * @to: @nr numbers
 * @planes: @bytes planes of @nr bytes each, the lowest first
 * @bytes: 0 to 4; what is missing is zero
 */
void mms_refs_join(uint32_t *to, const uint8_t *planes, uint32_t nr, unsigned int bytes);

/* 64-bit numbers from 8 planes of differences, as fill_u64() of the writer makes them.
 * @before: the number before the first. */
void mms_refs_join_u64(uint64_t *to, const uint8_t *planes, uint32_t nr, uint64_t before);

/**
 * mms_refs_ordered() - are ids numbered by first reference?
 * @next: the lowest id that has not occurred yet, moved on
 */
bool mms_refs_ordered(const uint32_t *page, uint32_t nr, uint32_t *next);

#endif
