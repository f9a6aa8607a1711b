/* SPDX-License-Identifier: GPL-2.0-only */
/* What bpf_thp.c (load, attach, read) and bpf_thp_test.c share. Not for others. */
#ifndef _MMS_BPF_THP_IMPL_H
#define _MMS_BPF_THP_IMPL_H

#include <stdbool.h>
#include "collect/bpf_hook.h"
#include "collect/bpf_ksyms.h"
#include "collect/bpf_thp.h"

#define MMS_THP_PROBES 4 /* two on entries, two on folios */

struct thp_bpf;

struct mms_thp {
	struct thp_bpf *skel;
	const char *folio_func, *entry_func; /* as chosen */
	bool has_locked;
	struct mms_probe *probes[MMS_THP_PROBES];
	struct mms_thp_losses before; /* what was missed until the counting began */
	struct mms_skips skips;	      /* at the kprobes */
	int stats_fd;
	const char *missing[2];
	size_t nr_missing;
	char attach[128];
};

int mms_thp_self_test(struct mms_thp *t, const char **why);

#endif
