// SPDX-License-Identifier: GPL-2.0-only
/* Run times by bpf_prog_info, memory by fdinfo. */
#include <stdio.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "collect/bpf_cost.h"

/*
 * Kernel memory of a map: what the kernel says of it in fdinfo. Some kernels reckon it from keys
 * and values, which a ring buffer has none of: its size is what it has at least.
 */
static uint64_t map_memory(const struct bpf_map *m)
{
	unsigned long long bytes = 0;
	char path[64], line[128];
	FILE *f;

	if (bpf_map__fd(m) < 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", bpf_map__fd(m));
	f = fopen(path, "re");
	while (f && !bytes && fgets(line, sizeof(line), f))
		sscanf(line, "memlock: %llu", &bytes);
	if (f)
		fclose(f);
	if (!bytes && bpf_map__type(m) == BPF_MAP_TYPE_RINGBUF)
		bytes = bpf_map__max_entries(m);
	return bytes;
}

void mms_bpf_cost_add(const struct bpf_object *obj, struct mms_bpf_cost *c)
{
	struct bpf_program *p;
	struct bpf_map *m;

	bpf_object__for_each_program (p, obj) {
		struct bpf_prog_info info = {};
		__u32 len = sizeof(info);

		if (bpf_program__fd(p) < 0 ||
		    bpf_obj_get_info_by_fd(bpf_program__fd(p), &info, &len))
			continue;
		c->runs += info.run_cnt;
		c->run_ns += info.run_time_ns;
	}
	bpf_object__for_each_map (m, obj)
		c->map_bytes += map_memory(m);
}

int mms_bpf_measure(void)
{
	return bpf_enable_stats(BPF_STATS_RUN_TIME);
}
