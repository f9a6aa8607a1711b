/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mmscope faults --used: which of the pages that came along with a fault were used later, from
 * the module's samples of accessed bits. Private to that command.
 */
#ifndef _MMS_FAULTS_USED_H
#define _MMS_FAULTS_USED_H

#include <sys/types.h>
#include "collect/bpf_fault.h"
#include "render/out.h"

#define FAULTS_USED_MIN_MS     10 /* the module's limits */
#define FAULTS_USED_MAX_MS     600000
#define FAULTS_USED_DEFAULT_MS 100

struct faults_used;

/* Is the module there? Of a @command, that does not run yet, also: can it sample? Return: EXIT_OK,
 * or an exit code with the line printed. */
int faults_used_check(bool command);

/**
 * faults_used_open() - begin to sample a process
 * @u: result, to faults_used_close()
 * @pid: the process
 * @ms: between two scans
 * @command: it runs already, and may have ended: what cannot be sampled is unknown
 * Return: EXIT_OK, or an exit code with the line printed.
 */
int faults_used_open(struct faults_used **u, pid_t pid, unsigned int ms, bool command);
void faults_used_close(struct faults_used *u);

/* Takes in the events that wait, and the ages if there are new ones. Often enough: what it has not
 * seen mapped it learns of late. */
void faults_used_look(struct faults_used *u, struct mms_faults *f);

/* What is known by now, since the beginning. */
void faults_used_report(struct faults_used *u, struct out *o);

#endif
