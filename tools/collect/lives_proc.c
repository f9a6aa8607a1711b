// SPDX-License-Identifier: GPL-2.0-only
/* /proc/PID/maps as lives. Must not know what comes afterwards. */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "collect/lives_proc.h"
#include "collect/proc.h"
#include "collect/read_end.h"
#include "util/args.h"

#define CHILDREN_DEEP 16

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

bool mms_lives_parse(char *line, struct mms_mapping *map, struct mms_mapped_file *file)
{
	char rights[8];
	int path = 0;

	memset(map, 0, sizeof(*map));
	memset(file, 0, sizeof(*file));
	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %x:%x %" SCNu64 " %n",
		   &map->start, &map->end, rights, &map->pgoff, &file->maj, &file->min, &file->ino,
		   &path) != 7 ||
	    !path || strlen(rights) != 4 || rights[2] != 'x')
		return false;
	file->path = line[path] ? line + path : (char *)"//anon";
	file->seen_ns = clock_ns(CLOCK_REALTIME);
	map->file = file;
	return true;
}

void mms_lives_read(struct mms_lives *lives, pid_t pid, bool anew)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	struct mms_mapped_file file;
	struct mms_mapping map;
	char path[64], comm[64], *line = NULL;
	struct stat st;
	size_t sz = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "re");
	if (!f)
		return;
	if (anew || !mms_lives_known(lives, pid))
		mms_lives_begin(lives, pid, now);
	mms_proc_comm(pid, comm);
	mms_lives_set_comm(lives, pid, comm);
	if (!fstat(fileno(f), &st))
		mms_lives_set_uid(lives, pid, st.st_uid);
	while (getline(&line, &sz, f) > 0)
		if (mms_lives_parse(line, &map, &file))
			mms_lives_map(lives, pid, &map);
	if (mms_read_end(f) == -ENOMEM)
		mms_lives_missed(lives);
	free(line);
	fclose(f);
}

void mms_lives_read_all(struct mms_lives *lives)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	pid_t pid;

	while (dir && (e = readdir(dir)))
		if (!args_pid(e->d_name, &pid))
			mms_lives_read(lives, pid, false);
	if (dir)
		closedir(dir);
}

static void read_tree(struct mms_lives *lives, pid_t pid, unsigned int deep);

static void read_children(struct mms_lives *lives, pid_t pid, const char *tid, unsigned int deep)
{
	char path[384];
	FILE *f;
	pid_t child;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/children", pid, tid);
	f = fopen(path, "re");
	while (f && fscanf(f, "%d", &child) == 1)
		read_tree(lives, child, deep - 1);
	if (f)
		fclose(f);
}

/* A process and the children that it has already. */
static void read_tree(struct mms_lives *lives, pid_t pid, unsigned int deep)
{
	struct dirent *e;
	char path[64];
	DIR *dir;

	mms_lives_read(lives, pid, false);
	if (!deep)
		return;
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			read_children(lives, pid, e->d_name, deep);
	if (dir)
		closedir(dir);
}

void mms_lives_read_tree(struct mms_lives *lives, pid_t pid)
{
	read_tree(lives, pid, CHILDREN_DEEP);
}
