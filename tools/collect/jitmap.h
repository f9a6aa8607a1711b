/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that a process made at run time, as it told itself: /tmp/perf-PID.map,
 * which JVMs, node and others write for perf.
 */
#ifndef _MMS_JITMAP_H
#define _MMS_JITMAP_H

#include <stdint.h>
#include <sys/types.h>

struct mms_jitmaps;

struct mms_jitmaps *mms_jitmaps_new(void);
void mms_jitmaps_free(struct mms_jitmaps *j);

/* Whose map is believed. */
struct mms_jit_owner {
	pid_t pid;
	uid_t uid;	   /* a file of anybody but this user and root is not read */
	uint64_t since_ns; /* CLOCK_REALTIME: an older file is of another process; 0 = not known */
};

/* Return: the name, good until the next call, or NULL. */
const char *mms_jitmaps_find(struct mms_jitmaps *j, const struct mms_jit_owner *owner,
			     uint64_t addr);

#endif
