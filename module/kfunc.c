// SPDX-License-Identifier: GPL-2.0-only
/*
 * kfunc: bpf_mmscope_walk(), the page-table walk of an address of the current
 * task, for BPF programs of type tracing. How tables are followed without a lock
 * is walk_self.c's.
 */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/string.h>
#include "kfunc.h"
#include "rules.h"
#include "walk_self.h"

static const char *refusal __ro_after_init =
	"no type information (BTF) in the module or in this kernel";

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
	if (out__sz < sizeof(*out))
		return -EINVAL;
	memset(out, 0, sizeof(*out));
	if (addr >= TASK_SIZE_MAX)
		return -EINVAL;
	if (!current->mm || (current->flags & PF_KTHREAD))
		return -ESRCH;
	out->level = mms_walk_self(addr, out->raw);
	if (!out->level)
		return -EAGAIN;
	tell_leaf(out, addr);
	return out->level;
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
	const char *why = NULL;
	int err;

	if (!have_btf())
		return;
	err = register_btf_kfunc_id_set(BPF_PROG_TYPE_TRACING, &kfunc_set);
	if (err == -ENOMEM)
		why = "no memory for it when the module was loaded";
	else if (err)
		why = "this kernel refused to register it";
	WRITE_ONCE(refusal, why); /* "features" is there already */
}

/**
 * mms_kfunc_refusal - may programs call bpf_mmscope_walk()
 *
 * Return: NULL, or why not.
 */
const char *mms_kfunc_refusal(void)
{
	return READ_ONCE(refusal);
}
