// SPDX-License-Identifier: GPL-2.0-only
/*
 * The readers of /proc, on anything: the first byte is the reader, the rest the files that it
 * opens, with form feeds between them. No sum may pass what it is of.
 */
#include <string.h>
#include <unistd.h>

#include "collect/cgroup.c" /* a line of mountinfo is for itself */
#include "collect/kin.c"    /* and a process without the rest of /proc */
#include "collect/lives_proc.h"
#include "collect/proc.h"
#include "collect/proc_segments.h"
#include "collect/share.h"
#include "fuzz_file.h"
#include "paths.h"

#define PID	   4321
#define PAGE_BYTES 4096ULL

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is left of the input. */
struct input {
	const uint8_t *data;
	size_t len;
};

static void file(struct input *in, const char *end)
{
	const uint8_t *part;
	size_t len;

	part = fuzz_part(&in->data, &in->len, &len);
	fuzz_path(end, part, len);
}

static void small(struct input *in)
{
	char comm[64], line[64];
	uint64_t a = 0, b = 0;

	file(in, "/stat");
	file(in, "/comm");
	file(in, "/statm");
	file(in, "/status");
	file(in, "/smaps_rollup");
	file(in, "/cpuinfo");
	mms_proc_check(PID);
	mms_proc_comm(PID, comm);
	MUST(strlen(comm) < sizeof(comm));
	if (!mms_proc_rss(PID, &a))
		MUST(a % PAGE_BYTES == 0);
	MUST(mms_proc_tgid(PID) >= 0);
	if (!mms_proc_referenced(PID, &a, &b))
		MUST(a % 1024 == 0 && b % 1024 == 0);
	mms_proc_cpu_flag("pdpe1gb");
	if (!mms_file_line("/proc/1/comm", line, sizeof(line))) {
		mms_file_choice(line);
		MUST(strlen(line) < sizeof(line));
	}
}

static void check_vmas(const struct mms_vmas *vmas)
{
	size_t i;

	for (i = 0; i < vmas->nr; i++)
		MUST(vmas->v[i].name && vmas->v[i].start < vmas->v[i].end);
}

static void pagemap(struct input *in)
{
	struct mms_list ranges = {0}, walks = {0};
	struct mms_vmas vmas = {0};
	struct mms_range *r;
	size_t i;

	file(in, "/maps");
	file(in, "/pagemap");
	file(in, "/kpageflags");
	if (mms_proc_vmas(PID, &vmas)) {
		MUST(!vmas.v && !vmas.nr);
		return;
	}
	check_vmas(&vmas);
	if (!mms_pagemap_ranges(PID, &vmas, &ranges))
		for (r = ranges.v, i = 0; i < ranges.nr; i++)
			MUST(r[i].start < r[i].end && r[i].kind[0]);
	mms_pagemap_walk(PID, &vmas, 0, 64 * PAGE_BYTES, &walks);
	MUST(walks.nr <= 64);
	model_walks_deinit(&walks);
	model_ranges_deinit(&ranges);
	model_vmas_deinit(&vmas);
}

static void smaps(struct input *in)
{
	struct mms_list maps = {0};
	struct mms_map *m;
	size_t i, k;

	file(in, "/smaps");
	if (mms_proc_smaps(PID, &maps))
		MUST(!maps.v && !maps.nr);
	for (m = maps.v, i = 0; i < maps.nr; i++) {
		MUST(m[i].vma.name && m[i].vma.start < m[i].vma.end);
		MUST(m[i].bytes[MMS_MAP_FILE] <= m[i].bytes[MMS_MAP_RSS]);
		MUST(m[i].known[MMS_MAP_FILE] ==
		     (m[i].bytes[MMS_MAP_ANON] <= m[i].bytes[MMS_MAP_RSS]));
		for (k = 0; k < MMS_NR_MAP_KEYS; k++)
			MUST(m[i].bytes[k] % 1024 == 0);
	}
	model_maps_deinit(&maps);
}

static void look_at_segment(void *ctx, uint64_t start, uint64_t end, enum mms_segment segment,
			    uint64_t pages)
{
	MUST(start < end && segment < MMS_SEG_NR);
	MUST(pages <= (end - start) / PAGE_BYTES);
}

static void segments(struct input *in)
{
	file(in, "/stat");
	file(in, "/smaps");
	mms_proc_segments_each(PID, look_at_segment, NULL);
}

static uint64_t all_of(const struct mms_share *s)
{
	return s->shared + s->private + s->swapped + s->zero + s->ksm;
}

static void share(struct input *in)
{
	struct mms_share_look look;
	struct mms_share_vma *v;
	uint64_t sum = 0;
	size_t i;

	file(in, "/maps");
	file(in, "/pagemap");
	file(in, "/kpageflags");
	file(in, "/kpagecount");
	file(in, "/smaps");
	file(in, "/pages_shared");
	if (!mms_share_read(PID, &look)) {
		for (v = look.vmas.v, i = 0; i < look.vmas.nr; i++)
			sum += all_of(&v[i].bytes);
		MUST(all_of(&look.bytes) == sum && sum <= look.entries * PAGE_BYTES);
	}
	mms_share_deinit(&look);
}

static void maps(struct input *in)
{
	struct mms_lives *lives = mms_lives_new();
	struct mms_mapping found;
	uint64_t addr;

	file(in, "/maps");
	file(in, "/comm");
	mms_lives_read(lives, PID, true);
	for (addr = 0; addr < 16 * PAGE_BYTES; addr += PAGE_BYTES)
		if (!mms_lives_find(lives, PID, UINT64_MAX, addr, &found))
			MUST(found.start <= addr && addr < found.end && found.file->path[0]);
	mms_lives_free(lives);
}

static void process(struct input *in)
{
	struct process p;

	file(in, "/stat");
	file(in, "/cgroup");
	if (read_process(PID, &p))
		MUST(p.kin.pid == PID && strlen(p.kin.comm) < sizeof(p.kin.comm));
	mms_kin_in_cgroup(PID, "/a");
}

static void cgroup(struct input *in)
{
	static const char root[] = "1 1 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
	const uint8_t *part;
	char *line, *point, *dir;
	size_t len;

	part = fuzz_part(&in->data, &in->len, &len);
	line = strndup((const char *)part, len);
	point = mount_point(line);
	if (point)
		MUST(*point && strlen(point) <= strlen(line));
	free(point);
	free(line);
	fuzz_path("/mountinfo", (const uint8_t *)root, sizeof(root) - 1);
	file(in, "/cgroup");
	MUST(mms_cgroup_root());
	if (!mms_cgroup_of_pid(PID, &dir)) {
		MUST(*dir && *mms_cgroup_name(dir));
		free(dir);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const readers[])(struct input *) = {small, pagemap, smaps,   segments,
							  share, maps,	  process, cgroup};
	struct input in = {data + 1, len - 1};

	if (!len)
		return 0;
	readers[(uint8_t)(data[0] - '0') % 8](&in);
	fuzz_paths_clear();
	return 0;
}
