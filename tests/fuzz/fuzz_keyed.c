// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of keys and numbers, those of cgroups and of tracefs's probes, on anything: the first byte
 * says which, the rest are the files, with form feeds between them. What is no number must not
 * become one.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collect/bpf_hook.c" /* its readers are its own */
#include "collect/cgroup.h"
#include "collect/cover.h"
#include "collect/keyed.h"
#include "collect/module_file.h"
#include "collect/psi.h"
#include "fuzz_file.h"
#include "paths.h"

#define DIR "/sys/fs/cgroup/a/b"
#define NR  3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char *const keys[NR] = {"Rss", "usage_usec", "x"};

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

/* The number behind the first "KEY" that begins a line, by another way; MMS_NO_VALUE if there is
 * none. */
static uint64_t value_of(const uint8_t *data, size_t len, const char *key)
{
	const uint8_t *end = data + len, *nl, *p;
	size_t n = strlen(key);
	__uint128_t v = 0;

	for (; data < end; data = nl + 1) {
		nl = memchr(data, '\n', (size_t)(end - data));
		nl = nl ? nl : end;
		p = data + n;
		if (p >= nl || memcmp(data, key, n) || (*p != ' ' && *p != ':'))
			continue;
		for (p++; p < nl && (*p == ' ' || *p == '\t'); p++)
			;
		if (p == nl || !isdigit(*p))
			continue;
		for (v = 0; p < nl && isdigit(*p) && v <= UINT64_MAX; p++)
			v = v * 10 + *p - '0';
		if ((p == nl || isspace(*p) || !*p) && v < UINT64_MAX)
			return (uint64_t)v;
	}
	return MMS_NO_VALUE;
}

static void keyed(struct input *in)
{
	const uint8_t *data = in->data;
	size_t len = in->len, i;
	uint64_t v[NR], bytes[NR];

	fuzz_path("/keyed", data, len);
	MUST(!mms_keyed_read("/proc/keyed", keys, v, NR));
	for (i = 0; i < NR; i++)
		MUST(v[i] == value_of(data, len, keys[i]));
	MUST(!mms_keyed_read_kb("/proc/keyed", keys, bytes, NR));
	for (i = 0; i < NR; i++)
		MUST(bytes[i] == MMS_NO_VALUE || bytes[i] % 1024 == 0);
}

static void number(struct input *in)
{
	uint64_t v = 0;

	fuzz_path("/number", in->data, in->len);
	if (mms_number_read("/proc/number", &v))
		return;
	MUST(in->len >= 1 && (isdigit(in->data[0]) || (in->len >= 3 && v == MMS_NO_VALUE)));
}

static void machine(struct input *in)
{
	uint64_t total, used;
	struct mms_cover c;

	file(in, "/meminfo");
	file(in, "/smaps_rollup");
	if (!mms_machine_memory(&total, &used))
		MUST(used <= total && total % 1024 == 0);
	mms_memory_available();
	if (!mms_cover_read(1, &c))
		MUST(c.rss % 1024 == 0 && c.anon % 1024 == 0);
}

static void pressure(struct input *in)
{
	struct mms_psi psi;

	fuzz_path("memory.pressure", in->data, in->len);
	if (!mms_psi_read(DIR, &psi))
		MUST(psi.some_ns % 1000 == 0 && psi.full_ns % 1000 == 0);
}

static void cgroup(struct input *in)
{
	static const char root[] = "1 1 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
	uint64_t v, used;
	char *holder;

	fuzz_path("/mountinfo", (const uint8_t *)root, sizeof(root) - 1);
	file(in, "/b/memory.max");
	file(in, "/b/memory.high");
	file(in, "/b/memory.current");
	file(in, "/b/memory.stat");
	file(in, "/b/cpu.stat");
	file(in, "/meminfo");
	file(in, "/a/memory.max");
	MUST(mms_cgroup_root());
	if (!mms_cgroup_limit(DIR, &v, &holder)) {
		MUST(holder && mms_cgroup_within(DIR, holder));
		free(holder);
	}
	if (!mms_cgroup_usage(DIR, &used) && !mms_cgroup_limit(DIR, &v, NULL))
		MUST(!mms_cgroup_room(DIR, &v));
	if (!mms_cgroup_cpu_ns(DIR, &v))
		MUST(v % 1000 == 0);
}

static void status(struct input *in)
{
	char *text = strndup((const char *)in->data, in->len);
	uint64_t v = 77;

	if (mms_module_key(text, "scans", &v))
		MUST(v == 77);
	else
		MUST(strstr(text, "scans "));
	free(text);
}

/* Hits are of the row of that name. */
static void probes(struct input *in)
{
	struct mms_probe p = {.tracefs = "/sys/kernel/tracing", .event = "p_1_f", .perf_fd = -1};
	const uint8_t *data = in->data, *rows;
	size_t len = in->len, nr;

	rows = fuzz_part(&data, &len, &nr);
	file(in, "/kprobe_profile");
	file(in, "/kprobe_events");
	file(in, "/id");
	if (mms_probe_hits(&p) || mms_probe_missed(&p))
		MUST(memmem(rows, nr, p.event, strlen(p.event)));
	remove_stale(p.tracefs);
	event_id(p.tracefs, p.event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const readers[])(struct input *) = {keyed,  number, machine, pressure,
							  cgroup, status, probes};
	struct input in = {data + 1, len - 1};

	if (!len)
		return 0;
	readers[(uint8_t)(data[0] - '0') % 7](&in);
	fuzz_paths_clear();
	return 0;
}
