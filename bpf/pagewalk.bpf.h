/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Follows the page tables of a live mm from BPF, lockless, on x86-64: every table
 * is read through the direct map with a probe read, so that a table freed under
 * us gives a stale or failed read and never a crash. Owns the kernel's constants
 * needed for that ("boot"); must not know why somebody walks.
 */
#ifndef _MMS_PAGEWALK_BPF_H
#define _MMS_PAGEWALK_BPF_H

#include "common.bpf.h"
#include "fault_kind.h"
#include "fault.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define MMS_KERNEL_MAP 0xffffffff80000000ULL /* __START_KERNEL_map */
#define MMS_DIRECT_MAP 0xffff888000000000ULL /* __PAGE_OFFSET_BASE_L4, if it does not move */

struct mms_fault_boot boot SEC(".data.boot");

extern const void page_offset_base __ksym __weak;
extern const void pgdir_shift __ksym __weak;
extern const void phys_base __ksym __weak;
extern const void sme_me_mask __ksym __weak;
extern const void empty_zero_page __ksym __weak;
extern const void zero_pfn __ksym __weak;
extern const void huge_zero_pfn __ksym __weak;
extern const void swap_info __ksym __weak;

/* Reads the kernel's layout of this boot. Return: 0, or -1 when nothing can be walked. */
static __always_inline int pagewalk_learn(void)
{
	u64 phys = 0, sme = 0;
	u32 shift = 39;

	boot.page_offset = MMS_DIRECT_MAP;
	if (&page_offset_base && bpf_probe_read_kernel(&boot.page_offset, 8, &page_offset_base))
		return -1;
	if (&pgdir_shift && bpf_probe_read_kernel(&shift, 4, &pgdir_shift))
		return -1;
	boot.top_shift = shift;
	if (&sme_me_mask)
		bpf_probe_read_kernel(&sme, 8, &sme_me_mask);
	boot.rules.frame_mask = MMS_PTE_FRAME & ~sme;
	if (&zero_pfn) {
		if (bpf_probe_read_kernel(&boot.rules.zero_pfn, 8, &zero_pfn))
			return -1;
	} else if (&empty_zero_page && &phys_base) {
		if (bpf_probe_read_kernel(&phys, 8, &phys_base))
			return -1;
		boot.rules.zero_pfn = ((u64)&empty_zero_page - MMS_KERNEL_MAP + phys) >> 12;
	} else {
		return -1;
	}
	boot.rules.huge_zero_pfn = ~0ULL;
	boot.swap_known = !!&swap_info;
	boot.ok = 1;
	return 0;
}

/* The huge zero page comes and goes: read anew when it matters. */
static __always_inline u64 pagewalk_huge_zero_pfn(void)
{
	u64 pfn = ~0ULL;

	if (&huge_zero_pfn)
		bpf_probe_read_kernel(&pfn, 8, &huge_zero_pfn);
	return pfn;
}

/* One step: reads the slot. Return: false where the walk ends. */
static __always_inline bool pagewalk_step(u64 *table, u64 addr, int shift, u64 *entry, bool *failed)
{
	u64 slot = *table + ((addr >> shift) & 511) * 8;

	if (bpf_probe_read_kernel(entry, 8, (const void *)slot)) {
		*entry = 0;
		*failed = true;
		return false;
	}
	if (!(*entry & MMS_PTE_P) || (shift < 39 && (*entry & MMS_PTE_PSE)))
		return false;
	*table = (*entry & boot.rules.frame_mask) + boot.page_offset;
	return true;
}

/*
 * Walks to @addr under @pgd (a kernel address).
 * @entry gets the raw entry where the walk ended. @failed is set if a table could not be read.
 * Return: the level of that entry, 1 = PTE ... 5 = PGD.
 */
static __always_inline u8 pagewalk(u64 pgd, u64 addr, u64 *entry, bool *failed)
{
	u64 table = pgd;

	if (boot.top_shift == 48 && !pagewalk_step(&table, addr, 48, entry, failed))
		return 5;
	if (!pagewalk_step(&table, addr, 39, entry, failed))
		return 4;
	if (!pagewalk_step(&table, addr, 30, entry, failed))
		return 3;
	if (!pagewalk_step(&table, addr, 21, entry, failed))
		return 2;
	if (bpf_probe_read_kernel(entry, 8, (const void *)(table + ((addr >> 12) & 511) * 8))) {
		*entry = 0;
		*failed = true;
	}
	return 1;
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

	if (!&swap_info || type >= MMS_SWAP_SPECIAL)
		return false;
	if (bpf_probe_read_kernel(&si, 8, (const void *)((u64)&swap_info + type * 8)) || !si)
		return false;
	disk = BPF_CORE_READ(si, bdev, bd_disk);
	if (!disk || bpf_core_read(name, sizeof(name), &disk->disk_name))
		return false;
	return name[0] == 'z' && name[1] == 'r' && name[2] == 'a' && name[3] == 'm';
}

#endif
