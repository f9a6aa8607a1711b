// SPDX-License-Identifier: GPL-2.0-only
/*
 * features: asks the kernel and the CPU what they offer; each question has a
 * function of its own. What others own (a TLB flush, a tracepoint, the kfunc) is
 * asked of them. Must not know how the answers are printed.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/perf_event.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <asm/cpufeature.h>
#include "events.h"
#include "features.h"
#include "flush.h"
#include "kfunc.h"
#include "rules.h"

/* Pages of the reader's executable looked at: some are not on an LRU list. */
#define TEXT_PAGES 32

static long pmu_error __ro_after_init;

static bool ask_la57(const char **why)
{
	if (mms_rules.levels == 4)
		*why = "4-level tables";
	return mms_rules.levels == 5;
}

static bool ask_kpti(const char **why)
{
	return mms_rules.kpti;
}

static bool ask_thp(const char **why)
{
	return IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) && boot_cpu_has(X86_FEATURE_PSE);
}

static bool ask_hugetlb(const char **why)
{
	return IS_ENABLED(CONFIG_HUGETLB_PAGE);
}

static bool ask_numa(const char **why)
{
	if (num_online_nodes() <= 1)
		*why = "one node online";
	return num_online_nodes() > 1;
}

static bool ask_soft_dirty(const char **why)
{
	if (!mms_rules.soft_dirty)
		*why = "CONFIG_MEM_SOFT_DIRTY is off";
	return mms_rules.soft_dirty;
}

static bool ask_uffd_wp(const char **why)
{
	if (!mms_rules.uffd_wp)
		*why = "no write protection by userfaultfd";
	return mms_rules.uffd_wp;
}

static bool ask_saved_dirty(const char **why)
{
	if (!mms_rules.saved_dirty)
		*why = "this kernel keeps D";
	return mms_rules.saved_dirty;
}

static bool ask_pte_marker(const char **why)
{
	if (!mms_rules.marker_types)
		*why = "CONFIG_PTE_MARKER is off";
	return mms_rules.marker_types;
}

static bool ask_page_idle(const char **why)
{
	if (!IS_ENABLED(CONFIG_PAGE_IDLE_FLAG))
		*why = "CONFIG_PAGE_IDLE_FLAG is off";
	return IS_ENABLED(CONFIG_PAGE_IDLE_FLAG);
}

#ifdef CONFIG_LRU_GEN
/* Returns 1 if the page at @addr of current is of a generation, 0 if of none, -1 unknown. */
static int page_has_generation(unsigned long addr)
{
	struct folio *folio;
	struct page *page;
	int ret = -1;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1)
		return ret;
	folio = page_folio(page);
	if (folio_test_lru(folio) && !folio_test_unevictable(folio))
		ret = folio_lru_gen(folio) >= 0;
	put_page(page);
	return ret;
}

/*
 * The switch itself is not exported, but every page of an LRU list shows it: it
 * is of a generation while MGLRU is on, and switching moves all of them.
 */
static bool ask_lru_gen(const char **why)
{
	struct mm_struct *mm = current->mm;
	unsigned long addr, end;
	int i, ret = -1;

	if (mm) {
		addr = READ_ONCE(mm->start_code) & PAGE_MASK;
		end = READ_ONCE(mm->end_code);
		for (i = 0; ret < 0 && i < TEXT_PAGES && addr < end; i++, addr += PAGE_SIZE)
			ret = page_has_generation(addr);
	}
	if (ret < 0) {
		*why = "undecided, told as the kernel was configured: no page of the reader's executable is on an LRU list";
		return IS_ENABLED(CONFIG_LRU_GEN_ENABLED);
	}
	*why = ret ? NULL : "switched off, see /sys/kernel/mm/lru_gen/enabled";
	return ret;
}
#else
static bool ask_lru_gen(const char **why)
{
	*why = "CONFIG_LRU_GEN is off";
	return false;
}
#endif

static bool ask_tlb_flush(const char **why)
{
	*why = mms_flush_refusal();
	return !*why;
}

static bool ask_sampling(const char **why)
{
	*why = mms_flush_refusal();
	if (*why)
		return false;
	if (IS_ENABLED(CONFIG_PAGE_IDLE_FLAG))
		*why = "other agers (damon, lru-gen) may take a reference first";
	else
		*why = "a reference is kept for reclaim by activating the page (no page-idle)";
	return true;
}

/* Xen does not promise the accessed bit of a pmd that is a table. */
static bool ask_pmd_skip(const char **why)
{
	if (!IS_ENABLED(CONFIG_ARCH_HAS_NONLEAF_PMD_YOUNG))
		*why = "CONFIG_ARCH_HAS_NONLEAF_PMD_YOUNG is off";
	else if (boot_cpu_has(X86_FEATURE_XENPV))
		*why = "Xen PV guest: no accessed bit above the leaves";
	return !*why;
}

static bool ask_damon(const char **why)
{
	struct task_struct *task;
	bool found = false;

	rcu_read_lock();
	for_each_process(task)
	{
		found = (data_race(READ_ONCE(task->flags)) & PF_KTHREAD) &&
			!strncmp(task->comm, "kdamond.", strlen("kdamond."));
		if (found)
			break;
	}
	rcu_read_unlock();
	*why = found ? "a kdamond runs, and clears accessed bits" : "no kdamond runs";
	return found;
}

static bool ask_pcid(const char **why)
{
	if (!boot_cpu_has(X86_FEATURE_PCID))
		*why = "the CPU has none, or nopcid was given";
	return boot_cpu_has(X86_FEATURE_PCID);
}

static bool ask_pmu(const char **why)
{
	switch (pmu_error) {
	case 0:
		break;
	case -ENOENT:
	case -ENODEV:
		*why = "no hardware counter of TLB misses: no PMU, or the hypervisor hides it";
		break;
	case -EOPNOTSUPP:
		*why = "this CPU's PMU does not count TLB misses";
		break;
	default:
		*why = "the kernel refused a counter of TLB misses";
		break;
	}
	return !pmu_error;
}

static bool ask_fault_events(const char **why)
{
	bool have =
		mms_events_have(MMS_EVENT_FAULT_USER) && mms_events_have(MMS_EVENT_FAULT_KERNEL);
	bool ends = mms_events_have(MMS_EVENT_EXIT) && mms_events_have(MMS_EVENT_SIGNAL);

	if (!have)
		*why = "no tracepoint page_fault_user or page_fault_kernel";
	else if (!ends)
		*why = "no tracepoint sched_process_exit or signal_generate";
	return have && ends;
}

static bool ask_tlb_events(const char **why)
{
	bool have = mms_events_have(MMS_EVENT_TLB_FLUSH);

	if (!have)
		*why = "no tracepoint tlb_flush";
	return have;
}

static bool ask_fork_events(const char **why)
{
	bool have = mms_events_have(MMS_EVENT_FORK) && mms_events_have(MMS_EVENT_EXEC);

	if (!have)
		*why = "no tracepoint sched_process_fork or sched_process_exec";
	return have;
}

/* Of our own, not of the kernel's: what events/mmscope/ below tracefs holds. */
static bool ask_trace_events(const char **why)
{
#ifdef CONFIG_EVENT_TRACING
	if (THIS_MODULE->num_trace_events)
		return true;
	*why = "built without";
#else
	*why = "CONFIG_EVENT_TRACING is off";
#endif
	return false;
}

static bool ask_kfunc(const char **why)
{
	*why = mms_kfunc_refusal();
	return !*why;
}

static const struct question {
	const char *name;
	bool (*ask)(const char **why);
} questions[] = {
	{"la57", ask_la57},
	{"kpti", ask_kpti},
	{"thp", ask_thp},
	{"hugetlb", ask_hugetlb},
	{"numa", ask_numa},
	{"soft-dirty", ask_soft_dirty},
	{"uffd-wp", ask_uffd_wp},
	{"saved-dirty", ask_saved_dirty},
	{"pte-marker", ask_pte_marker},
	{"page-idle", ask_page_idle},
	{"lru-gen", ask_lru_gen},
	{"tlb-flush", ask_tlb_flush},
	{"sampling", ask_sampling},
	{"pmd-skip", ask_pmd_skip},
	{"damon", ask_damon},
	{"pcid", ask_pcid},
	{"pmu", ask_pmu},
	{"fault-events", ask_fault_events},
	{"tlb-events", ask_tlb_events},
	{"fork-events", ask_fork_events},
	{"trace-events", ask_trace_events},
	{"kfunc", ask_kfunc},
};

/**
 * mms_features_init - ask what can be asked once only
 *
 * Context: module load; sleeps.
 */
void __init mms_features_init(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HW_CACHE,
		.size = sizeof(attr),
		.config = PERF_COUNT_HW_CACHE_DTLB | PERF_COUNT_HW_CACHE_OP_READ << 8 |
			  PERF_COUNT_HW_CACHE_RESULT_MISS << 16,
		.disabled = 1,
	};
	struct perf_event *event;

	event = perf_event_create_kernel_counter(&attr, -1, current, NULL, NULL);
	pmu_error = PTR_ERR_OR_ZERO(event);
	if (!pmu_error)
		perf_event_release_kernel(event);
}

/**
 * mms_features_get - ask one
 * @i: number of the feature, from 0 on, in the ABI's order
 * @f: the answer
 *
 * Context: the reader's process, no lock that a page fault takes; sleeps.
 * Return: false if there are not so many.
 */
bool mms_features_get(unsigned int i, struct mms_feature *f)
{
	if (i >= ARRAY_SIZE(questions))
		return false;
	*f = (struct mms_feature){.name = questions[i].name};
	f->have = questions[i].ask(&f->why);
	return true;
}
