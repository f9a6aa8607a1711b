/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bytes of the file of a reference string, as Documentation/abi/refs-file has them; for
 * refs_file_*.c alone. All numbers are little endian.
 */
#ifndef _MMS_REFS_LAYOUT_H
#define _MMS_REFS_LAYOUT_H

#include <assert.h>
#include <stdint.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "structs are written as they are");

#define REFS_MAGIC	 "mmsrefs\n"
#define REFS_VERSION	 1
#define REFS_CHUNK	 (1U << 17) /* entries of a chunk, at most */
#define REFS_TABLE_CHUNK (1U << 16) /* items of a chunk of a table, at most */
#define REFS_LEVEL	 3	    /* of zstd */
#define REFS_MAX_PROCS	 (1U << 16)
#define REFS_MAX_SHIFT	 30	      /* 1 GiB: sizes of all pages still have 64 bits */
#define REFS_MAX_REFS	 (1ULL << 43) /* times of policies have 44 bits: model/replay/slots.h */

enum {
	REFS_SAMPLED = 1 << 0,
	REFS_HAS_MORE = 1 << 1,
	REFS_HAS_WRITE = 1 << 2,
	REFS_CUT = 1 << 3,
	REFS_IDS = 1 << 4,
	REFS_ALL_FLAGS = REFS_SAMPLED | REFS_HAS_MORE | REFS_HAS_WRITE | REFS_CUT | REFS_IDS,
};

struct refs_header {
	char magic[8];
	uint32_t size;
	uint32_t version;
	uint32_t flags;
	uint32_t page_shift;
	uint64_t delta_ns;
	uint64_t nr;
	uint64_t nr_refs;
	uint64_t nr_marks;
	uint32_t nr_pages;
	uint32_t nr_procs;
	uint64_t tables;
	uint64_t length;
	char origin[64];
	uint32_t reserved[11];
	uint32_t crc;
};
static_assert(sizeof(struct refs_header) == 192, "as documented");

enum {
	REFS_ENTRIES = 1,
	REFS_PROCS = 2,
	REFS_PROC_OF = 3,
	REFS_VPNS = 4,
	REFS_MARKS = 5,
	REFS_END = 6,
};

struct refs_chunk {
	uint32_t size;
	uint32_t kind;
	uint32_t nr;
	uint8_t id_bytes;
	uint8_t more_bytes;
	uint8_t has_write;
	uint8_t zero;
	uint64_t nr_refs;
	uint32_t raw_len;
	uint32_t zip_len;
	uint32_t reserved;
	uint32_t crc;
};
static_assert(sizeof(struct refs_chunk) == 40, "as documented");

struct refs_proc {
	uint32_t pid;
	char name[32];
};
static_assert(sizeof(struct refs_proc) == 36, "as documented");

/* Bytes of the write bits of so many entries. */
static inline uint32_t refs_bits_len(uint32_t nr)
{
	return (nr + 63) / 64 * 8;
}

/* Bytes of the content of a chunk of entries. */
static inline uint32_t refs_raw_len(const struct refs_chunk *c)
{
	return c->nr * c->id_bytes + c->nr * c->more_bytes +
	       (c->has_write ? refs_bits_len(c->nr) : 0);
}

/* The most that a chunk holds: a table of processes is larger than entries are. */
#define REFS_MAX_RAW (REFS_TABLE_CHUNK * sizeof(struct refs_proc))
static_assert(REFS_MAX_RAW >= REFS_CHUNK * 8 + REFS_CHUNK / 8, "entries fit too");

/* Items of a table: width in bytes; 0: no such kind. */
static inline uint32_t refs_width(uint32_t kind)
{
	switch (kind) {
	case REFS_PROCS:
		return sizeof(struct refs_proc);
	case REFS_PROC_OF:
		return 2;
	case REFS_VPNS:
	case REFS_MARKS:
		return 8;
	}
	return 0;
}

#endif
