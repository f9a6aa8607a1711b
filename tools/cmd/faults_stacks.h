/* SPDX-License-Identifier: GPL-2.0-only */
/* --stacks of mmscope faults and mmscope cow: which code takes the faults. Private to these. */
#ifndef _MMS_FAULTS_STACKS_H
#define _MMS_FAULTS_STACKS_H

#include <stdint.h>
#include <sys/types.h>
#include "collect/bpf_fault.h"
#include "render/out.h"

/* What the number behind a stack is. */
enum faults_weight {
	FAULTS_WEIGHT_COUNT,
	FAULTS_WEIGHT_NS,
	FAULTS_WEIGHT_BYTES,
};

/* Over all stacks. */
struct faults_stacks_sum {
	uint64_t minor, major; /* by the kernel's own rule */
	uint64_t other_kinds;  /* faults that were not asked for */
};

struct faults_stacks;

/**
 * faults_stacks_open() - begin to record what processes have mapped
 * @s: to faults_stacks_close()
 * @pid: the process whose faults are counted, with its children; 0 = all
 * @weight: the number of a folded line
 *
 * Before counting begins, so that no fault is older than what is known of its process.
 * Return: 0 or -ENOMEM.
 */
int faults_stacks_open(struct faults_stacks **s, pid_t pid, enum faults_weight weight);
void faults_stacks_close(struct faults_stacks *s);

/* Take in what processes mapped since; several times a second. */
void faults_stacks_poll(struct faults_stacks *s);

/*
 * Take in the counts, which must be opened by MMS_BY_USTACK, MMS_BY_KSTACK or both.
 * Return: 0 or -errno.
 */
int faults_stacks_take(struct faults_stacks *s, struct mms_faults *f);
/* The same of counts that come from elsewhere. Return: 0 or -ENOMEM. */
int faults_stacks_give(struct faults_stacks *s, const struct mms_fault_count *in, size_t nr);

/**
 * faults_stacks_report() - the stacks of what was taken in, less what was reported before
 * @s: stacks
 * @o: inside an object; made with OUT_FOLDED for text
 * @format: what it was made with
 * @f: as before
 * @kinds: mask of the kinds to report
 * @sum: filled in
 * Return: 0 or -errno.
 */
int faults_stacks_report(struct faults_stacks *s, struct out *o, enum out_format format,
			 struct mms_faults *f, uint64_t kinds, struct faults_stacks_sum *sum);

#endif
