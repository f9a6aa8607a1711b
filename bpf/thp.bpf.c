// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transparent huge pages: collapses and splits, by the process whose memory it is. Most
 * are done by others than that one (khugepaged, reclaim), so the owner is that of the
 * address space, never the current task. Counts only. Must not know of user space.
 *
 * A split of a page table's entry is told from a call that finds none to split by the
 * entry itself, as the function will read it, too. Where __split_huge_pmd() calls
 * split_huge_pmd_locked(), as others do directly, only that one is counted.
 */
#include "common.bpf.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "folio.bpf.h"
#include "watch.h"
#include "thp.h"

char LICENSE[] SEC("license") = "GPL";

#define MMS_PF_KTHREAD	 0x200000
#define MMS_PMD_ORDER	 9
#define MMS_PMD_PAGES	 (1U << MMS_PMD_ORDER)
#define MMS_PMD_PRESENT	 0x101ULL /* or PROT_NONE: a NUMA hint */
#define MMS_PMD_HUGE	 0x80ULL
#define MMS_MAPPING_ANON 1UL
#define MMS_VMAS	 7 /* of an anon_vma that are looked at */

const volatile struct mms_thp_config cfg SEC(".rodata.cfg");
volatile struct mms_thp_marks marks SEC(".data.marks");
__u32 tested[MMS_THP_NR_TESTS] SEC(".data.tested");

#define MMS_WATCH_WHOM	  cfg.whom
#define MMS_WATCH_TALLIES MMS_THP_NR_TALLIES
#include "watch.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct rb_node {
	struct rb_node *rb_right;
	struct rb_node *rb_left;
};

struct rb_root {
	struct rb_node *rb_node;
};

struct rb_root_cached {
	struct rb_root rb_root;
};

struct anon_vma {
	struct rb_root_cached rb_root;
};

struct anon_vma_chain {
	struct vm_area_struct *vma;
	struct rb_node rb;
};

#pragma clang attribute pop

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct mms_thp_key);
	__type(value, u64);
} counts SEC(".maps");

/* Splits of folios that have not ended, by thread. */
struct open_split {
	u32 tgid;
	u8 what;
	u8 by;
	u8 want;
	u8 doubt; /* another began before its end */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, struct open_split);
} open SEC(".maps");

static __always_inline u32 tgid_of(struct task_struct *t)
{
	return t ? BPF_CORE_READ(t, tgid) : 0;
}

static __always_inline u8 done_by(u32 owner)
{
	if (BPF_CORE_READ(current_task(), flags) & MMS_PF_KTHREAD)
		return MMS_THP_BY_KERNEL;
	return owner && current_tgid() == owner ? MMS_THP_BY_ITSELF : MMS_THP_BY_OTHER;
}

static __always_inline void count(const struct mms_thp_key *key, bool want)
{
	u64 zero = 0, *v;

	tally(MMS_WATCH_SEEN);
	if (!want) {
		tally(MMS_WATCH_FILTERED);
		if (!key->tgid)
			tally(MMS_THP_UNOWNED);
		return;
	}
	v = bpf_map_lookup_elem(&counts, key);
	if (!v) {
		/* Another CPU may be first: then it is there, too. */
		bpf_map_update_elem(&counts, key, &zero, BPF_NOEXIST);
		v = bpf_map_lookup_elem(&counts, key);
	}
	if (v)
		__sync_fetch_and_add(v, 1);
	tally(v ? MMS_WATCH_STORED : MMS_WATCH_FULL);
}

static __always_inline void count_of(struct mm_struct *mm, u8 what, u32 result)
{
	struct task_struct *owner = BPF_CORE_READ(mm, owner);
	struct mms_thp_key key = {.tgid = tgid_of(owner), .what = what, .result = result};
	bool want = wanted(key.tgid, owner);

	key.by = done_by(key.tgid);
	if (want && !bpf_map_lookup_elem(&comms, &key.tgid))
		remember_comm(key.tgid, owner);
	count(&key, want);
}

/* --- collapses --- */

static __always_inline void test_of(u32 which, struct mm_struct *mm, bool right)
{
	test(which, tgid_of(BPF_CORE_READ(mm, owner)), right);
}

SEC("tp_btf/mm_collapse_huge_page")
int on_collapse(u64 *ctx)
{
	struct mm_struct *mm = (struct mm_struct *)ctx[0];
	u32 status = ctx[2], order = MMS_PMD_ORDER;

	if (cfg.has_order)
		order = ctx[3];
	if (marks.armed)
		count_of(mm, order == MMS_PMD_ORDER ? MMS_THP_COLLAPSE : MMS_THP_SMALLER, status);
	else
		test_of(MMS_THP_SAW_COLLAPSE, mm, order == MMS_PMD_ORDER);
	return 0;
}

/* A collapse that follows tells its own end. */
SEC("tp_btf/mm_khugepaged_scan_pmd")
int on_scan(u64 *ctx)
{
	struct mm_struct *mm = (struct mm_struct *)ctx[0];
	u32 status;

	/* Two loads: one of a computed address the verifier would refuse. */
	if (cfg.scan_status == 5) {
		status = ctx[5];
		barrier_var(status);
	} else {
		status = ctx[4];
		barrier_var(status);
	}
	if (!marks.armed)
		test_of(MMS_THP_SAW_SCAN, mm, status == cfg.succeeded);
	else if (status != cfg.succeeded)
		count_of(mm, MMS_THP_SCAN, status);
	return 0;
}

SEC("tp_btf/mm_khugepaged_scan_file")
int on_file(u64 *ctx)
{
	struct mm_struct *mm = (struct mm_struct *)ctx[0];
	u32 result = ctx[5];

	if (marks.armed)
		count_of(mm, MMS_THP_FILE, result);
	else
		test_of(MMS_THP_SAW_FILE, mm, result == cfg.succeeded || result == cfg.still_small);
	return 0;
}

/* --- splits of an entry --- */

/* Is this the folio that the entry maps? One that the caller names must be. */
static __always_inline bool maps_folio(u64 pmd, u64 folio)
{
	u64 base = MMS_VMEMMAP, sme = 0, pfn;

	if (!folio)
		return true;
	/* One that moves is of no folio that somebody could name. */
	if (!(pmd & MMS_PMD_PRESENT))
		return false;
	/* The frame of a PROT_NONE entry is inverted; the encryption bit is no part of it. */
	if (!(pmd & 1))
		pmd = ~pmd;
	if (ksyms.sme_me_mask)
		bpf_probe_read_kernel(&sme, 8, (const void *)ksyms.sme_me_mask);
	pfn = (pmd & 0x000fffffffe00000ULL & ~sme) >> 12;
	if (ksyms.vmemmap_base && bpf_probe_read_kernel(&base, 8, (const void *)ksyms.vmemmap_base))
		return true;
	return base + pfn * bpf_core_type_size(struct page) == folio;
}

static __always_inline int split_entry(u32 saw, struct vm_area_struct *vma, u64 *pmd, u64 folio)
{
	struct mm_struct *mm = BPF_CORE_READ(vma, vm_mm);
	u64 v = 0;

	tally(MMS_WATCH_KPROBE_RUNS);
	if (bpf_probe_read_kernel(&v, 8, pmd))
		return 0;
	/* A table of small pages, or nothing: there is none to split. */
	if (!v || ((v & 1) && !(v & MMS_PMD_HUGE)))
		return 0;
	if (cfg.entry_folio && !maps_folio(v, folio))
		return 0;
	if (!marks.armed)
		test_of(saw, mm, true);
	else if (saw == MMS_THP_SAW_LOCKED || marks.outer)
		count_of(mm, MMS_THP_SPLIT_ENTRY, 0);
	return 0;
}

SEC("kprobe/__split_huge_pmd")
int BPF_KPROBE(on_split_outer, struct vm_area_struct *vma, u64 *pmd, unsigned long addr,
	       bool freeze, u64 folio)
{
	return split_entry(MMS_THP_SAW_OUTER, vma, pmd, folio);
}

SEC("kprobe/split_huge_pmd_locked")
int BPF_KPROBE(on_split_locked, struct vm_area_struct *vma, unsigned long addr, u64 *pmd,
	       bool freeze, u64 folio)
{
	return split_entry(MMS_THP_SAW_LOCKED, vma, pmd, folio);
}

/* --- splits of a folio --- */

static __always_inline struct mm_struct *mm_of(struct rb_node *node)
{
	struct anon_vma_chain *avc = NULL;

	avc = (void *)((u64)node - __builtin_preserve_field_info(avc->rb, BPF_FIELD_BYTE_OFFSET));
	return BPF_CORE_READ(avc, vma, vm_mm);
}

/*
 * Whose is an anonymous folio? All mappings that could have it are in its anon_vma: known
 * where these are of one process. A tree of more than this is not looked through.
 */
static __always_inline struct mm_struct *folio_mm(const struct folio *folio)
{
	u64 mapping = (u64)BPF_CORE_READ(folio, mapping);
	struct anon_vma *av = (void *)(mapping & ~MMS_MAPPING_TAGS);
	struct rb_node *n[MMS_VMAS * 2 + 1] = {};
	struct mm_struct *mm;

	if ((mapping & MMS_MAPPING_TAGS) != MMS_MAPPING_ANON)
		return NULL;
	n[0] = BPF_CORE_READ(av, rb_root.rb_root.rb_node);
	if (!n[0])
		return NULL;
	mm = mm_of(n[0]);
#pragma unroll
	for (int i = 0; i < MMS_VMAS; i++) {
		if (!n[i])
			continue;
		if (mm_of(n[i]) != mm)
			return NULL;
		n[2 * i + 1] = BPF_CORE_READ(n[i], rb_left);
		n[2 * i + 2] = BPF_CORE_READ(n[i], rb_right);
	}
#pragma unroll
	for (int i = MMS_VMAS; i < MMS_VMAS * 2 + 1; i++) {
		if (n[i])
			return NULL;
	}
	return mm;
}

/* The function is given a folio, or, in older kernels, one of its pages. */
static __always_inline const struct folio *folio_of(const struct page *page)
{
	u64 head;

	/* It has another name where the function is given the folio. */
	if (!bpf_core_field_exists(page->compound_head))
		return (void *)page;
	head = BPF_CORE_READ(page, compound_head);
	return head & 1 ? (void *)(head - 1) : (void *)page;
}

SEC("kprobe/__folio_split")
int BPF_KPROBE(on_folio, const struct page *page)
{
	const struct folio *folio = folio_of(page);
	u32 pages = folio_pages(folio);
	struct mm_struct *mm = folio_mm(folio);
	struct task_struct *owner = mm ? BPF_CORE_READ(mm, owner) : NULL;
	struct open_split s = {.tgid = tgid_of(owner)}, *outer;
	u64 thread = bpf_get_current_pid_tgid();

	tally(MMS_WATCH_KPROBE_RUNS);
	s.what = pages == MMS_PMD_PAGES ? MMS_THP_SPLIT_FOLIO : MMS_THP_SPLIT_SMALLER;
	s.by = done_by(s.tgid);
	s.want = wanted(s.tgid, owner);
	if (marks.armed && s.want && !bpf_map_lookup_elem(&comms, &s.tgid))
		remember_comm(s.tgid, owner);
	if (!bpf_map_update_elem(&open, &thread, &s, BPF_NOEXIST))
		return 0;
	/* One inside another, by reclaim, or one whose end was missed: whose the next end is,
	 * nobody knows. */
	outer = bpf_map_lookup_elem(&open, &thread);
	if (outer)
		outer->doubt = 1;
	if (marks.armed)
		tally(MMS_THP_OPEN_FULL);
	return 0;
}

SEC("kretprobe/__folio_split")
int BPF_KRETPROBE(on_folio_end, int ret)
{
	u64 thread = bpf_get_current_pid_tgid();
	struct open_split *found = bpf_map_lookup_elem(&open, &thread);
	struct mms_thp_key key = {.result = ret != 0};
	struct open_split s;

	tally(MMS_WATCH_KPROBE_RUNS);
	if (!found)
		return 0;
	s = *found;
	bpf_map_delete_elem(&open, &thread);
	if (s.doubt) {
		if (marks.armed)
			tally(MMS_THP_OPEN_FULL);
		return 0;
	}
	key.tgid = s.tgid;
	key.what = s.what;
	key.by = s.by;
	if (marks.armed)
		count(&key, s.want);
	else
		test(MMS_THP_SAW_FOLIO, s.tgid, !ret && s.what == MMS_THP_SPLIT_FOLIO);
	return 0;
}
