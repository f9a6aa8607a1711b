/* SPDX-License-Identifier: GPL-2.0-only */
/* What `mmscope cow` says of a span. Knows nothing of options or of time. Private to that command.
 */
#ifndef _MMS_COW_REPORT_H
#define _MMS_COW_REPORT_H

#include "cmd/cost.h"
#include "cmd/cow_rows.h"
#include "render/out.h"

/**
 * struct cow_span - what one report is about
 * @n: its number, from 1
 * @ns: its length
 * @rows: the forks
 * @losses: in the span
 * @lost_moments: forks and ends that were lost in it
 * @begin, @end: what counting has cost until then
 * @verbose: people want to know that, too
 * @each: processes, too
 * @by_vma: mappings, too
 * @look: pages were looked at
 */
struct cow_span {
	unsigned int n;
	uint64_t ns;
	const struct cow_rows *rows;
	struct mms_fault_losses losses;
	uint64_t lost_moments;
	struct cost begin, end;
	bool verbose;
	bool each;
	bool by_vma;
	bool look;
};

/**
 * cow_report() - one object
 * @o: output, between objects
 * @f: how it is counted
 * @b: where mappings are known
 * @c: families
 * @span: what it is about
 * Return: 0 or -ENOMEM, and then nothing was put out.
 */
int cow_report(struct out *o, struct mms_faults *f, struct mms_bills *b, struct model_cow *c,
	       const struct cow_span *span);

/* Parts that rows and stacks have both; inside the object. */
void cow_report_identity(struct out *o, const struct mms_fault_losses *l);
void cow_report_attach(struct out *o, struct mms_faults *f, const struct cow_span *span);
void cow_report_losses(struct out *o, const struct model_cow *c, const struct cow_span *span);

/* Parts of it, inside the object: in cow_maps.c. */
int cow_report_maps(struct out *o, struct mms_bills *b, const struct model_cow *c,
		    const struct cow_span *span);

#endif
