/* SPDX-License-Identifier: GPL-2.0-only */
/* mmscope cow --stacks. Private to that command. */
#ifndef _MMS_COW_STACKS_H
#define _MMS_COW_STACKS_H

#include "cmd/cow_report.h"
#include "cmd/faults_stacks.h"

/**
 * cow_stacks_report() - one object: the stacks of copies, less those reported before
 * @o: output, between objects; made with OUT_FOLDED for text
 * @format: what it was made with
 * @s: opened before counting began
 * @f: opened with MMS_BY_USTACK
 * @c: families
 * @span: what it is about; without rows
 * Return: 0 or -errno.
 */
int cow_stacks_report(struct out *o, enum out_format format, struct faults_stacks *s,
		      struct mms_faults *f, const struct model_cow *c, const struct cow_span *span);

#endif
