// SPDX-License-Identifier: GPL-2.0-only
/* Names of cgroups, swap areas and threads, looked up once a report. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cmd/faults_names.h"
#include "collect/bpf_swaps.h"
#include "collect/cgroup.h"
#include "collect/proc.h"
#include "model/table.h"

#define COMM_SZ 64
#define PATH_SZ 256

struct group {
	uint64_t id;
	char *dir; /* NULL: it is gone */
};

struct faults_names {
	struct mms_list groups; /* of struct group */
	struct mms_swaps *swaps;
	bool tried_swaps;
	bool has_areas;
	struct mms_swap_area areas[MMS_SWAP_AREAS];
	char path[PATH_SZ];
	char comm[COMM_SZ];
};

struct faults_names *faults_names_open(void)
{
	return calloc(1, sizeof(struct faults_names));
}

static void forget_groups(struct faults_names *n)
{
	struct group *g = n->groups.v;
	size_t i;

	for (i = 0; i < n->groups.nr; i++)
		free(g[i].dir);
	n->groups.nr = 0;
}

void faults_names_close(struct faults_names *n)
{
	if (!n)
		return;
	forget_groups(n);
	free(n->groups.v);
	mms_swaps_close(n->swaps);
	free(n);
}

void faults_names_refresh(struct faults_names *n)
{
	forget_groups(n);
	n->has_areas = false;
}

const char *faults_cgroup_name(struct faults_names *n, uint64_t id)
{
	struct group *g = n->groups.v;
	size_t i;

	for (i = 0; i < n->groups.nr; i++)
		if (g[i].id == id)
			break;
	if (i == n->groups.nr) {
		g = model_list_add(&n->groups, sizeof(*g));
		if (!g)
			return NULL;
		g->id = id;
		if (mms_cgroup_by_id(id, &g->dir))
			g->dir = NULL;
	} else {
		g += i;
	}
	return g->dir ? mms_cgroup_name(g->dir) : NULL;
}

const char *faults_swap_name(struct faults_names *n, unsigned int type)
{
	if (!n->tried_swaps && mms_swaps_open(&n->swaps))
		n->swaps = NULL;
	n->tried_swaps = true;
	if (!n->has_areas)
		n->has_areas = n->swaps && !mms_swaps_read(n->swaps, n->areas);
	if (!n->has_areas || type >= MMS_SWAP_AREAS || !n->areas[type].used)
		return NULL;
	mms_swap_path(&n->areas[type], n->path, sizeof(n->path));
	return n->path;
}

const char *faults_thread_name(struct faults_names *n, pid_t tgid, pid_t tid)
{
	/* The number may be another process's by now. */
	if (mms_proc_tgid(tid) != tgid)
		return NULL;
	mms_proc_comm(tid, n->comm);
	return n->comm;
}
