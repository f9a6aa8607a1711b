/* SPDX-License-Identifier: GPL-2.0-only */
/* The addresses of the kernel's data, as constants. Must not know what is there. */
#ifndef _MMS_KSYMS_BPF_H
#define _MMS_KSYMS_BPF_H

#include "common.bpf.h"
#include "ksyms.h"
#include <bpf/bpf_helpers.h>

#define MMS_VMEMMAP 0xffffea0000000000ULL /* __VMEMMAP_BASE_L4: where it is if it does not move */

/* Set by the loader: a symbol that libbpf resolves costs a pass over all of /proc/kallsyms. */
const volatile struct mms_ksyms ksyms SEC(".rodata.ksyms");

#endif
