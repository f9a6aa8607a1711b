// SPDX-License-Identifier: GPL-2.0-only
/*
 * Picks how the fault programs hang on handle_mm_fault() by what was probed, hangs
 * them there and takes them down. Must not know what they count.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "collect/bpf_fault_impl.h"
#include "collect/bpf_btf.h"
#include "collect/bpf_features.h"

static const char *const attach_names[NR_ATTACH] = {
	"kprobe.session",
	"fentry/fexit",
	"kprobe+kretprobe",
};

const char *mms_faults_attach_kind(const struct mms_faults *f)
{
	return attach_names[f->attach];
}

const char *mms_faults_attach_kinds(size_t i)
{
	return i < NR_ATTACH ? attach_names[i] : NULL;
}

void mms_faults_note_missing(struct mms_faults *f, const char *text)
{
	if (f->nr_missing < sizeof(f->missing) / sizeof(f->missing[0]))
		f->missing[f->nr_missing++] = text;
}

const char *mms_faults_missing(const struct mms_faults *f, size_t i)
{
	return i < f->nr_missing ? f->missing[i] : NULL;
}

static bool feature(const char *name)
{
	const struct mms_bpf_feature *row = mms_bpf_feature(name);

	return row && row->available;
}

static int forced_attach(struct mms_faults *f, const char *forced, const char **why)
{
	int i;

	for (i = 0; i < NR_ATTACH; i++) {
		if (strcmp(forced, attach_names[i]))
			continue;
		f->attach = i;
		if (i != ATTACH_SESSION || mms_kernel_has_func("bpf_session_is_return"))
			return 0;
		return mms_faults_fail(why, -EOPNOTSUPP, "this kernel has no kprobe.session");
	}
	return mms_faults_fail(why, -EINVAL, "no such attach kind");
}

/**
 * mms_faults_choose_attach() - the best way that loses nothing here
 * @f: gets it
 * @forced: a name, or NULL
 * @why: set on error
 * Return: 0, -EINVAL or -EOPNOTSUPP.
 */
int mms_faults_choose_attach(struct mms_faults *f, const char *forced, const char **why)
{
	if (forced)
		return forced_attach(f, forced, why);
	if (feature("kprobe.session"))
		f->attach = ATTACH_SESSION;
	else if (feature("fentry/fexit") && feature("bpf jit"))
		f->attach = ATTACH_TRAMPOLINE;
	else
		f->attach = ATTACH_KPROBE;
	return 0;
}

static void load_if(struct mms_faults *f, const char *name, bool wanted)
{
	bpf_program__set_autoload(mms_faults_program(f, name), wanted);
}

/* The memory of a process that calls exec ends where this cannot fail any more. */
static void choose_exec(struct mms_faults *f, bool kprobe)
{
	bool exec = kprobe && mms_kernel_has_func("begin_new_exec");

	load_if(f, "on_new_exec", f->cfg.bill && exec);
	if (f->cfg.bill && !exec)
		mms_faults_note_missing(
			f,
			"exec: begin_new_exec() cannot be hooked, the first pages of the new program count as the child's");
}

static void choose_hooks(struct mms_faults *f)
{
	bool kinds = !f->cfg.no_kinds, kprobe = feature("kprobe");
	bool userfault = kprobe && mms_kernel_has_func("handle_userfault");
	bool migration = kprobe && mms_kernel_has_func("migration_entry_wait");

	load_if(f, "on_userfault", kinds && userfault);
	load_if(f, "on_migration_wait", kinds && migration);
	load_if(f, "on_pmd_migration_wait",
		kinds && migration && mms_kernel_has_func("pmd_migration_entry_wait"));
	choose_exec(f, kprobe);
	f->cfg.no_userfault_hook = kinds && !userfault;
	f->cfg.no_migration_hook = kinds && !migration;
	if (f->cfg.no_userfault_hook)
		mms_faults_note_missing(
			f,
			"userfault: handle_userfault() cannot be hooked, told by the VMA's flags and a retry");
	if (f->cfg.no_migration_hook)
		mms_faults_note_missing(
			f,
			"migration-wait: migration_entry_wait() cannot be hooked, told by the entry's type");
	f->cfg.ask_cgroup = mms_kernel_tracepoint_args("cgroup_attach_task") < 0;
	load_if(f, "on_move", !f->cfg.ask_cgroup);
}

/* The programs at handle_mm_fault() are there for each way and for each of these. */
enum mode { MODE_ANY, MODE_KINDS, MODE_EVENTS, MODE_ALL, NR_MODES };

static const char *const entries[NR_ATTACH][NR_MODES] = {
	[ATTACH_SESSION] = {"session_any", "session_kinds", "session_events", "session_all"},
	[ATTACH_TRAMPOLINE] = {"fentry_any", "fentry_kinds", "fentry_events", "fentry_all"},
	[ATTACH_KPROBE] = {"kprobe_any", "kprobe_kinds", "kprobe_events", "kprobe_all"},
};
static const char *const returns[NR_ATTACH][NR_MODES] = {
	[ATTACH_SESSION] = {"session_any", "session_kinds", "session_events", "session_all"},
	[ATTACH_TRAMPOLINE] = {"fexit_any", "fexit_kinds", "fexit_events", "fexit_all"},
	[ATTACH_KPROBE] = {"kretprobe_any", "kretprobe_kinds", "kretprobe_events", "kretprobe_all"},
};

/* The one that asks for least. */
static enum mode choose_mode(const struct mms_fault_config *cfg)
{
	if (cfg->by || cfg->bill || cfg->around || cfg->atomic || cfg->ask_cgroup ||
	    cfg->no_userfault_hook || cfg->no_migration_hook)
		return MODE_ALL;
	if (cfg->events)
		return MODE_EVENTS;
	return cfg->no_kinds ? MODE_ANY : MODE_KINDS;
}

/**
 * mms_faults_choose_programs() - which ones to load
 * @f: opened, not loaded; its cfg is completed
 */
void mms_faults_choose_programs(struct mms_faults *f)
{
	int attach, mode, chosen;

	choose_hooks(f);
	/* Counters of one CPU are another one's too, or programs there are preempted by others. */
	f->cfg.atomic = f->cfg.by || f->cfg.nr_cpus > MMS_FAULT_CPUS ||
			(f->attach == ATTACH_TRAMPOLINE && !feature("fentry/fexit"));
	chosen = choose_mode(&f->cfg);
	f->entry_program = entries[f->attach][chosen];
	f->return_program = returns[f->attach][chosen];
	for (attach = 0; attach < NR_ATTACH; attach++) {
		for (mode = 0; mode < NR_MODES; mode++) {
			bool wanted = attach == (int)f->attach && mode == chosen;

			if (!mms_faults_program(f, entries[attach][mode]))
				continue; /* of the other object */
			load_if(f, entries[attach][mode], wanted);
			load_if(f, returns[attach][mode], wanted);
		}
	}
	if (f->attach == ATTACH_SESSION)
		bpf_program__set_expected_attach_type(mms_faults_program(f, f->entry_program),
						      MMS_BPF_TRACE_KPROBE_SESSION);
}

static int attach_one(struct mms_faults *f, const char *name)
{
	struct bpf_program *p = mms_faults_program(f, name);
	struct bpf_link *link;

	if (!p || !bpf_program__autoload(p))
		return 0;
	link = bpf_program__attach(p);
	if (!link)
		return -errno;
	f->links[f->nr_links].program = name;
	f->links[f->nr_links++].link = link;
	return 0;
}

static int attach_session(struct mms_faults *f)
{
	f->session_fd = mms_hook_session(bpf_program__fd(mms_faults_program(f, f->entry_program)),
					 "handle_mm_fault");
	return f->session_fd < 0 ? f->session_fd : 0;
}

static int attach_kprobes(struct mms_faults *f)
{
	int err =
		mms_probe_open(&f->entry, bpf_program__fd(mms_faults_program(f, f->entry_program)),
			       "handle_mm_fault", false);

	if (!err)
		err = mms_probe_open(&f->ret,
				     bpf_program__fd(mms_faults_program(f, f->return_program)),
				     "handle_mm_fault", true);
	if (!err)
		return 0;
	mms_probe_close(f->entry);
	f->entry = NULL;
	mms_faults_note_missing(
		f,
		"kretprobe pool: tracefs is not writable, returns are lost when more than max(10, 2 * CPUs) faults block");
	mms_faults_note_missing(
		f, "losses: tracefs is not writable, calls that kprobes missed are not told");
	err = attach_one(f, f->entry_program);
	return err ? err : attach_one(f, f->return_program);
}

/**
 * mms_faults_attach() - hang all loaded programs
 * @f: loaded
 * Entries first: a return that is seen then always had a chance to have its entry seen.
 * Return: 0 or -errno; what hangs already is taken down by mms_faults_detach().
 */
int mms_faults_attach(struct mms_faults *f)
{
	static const char *const around[] = {
		"on_userfault", "on_migration_wait", "on_pmd_migration_wait",
		"on_signal",	"on_new_exec",	     "on_exec",
		"on_fork",	"on_exit",	     "on_move",
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
	err = attach_one(f, f->entry_program);
	return err ? err : attach_one(f, f->return_program);
}

/**
 * mms_faults_detach() - take all programs down
 * @f: attached or not
 * Returns before entries, in mirror order.
 */
void mms_faults_detach(struct mms_faults *f)
{
	while (f->nr_links)
		bpf_link__destroy(f->links[--f->nr_links].link);
	if (f->session_fd >= 0)
		close(f->session_fd);
	f->session_fd = -1;
	mms_probe_close(f->ret);
	mms_probe_close(f->entry);
	f->ret = NULL;
	f->entry = NULL;
}
