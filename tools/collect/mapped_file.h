/* SPDX-License-Identifier: GPL-2.0-only */
/* Files that were mapped, each once: what identifies one, and who refers to it. Pure. */
#ifndef _MMS_MAPPED_FILE_H
#define _MMS_MAPPED_FILE_H

#include <stdint.h>

#define MMS_BUILD_ID 20

/**
 * struct mms_mapped_file - what was mapped; lives until nothing refers to it
 * @id: unique for the run, never used again
 * @path: as the kernel told it; "//anon" for memory without a file
 * @maj: device, if there is no build-id
 * @min: device
 * @ino: inode; 0 = no file
 * @generation: of the inode; 0 = not known
 * @build_id_len: bytes of @build_id; 0 = not known, then device and inode are
 * @build_id: of the content that was mapped
 * @seen_ns: CLOCK_REALTIME, when it was first seen mapped
 */
struct mms_mapped_file {
	uint64_t id;
	char *path;
	uint32_t maj, min;
	uint64_t ino;
	uint64_t generation;
	uint8_t build_id_len;
	uint8_t build_id[MMS_BUILD_ID];
	uint64_t seen_ns;
};

struct mms_mapped_files;

struct mms_mapped_files *mms_mapped_files_new(void);
/* When nobody refers to any of them. */
void mms_mapped_files_free(struct mms_mapped_files *all);

/* The file that is the same as @f, or a new one: a reference. NULL without memory. */
const struct mms_mapped_file *mms_mapped_file_get(struct mms_mapped_files *all,
						  const struct mms_mapped_file *f);
/* One more reference, and one less. */
void mms_mapped_file_hold(const struct mms_mapped_file *f);
void mms_mapped_file_put(const struct mms_mapped_file *f);

#endif
