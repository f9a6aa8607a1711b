// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/PID/{stat,statm,maps,smaps,clear_refs} and small files. Owns their
 * shapes; pagemap is in proc_pagemap.c.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collect/keyed.h"
#include "collect/module_text.h"
#include "collect/proc.h"
#include "collect/read_end.h"

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h, in /proc/PID/stat since it exists */

int mms_file_line(const char *path, char *line, size_t sz)
{
	FILE *f = fopen(path, "re");
	int err = 0;

	if (!f)
		return -errno;
	errno = 0;
	if (fgets(line, sz, f))
		line[strcspn(line, "\n")] = '\0';
	else
		err = errno ? -errno : -ENODATA;
	fclose(f);
	return err;
}

void mms_file_choice(char *line)
{
	char *open = strchr(line, '['), *close = open ? strchr(open, ']') : NULL;

	if (!close)
		return;
	memmove(line, open + 1, close - open - 1);
	line[close - open - 1] = '\0';
}

static FILE *open_of(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return fopen(path, "re");
}

pid_t mms_proc_tgid(pid_t pid)
{
	char path[64], line[256];
	pid_t tgid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	while (f && !tgid && fgets(line, sizeof(line), f))
		sscanf(line, "Tgid: %d", &tgid);
	if (f)
		fclose(f);
	return tgid > 0 ? tgid : 0;
}

bool mms_proc_first_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) || st.st_ino == 0xeffffffcU; /* PROC_PID_INIT_INO */
}

bool mms_proc_gone(pid_t pid)
{
	return kill(pid, 0) && errno == ESRCH && mms_proc_first_namespace();
}

bool mms_proc_cpu_flag(const char *flag)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char *line = NULL, *word = NULL, *rest;
	bool found = false;
	size_t room = 0;

	while (f && !found && getline(&line, &room, f) > 0) {
		if (strncmp(line, "flags", 5))
			continue;
		for (word = strtok_r(line, " \t\n", &rest); word && !found;
		     word = strtok_r(NULL, " \t\n", &rest))
			found = !strcmp(word, flag);
		break;
	}
	free(line);
	if (f)
		fclose(f);
	return found;
}

/* All of a small file that holds the process's name, in which a newline is a letter like others. */
static int read_small(pid_t pid, const char *name, char *text, size_t sz)
{
	FILE *f = open_of(pid, name);
	size_t len;

	if (!f)
		return errno == ENOENT ? -ESRCH : -errno;
	len = fread(text, 1, sz - 1, f);
	fclose(f);
	text[len] = '\0';
	if (len && text[len - 1] == '\n')
		text[len - 1] = '\0';
	return len ? 0 : -ESRCH;
}

int mms_proc_check(pid_t pid)
{
	char text[1024], state, *p;
	unsigned int flags;
	int err;

	err = read_small(pid, "stat", text, sizeof(text));
	if (err)
		return err;
	p = strrchr(text, ')'); /* the name before it may hold anything */
	if (!p || sscanf(p + 1, " %c %*d %*d %*d %*d %*d %u", &state, &flags) != 2)
		return -EBADMSG;
	if (state == 'Z' || state == 'X')
		return -ECHILD;
	return flags & PF_KTHREAD ? -EINVAL : 0;
}

void mms_proc_comm(pid_t pid, char *comm)
{
	if (read_small(pid, "comm", comm, 64))
		snprintf(comm, 64, "?");
}

int mms_proc_rss(pid_t pid, uint64_t *bytes)
{
	char path[64], line[256];
	uint64_t pages;
	int err;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	err = mms_file_line(path, line, sizeof(line));
	if (err)
		return err;
	if (sscanf(line, "%*u %" SCNu64, &pages) != 1)
		return -EBADMSG;
	return __builtin_mul_overflow(pages, (uint64_t)sysconf(_SC_PAGESIZE), bytes) ? -EBADMSG : 0;
}

/**
 * mms_proc_vmas() - mappings of a process
 * @pid: the process
 * @vmas: result, to model_vmas_deinit(); mappings without a name are "anon"
 * Return: 0 or -errno.
 */
int mms_proc_vmas(pid_t pid, struct mms_vmas *vmas)
{
	struct mms_list list = {0};
	char *line = NULL;
	size_t sz = 0;
	int err = 0;
	FILE *f;

	f = open_of(pid, "maps");
	if (!f)
		return -errno;
	while (!err && getline(&line, &sz, f) > 0) {
		struct mms_vma *v = model_list_add(&list, sizeof(*v));

		line[strcspn(line, "\n")] = '\0';
		err = v ? mms_text_vma(line, v) : -ENOMEM;
	}
	if (!err)
		err = mms_read_end(f);
	free(line);
	fclose(f);
	vmas->v = list.v;
	vmas->nr = list.nr;
	if (err)
		model_vmas_deinit(vmas);
	return err;
}

/* Keys of smaps that mean what ours do, or add up to one. */
struct smaps_extra {
	uint64_t anonymous;
	uint64_t hugetlb;
	uint64_t pmd;
	uint64_t shared;
	uint64_t exclusive;
};

/* Where an amount goes, and whether several add up there. NULL: what nobody asks for. */
static uint64_t *smaps_key(const char *key, struct mms_map *m, struct smaps_extra *e)
{
	if (!strcmp(key, "Size"))
		return &m->bytes[MMS_MAP_SIZE];
	if (!strcmp(key, "Rss"))
		return &m->bytes[MMS_MAP_RSS];
	if (!strcmp(key, "Swap"))
		return &m->bytes[MMS_MAP_SWAP];
	if (!strcmp(key, "Anonymous"))
		return &e->anonymous;
	if (!strcmp(key, "AnonHugePages") || !strcmp(key, "ShmemPmdMapped") ||
	    !strcmp(key, "FilePmdMapped"))
		return &e->pmd;
	/* _Clean, _Dirty, _Hugetlb */
	if (!strncmp(key, "Shared_", 7))
		return &e->shared;
	return strncmp(key, "Private_", 8) ? NULL : &e->exclusive;
}

/* Return: 0, -EBADMSG an amount that is none. */
static int smaps_line(char *line, struct mms_map *m, struct smaps_extra *e)
{
	char *value = strchr(line, ':');
	uint64_t bytes, *sum;

	if (!value)
		return -EBADMSG;
	*value++ = '\0';
	sum = smaps_key(line, m, e);
	if (!sum)
		return 0;
	if (mms_keyed_kb(value, &bytes) || __builtin_add_overflow(*sum, bytes, sum))
		return -EBADMSG;
	if (strstr(line, "_Hugetlb") && __builtin_add_overflow(e->hugetlb, bytes, &e->hugetlb))
		return -EBADMSG;
	return 0;
}

/*
 * What smaps knows: neither the zero page, raw frames, absent pages, markers,
 * nor accessed and dirty bits alone (its figures add the page's own flags).
 */
static void smaps_done(struct mms_map *m, const struct smaps_extra *e)
{
	static const enum mms_map_key has[] = {
		MMS_MAP_SIZE,	 MMS_MAP_RSS, MMS_MAP_SWAP,   MMS_MAP_ANON,	 MMS_MAP_FILE,
		MMS_MAP_HUGETLB, MMS_MAP_2M,  MMS_MAP_SHARED, MMS_MAP_EXCLUSIVE,
	};
	size_t i;

	memset(m->known, 0, sizeof(m->known));
	for (i = 0; i < sizeof(has) / sizeof(has[0]); i++)
		m->known[has[i]] = true;
	m->bytes[MMS_MAP_ANON] = e->anonymous;
	m->known[MMS_MAP_FILE] = e->anonymous <= m->bytes[MMS_MAP_RSS];
	if (m->known[MMS_MAP_FILE])
		m->bytes[MMS_MAP_FILE] = m->bytes[MMS_MAP_RSS] - e->anonymous;
	m->bytes[MMS_MAP_HUGETLB] = e->hugetlb;
	m->bytes[MMS_MAP_SHARED] = e->shared;
	m->bytes[MMS_MAP_EXCLUSIVE] = e->exclusive;
	m->bytes[MMS_MAP_2M] = e->pmd;
	if (e->hugetlb) /* of 2M or of 1G: smaps does not say in one line */
		m->known[MMS_MAP_2M] = false;
}

/**
 * mms_proc_smaps() - smaps as the module's maps, as far as it goes
 * @pid: the process
 * @maps: result, to model_maps_deinit()
 * Return: 0 or -errno.
 */
int mms_proc_smaps(pid_t pid, struct mms_list *maps)
{
	struct smaps_extra e = {0};
	struct mms_map *m = NULL;
	char *line = NULL;
	size_t sz = 0;
	int err = 0;
	FILE *f;

	f = open_of(pid, "smaps");
	if (!f)
		return -errno;
	while (!err && getline(&line, &sz, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (isupper((unsigned char)line[0])) {
			err = m ? smaps_line(line, m, &e) : -EBADMSG;
			continue;
		}
		if (m)
			smaps_done(m, &e);
		memset(&e, 0, sizeof(e));
		m = model_list_add(maps, sizeof(*m));
		err = m ? mms_text_vma(line, &m->vma) : -ENOMEM;
	}
	if (!err)
		err = mms_read_end(f);
	if (!err && m)
		smaps_done(m, &e);
	free(line);
	fclose(f);
	if (err)
		model_maps_deinit(maps);
	return err;
}

int mms_proc_clear_refs(pid_t pid)
{
	char path[64];
	int fd, err = 0;

	snprintf(path, sizeof(path), "/proc/%d/clear_refs", pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, "1", 1) != 1)
		err = -errno;
	close(fd);
	return err;
}

int mms_proc_referenced(pid_t pid, uint64_t *referenced, uint64_t *rss)
{
	static const char *const keys[] = {"Referenced", "Rss"};
	uint64_t bytes[2];
	char path[64];
	int err;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	err = mms_keyed_read_kb(path, keys, bytes, 2);
	if (err)
		return err;
	if (bytes[0] == MMS_NO_VALUE || bytes[1] == MMS_NO_VALUE)
		return -ESRCH;
	*referenced = bytes[0];
	*rss = bytes[1];
	return 0;
}
