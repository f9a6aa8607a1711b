/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What this kernel, its settings and our rights allow the BPF programs to do:
 * a table of named probes for `doctor`, and the few facts the loaders choose by.
 * Each probe asks the kernel (BTF, a map created, a file), never its version.
 * Knows nothing of output.
 */
#ifndef _MMS_BPF_FEATURES_H
#define _MMS_BPF_FEATURES_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct mms_bpf_feature - one probed feature
 * @name: short name ("bpf rights", "BTF", "kprobe.session")
 * @available: the kernel and our rights allow it
 * @needed: without it no BPF command works at all
 * @right: a matter of what we may do, not of what the kernel can
 * @why: what was found, or why it is not available; never NULL
 * @cost: what is lost without it; "" if available
 * @fix: what a person can do; "" if available or nothing can be done
 */
struct mms_bpf_feature {
	const char *name;
	bool available;
	bool needed;
	bool right;
	const char *why;
	const char *cost;
	const char *fix;
};

/* How the kernel may preempt kernel code; decides whether a BPF trampoline loses calls. */
enum mms_preempt {
	MMS_PREEMPT_UNKNOWN,
	MMS_PREEMPT_NONE,
	MMS_PREEMPT_VOLUNTARY,
	MMS_PREEMPT_LAZY,
	MMS_PREEMPT_FULL,
	MMS_PREEMPT_RT,
};

/**
 * mms_bpf_features() - probe once, then answer from memory
 * @nr: number of rows
 * Not thread-safe. The rows are owned by the library and live until exit.
 * Return: the table, or NULL with errno set (ENOMEM).
 */
const struct mms_bpf_feature *mms_bpf_features(size_t *nr);

/**
 * mms_bpf_feature() - one row by its name
 * Return: the row, or NULL when there is no such feature.
 */
const struct mms_bpf_feature *mms_bpf_feature(const char *name);

/**
 * mms_bpf_usable() - can BPF programs be loaded at all
 * @why: set to one line for the person (cause, then fix) when not; may be NULL
 * Return: 0, -EPERM (rights or lockdown), -ENOENT (no BTF), -ENOSYS (no bpf(2)).
 */
int mms_bpf_usable(const char **why);

enum mms_preempt mms_preempt_model(void);
const char *mms_preempt_name(enum mms_preempt p);

#endif
