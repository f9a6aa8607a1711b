// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of `mmscope thrash`: its columns and how each comes from the totals.
 * Must not judge, nor know of time or signals.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cmd/thrash_rows.h"
#include "collect/cgroup.h"
#include "collect/switches.h"

uint64_t thrash_since(uint64_t now, uint64_t before)
{
	if (now == MMS_NO_VALUE || before == MMS_NO_VALUE)
		return MODEL_UNKNOWN;
	/* A process whose counts were forgotten counts from zero. */
	return now >= before ? now - before : now;
}

uint64_t thrash_pages_since(const __u64 now[2], const __u64 before[2])
{
	return thrash_since(now[0] + now[1], before[0] + before[1]);
}

static const struct out_col cols[] = {
	{"time_ns", NULL, OUT_COUNT, 0},
	{"interval_ns", NULL, OUT_COUNT, 0},
	{"time", "TIME", OUT_STR, -8},
	{"verdict", "VERDICT", OUT_STR, -9},
	{"why", NULL, OUT_STR, 0},
	{"evictions", NULL, OUT_COUNT, 0},
	{"refaults", NULL, OUT_COUNT, 0},
	{"evictions_per_s", "EVICT/s", OUT_COUNT, 7},
	{"refaults_per_s", "REFAULT/s", OUT_COUNT, 9},
	{"refault_ratio", "REF/EV", OUT_REAL, 6},
	{"stall_ns", NULL, OUT_NS, 0},
	{"stall_share", NULL, OUT_REAL, 0},
	{"stall_percent", "STALL", OUT_PERCENT, 6},
	{"psi_some_ns", NULL, OUT_NS, 0},
	{"psi_some_percent", "PSI", OUT_PERCENT, 6},
	{"cpu_ns", NULL, OUT_NS, 0},
	{"distance_p50_bytes", "DIST50", OUT_BYTES, 7},
	{"distance_p90_bytes", "DIST90", OUT_BYTES, 7},
	{"distance_mean_bytes", NULL, OUT_BYTES, 0},
	{"distance_basis", NULL, OUT_STR, 0},
	{"distance_unknown", NULL, OUT_COUNT, 0},
	{"usage_bytes", "USAGE", OUT_BYTES, 7},
	{"limit_bytes", "LIMIT", OUT_BYTES, 7},
	{"limit_cgroup", NULL, OUT_STR, 0},
	{"need_bytes", "NEED", OUT_BYTES, 7},
	{"evictions_anon", NULL, OUT_COUNT, 0},
	{"evictions_file", NULL, OUT_COUNT, 0},
	{"refaults_anon", NULL, OUT_COUNT, 0},
	{"refaults_file", NULL, OUT_COUNT, 0},
	{"refaults_foreign", NULL, OUT_COUNT, 0},
	{"swapins", NULL, OUT_COUNT, 0},
	{"swapouts", NULL, OUT_COUNT, 0},
	{"reclaim_direct", NULL, OUT_COUNT, 0},
	{"reclaim_direct_ns", NULL, OUT_NS, 0},
	{"reclaim_memcg", NULL, OUT_COUNT, 0},
	{"reclaim_memcg_ns", NULL, OUT_NS, 0},
	{"pid", "PID", OUT_COUNT, 7},
	{"cgroup", "CGROUP", OUT_STR, 0},
};

void thrash_table(struct out *o)
{
	out_table(o, "verdicts", cols, sizeof(cols) / sizeof(cols[0]));
}

static void cell_num(struct out *o, uint64_t v)
{
	out_cell_num_if(o, v != MODEL_UNKNOWN, v);
}

static void cell_real(struct out *o, double v)
{
	if (isnan(v))
		out_cell_none(o);
	else
		out_cell_real(o, v);
}

static void cells_share(struct out *o, uint64_t part, uint64_t ns, bool fraction)
{
	double share = part == MODEL_UNKNOWN ? NAN : (double)part / ns;

	cell_num(o, part);
	if (fraction)
		cell_real(o, share);
	cell_real(o, 100 * share);
}

static void cells_distance(struct out *o, const struct track *t, uint64_t unknown, uint64_t page)
{
	struct model_distance d;

	model_thrash_distance(t->model, &d);
	cell_num(o, d.nr ? d.p50 * page : MODEL_UNKNOWN);
	cell_num(o, d.nr ? d.p90 * page : MODEL_UNKNOWN);
	cell_num(o, d.nr ? d.mean * page : MODEL_UNKNOWN);
	if (d.nr)
		out_cell_str(o, !d.bounded ? "at least" : d.settled ? "settled" : "settling");
	else
		out_cell_none(o);
	out_cell_num(o, unknown);
}

/* The limit that matters is that of the domain, whose evictions the distances count. */
static void cells_memory(struct out *o, struct mms_strains *strains, const struct track *t,
			 uint64_t page)
{
	const char *dir =
		t->tick.group.domain ? mms_strains_dir(strains, t->tick.group.domain) : NULL;
	uint64_t usage, limit = MODEL_UNKNOWN, need;
	char *holder = NULL;

	if (mms_cgroup_usage(t->s.dir, &usage))
		usage = MODEL_UNKNOWN;
	cell_num(o, usage);
	if (mms_cgroup_limit(dir ? dir : t->s.dir, &limit, &holder))
		limit = MODEL_UNKNOWN;
	cell_num(o, limit);
	if (holder)
		out_cell_str(o, mms_cgroup_name(holder));
	else
		out_cell_none(o);
	need = limit == MODEL_UNKNOWN ? 0 : model_thrash_need(t->model, limit, page);
	cell_num(o, need ? need : MODEL_UNKNOWN);
	free(holder);
}

static void cells_counts(struct out *o, const struct mms_strain *now, const struct mms_strain *b)
{
	const struct mms_reclaim_group *n = &now->group, *p = &b->group;
	size_t i;

	for (i = 0; i < __MMS_PAGE_TYPES; i++)
		out_cell_num(o, thrash_since(n->evictions[i], p->evictions[i]));
	for (i = 0; i < __MMS_PAGE_TYPES; i++)
		out_cell_num(o, thrash_since(n->refaults[i], p->refaults[i]));
	out_cell_num(o, thrash_since(n->refaults_foreign, p->refaults_foreign));
	out_cell_num(o, thrash_since(n->swapins, p->swapins));
	out_cell_num(o, thrash_since(n->swapouts, p->swapouts));
	for (i = 0; i < __MMS_RECLAIM_TYPES; i++) {
		out_cell_num(o, thrash_since(n->work[i].nr, p->work[i].nr));
		out_cell_num(o, thrash_since(n->work[i].ns, p->work[i].ns));
	}
}

void thrash_row(struct out *o, struct mms_strains *strains, struct track *t, uint64_t ns)
{
	const struct mms_strain *now = &t->tick, *b = &t->row;
	uint64_t evictions = thrash_pages_since(now->group.evictions, b->group.evictions);
	uint64_t refaults = t->s.pid ? thrash_pages_since(now->task.refaults, b->task.refaults)
				     : thrash_pages_since(now->group.refaults, b->group.refaults);
	uint64_t page = sysconf(_SC_PAGESIZE), clock;
	struct timespec ts;
	char hms[16] = "";
	struct tm tm;
	const char *why;

	clock_gettime(CLOCK_REALTIME, &ts);
	clock = ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
	if (localtime_r(&ts.tv_sec, &tm))
		strftime(hms, sizeof(hms), "%H:%M:%S", &tm);
	out_row(o);
	out_cell_num(o, clock);
	out_cell_num(o, ns);
	out_cell_str(o, hms);
	out_cell_str(o, model_verdict_name(model_thrash_verdict(t->model, &why)));
	out_cell_str(o, why);
	out_cell_num(o, evictions);
	out_cell_num(o, refaults);
	out_cell_num(o, (double)evictions * NSEC_PER_SEC / ns + 0.5);
	out_cell_num(o, (double)refaults * NSEC_PER_SEC / ns + 0.5);
	cell_real(o, model_refault_ratio(evictions, refaults));
	cells_share(o, thrash_since(now->stall_ns, b->stall_ns), ns, true);
	cells_share(o, thrash_since(now->psi_some_ns, b->psi_some_ns), ns, false);
	cell_num(o, thrash_since(now->cpu_ns, b->cpu_ns));
	cells_distance(o, t, thrash_since(now->group.dist_unknown, b->group.dist_unknown), page);
	cells_memory(o, strains, t, page);
	cells_counts(o, now, b);
	cell_num(o, t->s.pid ? (uint64_t)t->s.pid : MODEL_UNKNOWN);
	out_cell_str(o, t->name);
	if (model_thrash_verdict(t->model, NULL) == MODEL_THRASHING)
		t->thrashing_ns += ns;
	t->row = *now;
}

uint64_t thrash_lost(const struct mms_reclaim_losses *l)
{
	return l->missed_recursion + l->dropped_groups_full;
}

uint64_t thrash_losses(struct out *o, const struct mms_reclaim_losses *r,
		       const struct mms_fault_losses *f, uint64_t told)
{
	uint64_t faults = f->missed_recursion + f->missed_entry + f->missed_return +
			  f->missed_probe + f->dropped_map_full;
	uint64_t lost = thrash_lost(r) + r->dropped_tasks_full + r->dropped_shadows + faults;
	const char *off = mms_switched_off();

	out_num(o, "lost_reclaim_recursion", NULL, OUT_COUNT, r->missed_recursion);
	out_num(o, "lost_cgroups_full", NULL, OUT_COUNT, r->dropped_groups_full);
	out_num(o, "lost_tasks_full", NULL, OUT_COUNT, r->dropped_tasks_full);
	out_num(o, "lost_shadows", NULL, OUT_COUNT, r->dropped_shadows);
	out_num(o, "lost_fault_recursion", NULL, OUT_COUNT, f->missed_recursion);
	out_num(o, "lost_fault_entry", NULL, OUT_COUNT, f->missed_entry);
	out_num(o, "lost_fault_return", NULL, OUT_COUNT, f->missed_return);
	out_num(o, "lost_fault_probe", NULL, OUT_COUNT, f->missed_probe);
	out_num(o, "lost_fault_map_full", NULL, OUT_COUNT, f->dropped_map_full);
	if (lost > told)
		out_note(o,
			 "lost so far: %" PRIu64 " reclaim events, %" PRIu64
			 " per process only, %" PRIu64 " records of evictions, %" PRIu64
			 " faults (of the stall time only)",
			 thrash_lost(r), r->dropped_tasks_full, r->dropped_shadows, faults);
	if (off)
		out_note(o, "%s", off);
	return lost;
}
