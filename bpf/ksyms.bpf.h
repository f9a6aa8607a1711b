/* SPDX-License-Identifier: GPL-2.0-only */
/* The addresses of the kernel's data, as constants. Must not know what is there. */
#ifndef _MMS_KSYMS_BPF_H
#define _MMS_KSYMS_BPF_H

#include "common.bpf.h"
#include "ksyms.h"
#include <bpf/bpf_helpers.h>

/* Set by the loader: a symbol that libbpf resolves costs a pass over all of /proc/kallsyms. */
const volatile struct mms_ksyms ksyms SEC(".rodata.ksyms");

#endif
