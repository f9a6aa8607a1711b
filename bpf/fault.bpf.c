// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page faults, attached by fentry/fexit (a trampoline) or by kprobe and kretprobe;
 * the loader picks one pair. What is done there is in fault_body.bpf.h.
 */
#include "fault_task.bpf.h"

SEC("fentry/handle_mm_fault")
int BPF_PROG(fentry_fault, struct vm_area_struct *vma, unsigned long addr, unsigned int flags,
	     struct pt_regs *regs)
{
	return fault_entry(vma, addr, flags, regs, true);
}

SEC("fexit/handle_mm_fault")
int BPF_PROG(fexit_fault, struct vm_area_struct *vma, unsigned long addr, unsigned int flags,
	     struct pt_regs *regs, unsigned int ret)
{
	return fault_return(ctx, ret);
}

SEC("kprobe/handle_mm_fault")
int BPF_KPROBE(kprobe_fault, struct vm_area_struct *vma, unsigned long addr, unsigned int flags,
	       struct pt_regs *regs)
{
	tally(MMS_TALLY_RUNS);
	return fault_entry(vma, addr, flags, regs, false);
}

SEC("kretprobe/handle_mm_fault")
int BPF_KRETPROBE(kretprobe_fault, unsigned int ret)
{
	tally(MMS_TALLY_RUNS);
	return fault_return(ctx, ret);
}
