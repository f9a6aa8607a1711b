/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Collapses and splits of huge pages counted in the kernel by bpf/thp.bpf.c. Owns that
 * skeleton; knows nothing of output.
 */
#ifndef _MMS_BPF_THP_H
#define _MMS_BPF_THP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <linux/types.h>
#include "collect/bpf_cost.h"
#include "collect/whom.h"
#include "watch.h"
#include "thp.h"

/* Events of one sort since mms_thp_open(). */
struct mms_thp_count {
	pid_t tgid; /* 0: the owner is not known, or a file */
	enum mms_thp_what what;
	enum mms_thp_by by;
	unsigned int result;
	uint64_t nr;
	char comm[MMS_WATCH_COMM]; /* "" = not known */
};

/* All since open. seen = stored + filtered + dropped; what was missed is not in it. */
struct mms_thp_losses {
	uint64_t seen; /* collapses, ranges not taken, splits */
	uint64_t stored;
	uint64_t filtered;
	uint64_t dropped;	   /* no room in the kernel's map */
	uint64_t unowned;	   /* of those filtered: whose they were is not known */
	uint64_t missed_split;	   /* splits of folios whose end was not seen */
	uint64_t missed_recursion; /* program runs skipped */
	uint64_t missed_probe;	   /* calls that kprobes did not see */
	uint64_t missed_child;	   /* children not followed: no room */
};

struct mms_thp;

/**
 * mms_thp_open() - load, attach, try each hook on a child of ours, begin to count
 * @t: to be closed by mms_thp_close()
 * @whom: whose memory
 * @measure: have the kernel take the time of the programs, which costs, too
 * @why: one line for the person on error (static or owned by the library)
 * Return: 0; -EPERM, -ENOENT or -EOPNOTSUPP, something is missing here; -ESRCH; -EIO, a program
 * does not see what it should; -ENOMEM; -errno.
 */
int mms_thp_open(struct mms_thp **t, const struct mms_whom *whom, bool measure, const char **why);
/* Count no more; what was counted can still be read, and fits together then. */
void mms_thp_stop(struct mms_thp *t);
void mms_thp_close(struct mms_thp *t);

/* All counts, to be freed. Return: 0 or -errno. */
int mms_thp_read(struct mms_thp *t, struct mms_thp_count **counts, size_t *nr);
int mms_thp_losses(struct mms_thp *t, struct mms_thp_losses *l);
/* Is it the process asked for, or one that is counted with it? */
bool mms_thp_follows(const struct mms_thp *t, pid_t pid);
/* What counting has cost since mms_thp_open(). */
struct mms_bpf_cost mms_thp_cost(const struct mms_thp *t);
/* What is not told here: one line for the @i-th lack, NULL after the last. */
const char *mms_thp_missing(const struct mms_thp *t, size_t i);
/* Which functions are hooked, for people. */
const char *mms_thp_attach_kind(const struct mms_thp *t);

/* How an attempt ended, in the kernel's words: "succeeded", "exceed-none-pte", ... */
void mms_thp_result_name(const struct mms_thp_count *c, char *name, size_t sz);
bool mms_thp_succeeded(const struct mms_thp_count *c);
/* Nothing to do there: huge already, or no memory at all. */
bool mms_thp_idle(const struct mms_thp_count *c);

/* Does this kernel have what the programs hook and read? For the table of features. */
bool mms_thp_probe_hooks(const char **why);

#endif
