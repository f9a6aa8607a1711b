/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Control groups (version 2) and their memory: names, ids, limits, use. A cgroup
 * is named by its directory below the mount of the hierarchy. Knows nothing of
 * reclaim or of verdicts.
 */
#ifndef _MMS_CGROUP_H
#define _MMS_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define MMS_CGROUP_ROOT_ID 1

/**
 * mms_cgroup_root() - where the hierarchy is mounted
 * Not thread-safe; looked up once. Return: the directory, or NULL when no cgroup2 is mounted.
 */
const char *mms_cgroup_root(void);

/**
 * mms_cgroup_find() - a cgroup by what a person typed
 * @name: a directory of the mount, or a path below its root as in /proc/PID/cgroup
 * @dir: the directory, to be freed; unchanged on error
 * @why: one line for the person on error, static
 * Return: 0; -ENOENT no such cgroup; -EINVAL not of cgroup2; -EOPNOTSUPP no memory controller;
 * -ENOMEM.
 */
int mms_cgroup_find(const char *name, char **dir, const char **why);

/**
 * mms_cgroup_of_pid() - the cgroup that a process's memory is charged to
 * The process's own, or its nearest ancestor that has the memory controller.
 * Return: 0; -ESRCH no such process; -EOPNOTSUPP not in a cgroup2; -errno.
 */
int mms_cgroup_of_pid(pid_t pid, char **dir);

/* The kernel's id of a cgroup, as bpf_get_current_cgroup_id() has it; 0 on error. */
uint64_t mms_cgroup_id(const char *dir);

/**
 * mms_cgroup_by_id() - the way back from an id
 * @dir: the directory, to be freed
 * Return: 0; -ESTALE the cgroup is gone; -EPERM without CAP_DAC_READ_SEARCH; -errno.
 */
int mms_cgroup_by_id(uint64_t id, char **dir);

/* "/a/b" for a directory of the mount, "/" for the root: as in /proc/PID/cgroup. */
const char *mms_cgroup_name(const char *dir);

/* Is @dir the cgroup @above or one of its descendants? */
bool mms_cgroup_within(const char *dir, const char *above);

/**
 * mms_cgroup_limit() - the memory that a cgroup may use
 * @dir: the cgroup
 * @bytes: the smallest memory.max or memory.high of it and its ancestors, or the machine's memory
 * @holder: the cgroup that has this limit, to be freed; the root when it is the machine; may be
 * NULL Return: 0 or -errno.
 */
int mms_cgroup_limit(const char *dir, uint64_t *bytes, char **holder);

/* Bytes charged (memory.current; the machine's use for the root). Return: 0 or -errno. */
int mms_cgroup_usage(const char *dir, uint64_t *bytes);

/**
 * mms_cgroup_room() - what a cgroup may still use before it is reclaimed from
 * The least that memory.max and memory.high of it and its ancestors leave, where file pages and
 * slabs that can be reclaimed do not count as used. In a namespace of cgroups, as in a container,
 * what is above its root is not seen.
 * @bytes: MMS_NO_VALUE (keyed.h) without any limit
 * Return: 0 or -ENOMEM.
 */
int mms_cgroup_room(const char *dir, uint64_t *bytes);

/* CPU time used by the tasks of a cgroup and its descendants. Return: 0 or -errno. */
int mms_cgroup_cpu_ns(const char *dir, uint64_t *ns);

#endif
