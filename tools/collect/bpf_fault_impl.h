/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files bpf_fault*.c share; no one else includes it, but their test. */
#ifndef _MMS_BPF_FAULT_IMPL_H
#define _MMS_BPF_FAULT_IMPL_H

#include <bpf/libbpf.h>
#include "collect/bpf_fault.h"
#include "collect/bpf_hook.h"
#include "collect/missed.h"

enum mms_fault_attach { ATTACH_SESSION, ATTACH_TRAMPOLINE, ATTACH_KPROBE, NR_ATTACH };

/* One attached program. */
struct mms_fault_link {
	const char *program;
	struct bpf_link *link;
};

struct mms_faults {
	struct bpf_object *obj;
	struct mms_fault_config cfg; /* as the programs have it */
	enum mms_fault_attach attach;
	struct mms_fault_link links[12];
	size_t nr_links;
	int session_fd;
	struct mms_probe *entry, *ret; /* through tracefs; NULL if otherwise */
	struct mms_skips skips;	       /* at these two */
	struct mms_missed missed;      /* as of the last look */
	uint64_t unfollowed;	       /* processes that there was no room for at the start */
	struct ring_buffer *ring;
	mms_fault_event_fn fn;
	void *fn_ctx;
	int stats_fd; /* the kernel takes run times while it is open */
	const char *entry_program, *return_program;
	/* Maps that the programs write and we look at. */
	const struct mms_fault_shared *shared;
	struct mms_fault_marks *marks; /* these we write and they look at */
	struct mms_fault_val *counts;  /* cleared by us when their process is gone */
	size_t nr_counts;
	struct mms_fault_count *retired; /* of processes that are gone */
	size_t nr_retired, room_retired;
	const char *missing[7];
	size_t nr_missing;
};

static inline int mms_faults_map(struct mms_faults *f, const char *name)
{
	return bpf_object__find_map_fd_by_name(f->obj, name);
}

static inline struct bpf_program *mms_faults_program(struct mms_faults *f, const char *name)
{
	return bpf_object__find_program_by_name(f->obj, name);
}

/* Sets *why and passes @err on. */
int mms_faults_fail(const char **why, int err, const char *text);
void mms_faults_note_missing(struct mms_faults *f, const char *text);

int mms_faults_choose_attach(struct mms_faults *f, const char *forced, const char **why);
void mms_faults_choose_programs(struct mms_faults *f);
int mms_faults_attach(struct mms_faults *f);
void mms_faults_detach(struct mms_faults *f);

/**
 * mms_faults_self_test() - make one known event for each program and ask whether it was seen
 * @f: attached; nothing counts from now on until mms_faults_arm()
 * @why: names the program that has seen nothing
 * Migration waits cannot be made at will. A userfault only where userfaultfd(2) is allowed.
 * Return: 0, -EIO (a program is blind), or -errno (no child, no memory).
 */
int mms_faults_self_test(struct mms_faults *f, const char **why);

/* Runs of the programs at @f->entry and @f->ret that were skipped until now count no more. */
void mms_faults_skipped_before(struct mms_faults *f);

/* Faults count from now on. */
void mms_faults_arm(struct mms_faults *f);

int mms_faults_open_ring(struct mms_faults *f);

#endif
