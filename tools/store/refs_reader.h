/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files that read a reference string share; for tools/store/refs_file_*.c alone. */
#ifndef _MMS_REFS_READER_H
#define _MMS_REFS_READER_H

#include <zstd.h>

#include "store/refs_file.h"
#include "store/refs_layout.h"

/**
 * struct mms_refs_reader - an open file
 * @pos: of the next chunk of entries
 * @nr, @nr_refs, @next_page: of what has been read of the entries; compared at the end
 * @page, @more, @write: the chunk that the caller has; @room entries
 * @raw, @zip: buffers
 */
struct mms_refs_reader {
	int fd;
	struct refs_header h;
	struct mms_refs_info info;
	uint64_t pos;
	uint64_t nr, nr_refs;
	uint32_t next_page;
	uint32_t *page, *more;
	uint64_t *write;
	uint32_t room;
	uint8_t *raw, *zip;
	size_t room_raw, room_zip;
	ZSTD_DCtx *zstd;
};

/* Set @why; what is damaged: and how to mend it. Return: -EBADMSG; @err. */
int mms_refs_damaged(const char **why, const char *what);
int mms_refs_failed(const char **why, int err);

/* The head of the chunk at @pos, its checksum and lengths checked; all of it is before @end. */
int mms_refs_read_head(struct mms_refs_reader *r, uint64_t pos, uint64_t end, struct refs_chunk *c,
		       const char **why);
/* What is in the chunk, into r->raw. */
int mms_refs_read_body(struct mms_refs_reader *r, uint64_t pos, const struct refs_chunk *c,
		       const char **why);

/* Does it end within @len bytes, without control characters? */
bool mms_refs_printable(const char *s, size_t len);

/* Processes, pages and marks into the info, whose counts are set; and the end record. */
int mms_refs_read_tables(struct mms_refs_reader *r, const char **why);

#endif
