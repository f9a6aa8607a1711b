/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kfunc: bpf_mmscope_walk(), for BPF programs.
 */
#ifndef _MMS_KFUNC_H
#define _MMS_KFUNC_H

void mms_kfunc_init(void);
const char *mms_kfunc_refusal(void);

#endif /* _MMS_KFUNC_H */
