/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What loaders of programs that watch processes (bpf/watch.bpf.h) have in common: the
 * filter, refusals in words, keys, names, tallies, cost. Knows nothing of what is counted.
 */
#ifndef _MMS_BPF_WATCH_H
#define _MMS_BPF_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <linux/types.h>
#include "collect/whom.h"
#include "watch.h"

struct bpf_object;

/* Rows of mms_bpf_features() that are needed, rights first. Return: 0, -EPERM or -ENOENT. */
int mms_watch_needs(const char *const *needed, size_t nr, const char **why);
/* The kernel's refusal, whatever its reason, in words. Return: -ENOMEM or -EOPNOTSUPP. */
int mms_watch_refused(const char **why, int err, const char *what);
/* How many keys of a per-CPU map take so many bytes, within reason. */
size_t mms_watch_room(unsigned long long bytes, size_t per_key);

void mms_watch_configure(struct mms_watch_config *c, const struct mms_whom *w);
/* Checks the process, enters it in the map of members. Return: 0, -EOPNOTSUPP, -ESRCH, -errno. */
int mms_watch_filter(int tgids_fd, const struct mms_whom *w, const char **why);

/* Programs that have begun have ended when this returns. */
void mms_watch_settle(void);

/* All keys of a map, at most @max, to be freed. Return: 0 or -ENOMEM. */
int mms_watch_keys(int fd, size_t key_size, size_t max, void **keys, size_t *nr);
/* No such process any more; tgid 0 is never gone. */
bool mms_watch_gone(pid_t tgid);
/* From map "comms"; "" if it is not known. @comm has MMS_WATCH_COMM bytes. */
void mms_watch_comm(int comms_fd, pid_t tgid, char *comm);
/* Sums over all CPUs. Return: 0 or -ENOMEM. */
int mms_watch_tallies(int fd, uint64_t *n, size_t nr);

#endif
