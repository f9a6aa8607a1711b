/* SPDX-License-Identifier: GPL-2.0-only */
/* A mapping of a process and a sorted list of them. */
#ifndef _MMS_VMA_H
#define _MMS_VMA_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct mms_vma - one mapping, as a line of /proc/PID/maps
 * @start: first address
 * @end: address after the last
 * @perms: "rw-p"
 * @offset: bytes into the file
 * @name: path, [heap], anon, ...; owned
 */
struct mms_vma {
	uint64_t start;
	uint64_t end;
	char perms[5];
	uint64_t offset;
	char *name;
};

/**
 * struct mms_vmas - mappings of a process in order of address
 * @v: owned array
 * @nr: how many
 */
struct mms_vmas {
	struct mms_vma *v;
	size_t nr;
};

void model_vmas_deinit(struct mms_vmas *vmas);
/* Return: the mapping that holds @addr, or NULL. */
const struct mms_vma *model_vmas_find(const struct mms_vmas *vmas, uint64_t addr);
/* Last component of a path; other names as they are. */
const char *model_vma_short_name(const char *name);

#endif
