/* SPDX-License-Identifier: GPL-2.0-only */
/* Lives as they are: what /proc tells of processes that run. */
#ifndef _MMS_LIVES_PROC_H
#define _MMS_LIVES_PROC_H

#include "collect/lives.h"

/* A process, if it runs: what it has mapped besides what is known, or @anew as a life of its own.
 */
void mms_lives_read(struct mms_lives *lives, pid_t pid, bool anew);
/* And the children that it has. */
void mms_lives_read_tree(struct mms_lives *lives, pid_t pid);
void mms_lives_read_all(struct mms_lives *lives);

/*
 * One line of /proc/PID/maps, cut up in place: file->path points into it.
 * Return: false if it is not executable, or no such line.
 */
bool mms_lives_parse(char *line, struct mms_mapping *map, struct mms_mapped_file *file);

#endif
