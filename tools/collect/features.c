// SPDX-License-Identifier: GPL-2.0-only
/*
 * What this machine and kernel offer. Each row asks the thing itself: a file
 * opened, a capability read, an instruction of the CPU.
 */
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "collect/agers.h"
#include "collect/bpf_btf.h"
#include "collect/bpf_features.h"
#include "collect/command.h"
#include "collect/features.h"
#include "collect/module.h"
#include "collect/module_text.h"
#include "collect/perf_rings.h"
#include "collect/proc.h"

/* The table being filled. */
struct rows {
	struct mms_feature *v;
	size_t nr;
	size_t max;
};

__attribute__((format(printf, 6, 7))) static void add(struct rows *r, const char *name,
						      enum mms_status status, const char *cost,
						      const char *fix, const char *fmt, ...)
{
	struct mms_feature *f;
	va_list ap;

	if (r->nr == r->max)
		return;
	f = &r->v[r->nr++];
	snprintf(f->name, sizeof(f->name), "%s", name);
	f->status = status;
	f->cost = status == MMS_STATUS_YES || status == MMS_STATUS_INFO ? "" : cost;
	f->fix = status == MMS_STATUS_YES || status == MMS_STATUS_INFO ? "" : fix;
	va_start(ap, fmt);
	vsnprintf(f->detail, sizeof(f->detail), fmt, ap);
	va_end(ap);
}

static enum mms_status yes_if(bool yes)
{
	return yes ? MMS_STATUS_YES : MMS_STATUS_NO;
}

/* Effective capability; the same for CAP_BPF, whose number is above 31. */
static bool has_cap(int cap)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2] = {0};

	if (syscall(SYS_capget, &h, d))
		return false;
	return d[cap / 32].effective & 1U << cap % 32;
}

static void probe_rights(struct rows *r)
{
	char line[128];
	int err;

	add(r, "root rights", yes_if(has_cap(CAP_SYS_ADMIN)), "module, frames, BPF: most of it",
	    "run it with sudo", "CAP_SYS_ADMIN %s, CAP_BPF %s, CAP_PERFMON %s",
	    has_cap(CAP_SYS_ADMIN) ? "yes" : "no", has_cap(CAP_BPF) ? "yes" : "no",
	    has_cap(CAP_PERFMON) ? "yes" : "no");
	err = mms_file_line("/sys/kernel/security/lockdown", line, sizeof(line));
	if (err == -EACCES) {
		add(r, "no lockdown", MMS_STATUS_UNKNOWN, "unknown", "run it with sudo",
		    "may not be read");
		return;
	}
	if (!err)
		mms_file_choice(line);
	add(r, "no lockdown", yes_if(err || !strcmp(line, "none")),
	    "integrity: targets cannot be added; confidentiality: no BPF reads of the kernel either",
	    "boot with Secure Boot off and without lockdown=", "%s",
	    err ? "not in this kernel, or securityfs is not mounted" : line);
}

static void probe_module(struct rows *r, struct mms_ground *ground)
{
	enum mms_module_state state = mms_module_probe();
	bool loaded = !access("/sys/module/mmscope", F_OK);
	const char *dir = mms_debugfs_dir();
	char version[64];

	if (mms_file_line("/sys/module/mmscope/version", version, sizeof(version)))
		snprintf(version, sizeof(version), "not told");
	add(r, "debugfs", yes_if(dir), "the module's files",
	    "mount -t debugfs none /sys/kernel/debug", "%s",
	    dir ? dir : "not mounted, or its mount cannot be seen");
	add(r, "module", yes_if(loaded), "census, wss; walk, maps and ranges show less",
	    "modprobe mmscope", "%s%s", loaded ? "loaded; version " : "not loaded",
	    loaded ? version : "");
	if (loaded) {
		bool same = !strcmp(version, MMSCOPE_RELEASE);

		add(r, "module version", yes_if(same), "the module's files may be misread",
		    "make module, make install; modprobe -r mmscope; modprobe mmscope",
		    "module %s, mmscope " MMSCOPE_RELEASE, version);
	}
	ground->module = state == MMS_MODULE_OK;
	add(r, "module usable", yes_if(ground->module), "as without the module",
	    mms_module_fix(state), "%s", mms_module_why(state));
}

/* The module knows its own ground best. */
static void probe_module_features(struct rows *r)
{
	struct mms_list list = {0};
	struct mms_module_feature *f;
	char *text;
	size_t len, i;

	if (mms_module_read("features", &text, &len))
		return;
	if (!mms_text_features(text, &list)) {
		f = list.v;
		for (i = 0; i < list.nr; i++) {
			char name[40];

			snprintf(name, sizeof(name), "module: %s", f[i].name);
			add(r, name, f[i].yes ? MMS_STATUS_YES : MMS_STATUS_INFO, "", "", "%s%s%s",
			    f[i].yes ? "" : "no", f[i].yes || !strcmp(f[i].why, "-") ? "" : ": ",
			    strcmp(f[i].why, "-") ? f[i].why
			    : f[i].yes		  ? "yes"
						  : "");
		}
	}
	free(list.v);
	free(text);
}

static void probe_proc(struct rows *r, struct mms_ground *ground)
{
	uint64_t entry = 0, va = (uint64_t)(uintptr_t)&entry;
	int self = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	int init = open("/proc/1/pagemap", O_RDONLY | O_CLOEXEC), other = init;
	bool frames = false;

	if (self >= 0 && pread(self, &entry, sizeof(entry), va / 4096 * 8) == sizeof(entry))
		frames = entry & ((1ULL << 55) - 1);
	if (init < 0) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/%d/pagemap", getppid());
		other = open(path, O_RDONLY | O_CLOEXEC);
	}
	ground->proc = other >= 0;
	add(r, "pagemap", yes_if(init >= 0), "walk and ranges without the module, of other users",
	    "run it with sudo, in the first user namespace", "%s",
	    init >= 0	 ? "of any process"
	    : other >= 0 ? "of some processes, not of init"
	    : self >= 0	 ? "of this process only"
			 : "not in this kernel");
	add(r, "pagemap frames", yes_if(frames), "frame numbers without the module",
	    "run it with sudo (CAP_SYS_ADMIN)", "%s", frames ? "shown" : "hidden (zero)");
	if (self >= 0)
		close(self);
	if (init >= 0)
		close(init);
	if (other >= 0 && other != init)
		close(other);
}

static void probe_setting(struct rows *r, const char *name, const char *path)
{
	char line[128];

	if (mms_file_line(path, line, sizeof(line))) {
		add(r, name, MMS_STATUS_INFO, "", "", "not in this kernel");
		return;
	}
	mms_file_choice(line);
	add(r, name, MMS_STATUS_INFO, "", "", "%s", line);
}

/* Others that take accessed bits. */
static void probe_agers(struct rows *r)
{
	bool lru_gen = mms_ager_lru_gen(), stat = mms_ager_damon_stat(), damon = mms_ager_damon();

	add(r, "no other ager", yes_if(!lru_gen && !stat && !damon),
	    lru_gen && !stat && !damon ? "under memory pressure wss is a lower bound"
				       : "wss is a lower bound",
	    lru_gen && !stat && !damon ? "echo n > /sys/kernel/mm/lru_gen/enabled"
	    : stat		       ? "echo N > /sys/module/damon_stat/parameters/enabled"
				       : "stop the kdamonds in /sys/kernel/mm/damon/admin",
	    "MGLRU %s, DAMON_STAT %s, DAMON %s", lru_gen ? "on" : "off", stat ? "on" : "off",
	    damon ? "on" : "off");
}

/* Faults under a per-VMA lock may be retried under the mmap lock: faults shows retries then. */
static void probe_vma_lock(struct rows *r)
{
	add(r, "per-VMA locks", MMS_STATUS_INFO, "", "", "%s",
	    mms_kernel_has_func("lock_vma_under_rcu") ? "yes" : "no, or no BTF to tell");
}

/* Lines of @path after @skip of them. */
static int count_lines(const char *path, int skip)
{
	FILE *f = fopen(path, "re");
	char line[512];
	int nr = 0;

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		nr++;
	fclose(f);
	return nr > skip ? nr - skip : 0;
}

static size_t count_glob(const char *pattern)
{
	size_t nr = 0;
	glob_t g;

	if (!glob(pattern, 0, NULL, &g)) {
		nr = g.gl_pathc;
		globfree(&g);
	}
	return nr;
}

static void probe_swap(struct rows *r)
{
	int areas = count_lines("/proc/swaps", 1);
	char zswap[16];

	if (areas < 0)
		add(r, "swap", MMS_STATUS_INFO, "", "", "not in this kernel");
	else
		add(r, "swap", MMS_STATUS_INFO, "", "", "%d area%s, %zu zram device%s", areas,
		    areas == 1 ? "" : "s", count_glob("/sys/block/zram*"),
		    count_glob("/sys/block/zram*") == 1 ? "" : "s");
	if (mms_file_line("/sys/module/zswap/parameters/enabled", zswap, sizeof(zswap)))
		add(r, "zswap", MMS_STATUS_INFO, "", "", "not in this kernel");
	else
		add(r, "zswap", MMS_STATUS_INFO, "", "", "%s", zswap[0] == 'Y' ? "on" : "off");
}

/* cgroup2 with the memory controller, and pressure files that can be read. */
static void probe_cgroup(struct rows *r)
{
	char line[512];
	bool memory;
	int err;

	memory = !mms_file_line("/sys/fs/cgroup/cgroup.controllers", line, sizeof(line)) &&
		 strstr(line, "memory");
	add(r, "cgroup2 memory", yes_if(memory), "thrash per cgroup",
	    "mount -t cgroup2 none /sys/fs/cgroup; boot without cgroup_disable=memory", "%s",
	    memory ? "/sys/fs/cgroup" : "no memory controller at /sys/fs/cgroup");
	err = mms_file_line("/proc/pressure/memory", line, sizeof(line));
	add(r, "psi", yes_if(!err), "stall shares in thrash", "boot with psi=1", "%s",
	    err ? (err == -EOPNOTSUPP ? "built in, but off" : "not in this kernel")
		: "/proc/pressure/memory");
}

static void probe_pmu(struct rows *r)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_HW_CPU_CYCLES,
		.exclude_kernel = 1,
	};
	int fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	add(r, "pmu", fd >= 0 ? MMS_STATUS_YES : MMS_STATUS_INFO, "", "", "%s",
	    fd >= 0 ? "counts cycles" : "no hardware counters here (a guest without vPMU?)");
	if (fd >= 0)
		close(fd);
}

static void probe_mappings(struct rows *r)
{
	struct mms_perf_rings *rings;
	int err = mms_perf_rings_open(&rings);
	bool rights = err == -EACCES || err == -EPERM;

	add(r, "records of mappings", yes_if(!err),
	    "stacks: programs that ended before the report have no names of functions",
	    rights ? "run it with sudo" : "a kernel with CONFIG_PERF_EVENTS=y", "%s%s",
	    err ? "perf_event_open: " : "of all processes, by perf_event_open",
	    err ? strerror(-err) : "");
	mms_perf_rings_close(rings);
}

/* KPTI and 5-level tables: sysfs and the address space itself tell. */
static void probe_tables(struct rows *r)
{
	unsigned int a, b, c = 0, d;
	char line[128];
	bool cpu;

	if (mms_file_line("/sys/devices/system/cpu/vulnerabilities/meltdown", line, sizeof(line)))
		snprintf(line, sizeof(line), "not told");
	add(r, "kpti", MMS_STATUS_INFO, "", "", "%s (%s)", strstr(line, "PTI") ? "on" : "off",
	    line);
	cpu = __get_cpuid_count(7, 0, &a, &b, &c, &d) && c & 1U << 16;
	add(r, "la57", MMS_STATUS_INFO, "", "", "%s",
	    cpu ? "the CPU has 5-level tables" : "the CPU has 4-level tables only");
}

static void probe_numa(struct rows *r)
{
	size_t nodes = count_glob("/sys/devices/system/node/node[0-9]*");

	add(r, "numa", MMS_STATUS_INFO, "", "", "%zu node%s", nodes, nodes == 1 ? "" : "s");
}

static void probe_valgrind(struct rows *r)
{
	char path[PATH_MAX];

	if (mms_command_path("valgrind", path, sizeof(path)))
		snprintf(path, sizeof(path),
			 "not installed: import lackey runs no command (apt-get install valgrind)");
	add(r, "valgrind", MMS_STATUS_INFO, "", "", "%s", path);
}

/**
 * mms_features_probe() - probe everything but BPF
 * @rows: result
 * @max: rows there is room for
 * @ground: what commands can live on
 * Return: rows filled.
 */
size_t mms_features_probe(struct mms_feature *rows, size_t max, struct mms_ground *ground)
{
	struct rows r = {.v = rows, .max = max};
	struct utsname u;

	uname(&u);
	add(&r, "kernel", MMS_STATUS_INFO, "", "", "%.64s %.64s", u.release, u.machine);
	probe_rights(&r);
	probe_module(&r, ground);
	probe_module_features(&r);
	probe_proc(&r, ground);
	probe_setting(&r, "thp", "/sys/kernel/mm/transparent_hugepage/enabled");
	probe_agers(&r);
	probe_vma_lock(&r);
	probe_swap(&r);
	probe_cgroup(&r);
	probe_numa(&r);
	probe_pmu(&r);
	probe_mappings(&r);
	probe_valgrind(&r);
	if (!ground->module) /* which tells it for its kernel */
		probe_tables(&r);
	return r.nr;
}
