// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chooses the forks of a report and gathers what is to be said of them. Must not
 * know where it goes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "cmd/cow_rows.h"
#include "cmd/watch.h"
#include "collect/proc.h"

static void sum_up(struct cow_row *r, const struct model_cow *c)
{
	unsigned int part, what;

	model_cow_sums(c, r->bill, r->sums);
	r->bytes = model_cow_bytes(r->sums);
	r->own = model_cow_own(r->sums);
	r->ended = r->bill->state != MODEL_BILL_LIVE;
	r->nr = 0;
	for (part = 0; part < MODEL_NR_PARTS; part++)
		for (what = 0; what < MMS_BILL_NR; what++)
			r->nr += r->sums[part].nr[what];
}

/* Most expensive first; of equal ones the latest. */
static int by_bytes(const void *a, const void *b)
{
	const struct cow_row *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return x->mm > y->mm ? -1 : 1;
}

static int by_fork(const void *a, const void *b)
{
	const struct cow_row *x = a, *y = b;

	return (x->mm > y->mm) - (x->mm < y->mm);
}

/* Those that live, have ended since the latest report, or have changed all the same. */
static int choose(struct cow_rows *rows, struct model_cow *c, size_t top)
{
	size_t i, all = model_cow_nr_bills(c);

	rows->v = calloc(all + 1, sizeof(*rows->v));
	if (!rows->v)
		return -ENOMEM;
	for (i = 0; i < all; i++) {
		struct cow_row *r = &rows->v[rows->nr];

		r->bill = model_cow_bill(c, i);
		r->mm = r->bill->mm;
		sum_up(r, c);
		if (!r->ended || !r->bill->told || r->nr != r->bill->told_nr)
			rows->nr++;
	}
	if (!top || rows->nr <= top)
		return 0;
	qsort(rows->v, rows->nr, sizeof(*rows->v), by_bytes);
	for (i = top; i < rows->nr; i++)
		rows->bytes_left_out += rows->v[i].bytes;
	rows->nr_left_out = rows->nr - top;
	rows->nr = top;
	qsort(rows->v, rows->nr, sizeof(*rows->v), by_fork);
	return 0;
}

static void look_at(struct cow_rows *rows)
{
	size_t i;

	for (i = 0; i < rows->nr; i++) {
		struct cow_row *r = &rows->v[i];

		if (r->ended)
			continue;
		/* One that ends now simply has no such figures. */
		r->looked = !mms_share_read(r->bill->pid, &r->look);
		rows->look_ns += r->look.ns;
		rows->look_pages += r->look.entries;
		rows->blind = rows->blind || (r->looked && r->look.blind);
		if (!r->looked)
			mms_share_deinit(&r->look);
	}
}

/*
 * The look took its time, while the process went on: its result is that of about the middle of the
 * faults that came meanwhile.
 */
static void again(struct cow_rows *rows, struct model_cow *c)
{
	size_t i;

	for (i = 0; i < rows->nr; i++) {
		struct cow_row *r = &rows->v[i];
		struct model_bill *b = model_cow_find(c, r->mm);
		uint64_t before = r->own;

		r->bill = b;
		sum_up(r, c);
		if (r->ended && r->looked) {
			/* It ended while we looked. */
			r->looked = false;
			mms_share_deinit(&r->look);
		}
		if (!r->looked)
			continue;
		b->scanned = true;
		b->scan_private = r->look.bytes.private;
		b->scan_own = before + (r->own - before) / 2;
	}
}

static void finish(struct cow_rows *rows, uint64_t since_ns)
{
	size_t i;

	for (i = 0; i < rows->nr; i++) {
		struct cow_row *r = &rows->v[i];
		const struct model_bill *b = r->bill;
		uint64_t from = b->fork_ns > since_ns ? b->fork_ns : since_ns;
		/* Copies come after the end, too: then of the whole interval. */
		uint64_t to = b->end_ns > from && b->end_ns < rows->ns ? b->end_ns : rows->ns;

		if (to > from)
			r->per_s = (double)(r->bytes - b->told_bytes) * 1e9 / (double)(to - from);
		if (!r->ended)
			mms_proc_comm(b->pid, r->comm);
		if (!r->comm[0] || !strcmp(r->comm, "?"))
			memcpy(r->comm, b->comm, sizeof(b->comm));
	}
}

int cow_rows_gather(struct cow_rows *rows, struct model_cow *c, struct mms_bills *b, size_t top,
		    bool look, uint64_t since_ns)
{
	int err = mms_bills_take(b, c);

	memset(rows, 0, sizeof(*rows));
	if (!err)
		err = choose(rows, c, top);
	if (err)
		return err;
	if (look) {
		look_at(rows);
		err = mms_bills_take(b, c);
		if (err)
			return err;
		again(rows, c);
	}
	rows->ns = watch_now_ns();
	finish(rows, since_ns);
	return 0;
}

void cow_rows_told(struct cow_rows *rows, struct model_cow *c)
{
	size_t i;

	for (i = 0; i < rows->nr + rows->nr_left_out; i++) {
		struct cow_row *r = &rows->v[i];
		struct model_bill *b = model_cow_find(c, r->mm);

		b->told = r->ended;
		b->told_nr = r->nr;
		b->told_bytes = r->bytes;
	}
}

void cow_rows_free(struct cow_rows *rows)
{
	size_t i;

	for (i = 0; rows->v && i < rows->nr; i++)
		mms_share_deinit(&rows->v[i].look);
	free(rows->v);
	memset(rows, 0, sizeof(*rows));
}
