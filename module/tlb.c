// SPDX-License-Identifier: GPL-2.0-only
/*
 * tlb: whose translations a flush took, and counts it there. Must not know what
 * is printed of it.
 */
#include <linux/kernel.h>
#include <linux/mm_types.h>
#include <linux/sched.h>
#include <asm/processor.h>
#include <asm/tlbflush.h>
#include "target.h"
#include "tlb.h"

/* By the kernel's numbers; a reason that it invents later is nobody's. */
static const u8 reasons[] = {
	[TLB_FLUSH_ON_TASK_SWITCH] = MMS_TLB_TASK_SWITCH,
	[TLB_REMOTE_SHOOTDOWN] = MMS_TLB_REMOTE,
	[TLB_LOCAL_SHOOTDOWN] = MMS_TLB_LOCAL,
	[TLB_LOCAL_MM_SHOOTDOWN] = MMS_TLB_LOCAL_MM,
	[TLB_REMOTE_SEND_IPI] = MMS_TLB_IPI_SENT,
	[TLB_REMOTE_WRONG_CPU] = MMS_TLB_WRONG_CPU,
};

/*
 * Who ran says little: an interrupt that asks for a flush may arrive in a kernel
 * thread that borrows the tables, and on a task switch current is the task
 * before. CR3 tells: the kernel writes it before it traces the switch, and
 * traces every other flush of the tables it has loaded. PCID and LAM bits are
 * masked off; the kernel's own half of KPTI's two tables is what an mm names.
 */
static struct mms_target *target_of(enum mms_tlb_reason which)
{
	if (which != MMS_TLB_IPI_SENT)
		return mms_target_of_top(read_cr3_pa());
	/* a kernel thread may borrow an mm to work in, and reclaim others' pages */
	if (current->flags & PF_KTHREAD)
		return NULL;
	return mms_target_of_mm(current->mm);
}

/**
 * mms_tlb_note - count a flush for the target that it concerns, if any
 * @reason: enum tlb_flush_reason
 * @pages: as the tracepoint has it: 0 = nothing was flushed after all
 *
 * Context: within RCU; interrupts off, perhaps under the run queue's lock.
 */
void mms_tlb_note(int reason, unsigned long pages)
{
	struct mms_tlb_count *n;
	struct mms_target *t;

	if ((unsigned int)reason >= ARRAY_SIZE(reasons))
		return;
	/* a switch that PCID made cheap, or a CPU that was up to date already */
	if (!pages && reasons[reason] != MMS_TLB_WRONG_CPU)
		return;
	t = target_of(reasons[reason]);
	if (likely(!t))
		return;
	n = &t->tlb.count[reasons[reason]];
	atomic64_inc(&n->flushes);
	if (pages == TLB_FLUSH_ALL)
		atomic64_inc(&n->full);
	else
		atomic64_add(pages, &n->pages);
}

/**
 * mms_tlb_reason_name - the word for a reason
 * @reason: the reason
 */
const char *mms_tlb_reason_name(enum mms_tlb_reason reason)
{
	static const char *const names[] = {
		[MMS_TLB_TASK_SWITCH] = "task-switch",
		[MMS_TLB_REMOTE] = "remote",
		[MMS_TLB_LOCAL] = "local",
		[MMS_TLB_LOCAL_MM] = "local-mm",
		[MMS_TLB_IPI_SENT] = "ipi-sent",
		[MMS_TLB_WRONG_CPU] = "wrong-cpu",
	};

	return names[reason];
}
