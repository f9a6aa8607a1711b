/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bills of forks that the fault programs keep with opts.bill: read into the
 * model of them. Owns the maps of bpf/fault_bill.bpf.h; knows nothing of output.
 */
#ifndef _MMS_BPF_BILL_H
#define _MMS_BPF_BILL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "collect/bpf_fault.h"
#include "model/cow.h"

struct mms_bills;

/**
 * mms_bills_open() - begin to read
 * @b: to be closed by mms_bills_close()
 * @f: opened with opts.bill; lives longer than @b
 * Return: 0, -EINVAL without opts.bill, -ENOMEM or -errno.
 */
int mms_bills_open(struct mms_bills **b, struct mms_faults *f);
void mms_bills_close(struct mms_bills *b); /* NULL is fine */

/**
 * mms_bills_find() - take in those who were forked before
 * @b: bills
 * @c: told of what is found
 * @root: only this process and those below it; 0 = all
 * @cgroup: only forks by processes of this cgroup, a path as in /proc/PID/cgroup; NULL = any
 * To be called at once after mms_bills_open(), before mms_bills_take(). Finds nobody from inside a
 * pid namespace.
 * Return: 0 or -errno.
 */
int mms_bills_find(struct mms_bills *b, struct model_cow *c, pid_t root, const char *cgroup);

/**
 * mms_bills_poll() - hand over who has forked and ended
 * @b: bills
 * @c: told of it
 * Often enough: at most MMS_BILL_MOMENTS wait, beyond that some are lost.
 * Return: 0 or -errno.
 */
int mms_bills_poll(struct mms_bills *b, struct model_cow *c);
/* The same, and all counters. Return: 0 or -errno. */
int mms_bills_take(struct mms_bills *b, struct model_cow *c);

/* Has so much happened that counters should be taken, to make room? */
bool mms_bills_crowded(const struct mms_bills *b);

/* Moments that were overwritten before they were read. */
uint64_t mms_bills_lost(const struct mms_bills *b);

/* The mapping of a counter, as it was at its first fault. Return: false if it is not known. */
bool mms_bills_place(struct mms_bills *b, pid_t tgid, uint64_t where, struct mms_fault_place *p);

#endif
