// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page faults, attached by one kprobe.session: for kernels whose
 * bpf_session_is_return() takes the context (see fault_session.bpf.c).
 */
#include "fault_task.bpf.h"

extern bool bpf_session_is_return(void *ctx) __ksym;

#define SESSION(mode, suffix)                                                            \
	SEC("kprobe.multi/handle_mm_fault")                                              \
	int BPF_KPROBE(session_##suffix, struct vm_area_struct *vma, unsigned long addr, \
		       unsigned int flags, struct pt_regs *regs)                         \
	{                                                                                \
		if (bpf_session_is_return(ctx))                                          \
			return fault_return(mode, ctx, PT_REGS_RC(ctx));                 \
		return fault_entry(mode, vma, addr, flags, regs, false);                 \
	}

SESSION(MODE_ANY, any)
SESSION(MODE_KINDS, kinds)
SESSION(MODE_EVENTS, events)
SESSION(MODE_ALL, all)
