// SPDX-License-Identifier: GPL-2.0-only
/*
 * One row per process: what was counted of it, and how much of it huge pages cover
 * now. Must not put anything out.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cmd/thp_rows.h"
#include "collect/cgroup.h"
#include "collect/kin.h"

static void add_collapse(struct thp_row *row, const struct mms_thp_count *c)
{
	bool done = mms_thp_succeeded(c);

	if (mms_thp_idle(c))
		return;
	if (done && c->what == MMS_THP_SMALLER)
		row->smaller += c->nr;
	else if (done && c->by == MMS_THP_BY_KERNEL)
		row->khugepaged += c->nr;
	else if (done)
		row->madvise += c->nr;
	else if (c->what == MMS_THP_SCAN || c->what == MMS_THP_FILE)
		row->refused += c->nr;
	else
		row->failed += c->nr;
}

static void add(struct thp_row *row, const struct mms_thp_count *c)
{
	if (c->what < MMS_THP_SPLIT_ENTRY)
		add_collapse(row, c);
	else if (c->what == MMS_THP_SPLIT_ENTRY)
		row->entries += c->nr;
	else if (!mms_thp_succeeded(c))
		row->folios_failed += c->nr;
	else if (c->what == MMS_THP_SPLIT_FOLIO)
		row->folios += c->nr;
	else
		row->folios_smaller += c->nr;
}

static void add_cover(struct mms_cover *to, const struct mms_cover *c)
{
	to->rss += c->rss;
	to->anon += c->anon;
	to->shmem += c->shmem;
	to->file += c->file;
}

static uint64_t events(const struct thp_row *r)
{
	return r->khugepaged + r->madvise + r->smaller + r->failed + r->refused + r->entries +
	       r->folios + r->folios_smaller + r->folios_failed;
}

/* Most happened first, then the largest cover. */
static int by_weight(const void *a, const void *b)
{
	const struct thp_row *x = a, *y = b;
	uint64_t n = events(x), m = events(y);

	if (n != m)
		return n < m ? 1 : -1;
	n = mms_cover_huge(&x->cover);
	m = mms_cover_huge(&y->cover);
	if (n != m)
		return n < m ? 1 : -1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* The row of a process, which may be new. There is room. */
static struct thp_row *row_of(struct thp_rows *rows, pid_t pid, const char *comm)
{
	struct thp_row *r = rows->v;

	while (r < rows->v + rows->nr && r->pid != pid)
		r++;
	if (r == rows->v + rows->nr) {
		rows->nr++;
		r->pid = pid;
		snprintf(r->comm, sizeof(r->comm), "%s", comm);
	}
	return r;
}

/* Not those that it forked before the start: of them nothing is counted. */
static bool is_shown(const struct mms_thp *t, const struct watch *w, const struct mms_kin *kin)
{
	if (w->pid)
		return mms_thp_follows(t, kin->pid);
	return !w->cgroup || mms_kin_in_cgroup(kin->pid, mms_cgroup_name(w->cgroup));
}

/* Of all processes: those with huge pages. Of those asked for: all. */
static void add_covers(struct thp_rows *rows, const struct mms_thp *t, const struct watch *w,
		       struct mms_list *kin)
{
	const struct mms_kin *k = kin->v;
	bool asked = w->pid || w->cgroup;
	struct mms_cover c;
	size_t i;

	for (i = 0; i < kin->nr && !w->command; i++, k++) {
		if (!is_shown(t, w, k) || mms_cover_read(k->pid, &c))
			continue;
		if (asked || mms_cover_huge(&c))
			row_of(rows, k->pid, k->comm);
	}
	for (i = 0; i < rows->nr; i++) {
		struct thp_row *r = &rows->v[i];

		r->has_cover = r->pid && !mms_cover_read(r->pid, &r->cover);
		if (r->has_cover)
			add_cover(&rows->all.cover, &r->cover);
	}
}

int thp_rows(const struct mms_thp *t, const struct mms_thp_count *counts, size_t nr,
	     const struct watch *w, struct thp_rows *rows)
{
	struct mms_list kin = {0};
	size_t i;
	int err = w->command ? 0 : mms_kin_read(w->pid, &kin);

	/* A process that has just ended has no kin, and no cover. */
	if (err && err != -ESRCH && err != -ENOENT)
		return err;
	memset(rows, 0, sizeof(*rows));
	rows->v = calloc(nr + kin.nr + 1, sizeof(*rows->v));
	if (!rows->v) {
		free(kin.v);
		return -ENOMEM;
	}
	for (i = 0; i < nr; i++) {
		add(&rows->all, &counts[i]);
		add(row_of(rows, counts[i].tgid, counts[i].comm), &counts[i]);
	}
	add_covers(rows, t, w, &kin);
	free(kin.v);
	qsort(rows->v, rows->nr, sizeof(*rows->v), by_weight);
	return 0;
}

void thp_rows_free(struct thp_rows *rows)
{
	free(rows->v);
	memset(rows, 0, sizeof(*rows));
}
