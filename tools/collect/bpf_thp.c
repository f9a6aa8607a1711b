// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads the programs on huge pages, picks the functions that they hang on, lets them
 * loose and reads their maps. Must not format.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "collect/bpf_btf.h"
#include "collect/bpf_thp_impl.h"
#include "collect/bpf_watch.h"
#include "collect/hold.h"
#include "thp.skel.h"

#define NR(a)	 (sizeof(a) / sizeof((a)[0]))
#define MAX_KEYS 65536
#define ONE_KEYS 1024 /* more than one process can have: what, by whom, reasons of the kernel */

/* What splits folios, newest first; each takes the folio, or a page of it, first. */
static const struct {
	const char *func;
	int args;
} splitters[] = {
	{"__folio_split", 6},
	{"split_huge_page_to_list_to_order", 3},
	{"split_huge_page_to_list", 2},
};

static const char *splitter(void)
{
	size_t i;

	for (i = 0; i < NR(splitters); i++) {
		if (mms_kernel_func_args(splitters[i].func) == splitters[i].args)
			return splitters[i].func;
	}
	return NULL;
}

/* Since the folio was left out: fewer arguments. */
static bool known_args(const char *func)
{
	int args = mms_kernel_func_args(func);

	return args == 4 || args == 5;
}

bool mms_thp_probe_hooks(const char **why)
{
	static const struct {
		const char *name;
		int least, most;
	} points[] = {
		{"mm_collapse_huge_page", 3, 4},
		{"mm_khugepaged_scan_pmd", 6, 7},
		{"mm_khugepaged_scan_file", 6, 6},
	};
	static char text[128];
	size_t i;
	int args;

	*why = "this kernel has no transparent huge pages";
	if (access("/sys/kernel/mm/transparent_hugepage/enabled", F_OK))
		return false;
	*why = text;
	for (i = 0; i < NR(points); i++) {
		args = mms_kernel_tracepoint_args(points[i].name);
		if (args >= points[i].least && args <= points[i].most)
			continue;
		snprintf(text, sizeof(text),
			 "the tracepoint %s is missing, or has other arguments than known",
			 points[i].name);
		return false;
	}
	*why = "__split_huge_pmd is missing, or has other arguments than known";
	if (!known_args("__split_huge_pmd"))
		return false;
	*why = "no function known that splits folios";
	if (!splitter())
		return false;
	*why = "no enum scan_result";
	if (mms_kernel_enum_value("scan_result", "SCAN_SUCCEED") < 0)
		return false;
	*why = "address spaces have no owner (CONFIG_MEMCG)";
	if (!mms_kernel_has_member("mm_struct", "owner"))
		return false;
	*why = "collapses and splits of huge pages as known";
	return true;
}

/* A caller may split the entry of one folio only: then frames are told apart, which takes symbols.
 */
static bool names_folio(void)
{
	return mms_kernel_func_args("__split_huge_pmd") == 5;
}

static void configure(struct mms_thp *t, const struct mms_whom *whom, const struct mms_ksyms *k)
{
	struct mms_thp_config *cfg = &t->skel->rodata_cfg->cfg;

	t->skel->rodata_ksyms->ksyms = *k;
	mms_watch_configure(&cfg->whom, whom);
	cfg->scan_status = mms_kernel_tracepoint_args("mm_khugepaged_scan_pmd") == 7 ? 5 : 4;
	cfg->has_order = mms_kernel_tracepoint_args("mm_collapse_huge_page") == 4;
	cfg->succeeded = (__u32)mms_kernel_enum_value("scan_result", "SCAN_SUCCEED");
	cfg->still_small = (__u32)mms_kernel_enum_value("scan_result", "SCAN_PTE_MAPPED_HUGEPAGE");
	cfg->entry_folio = names_folio();
	t->has_locked = known_args("split_huge_pmd_locked");
	t->folio_func = splitter();
	bpf_program__set_autoload(t->skel->progs.on_split_locked, t->has_locked);
	bpf_program__set_autoattach(t->skel->progs.on_split_outer, false);
	bpf_program__set_autoattach(t->skel->progs.on_split_locked, false);
	bpf_program__set_autoattach(t->skel->progs.on_folio, false);
	bpf_program__set_autoattach(t->skel->progs.on_folio_end, false);
}

/* Of one process there is little to keep. */
static int size_maps(struct mms_thp *t, const struct mms_whom *whom)
{
	int err;

	if (!whom->tgid || whom->children)
		return 0;
	err = bpf_map__set_max_entries(t->skel->maps.counts, ONE_KEYS);
	if (!err)
		err = bpf_map__set_max_entries(t->skel->maps.comms, 1);
	return err ? err : bpf_map__set_max_entries(t->skel->maps.tgids, 1);
}

/* Kprobes all: they are not skipped when preempted, and splits are rare. */
static int attach_all(struct mms_thp *t)
{
	const struct {
		struct bpf_program *p;
		const char *func;
		bool on_return;
	} probes[MMS_THP_PROBES] = {
		{t->skel->progs.on_split_outer, "__split_huge_pmd", false},
		{t->has_locked ? t->skel->progs.on_split_locked : NULL, "split_huge_pmd_locked",
		 false},
		{t->skel->progs.on_folio, t->folio_func, false},
		{t->skel->progs.on_folio_end, t->folio_func, true},
	};
	size_t i;
	int err;

	for (i = 0; i < MMS_THP_PROBES; i++) {
		if (!probes[i].p)
			continue;
		err = mms_probe_open(&t->probes[i], bpf_program__fd(probes[i].p), probes[i].func,
				     probes[i].on_return);
		if (err)
			return err;
	}
	return thp_bpf__attach(t->skel);
}

void mms_thp_stop(struct mms_thp *t)
{
	__atomic_store_n(&t->skel->data_marks->marks.armed, 0, __ATOMIC_RELEASE);
	mms_watch_settle();
}

void mms_thp_close(struct mms_thp *t)
{
	size_t i;

	if (!t)
		return;
	for (i = 0; i < MMS_THP_PROBES; i++)
		mms_probe_close(t->probes[i]);
	thp_bpf__destroy(t->skel);
	if (t->stats_fd >= 0)
		close(t->stats_fd);
	free(t);
}

int mms_thp_read(struct mms_thp *t, struct mms_thp_count **counts, size_t *nr)
{
	int fd = bpf_map__fd(t->skel->maps.counts);
	struct mms_hold hold = {0};
	struct mms_thp_count *v;
	void *keys = NULL;
	size_t i, n = 0;
	int err = mms_watch_keys(fd, sizeof(struct mms_thp_key), MAX_KEYS, &keys, &n);

	if (err)
		return err;
	v = calloc(n + 1, sizeof(*v));
	for (i = 0, *nr = 0; v && i < n; i++) {
		const struct mms_thp_key *key = (struct mms_thp_key *)keys + i;
		struct mms_thp_count *c = &v[*nr];

		mms_hold_step(&hold);
		if (bpf_map_lookup_elem(fd, key, &c->nr))
			continue;
		c->tgid = (pid_t)key->tgid;
		c->what = key->what;
		c->by = key->by;
		c->result = key->result;
		mms_watch_comm(bpf_map__fd(t->skel->maps.comms), c->tgid, c->comm);
		++*nr;
	}
	mms_hold_end(&hold);
	free(keys);
	*counts = v;
	return v ? 0 : -ENOMEM;
}

static uint64_t probe_hits(const struct mms_thp *t)
{
	uint64_t hits = 0;
	size_t i;

	for (i = 0; i < MMS_THP_PROBES; i++)
		hits += mms_probe_hits(t->probes[i]);
	return hits;
}

/* Runs that the kernel counted as skipped, of the programs at kprobes. */
static uint64_t counted_at_probes(const struct mms_thp *t)
{
	return mms_hook_recursion_of(bpf_program__fd(t->skel->progs.on_split_outer)) +
	       mms_hook_recursion_of(bpf_program__fd(t->skel->progs.on_split_locked)) +
	       mms_hook_recursion_of(bpf_program__fd(t->skel->progs.on_folio)) +
	       mms_hook_recursion_of(bpf_program__fd(t->skel->progs.on_folio_end));
}

int mms_thp_losses(struct mms_thp *t, struct mms_thp_losses *l)
{
	uint64_t n[MMS_THP_NR_TALLIES], hits = probe_hits(t);
	size_t i;
	int err = mms_watch_tallies(bpf_map__fd(t->skel->maps.tallies), n, MMS_THP_NR_TALLIES);

	if (err)
		return err;
	*l = (struct mms_thp_losses){
		.seen = n[MMS_WATCH_SEEN],
		.stored = n[MMS_WATCH_STORED],
		.filtered = n[MMS_WATCH_FILTERED],
		.dropped = n[MMS_WATCH_FULL],
		.unowned = n[MMS_THP_UNOWNED],
		.missed_split = n[MMS_THP_OPEN_FULL],
		.missed_recursion =
			mms_hook_recursion(t->skel->obj) - t->before.missed_recursion +
			mms_skips(&t->skips, hits, n[MMS_WATCH_KPROBE_RUNS], counted_at_probes(t)),
		.missed_child = n[MMS_WATCH_TGIDS_FULL],
	};
	for (i = 0; i < MMS_THP_PROBES; i++)
		l->missed_probe += mms_probe_missed(t->probes[i]);
	l->missed_probe -= t->before.missed_probe;
	return 0;
}

/* What was missed until now counts no more. */
static int missed_before(struct mms_thp *t)
{
	uint64_t n[MMS_THP_NR_TALLIES];
	int err = mms_watch_tallies(bpf_map__fd(t->skel->maps.tallies), n, MMS_THP_NR_TALLIES);

	if (err)
		return err;
	mms_skips_begin(&t->skips, n[MMS_WATCH_KPROBE_RUNS], probe_hits(t));
	return mms_thp_losses(t, &t->before);
}

static int start(struct mms_thp *t, const struct mms_whom *whom, const char **why)
{
	struct mms_ksyms ksyms = {};
	const char *hidden;
	int err = names_folio() ? mms_ksyms(&ksyms, &hidden) : 0;

	if (err)
		return mms_watch_refused(why, err, hidden);
	t->skel = thp_bpf__open();
	if (!t->skel)
		return mms_watch_refused(why, -errno, "the programs could not be opened");
	configure(t, whom, &ksyms);
	err = size_maps(t, whom);
	if (!err)
		err = thp_bpf__load(t->skel);
	if (err)
		return mms_watch_refused(why, err, "the kernel refused the programs");
	err = mms_watch_filter(bpf_map__fd(t->skel->maps.tgids), whom, why);
	if (err)
		return err;
	err = attach_all(t);
	if (err)
		return mms_watch_refused(why, err, "the programs could not be attached");
	err = mms_thp_self_test(t, why);
	if (!err)
		err = missed_before(t);
	if (err)
		return err;
	snprintf(t->attach, sizeof(t->attach), "%s, %s", t->entry_func, t->folio_func);
	t->skel->data_marks->marks.test_tgid = 0;
	__atomic_store_n(&t->skel->data_marks->marks.armed, 1, __ATOMIC_RELEASE);
	return 0;
}

int mms_thp_open(struct mms_thp **t, const struct mms_whom *whom, bool measure, const char **why)
{
	static const char *const needed[] = {"bpf rights",    "lockdown",  "btf",
					     "pid namespace", "thp hooks", "kretprobe pool",
					     "kernel symbols"};
	struct mms_thp *n;
	int err;

	*why = NULL;
	err = mms_watch_needs(needed, NR(needed) - !names_folio(), why);
	if (err)
		return err;
	n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->stats_fd = measure ? mms_bpf_measure() : -1;
	if (measure && n->stats_fd < 0)
		err = mms_watch_refused(why, n->stats_fd,
					"the kernel's run-time statistics cannot be had");
	else
		err = start(n, whom, why);
	if (err) {
		mms_thp_close(n);
		return err;
	}
	*t = n;
	return 0;
}

bool mms_thp_follows(const struct mms_thp *t, pid_t pid)
{
	struct mms_hold hold = {0};
	__u32 tgid = (__u32)pid;
	__u8 member;
	int err;

	mms_hold_step(&hold);
	err = bpf_map_lookup_elem(bpf_map__fd(t->skel->maps.tgids), &tgid, &member);
	mms_hold_end(&hold);
	return !err;
}

struct mms_bpf_cost mms_thp_cost(const struct mms_thp *t)
{
	struct mms_bpf_cost c = {};

	mms_bpf_cost_add(t->skel->obj, &c);
	return c;
}

const char *mms_thp_missing(const struct mms_thp *t, size_t i)
{
	return i < t->nr_missing ? t->missing[i] : NULL;
}

const char *mms_thp_attach_kind(const struct mms_thp *t)
{
	return t->attach;
}

static bool is_split(const struct mms_thp_count *c)
{
	return c->what >= MMS_THP_SPLIT_ENTRY;
}

static bool is_result(const struct mms_thp_count *c, const char *name)
{
	return c->result == (unsigned long long)mms_kernel_enum_value("scan_result", name);
}

bool mms_thp_succeeded(const struct mms_thp_count *c)
{
	if (is_split(c))
		return !c->result;
	/* A file's folio is huge then, and the kernel changes the entries next. */
	if (c->what == MMS_THP_FILE && is_result(c, "SCAN_PTE_MAPPED_HUGEPAGE"))
		return true;
	return is_result(c, "SCAN_SUCCEED");
}

bool mms_thp_idle(const struct mms_thp_count *c)
{
	static const char *const names[] = {"SCAN_PMD_MAPPED", "SCAN_PMD_NULL", "SCAN_PMD_NONE",
					    "SCAN_NO_PTE_TABLE"};
	size_t i;

	for (i = 0; !is_split(c) && i < NR(names); i++) {
		if (is_result(c, names[i]))
			return true;
	}
	return false;
}

void mms_thp_result_name(const struct mms_thp_count *c, char *name, size_t sz)
{
	const char *s = mms_kernel_enum_name("scan_result", c->result);
	char *at;

	if (is_split(c) || mms_thp_succeeded(c)) {
		snprintf(name, sz, "%s", mms_thp_succeeded(c) ? "succeeded" : "failed");
		return;
	}
	if (!s || strncmp(s, "SCAN_", 5)) {
		snprintf(name, sz, "%u", c->result);
		return;
	}
	snprintf(name, sz, "%s", s + 5);
	for (at = name; *at; at++)
		*at = *at == '_' ? '-' : (char)tolower((unsigned char)*at);
}
