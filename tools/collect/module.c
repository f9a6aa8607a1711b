// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmscope.ko through its debugfs files. Owns the place of debugfs, targets
 * that we added and their removal, and reading files whole; knows nothing of
 * what is in them.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <mntent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collect/module.h"

#define PATH_SZ		256
#define MAX_UNDO	64	/* targets of one run: walk PID,PID,... */
#define UNDO_SZ		32

struct mms_target {
	pid_t pid;
	bool shared;
	int undo;	/* index in undo[], -1 if none */
};

/* Commands that undo what we did, for the signal handler too: hence static and without malloc. */
static char undo[MAX_UNDO][UNDO_SZ];
static volatile sig_atomic_t nr_undo;
static int undo_fd = -1;

/** mms_debugfs_dir() - where debugfs is mounted, NULL if nowhere */
const char *mms_debugfs_dir(void)
{
	static char dir[PATH_SZ];
	struct mntent *m;
	FILE *f;

	if (dir[0])
		return dir;
	f = setmntent("/proc/self/mounts", "re");
	if (!f)
		return NULL;
	while ((m = getmntent(f)))
		if (!strcmp(m->mnt_type, "debugfs") && strlen(m->mnt_dir) < sizeof(dir)) {
			snprintf(dir, sizeof(dir), "%s", m->mnt_dir);
			break;
		}
	endmntent(f);
	return dir[0] ? dir : NULL;
}

static void path_of(char *path, const char *name)
{
	const char *dir = mms_debugfs_dir();

	snprintf(path, PATH_SZ, "%s/mmscope/%s", dir ? dir : "/sys/kernel/debug", name);
}

/** mms_module_probe() - is the module usable by us, and if not, why */
enum mms_module_state mms_module_probe(void)
{
	char path[PATH_SZ];
	struct stat st;
	int fd;

	if (!mms_debugfs_dir())
		return access("/sys/module/mmscope", F_OK) && geteuid() ? MMS_MODULE_NO_RIGHTS :
									   MMS_MODULE_NO_DEBUGFS;
	path_of(path, "control");
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		close(fd);
		return MMS_MODULE_OK;
	}
	if (errno == EPERM && !geteuid()) {
		/* Root that may not open: lockdown refuses writable debugfs files, or capabilities are gone. */
		path_of(path, "features");
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return MMS_MODULE_NO_RIGHTS;
		close(fd);
		return MMS_MODULE_LOCKDOWN;
	}
	if (errno != ENOENT)
		return MMS_MODULE_NO_RIGHTS;
	return stat("/sys/module/mmscope", &st) ? MMS_MODULE_NOT_LOADED : MMS_MODULE_NO_DEBUGFS;
}

/** mms_module_why() - what is the matter */
const char *mms_module_why(enum mms_module_state state)
{
	static const char *const text[] = {
		[MMS_MODULE_OK] = "the module is usable",
		[MMS_MODULE_NO_RIGHTS] = "the module's files need root with CAP_SYS_ADMIN",
		[MMS_MODULE_NO_DEBUGFS] = "debugfs is not mounted",
		[MMS_MODULE_NOT_LOADED] = "mmscope.ko is not loaded",
		[MMS_MODULE_LOCKDOWN] = "kernel lockdown refuses the module's control file",
	};

	return text[state];
}

/** mms_module_fix() - what to do about it */
const char *mms_module_fix(enum mms_module_state state)
{
	static const char *const text[] = {
		[MMS_MODULE_OK] = "",
		[MMS_MODULE_NO_RIGHTS] = "run it with sudo",
		[MMS_MODULE_NO_DEBUGFS] = "mount -t debugfs none /sys/kernel/debug; modprobe mmscope",
		[MMS_MODULE_NOT_LOADED] = "modprobe mmscope",
		[MMS_MODULE_LOCKDOWN] = "boot without lockdown",
	};

	return text[state];
}

/* The rest of @fd, with a NUL behind, to free(). */
static int read_all(int fd, char **text, size_t *len)
{
	size_t max = 65536, nr = 0;
	char *buf = NULL, *bigger;
	ssize_t n;
	int err;

	for (;;) {
		if (!buf || nr + 1 == max) {
			max *= 2;
			bigger = realloc(buf, max);
			if (!bigger) {
				err = -ENOMEM;
				break;
			}
			buf = bigger;
		}
		n = read(fd, buf + nr, max - nr - 1);
		if (n > 0) {
			nr += n;
		} else if (!n) {
			buf[nr] = '\0';
			*text = buf;
			*len = nr;
			return 0;
		} else if (errno != EINTR) {
			err = -errno;
			break;
		}
	}
	free(buf);
	return err;
}

/**
 * mms_module_read() - a file of the module, whole
 * @name: below the module's directory
 * @text: contents and a NUL, to free()
 * @len: bytes without the NUL
 * Return: 0 or -errno.
 */
int mms_module_read(const char *name, char **text, size_t *len)
{
	char path[PATH_SZ];
	int fd, err;

	path_of(path, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = read_all(fd, text, len);
	close(fd);
	return err;
}

/* One write is one transaction of the module. */
static int control(const char *cmd)
{
	char path[PATH_SZ];
	int fd, err = 0;

	path_of(path, "control");
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, cmd, strlen(cmd)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static void undo_all(void)
{
	int i;

	for (i = nr_undo - 1; i >= 0; i--)
		if (undo[i][0] && write(undo_fd, undo[i], strlen(undo[i])) < 0)
			continue;	/* gone already: what we wanted */
}

/* Undo, then die of the signal as if it had not been caught. */
static void on_deadly(int sig)
{
	undo_all();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void catch_deadly(void)
{
	static const int deadly[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction sa = { .sa_handler = on_deadly }, old;
	size_t i;

	sigemptyset(&sa.sa_mask);
	for (i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++) {
		sigaddset(&sa.sa_mask, deadly[i]);
		if (!sigaction(deadly[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(deadly[i], &sa, NULL);
	}
}

/* Signals are off from before a command until its undo is noted, so that none falls between. */
static void hold_signals(sigset_t *old)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, old);
}

static int note_undo(const char *cmd)
{
	char path[PATH_SZ];

	if (undo_fd < 0) {
		path_of(path, "control");
		undo_fd = open(path, O_WRONLY | O_CLOEXEC);
		if (undo_fd < 0)
			return -errno;
		catch_deadly();
	}
	if (nr_undo == MAX_UNDO)
		return -ENOSPC;
	snprintf(undo[nr_undo], UNDO_SZ, "%s", cmd);
	return nr_undo++;
}

static int run_undo(int i)
{
	int err = control(undo[i]);

	undo[i][0] = '\0';
	return err;
}

/* Add the target unless it is one. Return: 0 added, 1 was there, -errno. */
static int add(struct mms_target *t)
{
	char cmd[UNDO_SZ];
	sigset_t old;
	int err;

	snprintf(cmd, sizeof(cmd), "+ %d", t->pid);
	hold_signals(&old);
	err = control(cmd);
	if (!err && t->undo < 0) {
		snprintf(cmd, sizeof(cmd), "- %d", t->pid);
		t->undo = note_undo(cmd);
		if (t->undo < 0) {
			err = t->undo;
			control(cmd);
		}
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	return err == -EEXIST ? 1 : err;
}

/**
 * mms_target_live() - has the process still the address space that is tracked?
 * @t: target
 * Return: 0; -ESTALE it has exited or executed another program; -errno.
 */
int mms_target_live(struct mms_target *t)
{
	char name[64], *text, *state;
	size_t len;
	int err;

	snprintf(name, sizeof(name), "%d/status", t->pid);
	err = mms_module_read(name, &text, &len);
	if (err)
		return err;
	state = strstr(text, "\nstate ");
	if (!state || strncmp(state, "\nstate live\n", 12))
		err = -ESTALE;
	free(text);
	return err;
}

static const char *why_not(int err)
{
	switch (err) {
	case -ESRCH:
		return "no such process, or it is exiting";
	case -EINVAL:
		return "it is a kernel thread and has no address space of its own";
	case -ESTALE:
		return "the module still tracks an earlier program of that pid; "
		       "fix: echo '- PID' > /sys/kernel/debug/mmscope/control";
	case -ENOSPC:
		return "too many targets (mmscope.ko tracks 1024)";
	default:
		return strerror(-err);
	}
}

int mms_target_open(struct mms_target **ret, pid_t pid, const char **why)
{
	struct mms_target *t = calloc(1, sizeof(*t));
	int err;

	if (!t) {
		*why = why_not(-ENOMEM);
		return -ENOMEM;
	}
	t->pid = pid;
	t->undo = -1;
	err = add(t);
	if (err == 1) {
		t->shared = true;
		err = mms_target_live(t);
	}
	if (err) {
		*why = why_not(err);
		free(t);
		return err;
	}
	*ret = t;
	return 0;
}

/** mms_target_close() - forget the target if we added it; NULL is fine */
void mms_target_close(struct mms_target *t)
{
	if (!t)
		return;
	if (t->undo >= 0)
		run_undo(t->undo);
	free(t);
}

/** mms_target_shared() - was the target there before us? */
bool mms_target_shared(const struct mms_target *t)
{
	return t->shared;
}

int mms_target_read(struct mms_target *t, const char *file, char **text, size_t *len)
{
	char name[64];
	int err;

	snprintf(name, sizeof(name), "%d/%s", t->pid, file);
	err = mms_module_read(name, text, len);
	if (err != -ENOENT && err != -EIO)
		return err;
	/* Another user of the same target has finished and removed it. */
	err = add(t);
	if (err < 0)
		return err;
	return mms_module_read(name, text, len);
}

/**
 * mms_target_walk() - entries of all levels
 * @t: target
 * @start: page-aligned
 * @end: page-aligned, at most 2 MiB further
 * @text: blocks as PID/walk gives them, to free()
 * Return: 0 or -errno: -ERANGE not an address of user space.
 */
int mms_target_walk(struct mms_target *t, uint64_t start, uint64_t end, char **text)
{
	char path[PATH_SZ], req[64];
	int fd, err = 0;
	size_t len;

	snprintf(req, sizeof(req), "%d/walk", t->pid);
	path_of(path, req);
	snprintf(req, sizeof(req), "0x%" PRIx64 "-0x%" PRIx64, start, end);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && add(t) >= 0)
		fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, req, strlen(req)) < 0) {
		err = -errno;
	} else {
		lseek(fd, 0, SEEK_SET);
		err = read_all(fd, text, &len);
	}
	close(fd);
	return err;
}

/* "KEY VALUE" on a line of its own; the module escapes newlines in names. */
static int find_key(const char *text, const char *key, uint64_t *v)
{
	size_t len = strlen(key);
	const char *p = text;

	while (p) {
		if (!strncmp(p, key, len) && p[len] == ' ') {
			*v = strtoull(p + len, NULL, 10);
			return 0;
		}
		p = strchr(p, '\n');
		p = p ? p + 1 : NULL;
	}
	return -EBADMSG;
}

static int read_status(struct mms_target *t, const char *key, uint64_t *v)
{
	size_t len;
	char *text;
	int err = mms_target_read(t, "status", &text, &len);

	if (err)
		return err;
	err = find_key(text, key, v);
	free(text);
	return err;
}

/**
 * mms_target_scans() - scans done since sampling began
 * @t: target
 * @scans: result
 * Return: 0 or -errno.
 */
int mms_target_scans(struct mms_target *t, uint64_t *scans)
{
	return read_status(t, "scans", scans);
}

/**
 * mms_target_sample() - have accessed bits sampled
 * @t: target
 * @ms: interval wanted
 * @used: interval in force: that of another user if it samples already
 *
 * Sampling that we began ends with mms_target_close() or the deadly signals.
 * Return: 0 or -errno.
 */
int mms_target_sample(struct mms_target *t, unsigned int ms, unsigned int *used)
{
	char cmd[64];
	sigset_t old;
	uint64_t now;
	int err;

	err = read_status(t, "sample_ms", &now);
	if (err)
		return err;
	*used = now;
	if (now)
		return 0;
	snprintf(cmd, sizeof(cmd), "sample %d %u", t->pid, ms);
	hold_signals(&old);
	err = control(cmd);
	if (!err && t->undo < 0) {
		snprintf(cmd, sizeof(cmd), "sample %d off", t->pid);
		t->undo = note_undo(cmd);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (err)
		return err;
	*used = ms;
	return t->undo < 0 ? t->undo : 0;
}

/**
 * mms_module_stat() - a figure of the module's own cost
 * @name: key of the stats file
 * Return: the value, 0 if there is none.
 */
uint64_t mms_module_stat(const char *name)
{
	uint64_t v = 0;
	size_t len;
	char *text;

	if (mms_module_read("stats", &text, &len))
		return 0;
	find_key(text, name, &v);
	free(text);
	return v;
}
