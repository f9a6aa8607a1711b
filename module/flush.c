// SPDX-License-Identifier: GPL-2.0-only
/*
 * flush: makes every CPU forget its translations of one mm, with what modules
 * are given (flush_tlb_mm_range is not exported). Must not know why.
 *
 * A CPU sets the accessed bit only when it loads a translation, so a cleared
 * bit stays clear for as long as some TLB holds the page.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mm_types.h>
#include <linux/smp.h>
#include <asm/cpufeature.h>
#include <asm/invpcid.h>
#include <asm/tlbflush.h>
#include "flush.h"
#include "stats.h"

/* Exported for modules, but tlbflush.h declares it to the kernel proper only. */
struct tlb_state_shared {
	bool is_lazy;
};
DECLARE_PER_CPU_SHARED_ALIGNED(struct tlb_state_shared, cpu_tlbstate_shared);

/**
 * mms_flush_refusal - can this machine flush from a module
 *
 * Return: NULL, or why not. A Xen PV guest may not write CR4.PGE at will.
 */
const char *mms_flush_refusal(void)
{
	if (boot_cpu_has(X86_FEATURE_XENPV))
		return "Xen PV guest: no TLB flush from a module";
	return NULL;
}

/* Drops every translation of this CPU: all PCIDs, KPTI's user half, globals. */
static void flush_this_cpu(void *unused)
{
	unsigned long cr4;

	lockdep_assert_irqs_disabled();
	if (boot_cpu_has(X86_FEATURE_INVPCID)) {
		invpcid_flush_all();
		return;
	}
	/* SDM vol. 3, 4.10.4.1: changing CR4.PGE invalidates everything. */
	asm volatile("mov %%cr4, %0" : "=r"(cr4));
	asm volatile("mov %0, %%cr4" ::"r"(cr4 ^ X86_CR4_PGE) : "memory");
	asm volatile("mov %0, %%cr4" ::"r"(cr4) : "memory");
}

/* A lazy CPU compares tlb_gen before it runs user code of the mm again. */
static bool cpu_not_lazy(int cpu, void *unused)
{
	return !per_cpu(cpu_tlbstate_shared.is_lazy, cpu);
}

/**
 * mms_flush_mm - drop all cached translations of an mm
 * @mm: pinned by the caller
 *
 * The generation goes up first: a CPU that switches to @mm from now on, or
 * leaves lazy mode, sees that its ASID is behind and flushes by itself; the
 * CPUs that run it now get an interrupt. The barrier orders the generation
 * against the reads of mm_cpumask and is_lazy, as switch_mm() does on its side.
 * That the CPUs' own copies of the generation lag behind costs one full flush
 * later. An mm with a global ASID is switched to without a look at tlb_gen:
 * there every CPU is told.
 *
 * Context: process context, interrupts on; waits for the other CPUs.
 */
void mms_flush_mm(struct mm_struct *mm)
{
	u64 began = ktime_get_ns();

	might_sleep();
	atomic64_inc(&mm->context.tlb_gen);
	smp_mb__after_atomic();
	if (mms_mm_global_asid(mm))
		on_each_cpu(flush_this_cpu, NULL, 1);
	else
		on_each_cpu_cond_mask(cpu_not_lazy, flush_this_cpu, NULL, true, mm_cpumask(mm));
	mms_stat_add(MMS_STAT_FLUSHES, 1);
	mms_stat_add(MMS_STAT_FLUSH_NS, ktime_get_ns() - began);
}
