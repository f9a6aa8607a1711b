// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/PID/smaps by segment. What a VMA is follows bpf/fault_place.bpf.h; what the
 * kernel knows there by its operations is told here by names, flags and file systems.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "collect/keyed.h"
#include "collect/proc_segments.h"
#include "collect/read_end.h"

#define PAGE	    4096
#define TMPFS_MAGIC 0x01021994

/* Where the program's own memory lies. */
struct layout {
	uint64_t end_data;
	uint64_t start_brk;
};

struct vma {
	uint64_t start, end;
	char perms[5];
	unsigned int dev_major;
	uint64_t ino;
	char name[64]; /* the beginning of it */
	uint64_t bytes;
	bool grows_down;
	bool hugetlb;
};

static int read_layout(pid_t pid, struct layout *l)
{
	char path[64], text[1024], *p;
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? -ESRCH : -errno;
	len = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[len] = '\0';
	p = strrchr(text, ')'); /* the name before it may hold anything */
	/* After it: 42 fields to end_data, which is the 46th of the line. */
	if (!p || sscanf(p + 1,
			 " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s"
			 " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s"
			 " %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64 " %" SCNu64,
			 &l->end_data, &l->start_brk) != 2)
		return -ESRCH; /* it is about to go */
	l->end_data = (l->end_data + 4095) & ~4095ULL;
	return l->end_data ? 0 : -ESRCH; /* its memory is gone */
}

/* Asked of the file itself, through the link that /proc has for each mapping. */
static bool on_tmpfs(pid_t pid, const struct vma *v)
{
	char path[96];
	struct statfs fs;

	/* Only file systems without a device can be tmpfs. */
	if (v->dev_major)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, pid, v->start,
		 v->end);
	return !statfs(path, &fs) && fs.f_type == TMPFS_MAGIC;
}

static enum mms_segment anon_segment(const struct vma *v, const struct layout *l)
{
	if (v->grows_down || !strcmp(v->name, "[stack]"))
		return MMS_SEG_STACK;
	if (!strcmp(v->name, "[heap]") && v->end > l->start_brk)
		return MMS_SEG_HEAP;
	if (v->start >= l->end_data && v->start < l->start_brk)
		return MMS_SEG_BSS;
	if (!strncmp(v->name, "[anon_shmem", 11))
		return MMS_SEG_SHMEM;
	/* Named by the program, or not at all; other names are the kernel's. */
	if (v->name[0] != '[' || !strncmp(v->name, "[anon", 5) || !strcmp(v->name, "[heap]"))
		return MMS_SEG_ANON;
	return MMS_SEG_VDSO;
}

static enum mms_segment segment_of(pid_t pid, const struct vma *v, const struct layout *l)
{
	if (v->hugetlb)
		return MMS_SEG_HUGETLB;
	if (!v->ino)
		return anon_segment(v, l);
	if (on_tmpfs(pid, v))
		return MMS_SEG_SHMEM;
	if (v->perms[2] == 'x')
		return MMS_SEG_TEXT;
	return v->perms[3] == 'p' && v->perms[1] == 'w' ? MMS_SEG_DATA : MMS_SEG_FILE;
}

/* Return: 0, -EBADMSG more than the mapping has room for, or no amount. */
static int parse_key(const char *line, struct vma *v)
{
	static const char *const keys[] = {"Rss:", "Private_Hugetlb:", "Shared_Hugetlb:"};
	uint64_t bytes;
	size_t i, len;

	if (!strncmp(line, "VmFlags:", 8)) {
		v->grows_down = strstr(line, " gd");
		v->hugetlb = strstr(line, " ht");
		return 0;
	}
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		len = strlen(keys[i]);
		if (strncmp(line, keys[i], len))
			continue;
		if (mms_keyed_kb(line + len, &bytes) || bytes > v->end - v->start - v->bytes)
			return -EBADMSG;
		v->bytes += bytes;
	}
	return 0;
}

static bool parse_head(const char *line, struct vma *v)
{
	memset(v, 0, sizeof(*v));
	return sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*x %x:%*x %" SCNu64 " %63[^\n]",
		      &v->start, &v->end, v->perms, &v->dev_major, &v->ino, v->name) >= 5 &&
	       v->start < v->end;
}

/* A process that ends, or becomes another program, has its mappings cut off in mid-read. */
static int still(pid_t pid, const struct layout *before)
{
	struct layout now;
	int err = read_layout(pid, &now);

	if (err)
		return err;
	return now.end_data == before->end_data && now.start_brk == before->start_brk ? 0 : -ESRCH;
}

static int read_segments(FILE *f, pid_t pid, const struct layout *layout, mms_segment_fn fn,
			 void *ctx)
{
	struct vma v = {};
	char *line = NULL;
	bool any = false;
	size_t sz = 0;
	int err = 0;

	while (!err && getline(&line, &sz, f) > 0) {
		if (isupper((unsigned char)line[0])) {
			err = any ? parse_key(line, &v) : -EBADMSG;
			continue;
		}
		if (any)
			fn(ctx, v.start, v.end, segment_of(pid, &v, layout), v.bytes / PAGE);
		any = parse_head(line, &v);
		err = any ? 0 : -EBADMSG;
	}
	if (!err)
		err = mms_read_end(f);
	if (!err && any)
		fn(ctx, v.start, v.end, segment_of(pid, &v, layout), v.bytes / PAGE);
	free(line);
	return err ? err : any ? 0 : -ESRCH;
}

int mms_proc_segments_each(pid_t pid, mms_segment_fn fn, void *ctx)
{
	struct layout layout;
	char path[64];
	FILE *f;
	int err;

	err = read_layout(pid, &layout);
	if (err)
		return err;
	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? -ESRCH : -errno;
	err = read_segments(f, pid, &layout, fn, ctx);
	fclose(f);
	return err ? err : still(pid, &layout);
}

static void add_pages(void *ctx, uint64_t start, uint64_t end, enum mms_segment segment,
		      uint64_t pages)
{
	((uint64_t *)ctx)[segment] += pages;
}

int mms_proc_segments(pid_t pid, uint64_t pages[MMS_SEG_NR])
{
	memset(pages, 0, MMS_SEG_NR * sizeof(*pages));
	return mms_proc_segments_each(pid, add_pages, pages);
}
