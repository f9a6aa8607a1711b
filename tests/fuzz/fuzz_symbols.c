// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of addresses, on anything: the first byte says whether the rest is an ELF file, a perf map,
 * kallsyms, or symbols of a table, which is then held against one that looks at each of them.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collect/elfsyms.h"
#include "collect/jitmap.h"
#include "collect/kallsyms.h"
#include "fuzz_file.h"
#include "paths.h"

#define MAX_SYMBOLS 40

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void elf(const uint8_t *data, size_t len)
{
	static const uint8_t id[20] = "a build-id";
	struct mms_elfsyms *e;
	uint64_t offset;
	const char *name;
	int err, call;

	if (!len)
		return;
	err = mms_elfsyms_read(fuzz_file(data + 1, len - 1), "fuzz", *data & 1 ? id : NULL,
			       sizeof(id), *data & 2, &e);
	MUST(!err == !!e);
	if (err)
		return;
	for (offset = 0; offset < len; offset += 13) {
		name = mms_elfsyms_find(e, offset);
		MUST(!name || *name);
		call = mms_elfsyms_call_before(e, offset);
		MUST(*data & 2 ? call >= -1 && call <= 1 : call == -1);
	}
	MUST(mms_elfsyms_bytes(e));
	mms_elfsyms_free(e);
}

static void perf_map(const uint8_t *data, size_t len)
{
	static const char status[] = "Name:\tx\nNSpid:\t77\t5\n";
	struct mms_jit_owner owner = {.pid = 77, .uid = getuid()};
	struct mms_jitmaps *j = mms_jitmaps_new();
	uint64_t addr;
	const char *name;

	fuzz_path("/status", (const uint8_t *)status, sizeof(status) - 1);
	fuzz_path("/perf-5.map", data, len);
	for (addr = 0; addr < 64; addr++) {
		name = mms_jitmaps_find(j, &owner, addr * 16);
		MUST(!name || (*name && strlen(name) <= len));
	}
	mms_jitmaps_free(j);
}

static void kallsyms(const uint8_t *data, size_t len)
{
	struct mms_symtab *t;
	uint64_t addr;
	const char *name;

	fuzz_path("/kallsyms", data, len);
	if (mms_kallsyms_read("/proc/kallsyms", &t)) {
		MUST(!t);
		return;
	}
	MUST(mms_symtab_nr(t) <= len);
	for (addr = 0; addr < 64; addr++) {
		name = mms_symtab_find(t, addr * 16);
		MUST(!name || strlen(name) <= len);
	}
	mms_symtab_free(t);
}

/* Four bytes of the input. */
struct symbol_bytes {
	uint8_t addr, size, reach, rank;
};

/* The newest of those that hold the address. */
static const char *newest(const struct symbol_bytes *s, size_t nr, const char (*names)[4],
			  uint64_t addr)
{
	const char *name = NULL;
	size_t i;

	for (i = 0; i < nr; i++)
		if (s[i].size && addr >= s[i].addr && addr < (uint64_t)s[i].addr + s[i].size)
			name = names[i];
	return name;
}

static void table(const uint8_t *data, size_t len)
{
	struct mms_symtab *near = mms_symtab_new(MMS_SYMTAB_NEAREST),
			  *new = mms_symtab_new(MMS_SYMTAB_NEWEST);
	struct symbol_bytes s[MAX_SYMBOLS];
	char names[MAX_SYMBOLS][4];
	size_t nr = len / sizeof(*s), i;
	const char *name, *want;
	uint64_t addr;

	nr = nr < MAX_SYMBOLS ? nr : MAX_SYMBOLS;
	memcpy(s, data, nr * sizeof(*s));
	for (i = 0; i < nr; i++) {
		snprintf(names[i], sizeof(names[i]), "s%zu", i);
		MUST(!mms_symtab_add(near, s[i].addr, s[i].addr + s[i].size, s[i].addr + s[i].reach,
				     s[i].rank, names[i], strlen(names[i])));
		if (s[i].size)
			MUST(!mms_symtab_add(new, s[i].addr, s[i].addr + s[i].size, 0, 0, names[i],
					     strlen(names[i])));
	}
	mms_symtab_finish(near);
	mms_symtab_finish(new);
	for (addr = 0; addr < 512; addr += 3) {
		name = mms_symtab_find(new, addr);
		want = newest(s, nr, names, addr);
		MUST(!name == !want && (!name || !strcmp(name, want)));
		name = mms_symtab_find(near, addr);
		if (!name)
			continue;
		i = strtoul(name + 1, NULL, 10);
		MUST(i < nr && s[i].addr <= addr &&
		     addr - s[i].addr < (s[i].size ? s[i].size : s[i].reach));
	}
	mms_symtab_free(near);
	mms_symtab_free(new);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const sources[])(const uint8_t *, size_t) = {elf, perf_map, kallsyms, table};

	if (!len)
		return 0;
	sources[(uint8_t)(data[0] - '0') % 4](data + 1, len - 1);
	fuzz_paths_clear();
	return 0;
}
