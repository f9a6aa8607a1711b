// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page faults, attached by fentry/fexit (a trampoline) or by kprobe and kretprobe;
 * the loader picks one pair, of the mode that it needs. What is done there is in
 * fault_body.bpf.h.
 */
#include "fault_task.bpf.h"

#define TRAMPOLINE(mode, suffix)                                                      \
	SEC("fentry/handle_mm_fault")                                                 \
	int BPF_PROG(fentry_##suffix, struct vm_area_struct *vma, unsigned long addr, \
		     unsigned int flags, struct pt_regs *regs)                        \
	{                                                                             \
		return fault_entry(mode, vma, addr, flags, regs, true);               \
	}                                                                             \
                                                                                      \
	SEC("fexit/handle_mm_fault")                                                  \
	int BPF_PROG(fexit_##suffix, struct vm_area_struct *vma, unsigned long addr,  \
		     unsigned int flags, struct pt_regs *regs, unsigned int ret)      \
	{                                                                             \
		return fault_return(mode, ctx, ret);                                  \
	}

#define KPROBE(mode, suffix)                                                            \
	SEC("kprobe/handle_mm_fault")                                                   \
	int BPF_KPROBE(kprobe_##suffix, struct vm_area_struct *vma, unsigned long addr, \
		       unsigned int flags, struct pt_regs *regs)                        \
	{                                                                               \
		tally(MMS_TALLY_RUNS);                                                  \
		return fault_entry(mode, vma, addr, flags, regs, false);                \
	}                                                                               \
                                                                                        \
	SEC("kretprobe/handle_mm_fault")                                                \
	int BPF_KRETPROBE(kretprobe_##suffix, unsigned int ret)                         \
	{                                                                               \
		tally(MMS_TALLY_RUNS);                                                  \
		return fault_return(mode, ctx, ret);                                    \
	}

TRAMPOLINE(MODE_ANY, any)
TRAMPOLINE(MODE_KINDS, kinds)
TRAMPOLINE(MODE_EVENTS, events)
TRAMPOLINE(MODE_ALL, all)
KPROBE(MODE_ANY, any)
KPROBE(MODE_KINDS, kinds)
KPROBE(MODE_EVENTS, events)
KPROBE(MODE_ALL, all)
