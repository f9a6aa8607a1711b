/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel's BTF says of its functions, variables, structs, enums and
 * tracepoints. Not thread-safe; parsed once, which takes some ms.
 */
#ifndef _MMS_BPF_BTF_H
#define _MMS_BPF_BTF_H

#include <stdbool.h>

bool mms_kernel_btf(void);
/* Is there a function, a per-CPU variable or a struct member of this name in the kernel's BTF? */
bool mms_kernel_has_func(const char *func);
bool mms_kernel_has_var(const char *var);
bool mms_kernel_has_member(const char *type, const char *member);
/* Number of arguments of a kernel function, or -ENOENT. */
int mms_kernel_func_args(const char *func);
/* Number of arguments of a tracepoint, or -ENOENT. */
int mms_kernel_tracepoint_args(const char *name);
/* The value of an enumerator, -1 if there is none; the name of a value, or NULL. */
long long mms_kernel_enum_value(const char *type, const char *name);
const char *mms_kernel_enum_name(const char *type, unsigned int value);

#endif
