// SPDX-License-Identifier: GPL-2.0-only
/* /proc/PID/stat and exe of all processes, made a tree. Must not know why. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/kcmp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "collect/kin.h"
#include "util/args.h"

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */
#define NR_MARKS   6
#define STACK	   28 /* field of the stack's start */

/* What fork leaves as it is and exec does not. */
struct layout {
	uint64_t marks[NR_MARKS]; /* addresses of program, stack, data, heap */
	dev_t dev;		  /* of the program's file */
	ino_t ino;
};

struct process {
	struct mms_kin kin;
	struct layout layout;
	bool known;  /* all of the layout could be read */
	bool wanted; /* the root, or below it */
	bool placed;
};

/* All of /proc/PID/stat; the name may hold anything, newlines included. */
static bool read_stat(pid_t pid, char *text, size_t sz)
{
	char path[64];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	len = fread(text, 1, sz - 1, f);
	fclose(f);
	text[len] = '\0';
	return len > 0;
}

/* Fields are numbered as in proc(5); @from is behind field 2. */
static bool parse_stat(char *from, struct process *p)
{
	static const int marks[NR_MARKS] = {26, 27, STACK, 45, 46, 47};
	uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
	char *save = NULL, *word = strtok_r(from, " ", &save);
	int field, m = 0;
	uint64_t v;

	for (field = 3; word && field <= 47; field++, word = strtok_r(NULL, " ", &save)) {
		if (field == 3 && (*word == 'Z' || *word == 'X'))
			return false;
		v = strtoull(word, NULL, 10);
		if (field == 4)
			p->kin.parent = (pid_t)v;
		else if (field == 9 && (v & PF_KTHREAD))
			return false;
		else if (field == 22)
			p->kin.start_ns = v * (1000000000ULL / ticks);
		if (m < NR_MARKS && field == marks[m])
			p->layout.marks[m++] = v;
		/* It is 0 for those who may not look. */
		if (field == STACK)
			p->known = v != 0;
	}
	p->known = p->known && m == NR_MARKS;
	return field > 22;
}

static bool read_process(pid_t pid, struct process *p)
{
	char text[1024], path[64], *open, *close;
	struct stat st = {0};
	size_t len;

	memset(p, 0, sizeof(*p));
	p->kin.pid = pid;
	if (!read_stat(pid, text, sizeof(text)))
		return false;
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (!open || !close || close < open || !parse_stat(close + 1, p))
		return false;
	len = (size_t)(close - open - 1);
	if (len >= sizeof(p->kin.comm))
		len = sizeof(p->kin.comm) - 1;
	memcpy(p->kin.comm, open + 1, len);
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (stat(path, &st))
		p->known = false;
	p->layout.dev = st.st_dev;
	p->layout.ino = st.st_ino;
	return true;
}

static int read_all(struct mms_list *all)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	pid_t pid;
	int err = 0;

	if (!dir)
		return -errno;
	while (!err && (e = readdir(dir))) {
		struct process *p;

		if (args_pid(e->d_name, &pid))
			continue;
		p = model_list_add(all, sizeof(*p));
		err = p ? 0 : -ENOMEM;
		if (p && !read_process(pid, p))
			all->nr--;
	}
	closedir(dir);
	return err;
}

static struct process *find(const struct mms_list *all, pid_t pid)
{
	struct process *p = all->v;
	size_t i;

	for (i = 0; i < all->nr; i++)
		if (p[i].kin.pid == pid)
			return &p[i];
	return NULL;
}

/* Start times count from the boot, sleep of the machine included. */
static uint64_t asleep_ns(void)
{
	struct timespec boot, mono;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	return (uint64_t)(boot.tv_sec - mono.tv_sec) * 1000000000ULL + (uint64_t)boot.tv_nsec -
	       (uint64_t)mono.tv_nsec;
}

static bool same_layout(const struct layout *a, const struct layout *b)
{
	return !memcmp(a->marks, b->marks, sizeof(a->marks)) && a->dev == b->dev &&
	       a->ino == b->ino;
}

/* After vfork(), or clone() with CLONE_VM. */
static bool same_memory(pid_t a, pid_t b)
{
	return syscall(SYS_kcmp, a, b, KCMP_VM, 0, 0) == 0;
}

/* Those whose parent is there already; again until nobody is left. */
static int place(const struct mms_list *all, pid_t root, struct mms_list *kin)
{
	struct process *p = all->v, *end = p + all->nr, *parent;
	uint64_t asleep = asleep_ns();
	bool more = true;

	while (more) {
		more = false;
		for (p = all->v; p < end; p++) {
			struct mms_kin *k;

			parent = find(all, p->kin.parent);
			if (p->placed || (parent && !parent->placed && p->kin.pid != root))
				continue;
			p->placed = more = true;
			p->wanted = !root || p->kin.pid == root || (parent && parent->wanted);
			if (!p->wanted)
				continue;
			k = model_list_add(kin, sizeof(*k));
			if (!k)
				return -ENOMEM;
			*k = p->kin;
			k->start_ns -= asleep;
			k->forked = parent && parent->known && p->known &&
				    same_layout(&p->layout, &parent->layout) &&
				    !same_memory(k->pid, k->parent);
		}
	}
	return 0;
}

int mms_kin_read(pid_t root, struct mms_list *kin)
{
	struct mms_list all = {0};
	int err = read_all(&all);

	if (!err)
		err = place(&all, root, kin);
	free(all.v);
	return err;
}

bool mms_kin_in_cgroup(pid_t pid, const char *path)
{
	size_t len = strlen(path);
	char name[64], *line = NULL;
	bool within = false;
	size_t sz = 0;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%d/cgroup", pid);
	f = fopen(name, "re");
	if (!f)
		return false;
	while (!within && getline(&line, &sz, f) > 0) {
		if (strncmp(line, "0::", 3))
			continue;
		line[strcspn(line, "\n")] = '\0';
		within = !strcmp(path, "/") || (!strncmp(line + 3, path, len) &&
						(!line[3 + len] || line[3 + len] == '/'));
	}
	free(line);
	fclose(f);
	return within;
}
