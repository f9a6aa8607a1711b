// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probes of what BPF may do here. One function per feature; each asks the kernel
 * itself. Must not know what the loaders do with the answers, nor print.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/types.h>
#include "collect/bpf_btf.h"
#include "collect/bpf_features.h"
#include "collect/bpf_ksyms.h"
#include "collect/bpf_thp.h"
#include "collect/bpf_tlb.h"
#include "collect/proc.h"
#include "fault_kind.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static bool read_line(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "re");
	bool ok;

	if (!f)
		return false;
	ok = fgets(buf, (int)size, f) != NULL;
	fclose(f);
	return ok;
}

/* "none voluntary (full) lazy": the word in brackets. */
static enum mms_preempt parse_dynamic(const char *line)
{
	static const enum mms_preempt all[] = {
		MMS_PREEMPT_NONE,
		MMS_PREEMPT_VOLUNTARY,
		MMS_PREEMPT_LAZY,
		MMS_PREEMPT_FULL,
	};
	char word[32];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		snprintf(word, sizeof(word), "(%s)", mms_preempt_name(all[i]));
		if (strstr(line, word))
			return all[i];
	}
	return MMS_PREEMPT_UNKNOWN;
}

/**
 * mms_preempt_model() - how this kernel preempts kernel code
 * From debugfs where the model can be changed at boot, else from the build's name of itself.
 * Return: the model, MMS_PREEMPT_UNKNOWN if it can be changed and debugfs is out of reach.
 */
enum mms_preempt mms_preempt_model(void)
{
	struct utsname u;
	char line[128];

	if (uname(&u))
		return MMS_PREEMPT_UNKNOWN;
	if (strstr(u.version, "PREEMPT_RT"))
		return MMS_PREEMPT_RT;
	if (read_line("/sys/kernel/debug/sched/preempt", line, sizeof(line)))
		return parse_dynamic(line);
	if (strstr(u.version, "PREEMPT_DYNAMIC"))
		return MMS_PREEMPT_UNKNOWN;
	if (strstr(u.version, "PREEMPT_LAZY"))
		return MMS_PREEMPT_LAZY;
	return strstr(u.version, "PREEMPT") ? MMS_PREEMPT_FULL : MMS_PREEMPT_VOLUNTARY;
}

/**
 * mms_preempt_name() - the kernel's own word for a model
 * @p: the model
 */
const char *mms_preempt_name(enum mms_preempt p)
{
	static const char *const names[] = {"unknown", "none", "voluntary", "lazy", "full", "rt"};

	return (size_t)p < ARRAY_SIZE(names) ? names[p] : names[0];
}

/* --- probes: true if available; else *why, and errno-like code by the table --- */

/* Loads a program of a type that takes CAP_BPF and CAP_PERFMON. Return: 0 or -errno. */
static int try_load(const struct bpf_insn *insns, size_t nr)
{
	int fd = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "mms_probe", "GPL", insns, nr, NULL);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static int try_nothing(void)
{
	const struct bpf_insn insns[] = {
		{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0},
		{BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
	};

	return try_load(insns, ARRAY_SIZE(insns));
}

/* The smallest program that reads kernel memory: lockdown takes the helper away. */
static int try_read_kernel(void)
{
	const struct bpf_insn insns[] = {
		{BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_10, 0, 0},
		{BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_1, 0, 0, -8},
		{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, 0, 8},
		{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, 0},
		{BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_probe_read_kernel},
		{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0},
		{BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
	};

	return try_load(insns, ARRAY_SIZE(insns));
}

/* Not by a map: where kernel.unprivileged_bpf_disabled is 0, anybody may make one. */
static bool probe_rights(const char **why)
{
	switch (try_nothing()) {
	case -ENOSYS:
		*why = "this kernel has no bpf(2)";
		return false;
	case -EPERM:
	case -EACCES:
		*why = "bpf(2) is refused";
		return false;
	}
	/* What else is in the way of a program is told where one is loaded. */
	*why = "bpf(2) is allowed";
	return true;
}

static bool probe_lockdown(const char **why)
{
	char line[128] = "";

	read_line("/sys/kernel/security/lockdown", line, sizeof(line));
	if (try_read_kernel()) {
		*why = strstr(line, "[confidentiality]")
			       ? "lockdown=confidentiality forbids reading kernel memory"
			       : "reading kernel memory is refused (as lockdown=confidentiality does)";
		if (!try_nothing())
			return false;
		*why = "no program can be loaded that would tell";
		return true;
	}
	*why = strstr(line, "[integrity]") ? "lockdown=integrity, which BPF reads survive"
					   : "kernel memory can be read";
	return true;
}

static bool probe_btf(const char **why)
{
	*why = mms_kernel_btf() ? "/sys/kernel/btf/vmlinux"
				: "/sys/kernel/btf/vmlinux cannot be read";
	return mms_kernel_btf();
}

/* Programs see the kernel's ids, also of those that the self-tests look out for. */
static bool probe_pid_namespace(const char **why)
{
	bool first = mms_proc_first_namespace();

	*why = first ? "the first one: process ids are the kernel's"
		     : "process ids are others here than the kernel's";
	return first;
}

static bool probe_symbols(const char **why)
{
	struct mms_ksyms k;
	bool found;

	if (mms_ksyms(&k, why))
		return false;
	found = k.zero_pfn || (k.empty_zero_page && k.phys_base);
	*why = found ? "the kernel tells where its data is"
		     : "the kernel does not know its data by name (CONFIG_KALLSYMS_ALL)";
	return found;
}

static bool probe_hook(const char **why)
{
	*why = "handle_mm_fault(vma, address, flags, regs) as known";
	if (mms_kernel_func_args("handle_mm_fault") == 4)
		return true;
	*why = "handle_mm_fault is missing, or has other arguments than known";
	return false;
}

static bool probe_codes(const char **why)
{
	static const struct {
		const char *type, *name;
		long long value;
	} known[] = {
		{"fault_flag", "FAULT_FLAG_WRITE", MMS_FF_WRITE},
		{"fault_flag", "FAULT_FLAG_TRIED", MMS_FF_TRIED},
		{"fault_flag", "FAULT_FLAG_USER", MMS_FF_USER},
		{"fault_flag", "FAULT_FLAG_UNSHARE", MMS_FF_UNSHARE},
		{"fault_flag", "FAULT_FLAG_VMA_LOCK", MMS_FF_VMA_LOCK},
		{"vm_fault_reason", "VM_FAULT_OOM", MMS_FR_OOM},
		{"vm_fault_reason", "VM_FAULT_SIGBUS", MMS_FR_SIGBUS},
		{"vm_fault_reason", "VM_FAULT_MAJOR", MMS_FR_MAJOR},
		{"vm_fault_reason", "VM_FAULT_SIGSEGV", MMS_FR_SIGSEGV},
		{"vm_fault_reason", "VM_FAULT_RETRY", MMS_FR_RETRY},
		{"vm_fault_reason", "VM_FAULT_FALLBACK", MMS_FR_FALLBACK},
		{"vm_fault_reason", "VM_FAULT_COMPLETED", MMS_FR_COMPLETED},
		{"vm_fault_reason", "VM_FAULT_HWPOISON", MMS_FR_HWPOISON & 0x10},
		{"vm_fault_reason", "VM_FAULT_HWPOISON_LARGE", MMS_FR_HWPOISON & 0x20},
	};
	long long v;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		v = mms_kernel_enum_value(known[i].type, known[i].name);
		if (v >= 0 && v != known[i].value) {
			*why = "this kernel numbers FAULT_FLAG_* or VM_FAULT_* in another way";
			return false;
		}
	}
	*why = "FAULT_FLAG_* and VM_FAULT_* as known";
	return true;
}

static bool probe_jit(const char **why)
{
	char line[16];

	*why = "programs run compiled";
	if (!read_line("/proc/sys/net/core/bpf_jit_enable", line, sizeof(line)) || line[0] != '0')
		return true;
	*why = "net.core.bpf_jit_enable is 0: programs run interpreted";
	return false;
}

static bool probe_fentry(const char **why)
{
	static char text[96];
	enum mms_preempt p = mms_preempt_model();

	if (libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_TRACING, NULL) != 1) {
		*why = "programs of type tracing are refused";
		return false;
	}
	if (p == MMS_PREEMPT_NONE || p == MMS_PREEMPT_VOLUNTARY) {
		*why = "trampolines, loss-free: kernel code is not preempted";
		return true;
	}
	snprintf(text, sizeof(text), "preempt=%s: a preempted program makes others skip",
		 mms_preempt_name(p));
	*why = text;
	return false;
}

static bool probe_session(const char **why)
{
	if (!mms_kernel_has_func("bpf_session_is_return")) {
		*why = "this kernel has no kprobe.session";
		return false;
	}
	if (mms_kernel_has_member("fprobe", "rethook")) {
		*why = "its fprobe has a small pool: returns are lost when many faults block";
		return false;
	}
	*why = "kprobe.session on the function graph's shadow stack, loss-free";
	return true;
}

static const char *const tracefs_dirs[] = {
	"/sys/kernel/tracing/kprobe_events",
	"/sys/kernel/debug/tracing/kprobe_events",
};

static bool probe_kretprobe(const char **why)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tracefs_dirs); i++) {
		if (!access(tracefs_dirs[i], W_OK)) {
			*why = tracefs_dirs[i];
			return true;
		}
	}
	*why = errno == EACCES || errno == EPERM
		       ? "no right to write kprobe_events"
		       : "tracefs is not mounted, or has no kprobe_events";
	return false;
}

static bool probe_kprobe(const char **why)
{
	bool ok = !access("/sys/bus/event_source/devices/kprobe/type", R_OK);

	*why = ok ? "perf kprobe events" : "no perf kprobe events (CONFIG_KPROBE_EVENTS)";
	return ok;
}

static bool probe_ringbuf(const char **why)
{
	bool ok = libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, NULL) == 1;

	*why = ok ? "ring buffer maps" : "ring buffer maps are refused";
	return ok;
}

/* Where the text says which command loses what, the command's man page says more. */
static const struct {
	const char *name;
	bool needed;
	bool (*probe)(const char **why);
	const char *cost;
	const char *fix;
} probes[] = {
	{"bpf rights", true, probe_rights, "faults, cow, tlb, thp and thrash do not work",
	 "run as root, or with CAP_BPF and CAP_PERFMON"},
	{"lockdown", true, probe_lockdown, "faults, cow, tlb, thp and thrash do not work",
	 "boot with lockdown=integrity or without lockdown"},
	{"btf", true, probe_btf, "faults, cow, tlb, thp and thrash do not work",
	 "a kernel built with CONFIG_DEBUG_INFO_BTF=y (Debian's are)"},
	{"pid namespace", false, probe_pid_namespace,
	 "faults, cow, tlb, thp and thrash -p do not work, thrash has no stall",
	 "run it in the first one (of a container: --pid=host)"},
	{"kernel symbols", true, probe_symbols,
	 "faults, cow, thrash and, on some kernels, thp do not work",
	 "run as root, or with CAP_SYSLOG; sysctl kernel.kptr_restrict=1; a kernel with CONFIG_KALLSYMS_ALL=y"},
	{"fault hook", true, probe_hook, "faults, cow and thrash do not work",
	 "this kernel is newer than mmscope: update mmscope"},
	{"fault codes", true, probe_codes, "faults would get wrong kinds",
	 "this kernel is newer than mmscope: update mmscope"},
	{"tlb hooks", false, mms_tlb_probe_hooks, "tlb does not work",
	 "a kernel built as Debian's are, or a newer mmscope"},
	{"thp hooks", false, mms_thp_probe_hooks, "thp does not work",
	 "a kernel with CONFIG_TRANSPARENT_HUGEPAGE (real-time kernels have none), or a newer mmscope"},
	{"bpf jit", false, probe_jit,
	 "faults and cow do not work, thrash has no stall, tlb and thp are slow",
	 "sysctl net.core.bpf_jit_enable=1"},
	{"kprobe.session", false, probe_session, "another attach kind is used", ""},
	{"fentry/fexit", false, probe_fentry, "another attach kind is used", ""},
	{"kprobe", false, probe_kprobe, "userfault and migration waits are told by rule only", ""},
	{"kretprobe pool", false, probe_kretprobe,
	 "kprobe+kretprobe loses returns when more than max(10, 2 * CPUs) faults block",
	 "run as root; mount -t tracefs tracefs /sys/kernel/tracing"},
	{"ring buffer", false, probe_ringbuf, "no faults --events", ""},
};

#define NR_RIGHTS 2 /* the first of them are what we may do */

static struct mms_bpf_feature rows[ARRAY_SIZE(probes)];

/* Each when it is asked for: to be refused for want of rights takes no look at the symbols. */
static const struct mms_bpf_feature *probed(size_t i)
{
	struct mms_bpf_feature *r = &rows[i];

	if (r->name)
		return r;
	libbpf_set_print(NULL);
	r->name = probes[i].name;
	r->needed = probes[i].needed;
	r->right = i < NR_RIGHTS;
	r->available = probes[i].probe(&r->why);
	r->cost = r->available ? "" : probes[i].cost;
	r->fix = r->available ? "" : probes[i].fix;
	return r;
}

/**
 * mms_bpf_features() - probe once, then answer from memory
 * @nr: set to the number of rows
 * Not thread-safe. Takes some ms the first time (BTF is parsed).
 * Return: the table, owned by the library, alive until exit.
 */
const struct mms_bpf_feature *mms_bpf_features(size_t *nr)
{
	size_t i;

	*nr = ARRAY_SIZE(rows);
	for (i = 0; i < *nr; i++)
		probed(i);
	return rows;
}

/**
 * mms_bpf_feature() - one row by its name
 * @name: "kprobe.session", "btf", ...
 * Return: the row, or NULL when there is no such feature.
 */
const struct mms_bpf_feature *mms_bpf_feature(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (!strcmp(probes[i].name, name))
			return probed(i);
	}
	return NULL;
}

/**
 * mms_bpf_usable() - can BPF programs be loaded at all?
 * @why: set to one line, cause then fix, when not; may be NULL; valid until the next call
 * Return: 0, -EPERM (rights or lockdown), -ENOENT (BTF, symbols, hook).
 */
int mms_bpf_usable(const char **why)
{
	static char text[256];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		const struct mms_bpf_feature *f = probes[i].needed ? probed(i) : NULL;

		if (!f || f->available)
			continue;
		snprintf(text, sizeof(text), "%s: %s; fix: %s", f->name, f->why, f->fix);
		if (why)
			*why = text;
		return f->right ? -EPERM : -ENOENT;
	}
	return 0;
}
