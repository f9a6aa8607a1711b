// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads the TLB programs, picks how they hang on the kernel's functions, and lets
 * them loose. Their maps are read in bpf_tlb_read.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "collect/bpf_features.h"
#include "collect/bpf_tlb_impl.h"
#include "collect/bpf_watch.h"
#include "collect/proc.h"
#include "util/args.h"
#include "tlb.skel.h"

#define COUNTS_BYTES (64ULL << 20) /* for the per-CPU counters of all CPUs together */
#define PAIRS_BYTES  (16ULL << 20)

#define NR(a) (sizeof(a) / sizeof((a)[0]))

static const char *const attach_kinds[] = {"fentry", "kprobe"};

static const struct {
	const char *name; /* programs are fentry_NAME and kprobe_NAME */
	const char *func;
	bool preemptible; /* then a trampoline may lose: see bpf_features.c */
} hooks[MMS_TLB_NR_HOOKS] = {
	[MMS_TLB_HOOK_SWITCH] = {"switch", "switch_mm_irqs_off", false},
	[MMS_TLB_HOOK_ASKED] = {"asked", "flush_tlb_mm_range", true},
	[MMS_TLB_HOOK_SENT] = {"sent", "native_flush_tlb_multi", false},
	[MMS_TLB_HOOK_HIT] = {"hit", "flush_tlb_func", false},
};

static int fail(const char **why, int err, const char *text)
{
	*why = text;
	return err;
}

void mms_tlb_note_missing(struct mms_tlb *t, const char *text)
{
	if (t->nr_missing < NR(t->missing))
		t->missing[t->nr_missing++] = text;
}

static struct bpf_program *program(struct mms_tlb *t, const char *kind, size_t hook)
{
	char name[32];

	snprintf(name, sizeof(name), "%s_%s", kind, hooks[hook].name);
	return bpf_object__find_program_by_name(t->skel->obj, name);
}

static int choose_attach(struct mms_tlb *t, const char *forced, const char **why)
{
	const struct mms_bpf_feature *lossless = mms_bpf_feature("fentry/fexit");
	const struct mms_bpf_feature *jit = mms_bpf_feature("bpf jit");
	bool trampolines = jit && jit->available &&
			   libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_TRACING, NULL) == 1;
	size_t i;

	if (forced && strcmp(forced, attach_kinds[0]) && strcmp(forced, attach_kinds[1]))
		return fail(why, -EINVAL, "no such attach kind");
	if (forced && !strcmp(forced, "fentry") && !trampolines)
		return fail(why, -EOPNOTSUPP, "this kernel has no fentry, or no JIT for it");
	for (i = 0; i < MMS_TLB_NR_HOOKS; i++) {
		if (forced)
			t->kprobe[i] = !strcmp(forced, "kprobe");
		else
			t->kprobe[i] = !trampolines ||
				       (hooks[i].preemptible && !(lossless && lossless->available));
		bpf_program__set_autoload(program(t, "fentry", i), !t->kprobe[i]);
		bpf_program__set_autoload(program(t, "kprobe", i), t->kprobe[i]);
	}
	return 0;
}

/* Of how many pages at most a range is flushed page by page; 33 if debugfs does not tell. */
static __u32 flush_ceiling(void)
{
	uint64_t pages;
	char line[32];

	if (mms_file_line("/sys/kernel/debug/x86/tlb_single_page_flush_ceiling", line,
			  sizeof(line)) ||
	    args_u64(line, &pages) || pages > UINT32_MAX)
		return 33;
	return (__u32)pages;
}

static int configure(struct mms_tlb *t, const struct mms_tlb_opts *opts)
{
	struct mms_tlb_config *cfg = &t->skel->rodata_cfg->cfg;
	int err;

	mms_watch_configure(&cfg->whom, &opts->whom);
	cfg->ceiling = flush_ceiling();
	t->max_counts = mms_watch_room(COUNTS_BYTES, sizeof(struct mms_tlb_val));
	t->max_pairs = mms_watch_room(PAIRS_BYTES, sizeof(struct mms_tlb_flushes));
	err = bpf_map__set_max_entries(t->skel->maps.counts, (__u32)t->max_counts);
	if (!err)
		err = bpf_map__set_max_entries(t->skel->maps.pairs, (__u32)t->max_pairs);
	if (!err)
		err = bpf_map__set_max_entries(t->skel->maps.senders,
					       (__u32)libbpf_num_possible_cpus());
	return err;
}

static int attach_kprobe(struct mms_tlb *t, size_t hook)
{
	struct bpf_program *p = program(t, "kprobe", hook);

	if (!mms_probe_open(&t->probes[hook], bpf_program__fd(p), hooks[hook].func, false))
		return 0;
	/* It works as well, but nobody tells what was missed. */
	if (!t->no_profile)
		mms_tlb_note_missing(
			t, "calls that kprobes missed are not told: tracefs is not writable");
	t->no_profile = true;
	t->links[hook] = bpf_program__attach(p);
	return t->links[hook] ? 0 : -errno;
}

/* What kprobes are not for, the skeleton attaches: programs that were loaded. */
static int attach_all(struct mms_tlb *t)
{
	size_t i;
	int err;

	for (i = 0; i < MMS_TLB_NR_HOOKS; i++) {
		if (!t->kprobe[i])
			continue;
		bpf_program__set_autoattach(program(t, "kprobe", i), false);
		err = attach_kprobe(t, i);
		if (err)
			return err;
	}
	return tlb_bpf__attach(t->skel);
}

static int start(struct mms_tlb *t, const struct mms_tlb_opts *opts, const char **why)
{
	int err;

	t->skel = tlb_bpf__open();
	if (!t->skel)
		return mms_watch_refused(why, -errno, "the TLB programs could not be opened");
	err = choose_attach(t, opts->attach, why);
	if (err)
		return err;
	err = configure(t, opts);
	if (!err)
		err = tlb_bpf__load(t->skel);
	if (err)
		return mms_watch_refused(why, err, "the kernel refused the TLB programs");
	err = mms_watch_filter(bpf_map__fd(t->skel->maps.tgids), &opts->whom, why);
	if (err)
		return err;
	err = attach_all(t);
	if (err)
		return mms_watch_refused(why, err, "the TLB programs could not be attached");
	err = mms_tlb_self_test(t, why);
	if (!err)
		err = mms_tlb_missed_before(t);
	if (err)
		return err;
	t->stats_fd = opts->measure ? mms_bpf_measure() : -1;
	if (opts->measure && t->stats_fd < 0)
		return mms_watch_refused(why, t->stats_fd,
					 "the kernel's run-time statistics cannot be had");
	t->skel->data_marks->marks.test_tgid = 0;
	__atomic_store_n(&t->skel->data_marks->marks.armed, 1, __ATOMIC_RELEASE);
	return 0;
}

int mms_tlb_open(struct mms_tlb **t, const struct mms_tlb_opts *opts, const char **why)
{
	static const char *const needed[] = {"bpf rights", "lockdown", "btf", "pid namespace",
					     "tlb hooks"};
	struct mms_tlb *n;
	int err;

	*why = NULL;
	err = mms_watch_needs(needed, NR(needed), why);
	if (err)
		return err;
	n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->stats_fd = -1;
	if (mms_proc_cpu_flag("invlpgb"))
		mms_tlb_note_missing(
			n,
			"flushes that the CPU broadcasts (INVLPGB) make no interrupt: asked for, but not sent or received");
	err = start(n, opts, why);
	if (err) {
		mms_tlb_close(n);
		return err;
	}
	*t = n;
	return 0;
}

/**
 * mms_tlb_stop() - count no more
 * @t: from mms_tlb_open(); what it has counted can still be read, and fits together then
 */
void mms_tlb_stop(struct mms_tlb *t)
{
	__atomic_store_n(&t->skel->data_marks->marks.armed, 0, __ATOMIC_RELEASE);
	mms_watch_settle();
}

struct mms_bpf_cost mms_tlb_cost(const struct mms_tlb *t)
{
	struct mms_bpf_cost c = {};

	mms_bpf_cost_add(t->skel->obj, &c);
	return c;
}

/**
 * mms_tlb_close() - detach and forget
 * @t: NULL is fine, and so is one that was opened half
 */
void mms_tlb_close(struct mms_tlb *t)
{
	size_t i;

	if (!t)
		return;
	for (i = 0; i < MMS_TLB_NR_HOOKS; i++) {
		bpf_link__destroy(t->links[i]);
		mms_probe_close(t->probes[i]);
	}
	if (t->stats_fd >= 0)
		close(t->stats_fd);
	tlb_bpf__destroy(t->skel);
	mms_tlb_data_free(&t->retired);
	free(t);
}

const char *mms_tlb_attach_kind(const struct mms_tlb *t)
{
	size_t i, kprobes = 0;

	for (i = 0; i < MMS_TLB_NR_HOOKS; i++)
		kprobes += t->kprobe[i];
	if (kprobes && kprobes < MMS_TLB_NR_HOOKS)
		return "fentry+kprobe";
	return attach_kinds[kprobes != 0];
}

const char *mms_tlb_attach_kinds(size_t i)
{
	return i < NR(attach_kinds) ? attach_kinds[i] : NULL;
}

const char *mms_tlb_missing(const struct mms_tlb *t, size_t i)
{
	return i < t->nr_missing ? t->missing[i] : NULL;
}
