/* SPDX-License-Identifier: GPL-2.0-only */
/* What bpf_tlb.c (load, attach), bpf_tlb_test.c and bpf_tlb_read.c share. Not for others. */
#ifndef _MMS_BPF_TLB_IMPL_H
#define _MMS_BPF_TLB_IMPL_H

#include <stdbool.h>
#include "collect/bpf_hook.h"
#include "collect/bpf_tlb.h"

struct tlb_bpf;
struct bpf_link;

/* Functions that are hooked, in the order of their table. */
enum mms_tlb_hook {
	MMS_TLB_HOOK_SWITCH,
	MMS_TLB_HOOK_ASKED,
	MMS_TLB_HOOK_SENT,
	MMS_TLB_HOOK_HIT,
	MMS_TLB_NR_HOOKS
};

struct mms_tlb {
	struct tlb_bpf *skel;
	/* Hooks by kprobe: through tracefs, or else by the link. */
	bool kprobe[MMS_TLB_NR_HOOKS];
	struct mms_probe *probes[MMS_TLB_NR_HOOKS];
	struct bpf_link *links[MMS_TLB_NR_HOOKS];
	bool no_profile;
	int stats_fd; /* the kernel takes run times while it is open; -1 = it does not */
	const char *missing[4];
	size_t nr_missing;
	size_t max_counts, max_pairs; /* room in the kernel's maps */
	struct mms_tlb_losses before; /* what was missed until the counting began */
	struct mms_skips skips;	      /* at the kprobes */
	/* Of processes that are gone, moved out of these. */
	struct mms_tlb_data retired;
	size_t room_counts, room_received;
};

void mms_tlb_note_missing(struct mms_tlb *t, const char *text);
/* What was missed until now counts no more. Return: 0 or -ENOMEM. */
int mms_tlb_missed_before(struct mms_tlb *t);
int mms_tlb_self_test(struct mms_tlb *t, const char **why);

#endif
