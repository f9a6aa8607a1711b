// SPDX-License-Identifier: GPL-2.0-only
/* Has this kernel what bpf/tlb.bpf.c hooks and reads? Must not load anything. */
#include <stdio.h>
#include <string.h>
#include "collect/bpf_btf.h"
#include "collect/bpf_features.h"
#include "collect/bpf_tlb.h"

/* Is a symbol in /proc/kallsyms, be its address shown or not? */
static bool has_symbol(const char *symbol)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	char line[256], *name;
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		name = strrchr(line, ' ');
		line[strcspn(line, "\n")] = '\0';
		found = name && !strcmp(name + 1, symbol);
	}
	if (f)
		fclose(f);
	return found;
}

/**
 * mms_tlb_probe_hooks() - does this kernel have what the TLB programs need?
 * @why: what was found, or what is missing
 */
bool mms_tlb_probe_hooks(const char **why)
{
	static const struct {
		const char *func;
		int args;
	} known[] = {
		{"switch_mm_irqs_off", 3},
		{"flush_tlb_mm_range", 5},
		{"native_flush_tlb_multi", 2},
		{"flush_tlb_func", 1},
	};
	static char text[128];
	size_t i;

	*why = text;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (mms_kernel_func_args(known[i].func) == known[i].args)
			continue;
		snprintf(text, sizeof(text), "%s is missing, or has other arguments than known",
			 known[i].func);
		return false;
	}
	*why = "no per-CPU variable cpu_tlbstate (CONFIG_KALLSYMS_ALL)";
	if (!mms_kernel_has_var("cpu_tlbstate") || !has_symbol("cpu_tlbstate"))
		return false;
	*why = "address spaces have no owner (CONFIG_MEMCG)";
	if (!mms_kernel_has_member("mm_struct", "owner"))
		return false;
	*why = "the functions that flush TLBs as known";
	return true;
}
