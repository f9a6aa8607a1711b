// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmscope cow --stacks: which code wrote to the pages that were copied. Must not know
 * how addresses get their names.
 */
#include <errno.h>
#include <stdlib.h>
#include "cmd/cow_stacks.h"
#include "cmd/faults_report.h"

struct copies {
	struct mms_list counts; /* struct mms_fault_count */
	bool failed;
};

/* An epoch is of one program: what is at an address then cannot change by an exec. */
static void add(void *ctx, enum model_bill_part part, const struct mms_bill_key *key,
		const struct mms_bill_val *val)
{
	struct copies *c = ctx;
	struct mms_fault_count *n;

	if (key->what != MMS_BILL_COPIED)
		return;
	n = model_list_add(&c->counts, sizeof(*n));
	if (!n) {
		c->failed = true;
		return;
	}
	n->tgid = (pid_t)key->tgid;
	n->exec = key->epoch;
	n->kind = MMS_FAULT_COW_COPY;
	n->origin = MMS_ORIGIN_USER;
	n->ustack = key->ustack;
	n->kstack = -1;
	n->nr = val->nr;
	n->bytes = val->bytes;
	n->ns = val->ns;
	n->last_ns = val->last_ns;
}

int cow_stacks_report(struct out *o, enum out_format format, struct faults_stacks *s,
		      struct mms_faults *f, const struct model_cow *c, const struct cow_span *span)
{
	struct faults_stacks_sum sum;
	struct copies copies = {};
	int err;

	model_cow_all(c, add, &copies);
	err = copies.failed ? -ENOMEM : faults_stacks_give(s, copies.counts.v, copies.counts.nr);
	free(copies.counts.v);
	if (err)
		return err;
	out_begin(o);
	out_num(o, "interval", NULL, OUT_COUNT, span->n);
	out_num(o, "span_ns", NULL, OUT_NS, span->ns);
	err = faults_stacks_report(s, o, format, f, UINT64_MAX, &sum);
	cow_report_identity(o, &span->losses);
	cow_report_attach(o, f, span);
	cost_report(o, &span->begin, &span->end, span->verbose);
	cow_report_losses(o, c, span);
	out_end(o);
	return err;
}
