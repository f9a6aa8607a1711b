// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loaders of programs that watch processes: filter, refusals, maps. Must not load
 * or attach anything, nor format.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "collect/bpf_features.h"
#include "collect/bpf_watch.h"
#include "collect/hold.h"
#include "collect/proc.h"

#define MIN_ROOM 1024
#define MAX_ROOM 8192

#define SETTLED_US 20000

static int fail(const char **why, int err, const char *text)
{
	*why = text;
	return err;
}

int mms_watch_refused(const char **why, int err, const char *what)
{
	static char text[128];

	snprintf(text, sizeof(text), "%s: %s", what, strerror(-err));
	*why = text;
	return err == -ENOMEM ? err : -EOPNOTSUPP;
}

int mms_watch_needs(const char *const *needed, size_t nr, const char **why)
{
	static char text[256];
	const struct mms_bpf_feature *f;
	size_t i;

	for (i = 0; i < nr; i++) {
		f = mms_bpf_feature(needed[i]);
		if (!f)
			return fail(why, -EINVAL, needed[i]);
		if (f->available)
			continue;
		snprintf(text, sizeof(text), "%s: %s; fix: %s", f->name, f->why, f->fix);
		return fail(why, f->right ? -EPERM : -ENOENT, text);
	}
	return 0;
}

size_t mms_watch_room(unsigned long long bytes, size_t per_key)
{
	size_t room = bytes / (per_key * (size_t)libbpf_num_possible_cpus());

	if (room > MAX_ROOM)
		return MAX_ROOM;
	return room < MIN_ROOM ? MIN_ROOM : room;
}

void mms_watch_configure(struct mms_watch_config *c, const struct mms_whom *w)
{
	c->cgroup_id = w->cgroup_id;
	c->by_tgid = w->tgid || w->command;
	c->command_tgid = (__u32)w->command;
	c->follow = w->children || w->command;
}

int mms_watch_filter(int tgids_fd, const struct mms_whom *w, const char **why)
{
	__u32 tgid = (__u32)w->tgid;
	__u8 member = 1;

	if (!w->tgid)
		return 0;
	if (mms_proc_gone(w->tgid))
		return fail(why, -ESRCH, "no such process");
	if (mms_proc_tgid(w->tgid) != w->tgid)
		return fail(why, -ESRCH, "this is the id of a thread: give that of its process");
	return bpf_map_update_elem(tgids_fd, &tgid, &member, BPF_ANY);
}

/* Programs that have begun end within the kernel's grace period. */
void mms_watch_settle(void)
{
	/* Refused where CPUs run without ticks (nohz_full): then long enough for any program. */
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		usleep(SETTLED_US);
}

/* All keys first: counters may come while we read, keys are only deleted by us. */
int mms_watch_keys(int fd, size_t key_size, size_t max, void **keys, size_t *nr)
{
	char *k = calloc(max, key_size), *prev = NULL;
	size_t n = 0;

	if (!k)
		return -ENOMEM;
	while (n < max && !bpf_map_get_next_key(fd, prev, k + n * key_size))
		prev = k + n++ * key_size;
	*keys = k;
	*nr = n;
	return 0;
}

bool mms_watch_gone(pid_t tgid)
{
	return tgid && mms_proc_gone(tgid);
}

void mms_watch_comm(int comms_fd, pid_t tgid, char *comm)
{
	__u32 key = (__u32)tgid;

	memset(comm, 0, MMS_WATCH_COMM);
	bpf_map_lookup_elem(comms_fd, &key, comm);
	comm[MMS_WATCH_COMM - 1] = '\0';
}

int mms_watch_tallies(int fd, uint64_t *n, size_t nr)
{
	int cpus = libbpf_num_possible_cpus(), c;
	uint64_t *vals = calloc((size_t)cpus, sizeof(*vals));
	struct mms_hold hold = {0};
	__u32 i;

	if (!vals)
		return -ENOMEM;
	/* Backwards: parts before wholes, so that a part never exceeds its whole. */
	for (i = (__u32)nr; i-- > 0;) {
		n[i] = 0;
		mms_hold_step(&hold);
		if (bpf_map_lookup_elem(fd, &i, vals))
			continue;
		for (c = 0; c < cpus; c++)
			n[i] += vals[c];
	}
	mms_hold_end(&hold);
	free(vals);
	return 0;
}
