/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Follows the page tables of a live mm from BPF, lockless, on x86-64: every table
 * is read through the direct map in a way that survives a bad address, so that a
 * table freed under us gives a stale or failed read and never a crash. Owns the
 * reading of kernel memory; must not know why somebody walks.
 */
#ifndef _MMS_PAGEWALK_BPF_H
#define _MMS_PAGEWALK_BPF_H

#include "common.bpf.h"
#include "fault_kind.h"
#include "fault.h"
#include "ksyms.bpf.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

/* The kernel's layout of this boot: set by the loader, so that programs have it as constants. */
const volatile struct mms_fault_boot boot SEC(".rodata.boot");

/* bpf_rdonly_cast() is there and programs are compiled: set by the loader. */
const volatile __u32 plain_loads SEC(".rodata.loads");

extern void *bpf_rdonly_cast(void *obj, __u32 btf_id) __ksym __weak;

/* The huge zero page comes and goes: read anew when it matters. */
static __always_inline u64 pagewalk_huge_zero_pfn(void)
{
	u64 pfn = ~0ULL;

	if (ksyms.huge_zero_pfn)
		bpf_probe_read_kernel(&pfn, 8, (const void *)ksyms.huge_zero_pfn);
	return pfn;
}

/*
 * Eight bytes of kernel memory. Where the kernel can turn a number into a pointer for programs to
 * read through, this is one load; a bad address then gives 0, and cannot be told from a true 0.
 * Any named struct that begins with an unsigned long would do.
 */
static __always_inline u64 kernel_word(u64 addr, bool *failed)
{
	u64 v = 0;

	if (plain_loads) {
		const struct pt_regs *words =
			bpf_rdonly_cast((void *)addr, bpf_core_type_id_kernel(struct pt_regs));

		return words->r15;
	}
	if (bpf_probe_read_kernel(&v, 8, (const void *)addr))
		*failed = true;
	return v;
}

/* The same for a member of a struct of the kernel that is as wide: a number, never a pointer. */
#define kernel_member(p, member)                                                             \
	({                                                                                   \
		bool __failed;                                                               \
                                                                                             \
		kernel_word((u64)(p) + __builtin_preserve_field_info((p)->member,            \
								     BPF_FIELD_BYTE_OFFSET), \
			    &__failed);                                                      \
	})

/**
 * struct pagewalk - where a walk is, or ended
 * @slot: kernel address of the slot looked at last
 * @entry: what it holds
 * @level: of its table: 1 = PTE ... 5 = PGD
 * @failed: a table could not be read, taken as empty
 * @table_slot: the slot in the table above, where @level is 1: it holds the table's address
 */
struct pagewalk {
	u64 slot;
	u64 entry;
	u64 table_slot;
	u8 level;
	bool failed;
};

/* The slot for @addr in the table that @entry, of a table of @level, leads to. */
static __always_inline u64 pagewalk_below(u64 entry, u64 addr, u8 level)
{
	return (entry & boot.rules.frame_mask) + boot.page_offset +
	       ((addr >> (12 + 9 * (level - 2))) & 511) * 8;
}

/* Looks at the slot. Return: false where the walk ends, else with the slot one level below. */
static __always_inline bool pagewalk_step(struct pagewalk *w, u64 addr, u8 level)
{
	w->level = level;
	w->entry = kernel_word(w->slot, &w->failed);
	if (!(w->entry & MMS_PTE_P) || (level < 4 && (w->entry & MMS_PTE_PSE)))
		return false;
	w->table_slot = w->slot;
	w->slot = pagewalk_below(w->entry, addr, level);
	return true;
}

/* From a slot of this level down. */
static __always_inline void pagewalk_from(struct pagewalk *w, u64 addr, u8 level)
{
	if (level >= 5 && !pagewalk_step(w, addr, 5))
		return;
	if (level >= 4 && !pagewalk_step(w, addr, 4))
		return;
	if (level >= 3 && !pagewalk_step(w, addr, 3))
		return;
	if (!pagewalk_step(w, addr, 2))
		return;
	w->level = 1;
	w->entry = kernel_word(w->slot, &w->failed);
}

/* Walks to @addr under @pgd (a kernel address). */
static __always_inline void pagewalk(struct pagewalk *w, u64 pgd, u64 addr)
{
	w->failed = false;
	w->slot = pgd + ((addr >> boot.top_shift) & 511) * 8;
	pagewalk_from(w, addr, boot.top_shift == 48 ? 5 : 4);
}

/*
 * Is this swap area a zram device? From the kernel's own table: user space could only guess
 * by the order in /proc/swaps, which skips areas that were switched off.
 */
static __always_inline bool pagewalk_swap_is_zram(u32 type)
{
	struct swap_info_struct *si = NULL;
	struct gendisk *disk;
	char name[4] = {};

	if (!ksyms.swap_info || type >= MMS_SWAP_SPECIAL)
		return false;
	if (bpf_probe_read_kernel(&si, 8, (const void *)(ksyms.swap_info + type * 8)) || !si)
		return false;
	disk = BPF_CORE_READ(si, bdev, bd_disk);
	if (!disk || bpf_core_read(name, sizeof(name), &disk->disk_name))
		return false;
	return name[0] == 'z' && name[1] == 'r' && name[2] == 'a' && name[3] == 'm';
}

#endif
