/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which executable files every process had mapped where, over time. A life is a
 * process from a fork or an exec to the next exec: then its mappings are others.
 * Fed with what happened, in the order of time; bounded. Pure: no I/O.
 */
#ifndef _MMS_LIVES_H
#define _MMS_LIVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

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

/**
 * struct mms_mapping - one mapping of a process
 * @start: first address
 * @end: after the last
 * @pgoff: bytes into the file
 * @ns: CLOCK_MONOTONIC when it was made; 0 = it was there before us
 * @file: what is mapped; to add one, only what identifies the file need be set
 */
struct mms_mapping {
	uint64_t start, end, pgoff;
	uint64_t ns;
	const struct mms_mapped_file *file;
};

struct mms_lives;

struct mms_lives *mms_lives_new(void);
void mms_lives_free(struct mms_lives *l);

/*
 * What happened, at @ns of CLOCK_MONOTONIC. A process that is not known begins its life by it; what
 * is older than the life is in it already, and ignored. Without memory, or beyond the bounds, it is
 * forgotten and counted.
 */
void mms_lives_map(struct mms_lives *l, pid_t pid, const struct mms_mapping *m);
void mms_lives_fork(struct mms_lives *l, pid_t parent, pid_t child, uint64_t ns);
void mms_lives_exec(struct mms_lives *l, pid_t pid, uint64_t ns);
void mms_lives_exit(struct mms_lives *l, pid_t pid);

/* A life as seen at @ns: the mappings that it had then are told next, with their ns = 0. */
void mms_lives_begin(struct mms_lives *l, pid_t pid, uint64_t ns);
bool mms_lives_known(const struct mms_lives *l, pid_t pid);
/* When the present life began, or was first looked at: CLOCK_MONOTONIC; 0 = not known at all. */
uint64_t mms_lives_begun(const struct mms_lives *l, pid_t pid);
/* Did it begin by a fork or an exec that we were told? */
bool mms_lives_seen_begin(const struct mms_lives *l, pid_t pid);

/* Whose the process is, for files that it writes itself. */
void mms_lives_set_uid(struct mms_lives *l, pid_t pid, uid_t uid);
/* Return: false if it is not known. */
bool mms_lives_uid(const struct mms_lives *l, pid_t pid, uid_t *uid);

/**
 * mms_lives_find() - what was mapped at an address
 * @l: lives
 * @pid: process
 * @ns: CLOCK_MONOTONIC at the moment; UINT64_MAX = now
 * @addr: address
 * @found: the mapping; its file is good until the next change of @l
 *
 * If nothing was there at the moment (a process between fork and exec), the life that had it
 * last answers.
 * Return: 0; -ENOENT, nothing there; -ESRCH, no such process is known.
 */
int mms_lives_find(const struct mms_lives *l, pid_t pid, uint64_t ns, uint64_t addr,
		   struct mms_mapping *found);

/* Lives and mappings dropped because there were too many, or no memory. */
uint64_t mms_lives_forgotten(const struct mms_lives *l);

#endif
