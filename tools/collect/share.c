// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads pagemap of a process's private mappings and tells its anonymous pages
 * apart. Holes are skipped by PAGEMAP_SCAN where the kernel has it. Owns what
 * "shared" means; see Documentation/admin-guide/mm/pagemap.rst of the kernel for the bits.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <linux/types.h>

#include "collect/keyed.h"
#include "collect/proc.h"
#include "collect/read_end.h"
#include "collect/share.h"

#define PAGE	   4096ULL
#define HUGE_PAGES 512ULL
#define CHUNK	   8192 /* entries per read */
#define GAP	   64	/* pages: shorter holes are cheaper to read than to skip */

#define PM_PRESENT   (1ULL << 63)
#define PM_SWAP	     (1ULL << 62)
#define PM_FILE	     (1ULL << 61)
#define PM_EXCLUSIVE (1ULL << 56)
#define PM_FRAME     ((1ULL << 55) - 1)
#define PM_SWAP_TYPE 0x1fULL

/* Beyond these a swap type may be a page that moves, a marker or the like. */
#define SURE_SWAP_TYPES 23

#define KPF_ANON (1ULL << 12)
#define KPF_KSM	 (1ULL << 21)
#define KPF_ZERO (1ULL << 24)

/* linux/fs.h of newer kernels: struct page_region, struct pm_scan_arg, PAGE_IS_*. */
struct scan_region {
	__u64 start;
	__u64 end;
	__u64 categories;
};

struct scan_arg {
	__u64 size;
	__u64 flags;
	__u64 start;
	__u64 end;
	__u64 walk_end;
	__u64 vec;
	__u64 vec_len;
	__u64 max_pages;
	__u64 category_inverted;
	__u64 category_mask;
	__u64 category_anyof_mask;
	__u64 return_mask;
};

#define SCAN	     _IOWR('f', 16, struct scan_arg)
#define SCAN_FILE    (1U << 2)
#define SCAN_PRESENT (1U << 3)
#define SCAN_SWAPPED (1U << 4)
#define NR_REGIONS   256

/* Everything of one look. */
struct reader {
	struct mms_share_look *look;
	int pagemap;
	int kpageflags; /* -1 = may not be read */
	bool no_scan;	/* this kernel has no PAGEMAP_SCAN */
	bool has_ksm;	/* pages are merged on this machine */
	bool ask_ksm;	/* and kpageflags says which */
	int kpagecount;
	uint64_t zero, huge_zero; /* frames; 0 = not known */
	uint64_t counted;	  /* first frame of @counts; 0 = none */
	uint64_t counts[HUGE_PAGES];
	const struct mms_vma *vma;
	struct mms_share *bytes; /* of the mapping */
	uint64_t buf[CHUNK];
	struct scan_region regions[NR_REGIONS];
};

static int open_for(pid_t pid, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static uint64_t frame_flags(const struct reader *r, uint64_t frame)
{
	uint64_t f;

	if (r->kpageflags < 0 || !frame ||
	    pread(r->kpageflags, &f, sizeof(f), (off_t)(frame * sizeof(f))) != sizeof(f))
		return 0;
	return f;
}

/* The page of zeros by looking where a page that was only read leads; and whether KPF_KSM can be
 * believed: kernels are out that set it for every anonymous page. */
static void learn(struct reader *r)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char line[32];
	uint64_t e[2];
	int fd;

	if (p == MAP_FAILED)
		return;
	madvise(p, 2 * PAGE, MADV_NOHUGEPAGE);
	(void)*(volatile char *)p;
	*(volatile char *)(p + PAGE) = 1;
	fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 &&
	    pread(fd, e, sizeof(e), (off_t)((uintptr_t)p / PAGE * sizeof(e[0]))) == sizeof(e)) {
		r->zero = e[0] & PM_FRAME;
		r->look->blind = !r->zero;
		r->ask_ksm = !(frame_flags(r, e[1] & PM_FRAME) & KPF_KSM);
	}
	if (fd >= 0)
		close(fd);
	munmap(p, 2 * PAGE);
	r->has_ksm = !mms_file_line("/sys/kernel/mm/ksm/pages_shared", line, sizeof(line)) &&
		     strcmp(line, "0") != 0;
	r->ask_ksm = r->ask_ksm && r->has_ksm && r->kpageflags >= 0;
}

/* The huge page of zeros is found when it is met: its first page, at an aligned address. */
static bool is_zero(struct reader *r, uint64_t va, uint64_t frame)
{
	if (!frame)
		return false;
	if (frame == r->zero)
		return true;
	if (!r->huge_zero && !(va / PAGE % HUGE_PAGES) && !(frame % HUGE_PAGES) &&
	    (frame_flags(r, frame) & KPF_ZERO))
		r->huge_zero = frame;
	return r->huge_zero && frame / HUGE_PAGES * HUGE_PAGES == r->huge_zero;
}

/*
 * Of a huge page that is mapped as a whole some kernels say for all of it whether it is shared:
 * kpagecount knows of each page. Such a page lies as its address does.
 */
static bool only_here(struct reader *r, uint64_t va, uint64_t frame)
{
	uint64_t first = frame / HUGE_PAGES * HUGE_PAGES;

	if (!frame || frame % HUGE_PAGES != va / PAGE % HUGE_PAGES || r->kpagecount < 0)
		return false;
	if (r->counted != first) {
		r->counted = first;
		if (pread(r->kpagecount, r->counts, sizeof(r->counts),
			  (off_t)(first * sizeof(r->counts[0]))) != sizeof(r->counts))
			memset(r->counts, 0, sizeof(r->counts));
	}
	return r->counts[frame % HUGE_PAGES] == 1;
}

static bool of_a_file(const struct mms_vma *vma)
{
	return vma->name[0] == '/';
}

static void note_present(struct reader *r, uint64_t va, uint64_t e)
{
	uint64_t frame = e & PM_FRAME, flags;

	/* The huge one may have PM_FILE. */
	if (!(e & PM_EXCLUSIVE) && is_zero(r, va, frame)) {
		r->bytes->zero += PAGE;
		return;
	}
	if (e & PM_FILE)
		return;
	/* A huge page of a file may lack PM_FILE; and frames that are no memory have no bit. */
	if (of_a_file(r->vma) || r->ask_ksm) {
		flags = frame_flags(r, frame);
		if (frame && r->kpageflags >= 0 && !(flags & KPF_ANON))
			return;
		if (r->ask_ksm && (flags & KPF_KSM)) {
			r->bytes->ksm += PAGE;
			return;
		}
	}
	if ((e & PM_EXCLUSIVE) || only_here(r, va, frame))
		r->bytes->private += PAGE;
	else
		r->bytes->shared += PAGE;
}

static void note(struct reader *r, uint64_t va, uint64_t e)
{
	if (e & PM_PRESENT)
		note_present(r, va, e);
	else if ((e & PM_SWAP) && (e & PM_SWAP_TYPE) < SURE_SWAP_TYPES)
		r->bytes->swapped += PAGE;
}

static int read_span(struct reader *r, uint64_t va, uint64_t end)
{
	while (va < end) {
		size_t want = (end - va) / PAGE, i;
		ssize_t n;

		want = want < CHUNK ? want : CHUNK;
		n = pread(r->pagemap, r->buf, want * sizeof(r->buf[0]),
			  (off_t)(va / PAGE * sizeof(r->buf[0])));
		if (n < 0)
			return -errno;
		if (n < (ssize_t)sizeof(r->buf[0]))
			return 0; /* above user space, or the memory is gone */
		for (i = 0; i < (size_t)n / sizeof(r->buf[0]); i++, va += PAGE)
			note(r, va, r->buf[i]);
		r->look->entries += i;
	}
	return 0;
}

/* Regions of pages in memory or in swap that are not of a file. Return: how many, or -errno. */
static int scan(struct reader *r, uint64_t va, uint64_t end, uint64_t *walked)
{
	struct scan_arg a = {
		.size = sizeof(a),
		.start = va,
		.end = end,
		.vec = (uintptr_t)r->regions,
		.vec_len = NR_REGIONS,
		.category_inverted = SCAN_FILE,
		.category_mask = SCAN_FILE,
		.category_anyof_mask = SCAN_PRESENT | SCAN_SWAPPED,
		.return_mask = SCAN_PRESENT | SCAN_SWAPPED,
	};
	int n = ioctl(r->pagemap, SCAN, &a);

	*walked = a.walk_end;
	return n < 0 ? -errno : n;
}

static int read_regions(struct reader *r, int n)
{
	uint64_t from = r->regions[0].start, to = r->regions[0].end;
	int i, err = 0;

	for (i = 1; i < n && !err; i++) {
		if (r->regions[i].start - to > GAP * PAGE) {
			err = read_span(r, from, to);
			from = r->regions[i].start;
		}
		to = r->regions[i].end;
	}
	return err ? err : read_span(r, from, to);
}

static int read_vma(struct reader *r)
{
	uint64_t va = r->vma->start, end = r->vma->end, walked;
	int n, err = 0;

	while (va < end && !err) {
		n = r->no_scan ? -ENOTTY : scan(r, va, end, &walked);
		if (n == -ENOTTY || n == -EINVAL) {
			r->no_scan = true;
			return read_span(r, va, end);
		}
		if (n < 0)
			return n;
		err = n ? read_regions(r, n) : 0;
		if (walked <= va)
			break;
		va = walked;
	}
	return err;
}

static void add(struct mms_share *to, const struct mms_share *s)
{
	to->shared += s->shared;
	to->private += s->private;
	to->swapped += s->swapped;
	to->zero += s->zero;
	to->ksm += s->ksm;
}

/* Shared memory belongs to no bill; what the kernel provides itself is no memory of a process. */
static bool skipped(const struct mms_vma *vma)
{
	return vma->perms[3] == 's' || !strncmp(vma->name, "[v", 2);
}

static int read_all(struct reader *r, const struct mms_vmas *vmas)
{
	struct mms_share_look *look = r->look;
	size_t i;
	int err = 0;

	for (i = 0; i < vmas->nr && !err; i++) {
		struct mms_share_vma *v;

		if (skipped(&vmas->v[i]))
			continue;
		v = model_list_add(&look->vmas, sizeof(*v));
		if (!v)
			return -ENOMEM;
		v->start = vmas->v[i].start;
		v->end = vmas->v[i].end;
		snprintf(v->perms, sizeof(v->perms), "%s", vmas->v[i].perms);
		snprintf(v->name, sizeof(v->name), "%s", model_vma_short_name(vmas->v[i].name));
		r->vma = &vmas->v[i];
		r->bytes = &v->bytes;
		err = read_vma(r);
		add(&look->bytes, &v->bytes);
		if (!v->bytes.shared && !v->bytes.private && !v->bytes.swapped && !v->bytes.zero &&
		    !v->bytes.ksm)
			look->vmas.nr--;
	}
	return err;
}

static uint64_t take(uint64_t *from, uint64_t bytes)
{
	uint64_t took = *from < bytes ? *from : bytes;

	*from -= took;
	return took;
}

/* Of what was counted as shared, most likely, or as private. */
static void move_to_ksm(struct mms_share *s, uint64_t bytes)
{
	uint64_t took = take(&s->shared, bytes);

	took += take(&s->private, bytes - took);
	s->ksm += took;
}

/*
 * Where kpageflags cannot be believed smaps has a sum per mapping. Lines are read whole: behind a
 * long name's beginning anything may follow.
 */
static int move_ksm(struct mms_share_look *look, FILE *f)
{
	struct mms_share_vma *v = look->vmas.v;
	uint64_t start = 0, bytes;
	size_t sz = 0, i = 0;
	char *line = NULL;
	int err = 0;

	while (!err && getline(&line, &sz, f) > 0) {
		/* Names of values begin with a capital, which may be a hex digit, too. */
		if (!isupper((unsigned char)line[0])) {
			if (sscanf(line, "%" SCNx64 "-", &start) != 1)
				err = -EBADMSG;
			continue;
		}
		if (strncmp(line, "KSM:", 4))
			continue;
		if (mms_keyed_kb(line + 4, &bytes))
			err = -EBADMSG;
		while (i < look->vmas.nr && v[i].start < start)
			i++;
		if (!err && i < look->vmas.nr && v[i].start == start)
			move_to_ksm(&v[i].bytes, bytes);
	}
	if (!err)
		err = mms_read_end(f);
	free(line);
	return err;
}

static int ksm_of_smaps(struct mms_share_look *look, pid_t pid)
{
	struct mms_share_vma *v = look->vmas.v;
	char path[64];
	size_t i;
	FILE *f;
	int err;

	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	err = move_ksm(look, f);
	fclose(f);
	memset(&look->bytes, 0, sizeof(look->bytes));
	for (i = 0; i < look->vmas.nr; i++)
		add(&look->bytes, &v[i].bytes);
	return err;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

int mms_share_read(pid_t pid, struct mms_share_look *look)
{
	struct reader *r = calloc(1, sizeof(*r));
	struct mms_vmas vmas = {0};
	uint64_t begin = now_ns();
	int err;

	memset(look, 0, sizeof(*look));
	if (!r)
		return -ENOMEM;
	r->look = look;
	r->kpageflags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	r->kpagecount = open("/proc/kpagecount", O_RDONLY | O_CLOEXEC);
	r->pagemap = open_for(pid, "pagemap");
	err = r->pagemap < 0 ? r->pagemap : mms_proc_vmas(pid, &vmas);
	if (!err && !vmas.nr)
		err = -ESRCH;
	if (!err) {
		learn(r);
		err = read_all(r, &vmas);
	}
	if (!err && r->has_ksm && !r->ask_ksm)
		err = ksm_of_smaps(look, pid);
	model_vmas_deinit(&vmas);
	if (r->pagemap >= 0)
		close(r->pagemap);
	if (r->kpageflags >= 0)
		close(r->kpageflags);
	if (r->kpagecount >= 0)
		close(r->kpagecount);
	free(r);
	look->ns = now_ns() - begin;
	return err == -ENOENT ? -ESRCH : err;
}

void mms_share_deinit(struct mms_share_look *look)
{
	free(look->vmas.v);
	memset(look, 0, sizeof(*look));
}
