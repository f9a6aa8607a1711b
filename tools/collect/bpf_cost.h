/* SPDX-License-Identifier: GPL-2.0-only */
/* What loaded BPF programs cost, as the kernel counts it. Knows nothing of what they do. */
#ifndef _MMS_BPF_COST_H
#define _MMS_BPF_COST_H

#include <stdint.h>

struct mms_bpf_cost {
	uint64_t runs;	    /* of the programs; 0 unless the kernel measures */
	uint64_t run_ns;    /* in them */
	uint64_t map_bytes; /* kernel memory of their maps */
};

struct bpf_object;

/* Adds the cost of all programs and maps of a loaded object. */
void mms_bpf_cost_add(const struct bpf_object *obj, struct mms_bpf_cost *c);

/* Return: a file; as long as it is open the kernel takes the time of each run; or -errno. */
int mms_bpf_measure(void);

#endif
