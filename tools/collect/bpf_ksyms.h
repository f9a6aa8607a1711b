/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's data by the names of its symbols. */
#ifndef MMS_COLLECT_BPF_KSYMS_H
#define MMS_COLLECT_BPF_KSYMS_H

#include <linux/types.h>

#include "ksyms.h"

/**
 * mms_ksyms() - where the kernel has what the BPF programs read
 * @k: the addresses; 0 where this kernel has no such symbol
 * @why: set when they cannot be had
 *
 * The kernel is asked once in the life of a process, and by a program of its own, since
 * to read all of /proc/kallsyms takes longer than the rest of a command's start.
 * Needs CAP_BPF, CAP_PERFMON and CAP_SYSLOG.
 *
 * Return: 0, -EPERM where the kernel shows addresses to nobody (kernel.kptr_restrict), or
 * what bpf(2) had to say
 */
int mms_ksyms(struct mms_ksyms *k, const char **why);

#endif
