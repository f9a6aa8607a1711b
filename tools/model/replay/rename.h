/* SPDX-License-Identifier: GPL-2.0-only */
/* Page numbers of processes to dense ids, in the order of first reference. */
#ifndef _MMS_RENAME_H
#define _MMS_RENAME_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct mms_pages - the pages that have an id
 * @vpn: of each; @nr
 * @proc_of: the process of each
 */
struct mms_pages {
	uint64_t *vpn;
	uint16_t *proc_of;
	uint32_t nr;
};

struct mms_rename;
/**
 * mms_rename_create() - no page has an id yet
 *
 * It takes at most 64 bytes per page and 200 KiB, the tables that grow included.
 * Return: for mms_rename_destroy(), or NULL without memory.
 */
struct mms_rename *mms_rename_create(void);
/** mms_rename_destroy() - with its pages; NULL is fine */
void mms_rename_destroy(struct mms_rename *r);

/**
 * mms_rename_pages() - the ids of references
 * @vpn: page numbers, @nr
 * @proc: the process of each
 * @id: filled in
 * Return: 0, -ENOMEM, -EOVERFLOW: more pages than ids; then nothing is known of @id.
 */
int mms_rename_pages(struct mms_rename *r, const uint64_t *vpn, const uint16_t *proc, size_t nr,
		     uint32_t *id);

/* Valid until the next call of mms_rename_pages(). */
const struct mms_pages *mms_renamed(const struct mms_rename *r);

#endif
