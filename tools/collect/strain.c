// SPDX-License-Identifier: GPL-2.0-only
/*
 * Joins reclaim and fault counts, pressure and CPU time by subject. Owns the
 * table of cgroups; must not judge.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collect/bpf_watch.h"
#include "collect/cgroup.h"
#include "collect/psi.h"
#include "collect/strain.h"

/* A cgroup met so far. */
struct known {
	uint64_t id;
	uint64_t memcg; /* id of the cgroup that its memory is charged to */
	char *dir;	/* NULL: was never seen */
	bool gone;	/* its counts still belong to those above it */
};

struct mms_strains {
	struct mms_reclaim *reclaim;
	struct mms_faults *faults;
	const char *no_faults;
	int stats_fd; /* the kernel takes run times while it is open; -1 = it does not */
	struct mms_reclaim_count *groups; /* since the update before: see group_deltas() */
	struct mms_reclaim_count *totals; /* since open, in the same order */
	uint64_t *ids;
	size_t nr_groups;
	size_t nr_totals;
	struct mms_fault_count *fault_counts;
	size_t nr_faults;
	struct known *known;
	size_t nr_known;
};

static int start(struct mms_strains *s, const struct mms_strains_opts *opts, const char **why)
{
	static const char *const needed[] = {"bpf rights", "lockdown", "pid namespace"};
	const struct mms_fault_opts faults = {0};
	int err = 0;

	if (opts->processes)
		err = mms_watch_needs(needed, sizeof(needed) / sizeof(needed[0]), why);
	if (!err)
		err = mms_reclaim_open(&s->reclaim, NULL, why);
	if (err)
		return err;
	if (opts->measure) {
		s->stats_fd = mms_bpf_measure();
		if (s->stats_fd < 0)
			return mms_watch_refused(why, s->stats_fd,
						 "the kernel's run-time statistics cannot be had");
	}
	if (mms_faults_open(&s->faults, &faults, &s->no_faults))
		s->faults = NULL;
	return 0;
}

int mms_strains_open(struct mms_strains **s, const struct mms_strains_opts *opts, const char **why)
{
	struct mms_strains *n = calloc(1, sizeof(*n));
	int err;

	if (!n) {
		*why = "out of memory";
		return -ENOMEM;
	}
	n->stats_fd = -1;
	err = start(n, opts, why);
	if (err) {
		mms_strains_close(n);
		return err;
	}
	*s = n;
	return 0;
}

struct mms_bpf_cost mms_strains_cost(const struct mms_strains *s)
{
	struct mms_bpf_cost c = mms_reclaim_cost(s->reclaim), of_faults = {};

	if (s->faults)
		of_faults = mms_faults_cost(s->faults);
	c.runs += of_faults.runs;
	c.run_ns += of_faults.run_ns;
	c.map_bytes += of_faults.map_bytes;
	return c;
}

void mms_strains_close(struct mms_strains *s)
{
	size_t i;

	if (!s)
		return;
	if (s->faults)
		mms_faults_close(s->faults);
	mms_reclaim_close(s->reclaim);
	if (s->stats_fd >= 0)
		close(s->stats_fd);
	for (i = 0; i < s->nr_known; i++)
		free(s->known[i].dir);
	free(s->known);
	free(s->groups);
	free(s->totals);
	free(s->ids);
	free(s->fault_counts);
	free(s);
}

const char *mms_strains_lack(const struct mms_strains *s, size_t i)
{
	if (!s->faults) {
		if (i == 0)
			return s->no_faults ? s->no_faults : "page faults";
		i--;
	}
	return mms_reclaim_missing(s->reclaim, i);
}

unsigned int mms_strains_sampling(const struct mms_strains *s)
{
	return mms_reclaim_sampling(s->reclaim);
}

/* The memory of a cgroup without the controller is charged to its nearest ancestor with it. */
static uint64_t memcg_of(const char *dir)
{
	uint64_t id = 0, usage;
	char *at = strdup(dir);

	while (at && !id) {
		char *slash = strrchr(at, '/');

		if (strcmp(at, mms_cgroup_root()) == 0 || !slash)
			id = MMS_CGROUP_ROOT_ID;
		else if (mms_cgroup_usage(at, &usage) == 0)
			id = mms_cgroup_id(at);
		else
			*slash = '\0';
	}
	free(at);
	return id;
}

static struct known *known_get(struct mms_strains *s, uint64_t id)
{
	struct known *k;
	size_t i;

	for (i = 0; i < s->nr_known; i++)
		if (s->known[i].id == id)
			return &s->known[i];
	k = realloc(s->known, (s->nr_known + 1) * sizeof(*k));
	if (!k)
		return NULL;
	s->known = k;
	k += s->nr_known++;
	*k = (struct known){.id = id};
	if (mms_cgroup_by_id(id, &k->dir) == 0)
		k->memcg = memcg_of(k->dir);
	return k;
}

const char *mms_strains_dir(struct mms_strains *s, uint64_t id)
{
	struct known *k = known_get(s, id);

	return k && !k->gone ? k->dir : NULL;
}

/* Cgroups come and go by the thousand on a busy machine; the kernel's tables have room for
 * hundreds. */
static void forget_gone(struct mms_strains *s)
{
	size_t i;

	for (i = 0; i < s->nr_groups; i++) {
		struct known *k = known_get(s, s->groups[i].cgroup_id);

		if (!k)
			continue;
		if (!k->dir || access(k->dir, F_OK) != 0)
			k->gone = true;
		if (k->gone)
			mms_reclaim_forget(s->reclaim, k->id);
	}
}

static uint64_t grown(uint64_t now, uint64_t before)
{
	/* A cgroup that was forgotten and evicts again counts from zero. */
	return now >= before ? now - before : now;
}

/* All members but the domain are counters of 64 bits. */
static void group_subtract(struct mms_reclaim_group *now, const struct mms_reclaim_group *before)
{
	uint64_t domain = now->domain, *n = (uint64_t *)now;
	const uint64_t *b = (const uint64_t *)before;
	size_t i;

	_Static_assert(sizeof(*now) % sizeof(uint64_t) == 0, "counters only");
	for (i = 0; i < sizeof(*now) / sizeof(*n); i++)
		n[i] = grown(n[i], b[i]);
	now->domain = domain;
}

/*
 * What came since the update before. Subjects add these up, rather than take differences of
 * sums: which cgroups belong to a subject changes (the machine's are those whose latest eviction
 * the machine drove), and the past of one that joins or leaves must not count as of now.
 */
static int group_deltas(struct mms_strains *s)
{
	struct mms_reclaim_count *now = NULL, *deltas;
	size_t nr, i, k;
	int err = mms_reclaim_read(s->reclaim, &now, &nr);

	if (err)
		return err;
	deltas = calloc(nr ? nr : 1, sizeof(*deltas));
	if (!deltas) {
		free(now);
		return -ENOMEM;
	}
	for (i = 0; i < nr; i++) {
		deltas[i] = now[i];
		for (k = 0; k < s->nr_totals && s->totals[k].cgroup_id != now[i].cgroup_id; k++)
			;
		if (k < s->nr_totals)
			group_subtract(&deltas[i].group, &s->totals[k].group);
	}
	free(s->totals);
	free(s->groups);
	s->totals = now;
	s->groups = deltas;
	s->nr_totals = s->nr_groups = nr;
	return 0;
}

int mms_strains_update(struct mms_strains *s)
{
	size_t i;
	int err;

	err = group_deltas(s);
	if (err)
		return err;
	if (s->nr_groups > 256)
		forget_gone(s);
	mms_reclaim_tidy(s->reclaim);
	free(s->ids);
	s->ids = calloc(s->nr_groups ? s->nr_groups : 1, sizeof(*s->ids));
	if (!s->ids)
		return -ENOMEM;
	for (i = 0; i < s->nr_groups; i++)
		s->ids[i] = s->groups[i].cgroup_id;
	if (!s->faults)
		return 0;
	free(s->fault_counts);
	s->fault_counts = NULL;
	s->nr_faults = 0;
	return mms_faults_read(s->faults, &s->fault_counts, &s->nr_faults);
}

const uint64_t *mms_strains_cgroups(const struct mms_strains *s, size_t *nr)
{
	*nr = s->nr_groups;
	return s->ids;
}

static void add_group(struct mms_reclaim_group *sum, const struct mms_reclaim_group *g)
{
	size_t i;

	for (i = 0; i < __MMS_PAGE_TYPES; i++) {
		sum->evictions[i] += g->evictions[i];
		sum->refaults[i] += g->refaults[i];
	}
	sum->refaults_foreign += g->refaults_foreign;
	sum->swapins += g->swapins;
	sum->swapouts += g->swapouts;
	sum->dist_nr += g->dist_nr;
	sum->dist_unknown += g->dist_unknown;
	for (i = 0; i < __MMS_RECLAIM_TYPES; i++) {
		sum->work[i].nr += g->work[i].nr;
		sum->work[i].ns += g->work[i].ns;
		sum->work[i].pages += g->work[i].pages;
	}
	for (i = 0; i < MMS_DIST_BUCKETS; i++)
		sum->dist[i] += g->dist[i];
}

static bool group_counts(struct mms_strains *s, const struct mms_subject *subject,
			 const struct mms_reclaim_count *c)
{
	struct known *k;

	switch (subject->type) {
	case MMS_SUBJECT_MACHINE:
		return c->group.domain == MMS_CGROUP_ROOT_ID || !c->group.domain;
	case MMS_SUBJECT_TREE:
		k = known_get(s, c->cgroup_id);
		return k && k->dir && mms_cgroup_within(k->dir, subject->dir);
	default:
		return c->cgroup_id == subject->id;
	}
}

static bool fault_counts(struct mms_strains *s, const struct mms_subject *subject,
			 const struct mms_fault_count *c)
{
	struct known *k;

	if (subject->type == MMS_SUBJECT_MACHINE)
		return true;
	if (subject->type == MMS_SUBJECT_PROCESS)
		return c->tgid == subject->pid;
	k = known_get(s, c->cgroup_id);
	if (!k || !k->dir)
		return false;
	if (subject->type == MMS_SUBJECT_TREE)
		return mms_cgroup_within(k->dir, subject->dir);
	return k->memcg == subject->id;
}

/* utime and stime are fields 14 and 15 of stat; the name before them may hold anything but is in
 * brackets. */
static int process_cpu(pid_t pid, uint64_t *ns)
{
	unsigned long long user, kernel;
	char path[64], text[1024], *rest;
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? -ESRCH : -errno;
	len = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[len] = '\0';
	rest = strrchr(text, ')');
	if (!rest || sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
			    &user, &kernel) != 2)
		return -ESRCH;
	*ns = (user + kernel) * (1000000000ULL / sysconf(_SC_CLK_TCK));
	return 0;
}

static int read_times(const struct mms_subject *subject, struct mms_strain *out)
{
	bool machine = subject->type == MMS_SUBJECT_MACHINE;
	struct mms_psi psi;

	out->psi_some_ns = MMS_NO_VALUE;
	if (mms_psi_read(machine ? NULL : subject->dir, &psi) == 0)
		out->psi_some_ns = psi.some_ns;
	if (subject->type == MMS_SUBJECT_PROCESS)
		return process_cpu(subject->pid, &out->cpu_ns);
	if (mms_cgroup_cpu_ns(subject->dir, &out->cpu_ns))
		out->cpu_ns = MMS_NO_VALUE;
	return 0;
}

int mms_strain_read(struct mms_strains *s, const struct mms_subject *subject,
		    struct mms_strain *out)
{
	uint64_t most = 0, evicted;
	size_t i;
	int err;

	for (i = 0; i < s->nr_groups; i++) {
		const struct mms_reclaim_group *total = &s->totals[i].group;

		if (!group_counts(s, subject, &s->groups[i]))
			continue;
		add_group(&out->group, &s->groups[i].group);
		/* Of several domains the one that lost the most pages counts. */
		evicted = total->evictions[0] + total->evictions[1];
		if (total->domain && evicted >= most) {
			out->group.domain = total->domain;
			most = evicted;
		}
	}
	out->stall_ns = s->faults ? 0 : MMS_NO_VALUE;
	for (i = 0; s->faults && i < s->nr_faults; i++)
		if (fault_counts(s, subject, &s->fault_counts[i]))
			out->stall_ns += s->fault_counts[i].ns;
	err = read_times(subject, out);
	if (err)
		return err;
	if (subject->type == MMS_SUBJECT_PROCESS) {
		err = mms_reclaim_read_task(s->reclaim, subject->pid, &out->task);
		if (err)
			return err;
	}
	return out->group.domain ? mms_reclaim_clock(s->reclaim, out->group.domain, &out->clock)
				 : 0;
}

int mms_strains_losses(struct mms_strains *s, struct mms_reclaim_losses *reclaim,
		       struct mms_fault_losses *fault)
{
	memset(fault, 0, sizeof(*fault));
	if (s->faults)
		mms_faults_losses(s->faults, fault);
	return mms_reclaim_losses(s->reclaim, reclaim);
}
