// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reclaim as the kernel does it: pages evicted, pages that came back and how far
 * apart, swap traffic, and the time tasks spend reclaiming, per memory cgroup and
 * per process. Counts only; what they mean is the tool's business.
 *
 * Hooks: functions by kprobe, which runs with preemption off. A BPF trampoline
 * (fentry) is skipped for every task that meets a preempted one inside it, and
 * workingset_refault() runs preemptibly, in the middle of thrashing.
 *
 * Refault distance: each cgroup has a clock that counts the pages evicted from it
 * and its descendants. An eviction notes the time on the clock of the cgroup whose
 * limit drove it (the domain); when the page comes back the clock has moved on by
 * its refault distance: that many pages more, and it would have stayed. The kernel
 * measures the same with nonresident_age, mm/workingset.c; its own value is too
 * coarse under MGLRU and ages on activations as well.
 */
#include "common.bpf.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "folio.bpf.h"
#include "reclaim.h"

char LICENSE[] SEC("license") = "GPL";

#define MMS_ROOT_CGROUP	    1 /* kernfs id of the root cgroup */
#define MMS_MAX_ORDER	    10
#define MMS_HASH_MULTIPLIER 0x9e3779b97f4a7c15ULL /* 2^64 / golden ratio: Knuth, TAOCP 3, 6.4 */

/* Single pages whose shadow is kept: one in 2^sample_shift. Large folios are always kept. */
const volatile __u32 sample_shift = 0;

/* Which argument of swap_read_folio() is the folio: newer kernels have a context before it. */
const volatile __u32 swapin_folio_arg = 0;

struct mms_reclaim_seen seen;
__u32 max_order; /* largest folio evicted so far: how many names a page may be recorded under */

struct shadow_key {
	struct page_name name;
	u64 order;
};

struct shadow {
	u64 clock;  /* of the domain, at eviction */
	u64 domain; /* cgroup id */
	u64 owner;  /* cgroup id */
};

/* What a task is in the middle of. */
struct task_state {
	u64 swap_entry; /* being faulted in, where the new folio does not carry it yet */
	u64 reclaim_start[__MMS_RECLAIM_TYPES];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct shadow_key);
	__type(value, struct shadow);
} shadows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, u64);
} clocks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 512);
	__type(key, u64);
	__type(value, struct mms_reclaim_group);
} groups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, struct mms_reclaim_task);
} tasks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, struct task_state);
} states SEC(".maps");

static const struct mms_reclaim_group no_group;

static __always_inline void add(u64 *counter, u64 n)
{
	__sync_fetch_and_add(counter, n);
}

static __always_inline struct mms_reclaim_group *group_get(u64 id)
{
	struct mms_reclaim_group *g;

	if (!id) {
		add(&seen.no_group, 1);
		id = MMS_ROOT_CGROUP;
	}
	g = bpf_map_lookup_elem(&groups, &id);
	if (g)
		return g;
	bpf_map_update_elem(&groups, &id, &no_group, BPF_NOEXIST);
	g = bpf_map_lookup_elem(&groups, &id);
	if (!g)
		add(&seen.groups_full, 1);
	return g;
}

static __always_inline struct mms_reclaim_task *task_get(void)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct mms_reclaim_task fresh = {};
	struct mms_reclaim_task *t;

	t = bpf_map_lookup_elem(&tasks, &tgid);
	if (t)
		return t;
	bpf_get_current_comm(fresh.comm, sizeof(fresh.comm));
	bpf_map_update_elem(&tasks, &tgid, &fresh, BPF_NOEXIST);
	t = bpf_map_lookup_elem(&tasks, &tgid);
	if (!t)
		add(&seen.tasks_full, 1);
	return t;
}

static __always_inline struct task_state *state_get(bool create)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct task_state fresh = {};
	struct task_state *s;

	s = bpf_map_lookup_elem(&states, &tid);
	if (s || !create)
		return s;
	bpf_map_update_elem(&states, &tid, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&states, &tid);
}

/* Return: the clock before the step; 0 when there is no room for it. */
static __always_inline u64 clock_step(u64 id, u64 pages)
{
	u64 zero = 0;
	u64 *clock;

	clock = bpf_map_lookup_elem(&clocks, &id);
	if (!clock) {
		bpf_map_update_elem(&clocks, &id, &zero, BPF_NOEXIST);
		clock = bpf_map_lookup_elem(&clocks, &id);
	}
	if (!clock) {
		add(&seen.groups_full, 1);
		return 0;
	}
	return __sync_fetch_and_add(clock, pages);
}

/* Advances the clocks from the page's cgroup to the root. Return: that of the domain, before. */
static __always_inline u64 clocks_step(const struct cgroup_subsys_state *css, u64 domain, u64 pages)
{
	u64 id, before, found = 0;

	for (int i = 0; i < MMS_CGROUP_DEPTH; i++) {
		if (!css)
			break;
		id = css_id(css);
		before = clock_step(id, pages);
		if (id == domain)
			found = before;
		css = BPF_CORE_READ(css, parent);
	}
	return found;
}

static __always_inline bool sampled(const struct page_name *name)
{
	if (!sample_shift)
		return true;
	return !(((name->space ^ name->index) * MMS_HASH_MULTIPLIER) >> (64 - (sample_shift & 31)));
}

static __always_inline u32 order_of(u32 pages)
{
	u32 order = 0;

	for (int i = 0; i < MMS_MAX_ORDER; i++)
		if (pages >> (i + 1))
			order++;
	return order;
}

static __always_inline void shadow_store(const struct page_name *name, u32 pages,
					 const struct shadow *shadow)
{
	struct shadow_key key = {.name = *name, .order = order_of(pages)};

	if (!name->space && !name->index)
		return;
	if (!key.order && !sampled(name))
		return;
	/* A race of two first-seen sizes may lose one update; the next eviction repairs it. */
	if (key.order > max_order)
		max_order = key.order;
	key.name.index &= ~((1ULL << key.order) - 1);
	if (bpf_map_update_elem(&shadows, &key, shadow, BPF_ANY))
		add(&seen.shadows_failed, pages);
}

/*
 * A page may have left alone or inside a large folio, and come back in another
 * company: look under every size there is and take the latest.
 * Return: its order, or -1.
 */
static __always_inline int shadow_find(const struct page_name *name, struct shadow *found)
{
	struct shadow_key key = {.name = *name};
	struct shadow *s;
	int order = -1;

	for (int i = 0; i <= MMS_MAX_ORDER; i++) {
		if (i > max_order)
			break;
		key.order = i;
		key.name.index = name->index & ~((1ULL << i) - 1);
		s = bpf_map_lookup_elem(&shadows, &key);
		if (s && (order < 0 || s->clock > found->clock)) {
			*found = *s;
			order = i;
		}
	}
	if (order == 0) {
		key.order = 0;
		key.name.index = name->index;
		bpf_map_delete_elem(&shadows, &key);
	}
	return order;
}

SEC("kprobe/workingset_eviction")
int BPF_KPROBE(on_eviction, struct folio *folio, struct mem_cgroup *target)
{
	struct cgroup_subsys_state *css = folio_css(folio);
	struct mms_reclaim_group *g;
	struct shadow shadow = {};
	struct page_name name;
	u32 pages = folio_pages(folio);
	bool file = folio_name(folio, &name);

	add(&seen.evictions, pages);
	shadow.owner = css_id(css);
	shadow.domain =
		target ? css_id(__builtin_preserve_access_index(&target->css)) : MMS_ROOT_CGROUP;
	if (css) {
		shadow.clock = clocks_step(css, shadow.domain, pages);
	} else {
		shadow.domain = MMS_ROOT_CGROUP;
		shadow.clock = clock_step(MMS_ROOT_CGROUP, pages);
	}
	g = group_get(shadow.owner);
	if (g) {
		add(&g->evictions[file ? MMS_PAGE_FILE : MMS_PAGE_ANON], pages);
		g->domain = shadow.domain;
	}
	shadow_store(&name, pages, &shadow);
	return 0;
}

static __always_inline void count_distance(struct mms_reclaim_group *g, u64 owner, u32 pages,
					   const struct page_name *name)
{
	struct shadow shadow = {};
	u64 weight = pages, *clock;
	bool in_sample = sampled(name);
	int order = -1;

	if (name->space || name->index)
		order = shadow_find(name, &shadow);
	if (order < 0) {
		if (in_sample)
			add(&g->dist_unknown, weight << (pages == 1 ? sample_shift & 31 : 0));
		return;
	}
	if (order == 0)
		weight <<= sample_shift & 31;
	clock = bpf_map_lookup_elem(&clocks, &shadow.domain);
	/* Behind the eviction: the cgroup was forgotten in between, its clock began anew. */
	if (!clock || *clock < shadow.clock) {
		add(&g->dist_unknown, weight);
		return;
	}
	if (shadow.owner != owner)
		add(&g->refaults_foreign, weight);
	add(&g->dist_nr, weight);
	/* The mask tells the verifier what mms_dist_bucket() promises. */
	add(&g->dist[mms_dist_bucket(*clock - shadow.clock) & (MMS_DIST_BUCKETS - 1)], weight);
}

SEC("kprobe/workingset_refault")
int BPF_KPROBE(on_refault, struct folio *folio)
{
	struct mms_reclaim_group *g;
	struct mms_reclaim_task *t;
	struct task_state *state;
	struct page_name name;
	u32 pages = folio_pages(folio);
	bool file = folio_name(folio, &name);
	u64 owner = css_id(folio_css(folio));
	u32 type = file ? MMS_PAGE_FILE : MMS_PAGE_ANON;

	add(&seen.refaults, pages);
	if (!name.space && !name.index) {
		state = state_get(false);
		if (state)
			name.index = state->swap_entry;
	}
	g = group_get(owner);
	if (g) {
		add(&g->refaults[type], pages);
		count_distance(g, owner, pages, &name);
	}
	t = task_get();
	if (t)
		add(&t->refaults[type], pages);
	return 0;
}

/*
 * A fault that swaps in past the swap cache (zram and other synchronous devices,
 * on older kernels) calls workingset_refault() before the folio knows its swap entry.
 * The table entry that faulted has it.
 */
SEC("kprobe/do_swap_page")
int BPF_KPROBE(on_swap_fault, struct vm_fault *vmf)
{
	struct task_state *state = state_get(true);
	u64 pte;

	if (!state)
		return 0;
	pte = BPF_CORE_READ(vmf, orig_pte.pte);
	/* x86-64: type in the top five bits, offset inverted below; the kernel's swp_entry_t has it
	 * otherwise. */
	state->swap_entry = (pte >> 59) << 58 | (~pte << 5) >> 14;
	return 0;
}

static __always_inline int count_swapin(struct folio *folio)
{
	struct mms_reclaim_group *g = group_get(css_id(folio_css(folio)));
	struct mms_reclaim_task *t = task_get();
	u32 pages = folio_pages(folio);

	if (g)
		add(&g->swapins, pages);
	if (t)
		add(&t->swapins, pages);
	return 0;
}

/* swap_readpage() became swap_read_folio(); a head page is its folio. One of the two is
 * loaded. */
SEC("kprobe/swap_read_folio")
int BPF_KPROBE(on_swapin, struct folio *first, struct folio *second)
{
	return count_swapin(swapin_folio_arg ? second : first);
}

SEC("kprobe/swap_readpage")
int BPF_KPROBE(on_swapin_page, struct folio *folio)
{
	return count_swapin(folio);
}

SEC("tp_btf/mm_vmscan_write_folio")
int BPF_PROG(on_swapout, struct folio *folio)
{
	struct mms_reclaim_group *g;

	if (!folio_swapbacked(folio))
		return 0;
	g = group_get(css_id(folio_css(folio)));
	if (g)
		add(&g->swapouts, folio_pages(folio));
	return 0;
}

static __always_inline int reclaim_begin(u32 type)
{
	struct task_state *state = state_get(true);

	if (state)
		state->reclaim_start[type] = bpf_ktime_get_ns();
	return 0;
}

static __always_inline void work_add(struct mms_reclaim_work *w, u64 ns, u64 pages)
{
	add(&w->nr, 1);
	add(&w->ns, ns);
	add(&w->pages, pages);
}

static __always_inline int reclaim_end(u32 type, u64 pages)
{
	struct task_state *state = state_get(false);
	struct mms_reclaim_group *g;
	struct mms_reclaim_task *t;
	u64 ns;

	if (!state || !state->reclaim_start[type])
		return 0;
	ns = bpf_ktime_get_ns() - state->reclaim_start[type];
	state->reclaim_start[type] = 0;
	g = group_get(current_memcg_id());
	if (g)
		work_add(&g->work[type], ns, pages);
	t = task_get();
	if (t)
		work_add(&t->work[type], ns, pages);
	return 0;
}

SEC("tp_btf/mm_vmscan_direct_reclaim_begin")
int BPF_PROG(on_direct_begin)
{
	return reclaim_begin(MMS_RECLAIM_DIRECT);
}

SEC("tp_btf/mm_vmscan_direct_reclaim_end")
int BPF_PROG(on_direct_end, unsigned long pages)
{
	return reclaim_end(MMS_RECLAIM_DIRECT, pages);
}

SEC("tp_btf/mm_vmscan_memcg_reclaim_begin")
int BPF_PROG(on_memcg_begin)
{
	return reclaim_begin(MMS_RECLAIM_MEMCG);
}

SEC("tp_btf/mm_vmscan_memcg_reclaim_end")
int BPF_PROG(on_memcg_end, unsigned long pages)
{
	return reclaim_end(MMS_RECLAIM_MEMCG, pages);
}
