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
#include "collect/mapped_file.h"

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
void mms_lives_exec(struct mms_lives *l, pid_t pid, const char *comm, uint64_t ns);
void mms_lives_exit(struct mms_lives *l, pid_t pid);

/* A life as seen at @ns: the mappings that it had then are told next, with their ns = 0. */
void mms_lives_begin(struct mms_lives *l, pid_t pid, uint64_t ns);
bool mms_lives_known(const struct mms_lives *l, pid_t pid);
/* When the present life began, or was first looked at: CLOCK_MONOTONIC; 0 = not known at all. */
uint64_t mms_lives_begun(const struct mms_lives *l, pid_t pid);
/* Did it begin by a fork or an exec that we were told? */
bool mms_lives_seen_begin(const struct mms_lives *l, pid_t pid);

/* Its name from now on; at @ns. NULL if it is not known. */
void mms_lives_set_comm(struct mms_lives *l, pid_t pid, const char *comm);
const char *mms_lives_comm(const struct mms_lives *l, pid_t pid, uint64_t ns);

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

/* Something could not be asked for: it counts as forgotten. */
void mms_lives_missed(struct mms_lives *l);
/* Lives and mappings dropped because there were too many, or no memory. */
uint64_t mms_lives_forgotten(const struct mms_lives *l);

#endif
