// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page faults, attached by one kprobe.session: for kernels whose
 * bpf_session_is_return() takes the context (see fault_session.bpf.c).
 */
#include "fault_task.bpf.h"

extern bool bpf_session_is_return(void *ctx) __ksym;

SEC("kprobe.multi/handle_mm_fault")
int BPF_KPROBE(session_fault, struct vm_area_struct *vma, unsigned long addr, unsigned int flags,
	       struct pt_regs *regs)
{
	if (bpf_session_is_return(ctx))
		return fault_return(ctx, PT_REGS_RC(ctx));
	return fault_entry(vma, addr, flags, regs, false);
}
