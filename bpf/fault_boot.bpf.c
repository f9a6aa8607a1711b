// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where this boot's kernel has its memory: read once by the loader, which gives it
 * to the fault programs as constants. Must not know of faults.
 */
#include "common.bpf.h"
#include "fault_kind.h"
#include "fault.h"
#include "ksyms.bpf.h"
#include <bpf/bpf_helpers.h>

#define MMS_KERNEL_MAP 0xffffffff80000000ULL /* __START_KERNEL_map */
#define MMS_DIRECT_MAP 0xffff888000000000ULL /* __PAGE_OFFSET_BASE_L4, if it does not move */

struct mms_fault_boot boot SEC(".data.boot");

/* Return: 0 also where the kernel has no such symbol: then @v is as it was. */
static __always_inline long read_symbol(void *v, u32 size, u64 addr)
{
	return addr ? bpf_probe_read_kernel(v, size, (const void *)addr) : 0;
}

/* Return: 0, or -1 when no page table could be followed. */
SEC("syscall")
int learn_boot(void *ctx)
{
	u64 phys = 0, sme = 0;
	u32 shift = 39;

	boot.page_offset = MMS_DIRECT_MAP;
	boot.vmemmap = MMS_VMEMMAP;
	if (read_symbol(&boot.page_offset, 8, ksyms.page_offset_base) ||
	    read_symbol(&boot.vmemmap, 8, ksyms.vmemmap_base) ||
	    read_symbol(&shift, 4, ksyms.pgdir_shift) || read_symbol(&sme, 8, ksyms.sme_me_mask))
		return -1;
	boot.top_shift = shift;
	boot.rules.frame_mask = MMS_PTE_FRAME & ~sme;
	if (ksyms.zero_pfn) {
		if (read_symbol(&boot.rules.zero_pfn, 8, ksyms.zero_pfn))
			return -1;
	} else if (ksyms.empty_zero_page && ksyms.phys_base) {
		if (read_symbol(&phys, 8, ksyms.phys_base))
			return -1;
		boot.rules.zero_pfn = (ksyms.empty_zero_page - MMS_KERNEL_MAP + phys) >> 12;
	} else {
		return -1;
	}
	boot.rules.huge_zero_pfn = ~0ULL;
	boot.swap_known = !!ksyms.swap_info;
	boot.ok = 1;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
