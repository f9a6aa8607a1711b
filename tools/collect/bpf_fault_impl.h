/* SPDX-License-Identifier: GPL-2.0-only */
/* What bpf_fault.c (load, attach) and bpf_fault_read.c (read) share; no one else includes it. */
#ifndef _MMS_BPF_FAULT_IMPL_H
#define _MMS_BPF_FAULT_IMPL_H

#include <bpf/libbpf.h>
#include "collect/bpf_fault.h"
#include "collect/bpf_hook.h"

enum attach { ATTACH_SESSION, ATTACH_TRAMPOLINE, ATTACH_KPROBE, NR_ATTACH };

struct mms_faults {
	struct bpf_object *obj;
	enum attach attach;
	struct bpf_link *links[12];
	size_t nr_links;
	int session_fd;
	struct mms_probe *entry, *ret; /* through tracefs; NULL if otherwise */
	struct ring_buffer *ring;
	mms_fault_event_fn fn;
	void *fn_ctx;
	struct mms_fault_count *retired; /* of processes that are gone */
	size_t nr_retired, room_retired;
	size_t max_counts;
	const char *missing[4];
	size_t nr_missing;
};

static inline int mms_faults_map(struct mms_faults *f, const char *name)
{
	return bpf_object__find_map_fd_by_name(f->obj, name);
}

int mms_faults_open_ring(struct mms_faults *f);

#endif
