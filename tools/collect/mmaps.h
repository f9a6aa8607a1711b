/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which executable files processes had mapped where, also of processes that have
 * ended since: from the kernel's own records of mmap, fork and exec, and from
 * /proc for what was there before. Knows nothing of symbols.
 */
#ifndef _MMS_MMAPS_H
#define _MMS_MMAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "collect/lives.h"

struct mms_mmaps;

/**
 * mms_mmaps_open() - begin to record
 * @m: to mms_mmaps_close()
 * @pid: this process and its children, later ones included; 0 = all
 *
 * Where the kernel refuses its records, /proc is asked when an address is looked up: then
 * processes that have ended are not known; see mms_mmaps_lack().
 * Return: 0 or -ENOMEM.
 */
int mms_mmaps_open(struct mms_mmaps **m, pid_t pid);
void mms_mmaps_close(struct mms_mmaps *m);

/* Take in what the kernel recorded, every few hundred milliseconds. Return: 0 or -ENOMEM. */
int mms_mmaps_poll(struct mms_mmaps *m);

/* Records that had no room in the kernel's buffers, and what had none here. */
uint64_t mms_mmaps_lost(const struct mms_mmaps *m);
/* Was nothing lost so far? Then what is not mapped is known not to be. */
bool mms_mmaps_whole(const struct mms_mmaps *m);
/* What is not known here and why, one line; NULL if nothing is lacking. */
const char *mms_mmaps_lack(const struct mms_mmaps *m);

/* As mms_lives_find(); a process that is not known yet and still lives is looked up in /proc. */
int mms_mmaps_find(const struct mms_mmaps *m, pid_t tgid, uint64_t ns, uint64_t addr,
		   struct mms_mapping *found);
/* The process's name at a moment; NULL if it is not known. Good until the next poll. */
const char *mms_mmaps_comm(const struct mms_mmaps *m, pid_t tgid, uint64_t ns);
/*
 * Whose the process is or was, and since when it runs its program: CLOCK_REALTIME, 0 = since before
 * us. Return: false if that is not known.
 */
bool mms_mmaps_owner(const struct mms_mmaps *m, pid_t tgid, uid_t *uid, uint64_t *since_ns);

#endif
