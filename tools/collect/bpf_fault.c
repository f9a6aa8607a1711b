// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads the fault programs, sets what they count, and lets them loose. How they are
 * attached is in bpf_fault_attach.c; their maps are read in bpf_fault_read.c and
 * bpf_fault_live.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "collect/bpf_fault_impl.h"
#include "collect/bpf_btf.h"
#include "collect/bpf_features.h"
#include "collect/bpf_ksyms.h"
#include "collect/bpf_watch.h"
#include "collect/cgroup.h"
#include "collect/proc.h"
#include "fault.skel.h"
#include "fault_boot.skel.h"
#include "fault_session.skel.h"
#include "fault_session_ctx.skel.h"

#define RING_BYTES   (16U << 20)
#define WAKE_BYTES   (RING_BYTES / 8)
#define COUNTS_BYTES (64ULL << 20) /* for the per-CPU counters of all CPUs together */
#define MAX_COUNTS   8192

_Static_assert(sizeof(struct mms_fault_start) == 192, "slots are whole cache lines");
_Static_assert(sizeof(struct mms_fault_val) % 64 == 0, "counters of CPUs do not meet in one");
_Static_assert(MMS_TALLY_NR <= 16, "tallies of a CPU have room");

int mms_faults_fail(const char **why, int err, const char *text)
{
	if (why)
		*why = text;
	return err;
}

static int open_object(struct mms_faults *f)
{
	const void *elf;
	size_t size;

	if (f->attach != ATTACH_SESSION)
		elf = fault_bpf__elf_bytes(&size);
	else if (mms_kernel_func_args("bpf_session_is_return") == 0)
		elf = fault_session_bpf__elf_bytes(&size);
	else
		elf = fault_session_ctx_bpf__elf_bytes(&size);
	f->obj = bpf_object__open_mem(elf, size, NULL);
	return f->obj ? 0 : -errno;
}

static int set_rodata(struct mms_faults *f, const char *name, const void *value, size_t size)
{
	struct bpf_map *map = bpf_object__find_map_by_name(f->obj, name);

	return map ? bpf_map__set_initial_value(map, value, size) : -ENOENT;
}

static int set_size(struct mms_faults *f, const char *name, size_t entries)
{
	struct bpf_map *map = bpf_object__find_map_by_name(f->obj, name);

	return map ? bpf_map__set_max_entries(map, (__u32)entries) : -ENOENT;
}

static size_t max_counts(size_t cpus)
{
	size_t per_key = sizeof(struct mms_fault_val) * cpus;
	size_t n = COUNTS_BYTES / per_key;

	if (n > MAX_COUNTS)
		return MAX_COUNTS;
	return n < 1024 ? 1024 : n;
}

/* Numbers of CPUs may have holes: one more than the highest; 0 = unknown. */
static size_t nr_cpu_ids(void)
{
	size_t ids = 0;
	char line[512], *end;
	FILE *f = fopen("/sys/devices/system/cpu/possible", "re");

	if (f && fgets(line, sizeof(line), f)) {
		end = line + strcspn(line, "\n");
		while (end > line && end[-1] >= '0' && end[-1] <= '9')
			end--;
		if (*end >= '0' && *end <= '9')
			ids = strtoul(end, NULL, 10) + 1;
	}
	if (f)
		fclose(f);
	return ids;
}

/* Maps that nobody is going to use are as small as can be. */
static int set_sizes(struct mms_faults *f)
{
	bool other = f->cfg.by || f->cfg.bill;
	int err;

	f->nr_counts = other ? 1 : (size_t)f->cfg.max_counts * f->cfg.nr_cpus;
	err = set_size(f, "counts", f->nr_counts);
	if (!err)
		err = set_size(f, "keys", other ? 1 : f->cfg.max_counts);
	if (!err)
		err = set_size(f, "free_counts", other ? 1 : f->cfg.max_counts);
	if (!err && (!f->cfg.by || f->cfg.bill))
		err = set_size(f, "details", 1);
	if (!err && !f->cfg.bill)
		err = set_size(f, "moments", 1);
	if (!err && !(f->cfg.by & (MMS_BY_USTACK | MMS_BY_KSTACK)))
		err = set_size(f, "stacks", 1);
	if (!err && f->cfg.events)
		err = set_size(f, "events", RING_BYTES);
	return err;
}

static int set_cfg(struct mms_faults *f, const struct mms_fault_opts *opts, const char **why)
{
	f->cfg = (struct mms_fault_config){
		.by_tgid = opts->command || (opts->tgid && opts->follow),
		.by_cgroup = opts->cgroup_id != 0,
		.only_tgid = opts->follow ? 0 : (__u32)opts->tgid,
		.only_tid = (__u32)opts->tid,
		.command_tgid = (__u32)opts->command,
		.follow = opts->command || opts->follow,
		.events = opts->events,
		.no_kinds = opts->no_kinds,
		.around = opts->around,
		.by = opts->by,
		.bill = opts->bill,
		.wake_bytes = WAKE_BYTES,
		.nr_cpus = (__u32)nr_cpu_ids(),
	};
	if (!f->cfg.nr_cpus)
		return mms_faults_fail(
			why, -ENOENT,
			"the number of CPUs cannot be read: /sys/devices/system/cpu/possible");
	f->cfg.max_counts = (__u32)max_counts(f->cfg.nr_cpus);
	mms_faults_choose_programs(f);
	return 0;
}

static int configure(struct mms_faults *f, const struct mms_fault_boot *boot,
		     const struct mms_ksyms *ksyms)
{
	const struct mms_bpf_feature *jit = mms_bpf_feature("bpf jit");
	__u32 plain_loads = jit && jit->available && mms_kernel_has_func("bpf_rdonly_cast");
	int err = set_rodata(f, ".rodata.cfg", &f->cfg, sizeof(f->cfg));

	if (!err)
		err = set_rodata(f, ".rodata.loads", &plain_loads, sizeof(plain_loads));
	if (!err)
		err = set_rodata(f, ".rodata.boot", boot, sizeof(*boot));
	if (!err)
		err = set_rodata(f, ".rodata.ksyms", ksyms, sizeof(*ksyms));
	return err ? err : set_sizes(f);
}

static int ask_boot(struct mms_fault_boot *boot, const struct mms_ksyms *ksyms)
{
	struct fault_boot_bpf *skel = fault_boot_bpf__open();
	LIBBPF_OPTS(bpf_test_run_opts, run);
	__u32 zero = 0;
	int err;

	if (!skel)
		return -errno;
	skel->rodata_ksyms->ksyms = *ksyms;
	err = fault_boot_bpf__load(skel);
	if (!err)
		err = bpf_prog_test_run_opts(bpf_program__fd(skel->progs.learn_boot), &run);
	if (!err)
		err = bpf_map_lookup_elem(bpf_map__fd(skel->maps.data_boot), &zero, boot);
	fault_boot_bpf__destroy(skel);
	return !err && ((int)run.retval || !boot->ok) ? -ENOENT : err;
}

static int learn_boot(struct mms_fault_boot *boot, struct mms_ksyms *ksyms, const char **why)
{
	const char *hidden;
	int err = mms_ksyms(ksyms, &hidden);

	if (err)
		return mms_faults_fail(why, err, hidden);
	err = ask_boot(boot, ksyms);
	if (err == -ENOENT)
		return mms_faults_fail(
			why, err,
			"the kernel's memory layout could not be read: symbols are missing (CONFIG_KALLSYMS_ALL)");
	return err ? mms_faults_fail(why, err, "the kernel's memory layout could not be read") : 0;
}

static int set_cgroup(struct mms_faults *f, uint64_t id, const char **why)
{
	__u32 zero = 0;
	char *dir;
	int fd, err;

	err = mms_cgroup_by_id(id, &dir);
	if (!err) {
		fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		err = fd < 0 ? -errno : 0;
		free(dir);
	}
	if (err == -ENOENT || err == -ESTALE)
		return mms_faults_fail(why, -ESTALE, "no such cgroup");
	if (err == -EPERM)
		return mms_faults_fail(
			why, err,
			"the cgroup cannot be opened by its id; fix: CAP_DAC_READ_SEARCH, or sudo");
	if (err)
		return mms_faults_fail(why, err,
				       err == -ENOMEM ? "out of memory"
						      : "the cgroup's directory cannot be opened");
	err = bpf_map_update_elem(mms_faults_map(f, "cgroups"), &zero, &fd, BPF_ANY);
	close(fd);
	return err;
}

static int set_filter(struct mms_faults *f, const struct mms_fault_opts *opts, const char **why)
{
	__u32 tgid = (__u32)opts->tgid;
	__u8 member = 1;

	if (opts->tid && !mms_proc_tgid(opts->tid))
		return mms_faults_fail(why, -ESRCH, "no such thread");
	if (opts->tid && opts->tgid && mms_proc_tgid(opts->tid) != opts->tgid)
		return mms_faults_fail(why, -ESRCH, "this thread is not of that process");
	if (opts->tgid && !mms_proc_tgid(opts->tgid))
		return mms_faults_fail(why, -ESRCH, "no such process");
	if (opts->tgid && mms_proc_tgid(opts->tgid) != opts->tgid)
		return mms_faults_fail(why, -ESRCH,
				       "this is the id of a thread: give that of its process");
	if (opts->tgid && opts->follow)
		return bpf_map_update_elem(mms_faults_map(f, "tgids"), &tgid, &member, BPF_ANY);
	return opts->cgroup_id ? set_cgroup(f, opts->cgroup_id, why) : 0;
}

void mms_faults_arm(struct mms_faults *f)
{
	struct timespec now;

	mms_faults_skipped_before(f);
	clock_gettime(CLOCK_MONOTONIC, &now);
	__atomic_store_n(&f->marks->armed_ns,
			 (__u64)now.tv_sec * 1000000000ULL + (__u64)now.tv_nsec, __ATOMIC_RELEASE);
}

/**
 * mms_faults_stop() - faults that begin from now on do not count
 * @f: from mms_faults_open()
 * Those inside still end as they would have.
 */
void mms_faults_stop(struct mms_faults *f)
{
	__atomic_store_n(&f->marks->armed_ns, 0, __ATOMIC_RELEASE);
	mms_watch_settle();
}

/**
 * mms_faults_throttle() - look at fewer faults
 * @f: from mms_faults_open()
 * @period: store one fault of so many, picked at random; 0 and 1: all of them
 * @events: go on streaming, if it was opened with events
 * Losses have what was left out as sampled_out.
 */
void mms_faults_throttle(struct mms_faults *f, unsigned int period, bool events)
{
	__atomic_store_n(&f->marks->period, period, __ATOMIC_RELAXED);
	__atomic_store_n(&f->marks->no_events, !events, __ATOMIC_RELAXED);
}

static size_t in_pages(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) & ~(page - 1);
}

/* An array that the programs write, to be looked at without a call. */
static void *look_at(struct mms_faults *f, const char *name, size_t bytes, int prot)
{
	void *p = mmap(NULL, in_pages(bytes), prot, MAP_SHARED, mms_faults_map(f, name), 0);

	return p == MAP_FAILED ? NULL : p;
}

static void look_away(const void *p, size_t bytes)
{
	if (p)
		munmap((void *)(uintptr_t)p, in_pages(bytes));
}

static int look_at_maps(struct mms_faults *f)
{
	f->shared = look_at(f, ".bss", sizeof(*f->shared), PROT_READ);
	f->marks = look_at(f, ".data.marks", sizeof(*f->marks), PROT_READ | PROT_WRITE);
	f->counts = look_at(f, "counts", f->nr_counts * sizeof(*f->counts), PROT_READ | PROT_WRITE);
	return f->shared && f->marks && f->counts ? 0 : -errno;
}

static int load(struct mms_faults *f, const struct mms_fault_opts *opts, const char **why)
{
	struct mms_fault_boot boot;
	struct mms_ksyms ksyms;
	int err = learn_boot(&boot, &ksyms, why);

	if (err)
		return err;
	err = open_object(f);
	if (!err) {
		err = set_cfg(f, opts, why);
		if (err)
			return err;
		err = configure(f, &boot, &ksyms);
	}
	if (!err)
		err = bpf_object__load(f->obj);
	if (!err)
		err = look_at_maps(f);
	if (err)
		return mms_faults_fail(why, err, "the kernel refused the fault programs");
	if (!boot.swap_known && !f->cfg.no_kinds)
		mms_faults_note_missing(
			f,
			"swap-in-zram: the kernel's swap_info cannot be read, counted as swap-in-device");
	return 0;
}

static int start(struct mms_faults *f, const struct mms_fault_opts *opts, const char **why)
{
	int err = load(f, opts, why);

	if (!err)
		err = set_filter(f, opts, why);
	if (err)
		return err;
	err = mms_faults_attach(f);
	if (err)
		return mms_faults_fail(why, err, "the fault programs could not be attached");
	err = mms_faults_self_test(f, why);
	if (err)
		return err;
	if (opts->measure) {
		f->stats_fd = mms_bpf_measure();
		if (f->stats_fd < 0)
			return mms_faults_fail(why, f->stats_fd,
					       "the kernel's run-time statistics cannot be had");
	}
	err = opts->events ? mms_faults_open_ring(f) : 0;
	if (!err)
		mms_faults_arm(f);
	return err;
}

static int check_opts(const struct mms_fault_opts *opts, const char **why)
{
	unsigned int place = opts->by & (MMS_BY_VMA | MMS_BY_FILE | MMS_BY_SWAP);

	if (place & (place - 1))
		return mms_faults_fail(why, -EINVAL, "by VMA, by file, by swap area: one of them");
	if (opts->no_kinds && (opts->events || opts->around || (opts->by & MMS_BY_SWAP)))
		return mms_faults_fail(
			why, -EINVAL,
			"without kinds there are no events, no swap areas, no pages that came along");
	if (opts->bill && (opts->events || opts->no_kinds || opts->tid ||
			   (opts->by & ~(unsigned int)(MMS_BY_VMA | MMS_BY_USTACK))))
		return mms_faults_fail(why, -EINVAL, "bills are of processes, by VMA and stack");
	return 0;
}

int mms_faults_open(struct mms_faults **f, const struct mms_fault_opts *opts, const char **why)
{
	/* Programs that call kernel functions or have callbacks are not interpreted. */
	static const char *const needed[] = {"bpf rights", "lockdown", "pid namespace", "bpf jit"};
	struct mms_faults *n;
	int err;

	if (why)
		*why = NULL;
	err = mms_bpf_usable(why);
	if (!err)
		err = mms_watch_needs(needed, sizeof(needed) / sizeof(needed[0]), why);
	if (!err)
		err = check_opts(opts, why);
	if (err)
		return err;
	n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->session_fd = -1;
	n->stats_fd = -1;
	err = mms_faults_choose_attach(n, opts->attach, why);
	if (!err)
		err = start(n, opts, why);
	if (err) {
		mms_faults_close(n);
		return err;
	}
	*f = n;
	return 0;
}

/**
 * mms_faults_close() - detach and forget
 * @f: NULL is fine, and so is one that was opened half
 */
void mms_faults_close(struct mms_faults *f)
{
	if (!f)
		return;
	ring_buffer__free(f->ring);
	mms_faults_detach(f);
	if (f->stats_fd >= 0)
		close(f->stats_fd);
	look_away(f->shared, sizeof(*f->shared));
	look_away(f->marks, sizeof(*f->marks));
	look_away(f->counts, f->nr_counts * sizeof(*f->counts));
	bpf_object__close(f->obj);
	free(f->retired);
	free(f);
}
