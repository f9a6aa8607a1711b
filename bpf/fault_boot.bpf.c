// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where this boot's kernel has its memory: read once by the loader, which gives it
 * to the fault programs as constants. Must not know of faults.
 */
#include "common.bpf.h"
#include "fault_kind.h"
#include "fault.h"
#include <bpf/bpf_helpers.h>

#define MMS_KERNEL_MAP 0xffffffff80000000ULL /* __START_KERNEL_map */
#define MMS_DIRECT_MAP 0xffff888000000000ULL /* __PAGE_OFFSET_BASE_L4, if it does not move */
#define MMS_VMEMMAP    0xffffea0000000000ULL /* __VMEMMAP_BASE_L4, likewise */

struct mms_fault_boot boot SEC(".data.boot");

extern const void page_offset_base __ksym __weak;
extern const void vmemmap_base __ksym __weak;
extern const void pgdir_shift __ksym __weak;
extern const void phys_base __ksym __weak;
extern const void sme_me_mask __ksym __weak;
extern const void empty_zero_page __ksym __weak;
extern const void zero_pfn __ksym __weak;
extern const void swap_info __ksym __weak;

/* Return: 0, or -1 when no page table could be followed. */
SEC("syscall")
int learn_boot(void *ctx)
{
	u64 phys = 0, sme = 0;
	u32 shift = 39;

	boot.page_offset = MMS_DIRECT_MAP;
	boot.vmemmap = MMS_VMEMMAP;
	if (&page_offset_base && bpf_probe_read_kernel(&boot.page_offset, 8, &page_offset_base))
		return -1;
	if (&vmemmap_base && bpf_probe_read_kernel(&boot.vmemmap, 8, &vmemmap_base))
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

char LICENSE[] SEC("license") = "GPL";
