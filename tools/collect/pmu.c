// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hardware counters: opened for whom they are to count, read, scaled. Must not know
 * what the events mean.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "collect/pmu.h"
#include "util/args.h"

#define MISSES(cache, op)                                                                    \
	PERF_TYPE_HW_CACHE, PERF_COUNT_HW_CACHE_##cache | PERF_COUNT_HW_CACHE_OP_##op << 8 | \
				    PERF_COUNT_HW_CACHE_RESULT_MISS << 16

const struct mms_pmu_event mms_pmu_tlb[] = {
	{"dtlb_load_misses", "dTLB load misses", MISSES(DTLB, READ)},
	{"dtlb_store_misses", "dTLB store misses", MISSES(DTLB, WRITE)},
	{"itlb_load_misses", "iTLB load misses", MISSES(ITLB, READ)},
};
const size_t mms_pmu_nr_tlb = sizeof(mms_pmu_tlb) / sizeof(mms_pmu_tlb[0]);

/* One event of one thread or CPU. */
struct counter {
	int fd;
	size_t event;
	uint64_t count, enabled, running; /* when read last */
};

struct mms_pmu {
	size_t nr_events;
	struct mms_pmu_value *values;
	struct counter *counters;
	size_t nr, room;
};

/* Whose counter: the arguments of perf_event_open(2). */
struct subject {
	pid_t pid;
	int cpu;
	unsigned long flags;
	bool inherit, threads_only, on_exec;
};

static int open_event(const struct mms_pmu_event *e, const struct subject *s)
{
	struct perf_event_attr attr = {
		.type = e->type,
		.size = sizeof(attr),
		.config = e->config,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
		.inherit = s->inherit,
		.inherit_thread = s->threads_only,
		.disabled = s->on_exec,
		.enable_on_exec = s->on_exec,
		.exclude_hv = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, s->pid, s->cpu, -1,
			      s->flags | PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int add_counter(struct mms_pmu *p, int fd, size_t event)
{
	size_t room = p->room ? p->room * 2 : 64;
	struct counter *c;

	if (p->nr == p->room) {
		c = reallocarray(p->counters, room, sizeof(*c));
		if (!c) {
			close(fd);
			return -ENOMEM;
		}
		p->counters = c;
		p->room = room;
	}
	p->counters[p->nr++] = (struct counter){.fd = fd, .event = event};
	return 0;
}

/*
 * All events of one thread or CPU. What it refuses may be for want of the event on this machine, or
 * because the thread is gone or the CPU off: only if all refuse it is the event not to be had.
 */
static int open_events(struct mms_pmu *p, const struct mms_pmu_event *events,
		       const struct subject *s)
{
	int fd, err = 0;
	size_t i;

	for (i = 0; i < p->nr_events && !err; i++) {
		fd = open_event(&events[i], s);
		if (fd == -EMFILE || fd == -EACCES || fd == -EPERM)
			return fd;
		if (fd < 0)
			continue;
		p->values[i].known = true;
		err = add_counter(p, fd, i);
	}
	return err;
}

/* The threads that there are now; malloc'ed. */
static int list_threads(pid_t pid, pid_t **tids, size_t *nr)
{
	pid_t *more, tid;
	struct dirent *d;
	char path[64];
	DIR *dir;

	*tids = NULL;
	*nr = 0;
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return -ESRCH;
	while ((d = readdir(dir))) {
		if (args_pid(d->d_name, &tid))
			continue;
		more = reallocarray(*tids, *nr + 1, sizeof(**tids));
		if (!more) {
			free(*tids);
			closedir(dir);
			return -ENOMEM;
		}
		*tids = more;
		(*tids)[(*nr)++] = tid;
	}
	closedir(dir);
	return 0;
}

/*
 * All are listed before the first is opened: one that was there then inherits from nobody, one that
 * begins later inherits from who began it. Nothing is counted twice; what is begun in between by
 * one that is not opened yet is left out.
 */
static int open_threads(struct mms_pmu *p, const struct mms_pmu_event *events, pid_t pid)
{
	struct subject s = {.cpu = -1, .inherit = true, .threads_only = true};
	pid_t *tids;
	size_t nr, i;
	int err = list_threads(pid, &tids, &nr);

	if (err)
		return err;
	for (i = 0; i < nr && !err; i++) {
		s.pid = tids[i];
		err = open_events(p, events, &s);
	}
	free(tids);
	return err;
}

static int open_cpus(struct mms_pmu *p, const struct mms_pmu_event *events, const char *cgroup)
{
	struct subject s = {.pid = -1};
	int fd = -1, err = 0;
	long nr = sysconf(_SC_NPROCESSORS_CONF);

	if (cgroup) {
		fd = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return -ESTALE;
		s.pid = fd;
		s.flags = PERF_FLAG_PID_CGROUP;
	}
	for (s.cpu = 0; s.cpu < nr && !err; s.cpu++)
		err = open_events(p, events, &s);
	if (fd >= 0)
		close(fd);
	return err;
}

static int open_subjects(struct mms_pmu *p, const struct mms_pmu_event *events,
			 const struct mms_pmu_opts *opts)
{
	struct subject s = {.pid = opts->command, .cpu = -1, .inherit = true, .on_exec = true};

	if (opts->command)
		return open_events(p, events, &s);
	if (opts->pid)
		return open_threads(p, events, opts->pid);
	return open_cpus(p, events, opts->cgroup);
}

/* Cores of two kinds have a PMU each, and a generic event means one of them only. */
static bool two_kinds_of_cores(void)
{
	return !access("/sys/bus/event_source/devices/cpu_core", F_OK) &&
	       !access("/sys/bus/event_source/devices/cpu_atom", F_OK);
}

static const char *reason(int err)
{
	switch (err) {
	case -ENOENT:
		return "this CPU counts none of these events, or hides its counters (a virtual machine)";
	case -EACCES:
	case -EPERM:
		return "perf_event_open(2) is not allowed (kernel.perf_event_paranoid, CAP_PERFMON)";
	case -EMFILE:
		return "more threads or CPUs than files may be open (ulimit -n)";
	case -ESTALE:
		return "no such cgroup";
	case -EXDEV:
		return "its two kinds of cores count apart, which mmscope cannot add up";
	default:
		return strerror(-err);
	}
}

int mms_pmu_open(struct mms_pmu **p, const struct mms_pmu_event *events, size_t nr,
		 const struct mms_pmu_opts *opts, const char **why)
{
	struct mms_pmu *n = calloc(1, sizeof(*n));
	int err = -ENOMEM;

	if (n)
		n->values = calloc(nr, sizeof(*n->values));
	if (n && n->values) {
		n->nr_events = nr;
		err = two_kinds_of_cores() ? -EXDEV : open_subjects(n, events, opts);
	}
	if (!err && !n->nr)
		err = -ENOENT;
	if (err) {
		*why = reason(err);
		mms_pmu_close(n);
		return err;
	}
	*p = n;
	return 0;
}

/**
 * mms_pmu_close() - stop counting
 * @p: NULL is fine
 */
void mms_pmu_close(struct mms_pmu *p)
{
	if (!p)
		return;
	while (p->nr)
		close(p->counters[--p->nr].fd);
	free(p->counters);
	free(p->values);
	free(p);
}

/* What came since the last time, scaled by how much of that time was counted. */
static void take(struct counter *c, struct mms_pmu_value *v)
{
	struct {
		uint64_t count, enabled, running;
	} now;
	uint64_t enabled, running;

	if (read(c->fd, &now, sizeof(now)) != (ssize_t)sizeof(now))
		return;
	enabled = now.enabled - c->enabled;
	running = now.running - c->running;
	v->count += mms_pmu_scale(now.count - c->count, enabled, running);
	v->enabled_ns += enabled;
	v->running_ns += running;
	c->count = now.count;
	c->enabled = now.enabled;
	c->running = now.running;
}

void mms_pmu_read(struct mms_pmu *p, size_t i, struct mms_pmu_value *v)
{
	size_t c;

	for (c = 0; c < p->nr; c++) {
		if (p->counters[c].event == i)
			take(&p->counters[c], &p->values[i]);
	}
	*v = p->values[i];
}
