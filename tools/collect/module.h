/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mmscope.ko through its debugfs files: where they are, targets and their
 * lifetime, files read whole. What is in a file belongs to module_text.h.
 */
#ifndef _MMS_MODULE_H
#define _MMS_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum mms_module_state {
	MMS_MODULE_OK,
	MMS_MODULE_NO_RIGHTS,  /* not root, or no CAP_SYS_ADMIN */
	MMS_MODULE_NO_DEBUGFS, /* not mounted */
	MMS_MODULE_NOT_LOADED,
	MMS_MODULE_LOCKDOWN,   /* writing is refused by lockdown */
	MMS_MODULE_LOCKED_OUT, /* not loaded, and lockdown is on */
};

/* Is the module usable? Probes once per call; changes nothing. */
enum mms_module_state mms_module_probe(void);
/* One line each for the person: what is the matter, and what to do. */
const char *mms_module_why(enum mms_module_state state);
const char *mms_module_fix(enum mms_module_state state);
/* Where debugfs is mounted, NULL if nowhere (or its directory cannot be seen). */
const char *mms_debugfs_dir(void);

/* A whole file of the module's directory ("features", "1234/maps"), NUL-terminated, to free(). */
int mms_module_read(const char *name, char **text, size_t *len);

struct mms_target;
struct mmscope_idle_header;

/**
 * mms_target_open() - have the module track a process
 * @t: result
 * @pid: the process
 * @why: on error one line for the person; static
 *
 * Uses the target if there is one; else adds it, and then mms_target_close(),
 * or a SIGINT, SIGTERM, SIGHUP or SIGQUIT, removes it again.
 * Return: 0 or -errno: -ESRCH no such process, or one that is exiting;
 * -EINVAL a kernel thread; -ESTALE the target is an earlier process of that pid.
 */
int mms_target_open(struct mms_target **t, pid_t pid, const char **why);
void mms_target_close(struct mms_target *t);
/* Is all of the target, sampling too, someone else's? */
bool mms_target_shared(const struct mms_target *t);

/* Return: 0; -ESTALE the process has exited or executed another program; -errno. */
int mms_target_live(struct mms_target *t);

/* A file of the target, as mms_module_read(). Adds the target again if another user has removed it.
 */
int mms_target_read(struct mms_target *t, const char *file, char **text, size_t *len);
/* Write the request to PID/walk and read the answer. */
int mms_target_walk(struct mms_target *t, uint64_t start, uint64_t end, char **text);

/* Sample accessed bits every @ms; *used is the interval in force (another user's, if there is one).
 */
int mms_target_sample(struct mms_target *t, unsigned int ms, unsigned int *used);
/* The same, with a look at every leaf in every scan; *skips: another user's has not. */
int mms_target_sample_all(struct mms_target *t, unsigned int ms, unsigned int *used, bool *skips);
/* The header of PID/idle alone. Return: 0 or -errno. */
int mms_target_idle_header(struct mms_target *t, struct mmscope_idle_header *h);
/* Scans done since sampling began. */
int mms_target_scans(struct mms_target *t, uint64_t *scans);

/* A figure of the module's stats file, of all targets since load; 0 if there is none. */
uint64_t mms_module_stat(const char *name);

#endif
