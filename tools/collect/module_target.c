// SPDX-License-Identifier: GPL-2.0-only
/*
 * Targets of mmscope.ko: added, used, sampled, and removed again when we end,
 * also by a deadly signal. Knows nothing of what is in their files.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/mmscope.h>

#include "collect/module.h"
#include "collect/module_file.h"

#define MAX_UNDO  64 /* targets of one run: walk PID,PID,... */
#define MAX_TRIES 100
#define UNDO_SZ	  32

struct mms_target {
	pid_t pid;
	int undo; /* index in undo[], -1: it was there and we changed nothing */
};

/* Commands that undo what we did, for the signal handler too: hence static and without malloc. */
static char undo[MAX_UNDO][UNDO_SZ];
static volatile sig_atomic_t nr_undo;
static int undo_fd = -1;

/* One write is one transaction of the module. */
static int control(const char *cmd)
{
	char path[MMS_MODULE_PATH];
	int fd, err = 0;

	mms_module_path(path, "control");
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
			continue; /* gone already: what we wanted */
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
	static const int deadly[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct sigaction sa = {.sa_handler = on_deadly}, old;
	size_t i;

	sigemptyset(&sa.sa_mask);
	for (i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++) {
		sigaddset(&sa.sa_mask, deadly[i]);
		/* A script's background job is born deaf to SIGINT, but whoever sends one means it.
		 */
		if (!sigaction(deadly[i], NULL, &old) &&
		    (old.sa_handler != SIG_IGN || deadly[i] == SIGINT))
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

/* @cmd undoes all that we did to the target: it takes the place of an earlier one. */
static int note_undo(struct mms_target *t, const char *cmd)
{
	char path[MMS_MODULE_PATH];

	if (undo_fd < 0) {
		mms_module_path(path, "control");
		undo_fd = open(path, O_WRONLY | O_CLOEXEC);
		if (undo_fd < 0)
			return -errno;
		catch_deadly();
	}
	if (t->undo < 0) {
		if (nr_undo == MAX_UNDO)
			return -ENOSPC;
		t->undo = nr_undo;
	}
	snprintf(undo[t->undo], UNDO_SZ, "%s", cmd);
	if (t->undo == nr_undo)
		nr_undo++;
	return 0;
}

/* By the descriptor: debugfs may be unmounted by now. What fails had nothing left to undo. */
static void run_undo(int i)
{
	if (write(undo_fd, undo[i], strlen(undo[i])) < 0)
		errno = 0;
	undo[i][0] = '\0';
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
	if (!err) {
		snprintf(cmd, sizeof(cmd), "- %d", t->pid);
		err = note_undo(t, cmd);
		if (err)
			control(cmd);
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
	char *text, *state;
	size_t len;
	int err;

	err = mms_target_read(t, "status", &text, &len);
	if (err)
		return err;
	state = strstr(text, "\nstate ");
	if (!state || strncmp(state, "\nstate live\n", 12))
		err = -ESTALE;
	free(text);
	return err;
}

/*
 * Has another user who was there first removed the target meanwhile? Then it is
 * added again, by us or by yet another: each try ends with somebody's progress.
 */
static bool removed(int err)
{
	return err == -ENOENT || err == -EIO;
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
		return "too many targets; fix: echo clear > /sys/kernel/debug/mmscope/control, or "
		       "raise /sys/module/mmscope/parameters/max_targets";
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
	if (err == 1)
		err = mms_target_live(t);
	if (err) {
		*why = why_not(err);
		mms_target_close(t);
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

/** mms_target_shared() - is all of the target, sampling too, someone else's? */
bool mms_target_shared(const struct mms_target *t)
{
	return t->undo < 0;
}

int mms_target_read(struct mms_target *t, const char *file, char **text, size_t *len)
{
	int err = 0, tries;
	char name[64];

	snprintf(name, sizeof(name), "%d/%s", t->pid, file);
	for (tries = 0; tries < MAX_TRIES; tries++) {
		err = mms_module_read(name, text, len);
		if (!removed(err))
			break;
		err = add(t);
		if (err < 0)
			break;
	}
	return err > 0 ? -ENOENT : err;
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
	char path[MMS_MODULE_PATH], req[64];
	int fd = -1, err = 0, tries;
	size_t len;

	snprintf(req, sizeof(req), "%d/walk", t->pid);
	mms_module_path(path, req);
	snprintf(req, sizeof(req), "0x%" PRIx64 "-0x%" PRIx64, start, end);
	for (tries = 0; tries < MAX_TRIES; tries++) {
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0 || errno != ENOENT || add(t) < 0)
			break;
	}
	if (fd < 0)
		return -errno;
	if (write(fd, req, strlen(req)) < 0) {
		err = -errno;
	} else {
		lseek(fd, 0, SEEK_SET);
		err = mms_module_read_fd(fd, text, &len);
	}
	close(fd);
	return err;
}

static int read_status(struct mms_target *t, const char *key, uint64_t *v)
{
	size_t len;
	char *text;
	int err = mms_target_read(t, "status", &text, &len);

	if (err)
		return err;
	err = mms_module_key(text, key, v);
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

/*
 * Begins to sample as @how says, unless somebody does. Return: 0, *used is the interval in force,
 * or -errno.
 */
static int sample(struct mms_target *t, unsigned int ms, const char *how, unsigned int *used)
{
	char cmd[64];
	int err, tries = 0;
	sigset_t old;
	uint64_t now;

	err = read_status(t, "sample_ms", &now);
	if (err)
		return err;
	*used = now;
	if (now)
		return 0;
	snprintf(cmd, sizeof(cmd), "sample %d %u%s", t->pid, ms, how);
	hold_signals(&old);
	/* Another user may have removed the target since we looked. */
	do
		err = control(cmd);
	while (err == -ESRCH && tries++ < MAX_TRIES && !add(t));
	if (!err && t->undo < 0) {
		snprintf(cmd, sizeof(cmd), "sample %d off", t->pid);
		err = note_undo(t, cmd);
		if (err)
			control(cmd);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (err)
		return err;
	*used = ms;
	return 0;
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
	return sample(t, ms, "", used);
}

/**
 * mms_target_sample_all() - the same, with a look at every leaf in every scan
 * @t: target
 * @ms: interval wanted
 * @used: interval in force
 * @skips: somebody else samples, and has idle regions left out
 * Return: 0 or -errno.
 */
int mms_target_sample_all(struct mms_target *t, unsigned int ms, unsigned int *used, bool *skips)
{
	int err = sample(t, ms, " noskip", used);
	size_t len;
	char *text;

	if (!err)
		err = mms_target_read(t, "status", &text, &len);
	if (err)
		return err;
	*skips = strstr(text, "\nskip yes\n");
	free(text);
	return 0;
}

/**
 * mms_target_idle_header() - how far sampling is, without the ages
 * @t: target
 * @h: the first bytes of PID/idle
 * Waits for a scan that is under way.
 * Return: 0 or -errno: -ENOENT nobody has the target any more, -ENODATA it has exited.
 */
int mms_target_idle_header(struct mms_target *t, struct mmscope_idle_header *h)
{
	char path[MMS_MODULE_PATH], name[64];
	ssize_t len;
	int fd, err = 0;

	snprintf(name, sizeof(name), "%d/idle", t->pid);
	mms_module_path(path, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = read(fd, h, sizeof(*h));
	if (len < 0)
		err = -errno;
	else if (len < (ssize_t)sizeof(*h))
		err = len ? -EBADMSG : -ENODATA;
	close(fd);
	return err;
}
