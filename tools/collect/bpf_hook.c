// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attach points by bpf(2) and by tracefs. A kretprobe has a pool of return slots,
 * max(10, 2 * CPUs) by default: when more calls block at once, further returns are
 * lost. tracefs can ask for a larger pool, and counts what was missed all the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "collect/bpf_hook.h"
#include "collect/proc.h"

#define POOL  4096 /* KRETPROBE_MAXACTIVE_MAX: the most that tracefs grants */
#define GROUP "mmscope"

struct mms_probe {
	const char *tracefs;
	char event[64]; /* "r_<pid>_<function>": a stale one can be told by its pid */
	int perf_fd;
};

/**
 * mms_hook_session() - one program at entry and return of a kernel function
 * @prog_fd: loaded with expected_attach_type MMS_BPF_TRACE_KPROBE_SESSION
 * @func: kernel function
 * Return: a link's file descriptor, or -errno.
 */
int mms_hook_session(int prog_fd, const char *func)
{
	/* union bpf_attr, the kprobe_multi arm of link_create; older headers lack it. */
	struct {
		__u32 prog_fd, target_fd, attach_type, flags;
		__u32 multi_flags, cnt;
		__u64 syms, addrs, cookies;
		__u64 rest[8];
	} attr = {
		.prog_fd = prog_fd,
		.attach_type = MMS_BPF_TRACE_KPROBE_SESSION,
		.cnt = 1,
		.syms = (uintptr_t)&func,
	};
	int fd = (int)syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));

	return fd < 0 ? -errno : fd;
}

/**
 * mms_hook_missed() - calls that a session did not see because its pool was empty
 * @link_fd: of mms_hook_session(), or negative
 * Return: the kernel's count, of all processes; 0 if it does not tell.
 */
uint64_t mms_hook_missed(int link_fd)
{
	/* struct bpf_link_info, the kprobe_multi arm; older headers lack it. */
	struct {
		__u32 type, id, prog_id, pad;
		__u64 addrs;
		__u32 count, flags;
		__u64 missed;
		__u64 rest[8];
	} info = {};
	struct {
		__u32 fd, len;
		__u64 info;
		__u64 rest[8];
	} attr = {.fd = (__u32)link_fd, .len = sizeof(info), .info = (uintptr_t)&info};

	if (link_fd < 0 || syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)))
		return 0;
	return info.missed;
}

/**
 * mms_hook_recursion_of() - runs of one program that the kernel skipped
 * @prog_fd: loaded, or negative
 * A program is skipped when another one is preempted inside it, or interrupted, on that CPU.
 * Return: the kernel's count, bpf_prog_info.recursion_misses.
 */
uint64_t mms_hook_recursion_of(int prog_fd)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	if (prog_fd < 0 || bpf_obj_get_info_by_fd(prog_fd, &info, &len))
		return 0;
	return info.recursion_misses;
}

/**
 * mms_hook_recursion() - runs of programs that the kernel skipped
 * @obj: loaded
 * Return: the kernel's count, of all programs of the object.
 */
uint64_t mms_hook_recursion(const struct bpf_object *obj)
{
	struct bpf_program *p;
	uint64_t sum = 0;

	bpf_object__for_each_program (p, obj)
		sum += mms_hook_recursion_of(bpf_program__fd(p));
	return sum;
}

/**
 * mms_skips_begin() - what is skipped from now on counts
 * @s: filled in
 * @runs: of the programs, read before @hits
 * @hits: of their probes
 * A program that runs between the two looks like one that was skipped before: an upper bound.
 */
void mms_skips_begin(struct mms_skips *s, uint64_t runs, uint64_t hits)
{
	s->before = hits > runs ? hits - runs : 0;
	s->since = 0;
}

/**
 * mms_skips() - runs that were skipped, and that the kernel has not counted
 * @s: from mms_skips_begin()
 * @hits: of the probes, read before @runs
 * @runs: of their programs
 * @counted: by the kernel, mms_hook_recursion_of(); older ones leave kprobes out
 * Return: at least so many.
 */
uint64_t mms_skips(struct mms_skips *s, uint64_t hits, uint64_t runs, uint64_t counted)
{
	uint64_t known = runs + s->before;

	if (hits > known && hits - known > s->since)
		s->since = hits - known;
	return s->since > counted ? s->since - counted : 0;
}

static const char *find_tracefs(void)
{
	if (!access("/sys/kernel/tracing/kprobe_events", W_OK))
		return "/sys/kernel/tracing";
	if (!access("/sys/kernel/debug/tracing/kprobe_events", W_OK))
		return "/sys/kernel/debug/tracing";
	return NULL;
}

static int write_command(const char *tracefs, const char *command)
{
	char path[128];
	int fd, ret = 0;
	size_t len = strlen(command);

	snprintf(path, sizeof(path), "%s/kprobe_events", tracefs);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, command, len) != (ssize_t)len)
		ret = errno ? -errno : -EIO;
	close(fd);
	return ret;
}

static void remove_event(const char *tracefs, const char *event)
{
	char command[128];

	snprintf(command, sizeof(command), "-:" GROUP "/%s\n", event);
	write_command(tracefs, command);
}

/* A killed mmscope leaves its events behind, switched off. */
static void remove_stale(const char *tracefs)
{
	char path[128], line[256], event[64];
	FILE *f;
	int pid;

	snprintf(path, sizeof(path), "%s/kprobe_events", tracefs);
	f = fopen(path, "re");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		char *at = strstr(line, ":" GROUP "/");

		if (!at || sscanf(at, ":" GROUP "/%63[A-Za-z0-9_]", event) != 1 ||
		    sscanf(event, "%*c_%d", &pid) != 1)
			continue;
		if (mms_proc_gone(pid))
			remove_event(tracefs, event);
	}
	fclose(f);
}

static int event_id(const char *tracefs, const char *event)
{
	char path[192];
	int id = -ENOENT;
	FILE *f;

	snprintf(path, sizeof(path), "%s/events/" GROUP "/%s/id", tracefs, event);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	if (fscanf(f, "%d", &id) != 1)
		id = -EIO;
	fclose(f);
	return id;
}

static int open_event(struct mms_probe *p, int prog_fd)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
	};
	int id = event_id(p->tracefs, p->event);

	if (id < 0)
		return id;
	attr.config = (__u64)id;
	/* The program runs for the event on every CPU, whichever CPU is named here. */
	p->perf_fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (p->perf_fd < 0)
		return -errno;
	if (ioctl(p->perf_fd, PERF_EVENT_IOC_SET_BPF, prog_fd) ||
	    ioctl(p->perf_fd, PERF_EVENT_IOC_ENABLE, 0))
		return -errno;
	return 0;
}

/**
 * mms_probe_open() - a kprobe, or a kretprobe with the largest pool, through tracefs
 * @p: set to the probe, released by mms_probe_close()
 * @prog_fd: a loaded program of type kprobe
 * @func: kernel function
 * @on_return: run at its return
 * Return: 0, -ENOTSUP (no tracefs to write to), or -errno.
 */
int mms_probe_open(struct mms_probe **p, int prog_fd, const char *func, bool on_return)
{
	const char *tracefs = find_tracefs();
	struct mms_probe *n;
	char command[256];
	int ret;

	if (!tracefs)
		return -ENOTSUP;
	remove_stale(tracefs);
	n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->tracefs = tracefs;
	n->perf_fd = -1;
	snprintf(n->event, sizeof(n->event), "%c_%d_%.40s", on_return ? 'r' : 'p', getpid(), func);
	if (on_return)
		snprintf(command, sizeof(command), "r%d:" GROUP "/%s %s\n", POOL, n->event, func);
	else
		snprintf(command, sizeof(command), "p:" GROUP "/%s %s\n", n->event, func);
	ret = write_command(tracefs, command);
	if (ret) {
		free(n);
		return ret;
	}
	ret = open_event(n, prog_fd);
	if (ret) {
		mms_probe_close(n);
		return ret;
	}
	*p = n;
	return 0;
}

/**
 * mms_probe_close() - detach and remove the event
 * @p: NULL is fine
 */
void mms_probe_close(struct mms_probe *p)
{
	if (!p)
		return;
	if (p->perf_fd >= 0)
		close(p->perf_fd);
	remove_event(p->tracefs, p->event);
	free(p);
}

/* The row of tracefs kprobe_profile; zeros if there is none. */
static void read_profile(const struct mms_probe *p, unsigned long long *hits,
			 unsigned long long *missed)
{
	char path[128], line[256], name[64];
	bool found = false;
	FILE *f = NULL;

	if (p) {
		snprintf(path, sizeof(path), "%s/kprobe_profile", p->tracefs);
		f = fopen(path, "re");
	}
	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%63s %llu %llu", name, hits, missed) == 3 &&
			!strcmp(name, p->event);
	if (f)
		fclose(f);
	if (!found)
		*hits = *missed = 0;
}

/**
 * mms_probe_missed() - calls or returns that the probe did not see
 * @p: the probe; NULL gives 0
 * A full pool, or another probe running on that CPU.
 */
uint64_t mms_probe_missed(const struct mms_probe *p)
{
	unsigned long long hits, missed;

	read_profile(p, &hits, &missed);
	return missed;
}

/**
 * mms_probe_hits() - calls or returns that the probe saw
 * @p: the probe; NULL gives 0
 * Not each of them ran the program: see mms_hook_recursion_of(). Older kernels do not count
 * that for kprobes, and whoever has counted the runs knows it all the same.
 */
uint64_t mms_probe_hits(const struct mms_probe *p)
{
	unsigned long long hits, missed;

	read_profile(p, &hits, &missed);
	return hits;
}
