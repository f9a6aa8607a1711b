// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/PID/pagemap and /proc/kpageflags (Documentation/admin-guide/mm/pagemap.rst):
 * pages without their tables. Owns the bits of both files.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collect/proc.h"

#define PAGE  4096ULL
#define CHUNK 4096 /* entries per read */

#define PM_PRESENT    (1ULL << 63)
#define PM_SWAP	      (1ULL << 62)
#define PM_FILE	      (1ULL << 61) /* file page or shared anonymous */
#define PM_GUARD      (1ULL << 58)
#define PM_UFFD_WP    (1ULL << 57)
#define PM_EXCLUSIVE  (1ULL << 56)
#define PM_SOFT_DIRTY (1ULL << 55)
#define PM_FRAME      ((1ULL << 55) - 1)
#define PM_SWAP_TYPE  0x1fULL
#define PM_SWAP_SHIFT 5

/*
 * Swap types from here on may be migration entries, markers and the like: the
 * kernel takes at most 9 of its 32 types for those, the rest are devices.
 */
#define SURE_SWAP_TYPES 23

#define KPF_ANON   (1ULL << 12)
#define KPF_NOPAGE (1ULL << 20)
#define KPF_ZERO   (1ULL << 24)

static int open_pagemap(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static const struct {
	uint64_t bit;
	const char *name;
} pm_flags[] = {
	{PM_FILE, "file-or-shared"}, {PM_EXCLUSIVE, "exclusive"}, {PM_SOFT_DIRTY, "soft-dirty"},
	{PM_UFFD_WP, "uffd-wp"},     {PM_GUARD, "guard"},
};

static void flag_names(char *buf, uint64_t e)
{
	size_t i, len = 0;

	buf[0] = '\0';
	for (i = 0; i < sizeof(pm_flags) / sizeof(pm_flags[0]); i++)
		if (e & pm_flags[i].bit)
			len += snprintf(buf + len, MMS_FLAGS - len, "%s%s", len ? " " : "",
					pm_flags[i].name);
}

/* Without its page's flags, a present page that is not of a file may also be the zero page or a raw
 * frame. */
static const char *kind_of(uint64_t e)
{
	if (e & PM_PRESENT)
		return e & PM_FILE ? "file" : "present";
	if (e & PM_SWAP)
		return (e & PM_SWAP_TYPE) < SURE_SWAP_TYPES ? "swap" : "other";
	return "none";
}

/* What the frame is, if we may ask. */
static const char *kind_of_frame(int kpageflags, uint64_t frame, uint64_t e)
{
	uint64_t f;

	if (!frame || kpageflags < 0 ||
	    pread(kpageflags, &f, sizeof(f), frame * sizeof(f)) != sizeof(f))
		return kind_of(e);
	if (f & KPF_ZERO)
		return "zero";
	if (f & KPF_NOPAGE)
		return "special";
	/* KPF_KSM is not asked: kernels are out that set it for every anonymous page. */
	if (f & KPF_ANON)
		return "anon";
	return kind_of(e);
}

static int fill_walk(struct mms_walk *w, uint64_t va, const struct mms_vma *vma, uint64_t e,
		     int kpageflags)
{
	const char *kind = kind_of(e);

	w->va = va;
	if (vma) {
		w->vma = *vma;
		w->vma.name = strdup(vma->name);
		if (!w->vma.name)
			return -ENOMEM;
	}
	flag_names(w->flags, e);
	if (e & PM_PRESENT) {
		w->frame = e & PM_FRAME;
		w->known = w->frame ? MMS_LEAF_FRAME : 0;
		kind = kind_of_frame(kpageflags, w->frame, e);
	} else if (e & PM_SWAP) {
		w->known = MMS_LEAF_SWAP;
		w->swap_type = e & PM_SWAP_TYPE;
		w->swap_offset = (e & PM_FRAME) >> PM_SWAP_SHIFT;
	}
	snprintf(w->kind, sizeof(w->kind), "%s", kind);
	return 0;
}

/**
 * mms_pagemap_walk() - pages of a range, one by one
 * @pid: the process
 * @vmas: its mappings
 * @start: page-aligned
 * @end: page-aligned
 * @walks: appended to, struct mms_walk without levels
 *
 * Frames need CAP_SYS_ADMIN; without it they are not in .known.
 * Return: 0 or -errno.
 */
int mms_pagemap_walk(pid_t pid, const struct mms_vmas *vmas, uint64_t start, uint64_t end,
		     struct mms_list *walks)
{
	int fd = open_pagemap(pid), kpageflags, err = 0;
	uint64_t va, e;

	if (fd < 0)
		return fd;
	kpageflags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	for (va = start; va < end && !err; va += PAGE) {
		ssize_t n = pread(fd, &e, sizeof(e), va / PAGE * sizeof(e));
		struct mms_walk *w;

		if (n != sizeof(e)) {
			err = n < 0 ? -errno : -ERANGE; /* above user space the file ends */
			break;
		}
		w = model_list_add(walks, sizeof(*w));
		err = w ? fill_walk(w, va, model_vmas_find(vmas, va), e, kpageflags) : -ENOMEM;
	}
	if (kpageflags >= 0)
		close(kpageflags);
	close(fd);
	return err;
}

static int begin_range(struct mms_list *ranges, const struct mms_vma *vma, uint64_t va, uint64_t e)
{
	struct mms_range *r = model_list_add(ranges, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->start = va;
	snprintf(r->level, sizeof(r->level), "-");
	snprintf(r->rights, sizeof(r->rights), "-");
	snprintf(r->kind, sizeof(r->kind), "%s", kind_of(e));
	flag_names(r->flags, e);
	r->young = r->dirty = MMS_NO_COUNT;
	r->name = strdup(vma->name);
	return r->name ? 0 : -ENOMEM;
}

/* What makes two neighbours different: frames and swap slots do not. */
static uint64_t signature(uint64_t e)
{
	uint64_t sig = e & ~PM_FRAME;

	if (!(e & PM_PRESENT) && e & PM_SWAP && (e & PM_SWAP_TYPE) >= SURE_SWAP_TYPES)
		sig |= 1;
	return sig;
}

static int ranges_of(int fd, const struct mms_vma *vma, struct mms_list *ranges)
{
	static uint64_t buf[CHUNK];
	uint64_t va = vma->start, last = 0;
	bool open = false;

	while (va < vma->end) {
		size_t i, want = (vma->end - va) / PAGE;
		ssize_t n;

		want = want < CHUNK ? want : CHUNK;
		n = pread(fd, buf, want * sizeof(*buf), va / PAGE * sizeof(*buf));
		if (n < 0)
			return -errno;
		if (n < (ssize_t)sizeof(*buf))
			break; /* [vsyscall], beyond the end of pagemap */
		for (i = 0; i < n / sizeof(*buf); i++, va += PAGE) {
			struct mms_range *r = ranges->v;

			if (!open || signature(buf[i]) != last) {
				if (begin_range(ranges, vma, va, buf[i]))
					return -ENOMEM;
				r = ranges->v;
			}
			open = true;
			last = signature(buf[i]);
			r[ranges->nr - 1].end = va + PAGE;
		}
	}
	return 0;
}

/**
 * mms_pagemap_ranges() - merged pages of all mappings
 * @pid: the process
 * @vmas: its mappings
 * @ranges: result, to model_ranges_deinit()
 * Return: 0 or -errno.
 */
int mms_pagemap_ranges(pid_t pid, const struct mms_vmas *vmas, struct mms_list *ranges)
{
	int fd = open_pagemap(pid), err = 0;
	size_t i;

	if (fd < 0)
		return fd;
	for (i = 0; i < vmas->nr && !err; i++)
		err = ranges_of(fd, &vmas->v[i], ranges);
	close(fd);
	if (err)
		model_ranges_deinit(ranges);
	return err;
}
