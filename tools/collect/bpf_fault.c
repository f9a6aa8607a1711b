// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads the fault programs, picks how they hang on handle_mm_fault() by what was
 * probed, and lets them loose. Their maps are read in bpf_fault_read.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "collect/bpf_fault_impl.h"
#include "collect/bpf_features.h"
#include "collect/cgroup.h"
#include "fault.skel.h"
#include "fault_session.skel.h"
#include "fault_session_ctx.skel.h"

#define RING_BYTES   (16U << 20)
#define WAKE_BYTES   (RING_BYTES / 8)
#define COUNTS_BYTES (64ULL << 20) /* for the per-CPU counters of all CPUs together */

static const char *const attach_names[NR_ATTACH] = {
	"kprobe.session",
	"fentry/fexit",
	"kprobe+kretprobe",
};

static int fail(const char **why, int err, const char *text)
{
	if (why)
		*why = text;
	return err;
}

static void note_missing(struct mms_faults *f, const char *text)
{
	if (f->nr_missing < sizeof(f->missing) / sizeof(f->missing[0]))
		f->missing[f->nr_missing++] = text;
}

static bool feature(const char *name)
{
	const struct mms_bpf_feature *row = mms_bpf_feature(name);

	return row && row->available;
}

static int choose_attach(struct mms_faults *f, const char *forced, const char **why)
{
	int i;

	if (forced) {
		for (i = 0; i < NR_ATTACH; i++) {
			if (strcmp(forced, attach_names[i]))
				continue;
			f->attach = i;
			if (i != ATTACH_SESSION || mms_kernel_has_func("bpf_session_is_return"))
				return 0;
			return fail(why, -EOPNOTSUPP, "this kernel has no kprobe.session");
		}
		return fail(why, -EINVAL, "no such attach kind");
	}
	if (feature("kprobe.session"))
		f->attach = ATTACH_SESSION;
	else if (feature("fentry/fexit") && feature("bpf jit"))
		f->attach = ATTACH_TRAMPOLINE;
	else
		f->attach = ATTACH_KPROBE;
	return 0;
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

static struct bpf_program *program(struct mms_faults *f, const char *name)
{
	return bpf_object__find_program_by_name(f->obj, name);
}

static void choose_programs(struct mms_faults *f, struct mms_fault_config *cfg)
{
	if (f->attach == ATTACH_SESSION) {
		bpf_program__set_expected_attach_type(program(f, "session_fault"),
						      MMS_BPF_TRACE_KPROBE_SESSION);
	} else {
		bool trampoline = f->attach == ATTACH_TRAMPOLINE;

		bpf_program__set_autoload(program(f, "fentry_fault"), trampoline);
		bpf_program__set_autoload(program(f, "fexit_fault"), trampoline);
		bpf_program__set_autoload(program(f, "kprobe_fault"), !trampoline);
		bpf_program__set_autoload(program(f, "kretprobe_fault"), !trampoline);
	}
	cfg->no_userfault_hook = !feature("kprobe") || !mms_kernel_has_func("handle_userfault");
	cfg->no_migration_hook = !feature("kprobe") || !mms_kernel_has_func("migration_entry_wait");
	bpf_program__set_autoload(program(f, "on_userfault"), !cfg->no_userfault_hook);
	bpf_program__set_autoload(program(f, "on_migration_wait"), !cfg->no_migration_hook);
	bpf_program__set_autoload(program(f, "on_pmd_migration_wait"),
				  !cfg->no_migration_hook &&
					  mms_kernel_has_func("pmd_migration_entry_wait"));
	if (cfg->no_userfault_hook)
		note_missing(
			f,
			"userfault: handle_userfault() cannot be hooked, told by the VMA's flags and a retry");
	if (cfg->no_migration_hook)
		note_missing(
			f,
			"migration-wait: migration_entry_wait() cannot be hooked, told by the entry's type");
}

static int configure(struct mms_faults *f, const struct mms_fault_opts *opts)
{
	size_t per_key = sizeof(struct mms_fault_val) * (size_t)libbpf_num_possible_cpus();
	struct mms_fault_config cfg = {
		.by_tgid = opts->tgid || opts->command,
		.by_cgroup = opts->cgroup_id != 0,
		.command_tgid = (__u32)opts->command,
		.follow = opts->command != 0,
		.events = opts->events,
		.wake_bytes = WAKE_BYTES,
	};
	struct bpf_map *map;
	int err;

	choose_programs(f, &cfg);
	map = bpf_object__find_map_by_name(f->obj, ".rodata.cfg");
	err = map ? bpf_map__set_initial_value(map, &cfg, sizeof(cfg)) : -ENOENT;
	if (err)
		return err;
	f->max_counts = COUNTS_BYTES / per_key;
	if (f->max_counts > 8192)
		f->max_counts = 8192;
	if (f->max_counts < 1024)
		f->max_counts = 1024;
	map = bpf_object__find_map_by_name(f->obj, "counts");
	err = bpf_map__set_max_entries(map, (__u32)f->max_counts);
	if (err || !opts->events)
		return err;
	return bpf_map__set_max_entries(bpf_object__find_map_by_name(f->obj, "events"), RING_BYTES);
}

static int learn_boot(struct mms_faults *f, const char **why)
{
	struct mms_fault_boot boot;
	LIBBPF_OPTS(bpf_test_run_opts, run);
	__u32 zero = 0;
	int err;

	err = bpf_prog_test_run_opts(bpf_program__fd(program(f, "learn_boot")), &run);
	if (!err)
		err = bpf_map_lookup_elem(mms_faults_map(f, ".data.boot"), &zero, &boot);
	if (err)
		return fail(why, err, "the kernel's memory layout could not be read");
	if ((int)run.retval || !boot.ok)
		return fail(
			why, -ENOENT,
			"the kernel's memory layout could not be read: its symbols are hidden (sysctl kernel.kptr_restrict=1) or missing");
	if (!boot.swap_known)
		note_missing(
			f,
			"swap-in-zram: the kernel's swap_info cannot be read, counted as swap-in-device");
	return 0;
}

/* Threads can be signalled as well, but have no entry of their own in a listing of /proc. */
static bool is_process(pid_t pid)
{
	char path[64], line[128];
	bool found = false;
	int tgid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		found = sscanf(line, "Tgid: %d", &tgid) == 1;
	fclose(f);
	return tgid == pid;
}

/* The kernel has the ids of the first namespace: in another one ours would match others. */
static bool in_first_pid_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) || st.st_ino == 0xeffffffcU; /* PROC_PID_INIT_INO */
}

static int set_filter(struct mms_faults *f, const struct mms_fault_opts *opts, const char **why)
{
	__u32 zero = 0, tgid = (__u32)opts->tgid;
	__u8 member = 1;
	char *dir;
	int fd, err;

	if ((opts->tgid || opts->command) && !in_first_pid_namespace())
		return fail(
			why, -EOPNOTSUPP,
			"process ids cannot be told inside a pid namespace: run it in the first one");
	if (opts->tgid) {
		if (kill(opts->tgid, 0) && errno == ESRCH)
			return fail(why, -ESRCH, "no such process");
		if (!is_process(opts->tgid))
			return fail(why, -ESRCH,
				    "this is the id of a thread: give that of its process");
		return bpf_map_update_elem(mms_faults_map(f, "tgids"), &tgid, &member, BPF_ANY);
	}
	if (!opts->cgroup_id)
		return 0;
	err = mms_cgroup_by_id(opts->cgroup_id, &dir);
	if (err)
		return fail(why, err, "no such cgroup");
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	if (fd < 0)
		return fail(why, -errno, "no such cgroup");
	err = bpf_map_update_elem(mms_faults_map(f, "cgroups"), &zero, &fd, BPF_ANY);
	close(fd);
	return err;
}

static int attach_one(struct mms_faults *f, const char *name)
{
	struct bpf_program *p = program(f, name);
	struct bpf_link *link;

	if (!p || !bpf_program__autoload(p))
		return 0;
	link = bpf_program__attach(p);
	if (!link)
		return -errno;
	f->links[f->nr_links++] = link;
	return 0;
}

static int attach_session(struct mms_faults *f)
{
	f->session_fd =
		mms_hook_session(bpf_program__fd(program(f, "session_fault")), "handle_mm_fault");
	return f->session_fd < 0 ? f->session_fd : 0;
}

static int attach_kprobes(struct mms_faults *f)
{
	int err = mms_probe_open(&f->entry, bpf_program__fd(program(f, "kprobe_fault")),
				 "handle_mm_fault", false);

	if (!err)
		err = mms_probe_open(&f->ret, bpf_program__fd(program(f, "kretprobe_fault")),
				     "handle_mm_fault", true);
	if (!err)
		return 0;
	mms_probe_close(f->entry);
	f->entry = NULL;
	note_missing(
		f,
		"kretprobe pool: tracefs is not writable, returns are lost when more than max(10, 2 * CPUs) faults block");
	err = attach_one(f, "kprobe_fault");
	return err ? err : attach_one(f, "kretprobe_fault");
}

/* Entries first: a return that is seen then always had a chance to have its entry seen. */
static int attach_all(struct mms_faults *f)
{
	static const char *const around[] = {
		"on_userfault", "on_migration_wait", "on_pmd_migration_wait",
		"on_signal",	"on_exec",	     "on_fork",
		"on_exit",
	};
	size_t i;
	int err;

	for (i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
		err = attach_one(f, around[i]);
		if (err)
			return err;
	}
	if (f->attach == ATTACH_SESSION)
		return attach_session(f);
	if (f->attach == ATTACH_KPROBE)
		return attach_kprobes(f);
	err = attach_one(f, "fentry_fault");
	return err ? err : attach_one(f, "fexit_fault");
}

static int arm(struct mms_faults *f)
{
	struct mms_fault_marks marks = {};
	struct timespec now;
	__u32 zero = 0;

	clock_gettime(CLOCK_MONOTONIC, &now);
	marks.armed_ns = (__u64)now.tv_sec * 1000000000ULL + (__u64)now.tv_nsec;
	return bpf_map_update_elem(mms_faults_map(f, ".data.marks"), &zero, &marks, BPF_ANY);
}

static int load(struct mms_faults *f, const struct mms_fault_opts *opts, const char **why)
{
	int err = open_object(f);

	if (!err)
		err = configure(f, opts);
	if (!err)
		err = bpf_object__load(f->obj);
	if (err)
		return fail(why, err, "the kernel refused the fault programs");
	return learn_boot(f, why);
}

static int start(struct mms_faults *f, const struct mms_fault_opts *opts, const char **why)
{
	int err = load(f, opts, why);

	if (!err)
		err = set_filter(f, opts, why);
	if (err)
		return err;
	err = attach_all(f);
	if (err)
		return fail(why, err, "the fault programs could not be attached");
	err = opts->events ? mms_faults_open_ring(f) : 0;
	return err ? err : arm(f);
}

int mms_faults_open(struct mms_faults **f, const struct mms_fault_opts *opts, const char **why)
{
	struct mms_faults *n;
	int err;

	if (why)
		*why = NULL;
	if (opts->tid || opts->follow || opts->no_kinds || opts->around || opts->by ||
	    opts->measure)
		return fail(why, -EOPNOTSUPP, "not built yet");
	err = mms_bpf_usable(why);
	if (err)
		return err;
	n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->session_fd = -1;
	err = choose_attach(n, opts->attach, why);
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
	/* Returns before entries, in mirror order. */
	while (f->nr_links)
		bpf_link__destroy(f->links[--f->nr_links]);
	if (f->session_fd >= 0)
		close(f->session_fd);
	mms_probe_close(f->ret);
	mms_probe_close(f->entry);
	bpf_object__close(f->obj);
	free(f->retired);
	free(f);
}

const char *mms_faults_attach_kind(const struct mms_faults *f)
{
	return attach_names[f->attach];
}

const char *mms_faults_attach_kinds(size_t i)
{
	return i < NR_ATTACH ? attach_names[i] : NULL;
}

const char *mms_faults_missing(const struct mms_faults *f, size_t i)
{
	return i < f->nr_missing ? f->missing[i] : NULL;
}
