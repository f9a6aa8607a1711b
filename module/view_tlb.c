// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_tlb: TLB flushes of a target, and what the CPU counts of its misses.
 */
#include <linux/seq_file.h>
#include <asm/cpufeature.h>
#include "pmu.h"
#include "target.h"
#include "tlb.h"
#include "view.h"

static void show_reason(struct seq_file *m, enum mms_tlb_reason reason,
			const struct mms_tlb_count *n)
{
	seq_printf(m, "%s %lld %lld %lld\n", mms_tlb_reason_name(reason),
		   atomic64_read(&n->flushes), atomic64_read(&n->pages), atomic64_read(&n->full));
}

static void show_pmu(struct seq_file *m, struct mms_pmu *pmu)
{
	const char *refusal = mms_pmu_refusal();
	u64 count;
	int i;

	if (!pmu) {
		seq_printf(m, "pmu no %s\n", refusal ? refusal : "no counters for this process");
		return;
	}
	seq_puts(m, "pmu yes -\n");
	for (i = 0; i < __MMS_PMU_MAX; i++) {
		if (mms_pmu_read(pmu, i, &count))
			seq_printf(m, "%s %llu\n", mms_pmu_event_name(i), count);
		else
			seq_printf(m, "%s -\n", mms_pmu_event_name(i));
	}
}

static int tlb_show(struct seq_file *m, void *unused)
{
	struct mms_target *t = m->private;
	int i;

	seq_printf(m, "pcid %s\n", boot_cpu_has(X86_FEATURE_PCID) ? "yes" : "no");
	seq_puts(m, "# reason flushes pages full\n");
	for (i = 0; i < __MMS_TLB_MAX; i++)
		show_reason(m, i, &t->tlb.count[i]);
	show_pmu(m, smp_load_acquire(&t->pmu));
	return 0;
}

static int tlb_open(struct inode *inode, struct file *file)
{
	return mms_view_single_open(inode, file, tlb_show, PAGE_SIZE);
}

const struct file_operations mms_tlb_fops = {
	.owner = THIS_MODULE,
	.open = tlb_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = mms_view_single_release,
};
