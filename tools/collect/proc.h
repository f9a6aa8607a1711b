/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /proc/PID: what can be said of a process without the module. The caller is
 * told by struct fields what is not known; nothing is guessed.
 */
#ifndef _MMS_PROC_H
#define _MMS_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/table.h"
#include "model/vma.h"

/* Has the process an address space? Return: 0, -ESRCH none or exited, -ECHILD a zombie, -EINVAL a
 * kernel thread. */
int mms_proc_check(pid_t pid);
/* The process that a thread is of, 0 if it is gone. */
pid_t mms_proc_tgid(pid_t pid);
/* Are pids here those of the kernel, that is, of the first pid namespace? */
bool mms_proc_first_namespace(void);
/* Has the process of this id, the kernel's, ended? Not known, so false, in other namespaces. */
bool mms_proc_gone(pid_t pid);
/* Has the first CPU such a flag in /proc/cpuinfo? */
bool mms_proc_cpu_flag(const char *flag);
/* Name of the process, "?" if it is gone; @comm is 64 bytes. */
void mms_proc_comm(pid_t pid, char *comm);
/* Resident bytes. Return: 0 or -errno. */
int mms_proc_rss(pid_t pid, uint64_t *bytes);

/* Return: 0 or -errno (-EACCES: not ours); an exited process has no mappings. */
int mms_proc_vmas(pid_t pid, struct mms_vmas *vmas);
/* smaps as struct mms_map; keys that smaps cannot know are not in .known. */
int mms_proc_smaps(pid_t pid, struct mms_list *maps);

/* Pages of [start, end) as struct mms_walk without levels, from pagemap and kpageflags. */
int mms_pagemap_walk(pid_t pid, const struct mms_vmas *vmas, uint64_t start, uint64_t end,
		     struct mms_list *walks);
/* All mappings as struct mms_range; level and rights are "-". */
int mms_pagemap_ranges(pid_t pid, const struct mms_vmas *vmas, struct mms_list *ranges);

/* Referenced bytes per mapping since mms_proc_clear_refs(): disturbs others that age pages. */
int mms_proc_clear_refs(pid_t pid);
int mms_proc_referenced(pid_t pid, uint64_t *referenced, uint64_t *rss);

/* First line of a small file without its newline, e.g. a sysfs setting. Return: 0 or -errno. */
int mms_file_line(const char *path, char *line, size_t sz);
/* The word in brackets of such a line ("always [madvise] never"), else the line itself, in place.
 */
void mms_file_choice(char *line);

#endif
