/* SPDX-License-Identifier: GPL-2.0-only */
/* What the numbers of rows are called: cgroups, swap areas, threads. */
#ifndef _MMS_FAULTS_NAMES_H
#define _MMS_FAULTS_NAMES_H

#include <stdint.h>
#include <sys/types.h>

struct faults_names;

/* Return: names, to be closed; NULL without memory. */
struct faults_names *faults_names_open(void);
void faults_names_close(struct faults_names *n); /* NULL is fine */

/* Names may have changed since the last report: look them up again. */
void faults_names_refresh(struct faults_names *n);

/* All of these return NULL when the thing is gone; strings live until the next refresh. */
const char *faults_cgroup_name(struct faults_names *n, uint64_t id);
const char *faults_swap_name(struct faults_names *n, unsigned int type);
const char *faults_thread_name(struct faults_names *n, pid_t tgid, pid_t tid);

#endif
