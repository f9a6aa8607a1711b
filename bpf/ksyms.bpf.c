// SPDX-License-Identifier: GPL-2.0-only
/* Asks the kernel itself for the addresses of its symbols. Must not know who reads them. */
#include "common.bpf.h"
#include "ksyms.h"
#include <bpf/bpf_helpers.h>

#define ENOENT 2

struct mms_ksyms found SEC(".data.found");

#define FIND(name)                                                                  \
	({                                                                          \
		static const char symbol[] = #name;                                 \
		long ret = bpf_kallsyms_lookup_name(symbol, sizeof(symbol), 0, &v); \
                                                                                    \
		if (ret && ret != -ENOENT)                                          \
			return (int)ret;                                            \
		found.name = ret ? 0 : v;                                           \
	});

/* Return: 0, or -EPERM where the kernel tells nobody (kernel.kptr_restrict). */
SEC("syscall")
int find_ksyms(void *ctx)
{
	u64 v = 0;

	MMS_KSYMS(FIND)
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
