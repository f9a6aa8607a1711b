/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Resident pages of a process by what they are to its program, from /proc/PID/smaps:
 * the same segments as the fault programs tell (bpf/fault.h).
 */
#ifndef _MMS_PROC_SEGMENTS_H
#define _MMS_PROC_SEGMENTS_H

#include <stdint.h>
#include <sys/types.h>
#include <linux/types.h>
#include "fault_kind.h"
#include "fault.h"

typedef void (*mms_segment_fn)(void *ctx, uint64_t start, uint64_t end, enum mms_segment segment,
			       uint64_t pages);

/**
 * mms_proc_segments_each() - the segment of each mapping, and what of it is resident
 * @pid: the process
 * @fn: called for each in order of address, pages in units of 4 KiB
 * @ctx: for @fn
 * The same lock, the same errors as below; after an error @fn may have been called already.
 */
int mms_proc_segments_each(pid_t pid, mms_segment_fn fn, void *ctx);

/**
 * mms_proc_segments() - count them
 * @pid: the process
 * @pages: result, in units of 4 KiB, by enum mms_segment
 * The kernel holds the target's mmap lock for reading while it walks a part of its tables:
 * meanwhile the target cannot map or unmap, but it can fault.
 * Return: 0, -ESRCH if the process has no memory (any more), -errno.
 */
int mms_proc_segments(pid_t pid, uint64_t pages[MMS_SEG_NR]);

#endif
