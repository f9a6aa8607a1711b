// SPDX-License-Identifier: GPL-2.0-only
/*
 * kfunc: bpf_mmscope_walk(), the page-table walk of an address of the current
 * task, for BPF programs of type tracing. Follows page tables without a lock,
 * which walk.c may not: only those of the mm that this very CPU runs.
 */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/cpumask.h>
#include <linux/irqflags.h>
#include <linux/mm_types.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/string.h>
#include "kfunc.h"
#include "rules.h"

static bool registered __ro_after_init;

/* Keep the word of a level. Returns true if it is a table, to be followed. */
static bool keep(struct mmscope_walk *out, u64 raw, unsigned int level)
{
	out->raw[level] = raw;
	out->level = level;
	return mms_raw_table(raw, level);
}

/*
 * Interrupts are off and this CPU is in mm_cpumask(@mm): who frees a table first
 * waits for this CPU to take an interrupt, or for all readers of RCU, and we are
 * either. A word read twice may differ, so each is read once and followed from
 * the copy.
 */
static void follow(struct mmscope_walk *out, struct mm_struct *mm, u64 addr)
{
	pgd_t *pgdp = pgd_offset(mm, addr);
	p4d_t p4d, *p4dp;
	pud_t pud, *pudp;
	pmd_t pmd, *pmdp;
	pte_t *ptep;

	if (mms_rules.levels == 5 && !keep(out, READ_ONCE(pgdp->pgd), MMSCOPE_LEVEL_PGD))
		return;
	/* with 4 levels this is the slot of the pgd: no copy of that will do */
	p4dp = p4d_offset(pgdp, addr);
	p4d = READ_ONCE(*p4dp);
	if (!keep(out, p4d_val(p4d), MMSCOPE_LEVEL_P4D))
		return;
	pudp = pud_offset(&p4d, addr);
	pud = READ_ONCE(*pudp);
	if (!keep(out, pud_val(pud), MMSCOPE_LEVEL_PUD))
		return;
	pmdp = pmd_offset(&pud, addr);
	pmd = READ_ONCE(*pmdp);
	if (!keep(out, pmd_val(pmd), MMSCOPE_LEVEL_PMD))
		return;
	ptep = pte_offset_kernel(&pmd, addr);
	keep(out, pte_val(READ_ONCE(*ptep)), MMSCOPE_LEVEL_PTE);
}

static void tell_leaf(struct mmscope_walk *out, u64 addr)
{
	u64 in_leaf = (1ULL << mms_entry_shift(out->level)) - 1;
	struct mms_entry e;

	mms_entry_decode(&mms_rules, out->raw[out->level], out->level, &e);
	if (e.kind != MMS_KIND_LEAF)
		return;
	out->leaf = 1;
	out->frame = e.frame + ((addr & in_leaf) >> PAGE_SHIFT);
}

__bpf_kfunc_start_defs();

/**
 * bpf_mmscope_walk - the entries of every level of an address of current
 * @addr: user address
 * @out: all of it is written, unless -EINVAL for its size
 * @out__sz: bytes of @out (the name tells the verifier so)
 *
 * A CPU that has left current's page tables already, or not yet loaded them, as
 * in the midst of a task switch or an exec, is not told when tables are freed:
 * there nothing can be read.
 *
 * Context: any, also NMI. Takes no lock.
 * Return: enum mmscope_level of the last entry; -EINVAL @addr is no user address
 * or @out too small; -ESRCH current is a kernel thread or has exited; -EAGAIN
 * the CPU does not run current's page tables at this moment.
 */
__bpf_kfunc int bpf_mmscope_walk(u64 addr, struct mmscope_walk *out, u32 out__sz)
{
	struct mm_struct *mm;
	unsigned long flags;
	int ret = -EAGAIN;

	if (out__sz < sizeof(*out))
		return -EINVAL;
	memset(out, 0, sizeof(*out));
	if (addr >= TASK_SIZE_MAX)
		return -EINVAL;
	local_irq_save(flags);
	mm = current->mm;
	if (!mm || (current->flags & PF_KTHREAD)) {
		ret = -ESRCH;
	} else if (cpumask_test_cpu(raw_smp_processor_id(), mm_cpumask(mm))) {
		follow(out, mm, addr);
		ret = out->level;
	}
	local_irq_restore(flags);
	if (ret > 0)
		tell_leaf(out, addr);
	return ret;
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(kfunc_ids)
BTF_ID_FLAGS(func, bpf_mmscope_walk)
BTF_KFUNCS_END(kfunc_ids)

static const struct btf_kfunc_id_set kfunc_set = {.owner = THIS_MODULE, .set = &kfunc_ids};

/* Without type information the kernel would complain in its log and return 0. */
static bool __init have_btf(void)
{
#ifdef CONFIG_DEBUG_INFO_BTF_MODULES
	return THIS_MODULE->btf_data_size;
#else
	return false;
#endif
}

/**
 * mms_kfunc_init - offer bpf_mmscope_walk() to programs, where that is possible
 *
 * The kernel forgets it by itself, with the module's type information.
 *
 * Context: module load, when nothing can fail any more.
 */
void __init mms_kfunc_init(void)
{
	registered = have_btf() && !register_btf_kfunc_id_set(BPF_PROG_TYPE_TRACING, &kfunc_set);
}

/**
 * mms_kfunc_refusal - may programs call bpf_mmscope_walk()
 *
 * Return: NULL, or why not.
 */
const char *mms_kfunc_refusal(void)
{
	return registered ? NULL : "no type information (BTF) in the module or in this kernel";
}
