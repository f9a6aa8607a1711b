// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which swap area has which type. /proc/swaps lists areas in the order of their
 * types, but without the numbers, and areas that were switched off leave holes.
 */
#include "common.bpf.h"
#include "ksyms.bpf.h"
#include "swaps.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MMS_SWAP_AREAS);
	__type(key, u32);
	__type(value, struct mms_swap_area);
} areas SEC(".maps");

/* Only an area in use has a file; a device has one as well: its node. */
static __always_inline void read_area(u32 type, struct mms_swap_area *a)
{
	struct swap_info_struct *si = NULL;
	const unsigned char *name;
	struct file *file;

	if (bpf_probe_read_kernel(&si, 8, (const void *)(ksyms.swap_info + type * 8)) || !si)
		return;
	file = BPF_CORE_READ(si, swap_file);
	if (!file)
		return;
	a->used = 1;
	a->ino = BPF_CORE_READ(file, f_inode, i_ino);
	a->dev = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
	a->rdev = BPF_CORE_READ(file, f_inode, i_rdev);
	name = BPF_CORE_READ(file, f_path.dentry, d_name.name);
	bpf_probe_read_kernel_str(a->name, sizeof(a->name), name);
}

/* Return: 0, or 1 when the kernel's table cannot be found. */
SEC("syscall")
int list_swaps(void *ctx)
{
	struct mms_swap_area *a;
	u32 type, key;

	if (!ksyms.swap_info)
		return 1;
	for (type = 0; type < MMS_SWAP_AREAS; type++) {
		/* A counter whose address is taken is none for the verifier. */
		key = type;
		a = bpf_map_lookup_elem(&areas, &key);
		if (!a)
			return 1;
		__builtin_memset(a, 0, sizeof(*a));
		read_area(type, a);
	}
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
