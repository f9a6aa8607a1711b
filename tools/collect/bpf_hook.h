/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ways to hang a loaded program on a kernel function that libbpf does not offer:
 * kprobe.session, and a kretprobe whose pool is large enough. Knows nothing of
 * what the programs do.
 */
#ifndef _MMS_BPF_HOOK_H
#define _MMS_BPF_HOOK_H

#include <stdbool.h>
#include <stdint.h>

/* enum bpf_attach_type of the kernel; libbpf of today's distributions may not know it. */
#define MMS_BPF_TRACE_KPROBE_SESSION 56

/* Return: a link (closing it detaches), or -errno. */
int mms_hook_session(int prog_fd, const char *func);
uint64_t mms_hook_missed(int link_fd);

struct bpf_object;
uint64_t mms_hook_recursion_of(int prog_fd);
uint64_t mms_hook_recursion(const struct bpf_object *obj);

/* Runs that the kernel skipped at probes, known by what these have seen and the programs have not.
 */
struct mms_skips {
	uint64_t before; /* until the counting began */
	uint64_t since;	 /* as of the last look: it never shrinks */
};

void mms_skips_begin(struct mms_skips *s, uint64_t runs, uint64_t hits);
uint64_t mms_skips(struct mms_skips *s, uint64_t hits, uint64_t runs, uint64_t counted);

struct mms_probe;

int mms_probe_open(struct mms_probe **p, int prog_fd, const char *func, bool on_return);
void mms_probe_close(struct mms_probe *p);
uint64_t mms_probe_missed(const struct mms_probe *p);
uint64_t mms_probe_hits(const struct mms_probe *p);

#endif
