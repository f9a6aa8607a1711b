// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines "START SIZE NAME" of /tmp/perf-PID.map. The file belongs to the program
 * that is looked at: it is believed about this program alone, and if it is its
 * user's. Must not know what else is mapped.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "collect/jitmap.h"
#include "collect/symtab.h"

#define NR_MAPS	 64
#define MAX_FILE (256LL << 20)
#define TICK_NS	 20000000ULL  /* times of files are those of the last tick */
#define LOOK_NS	 200000000ULL /* how often it is asked whether the file has grown */

struct map {
	pid_t pid; /* 0 = free */
	struct stat st;
	struct mms_symtab *symbols; /* NULL = there is none */
	uint64_t looked_ns, used;
};

struct mms_jitmaps {
	struct map maps[NR_MAPS];
	uint64_t uses;
};

struct mms_jitmaps *mms_jitmaps_new(void)
{
	return calloc(1, sizeof(struct mms_jitmaps));
}

void mms_jitmaps_free(struct mms_jitmaps *j)
{
	size_t i;

	for (i = 0; j && i < NR_MAPS; i++)
		mms_symtab_free(j->maps[i].symbols);
	free(j);
}

/* The process's number where it lives: it names its file by that. */
static pid_t inner_pid(pid_t pid)
{
	char path[64], *line = NULL, *p;
	pid_t inner = pid;
	size_t sz = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	while (f && getline(&line, &sz, f) > 0) {
		if (strncmp(line, "NSpid:", 6))
			continue;
		p = strrchr(line, '\t');
		if (p)
			inner = (pid_t)strtol(p, NULL, 10);
		break;
	}
	free(line);
	if (f)
		fclose(f);
	return inner;
}

static uint64_t stat_ns(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000000000ULL + (uint64_t)t->tv_nsec;
}

static int open_one(const char *path, const struct mms_jit_owner *owner, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -errno;
	if (fstat(fd, st) || !S_ISREG(st->st_mode) || st->st_size > MAX_FILE ||
	    (st->st_uid != owner->uid && st->st_uid) ||
	    stat_ns(&st->st_mtim) + TICK_NS < owner->since_ns) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

static int open_map(const struct mms_jit_owner *owner, struct stat *st)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/root/tmp/perf-%d.map", owner->pid,
		 inner_pid(owner->pid));
	fd = open_one(path, owner, st);
	if (fd >= 0)
		return fd;
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", owner->pid);
	return open_one(path, owner, st);
}

static int add_line(struct mms_symtab *t, char *line)
{
	uint64_t start, size;
	char *p, *q;
	size_t len;

	start = strtoull(line, &p, 16);
	if (p == line || *p != ' ')
		return 0;
	size = strtoull(p, &q, 16);
	if (q == p || *q != ' ' || !size || start + size < start)
		return 0;
	while (*q == ' ')
		q++;
	for (len = strcspn(q, "\n"); len && isspace((unsigned char)q[len - 1]); len--)
		;
	return len ? mms_symtab_add(t, start, start + size, 0, 0, q, len) : 0;
}

static struct mms_symtab *read_map(int fd)
{
	struct mms_symtab *t = mms_symtab_new(MMS_SYMTAB_NEWEST);
	FILE *f = fdopen(fd, "r");
	char *line = NULL;
	size_t sz = 0;

	if (!f)
		close(fd);
	while (t && f && getline(&line, &sz, f) > 0)
		if (add_line(t, line))
			break; /* what was read is as good as ever */
	free(line);
	if (f)
		fclose(f);
	if (t)
		mms_symtab_finish(t);
	return t;
}

static struct map *map_of(struct mms_jitmaps *j, pid_t pid)
{
	struct map *oldest = &j->maps[0];
	size_t i;

	for (i = 0; i < NR_MAPS; i++) {
		if (j->maps[i].pid == pid)
			return &j->maps[i];
		if (j->maps[i].used < oldest->used)
			oldest = &j->maps[i];
	}
	mms_symtab_free(oldest->symbols);
	*oldest = (struct map){.pid = pid};
	return oldest;
}

static void look_at_file(struct map *m, const struct mms_jit_owner *owner)
{
	struct timespec now;
	struct stat st;
	int fd;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (m->looked_ns && stat_ns(&now) - m->looked_ns < LOOK_NS)
		return;
	m->looked_ns = stat_ns(&now);
	fd = open_map(owner, &st);
	if (fd < 0)
		return; /* it may be gone; what it said holds */
	if (m->symbols && st.st_ino == m->st.st_ino && st.st_size == m->st.st_size &&
	    stat_ns(&st.st_mtim) == stat_ns(&m->st.st_mtim)) {
		close(fd);
		return;
	}
	mms_symtab_free(m->symbols);
	m->symbols = read_map(fd);
	m->st = st;
}

const char *mms_jitmaps_find(struct mms_jitmaps *j, const struct mms_jit_owner *owner,
			     uint64_t addr)
{
	struct map *m = map_of(j, owner->pid);

	m->used = ++j->uses;
	look_at_file(m, owner);
	return m->symbols ? mms_symtab_find(m->symbols, addr) : NULL;
}
