// SPDX-License-Identifier: GPL-2.0-only
/*
 * Binary records, on anything. The first byte says which: the kernel's rings of mappings, the
 * module's idle ages, the entries of tables that become the module's records.
 */
#include <string.h>

#include "collect/mmaps.c" /* both: a ring is made without perf_event_open(2) */
#include "collect/perf_rings.c"
#include "entry.h"
#include "fuzz_file.h"
#include "paths.h"
#include "mms_rules.h"
#include "model/prefetch.h"
#include "record.h"

#define PAGE	  4096ULL
#define MAX_RING  4096
#define NR_SLOTS  64
#define NR_PIDS	  8
#define PAST_RING 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Bytes of a ring that begins at any of its bytes, with a head that may lie by a little. */
static struct perf_event_mmap_page *make_ring(struct ring *r, const uint8_t *data, size_t len,
					      const uint8_t opts[3])
{
	struct perf_event_mmap_page *page;
	size_t size = 64UL << opts[0] % 7, i;
	uint8_t *ring;

	page = malloc(sizeof(*page) + size);
	memset(page, 0, sizeof(*page) + size);
	ring = (uint8_t *)page + sizeof(*page);
	page->data_offset = sizeof(*page);
	page->data_tail = opts[1] * 8ULL;
	len = len < size ? len : size;
	page->data_head = page->data_tail + len + (opts[2] & 1 ? PAST_RING : 0);
	for (i = 0; i < len; i++)
		ring[(page->data_tail + i) & (size - 1)] = data[i];
	*r = (struct ring){.fd = -1, .page = page, .size = size};
	return page;
}

/* In a block of its own size: what lies behind a record is not its own. */
static int take_exact(const struct perf_event_header *h, void *m)
{
	struct perf_event_header *copy = malloc(h->size);
	int err;

	memcpy(copy, h, h->size);
	err = take_record(copy, m);
	free(copy);
	return err;
}

static void look_up(const struct mms_mmaps *m, pid_t pid)
{
	struct mms_mapping found;
	const char *comm = mms_mmaps_comm(m, pid, UINT64_MAX);
	uint64_t addr, since;
	uid_t uid;

	MUST(!comm || (*comm && strlen(comm) < 16));
	mms_mmaps_owner(m, pid, &uid, &since);
	for (addr = 0; addr < 16 * PAGE; addr += PAGE)
		if (!mms_mmaps_find(m, pid, addr, addr, &found))
			MUST(found.start <= addr && addr < found.end && found.file->path &&
			     found.file->build_id_len <= MMS_BUILD_ID);
}

static void rings(const uint8_t *data, size_t len)
{
	struct mms_perf_rings all = {.nr = 1};
	struct mms_mmaps *m;
	struct ring ring;
	pid_t pid;

	if (len < 3)
		return;
	m = calloc(1, sizeof(*m));
	make_ring(&ring, data + 3, len - 3, data);
	all.v = &ring;
	m->lives = mms_lives_new();
	m->rings = &all;
	m->reread_ns = UINT64_MAX;
	if (data[2] & 2) {
		m->only = 1;
		mms_lives_begin(m->lives, 1, 1);
	}
	fuzz_path("/none", data, 0);
	MUST(!mms_perf_rings_drain(&all, take_exact, m));
	MUST(!mms_mmaps_poll(m));
	MUST(ring.page->data_tail == ring.page->data_head);
	MUST(!mms_mmaps_whole(m) || !mms_mmaps_lost(m));
	for (pid = 0; pid < NR_PIDS; pid++)
		look_up(m, pid);
	m->rings = NULL;
	mms_mmaps_close(m);
	free(ring.page);
}

/* Some pages came along with faults; then the ages of what there is are read. */
static void ages(const uint8_t *data, size_t len)
{
	struct mms_fault_event e = {.level_before = 1, .around = 4, .came = MMS_CAME_RANGE | 1};
	struct model_prefetch pages = {0};
	struct mms_idle_data idle;
	struct mms_wss wss;
	uint64_t sum = 0;
	size_t age;

	if (model_idle_parse(data, len, &idle)) {
		MUST(!idle.rec && !idle.nr);
		return;
	}
	MUST(idle.nr * sizeof(struct mmscope_idle) <= len);
	model_wss_count(&idle, 0, UINT64_MAX, &wss);
	for (age = 0; age <= MMSCOPE_IDLE_NEVER; age++) {
		MUST(wss.huge[age] <= wss.age[age]);
		sum += wss.age[age];
	}
	MUST(model_wss_bytes(wss.age, MMS_WSS_MAX_DELTA) <= sum);
	e.addr = 2 * PAGE;
	model_prefetch_event(&pages, &e, true);
	model_prefetch_read(&pages, &idle, 5);
	model_prefetch_read(&pages, &idle, 7);
	sum = pages.nr[0][MODEL_CAME_USED] + pages.nr[0][MODEL_CAME_UNUSED] +
	      pages.nr[0][MODEL_CAME_UNKNOWN];
	MUST(sum == pages.came[0]);
	model_prefetch_free(&pages);
	model_idle_deinit(&idle);
}

/* A record has what the decoder says of its entry. */
static void check_record(const struct mmscope_entry *rec, __u64 raw, __u64 addr, unsigned int level)
{
	__u64 size = 1ULL << mms_entry_shift(level);
	struct mms_entry e;

	mms_entry_decode(&rules, raw, level, &e);
	MUST(MMSCOPE_ENTRY_ADDR(rec) == (addr & ~(size - 1)));
	MUST(MMSCOPE_ENTRY_LEVEL(rec) == level);
	MUST(MMSCOPE_ENTRY_FLAGS(rec) == e.flags);
	MUST(MMSCOPE_ENTRY_KIND(rec) >= MMSCOPE_ENTRY_LEAF &&
	     MMSCOPE_ENTRY_KIND(rec) <= MMSCOPE_ENTRY_OTHER);
	if (e.kind == MMS_KIND_LEAF)
		MUST(MMSCOPE_ENTRY_FRAME(rec) == e.frame);
}

static void entries(const uint8_t *data, size_t len)
{
	struct mmscope_entry *rec;
	struct mms_recorder r;
	__u64 slots[NR_SLOTS], addr = 0x7f0000000000ULL, end;
	size_t nr, i, room;
	struct mms_entry e;

	if (len < 2)
		return;
	nr = (len - 2) / sizeof(*slots);
	nr = nr < NR_SLOTS ? nr : NR_SLOTS;
	memcpy(slots, data + 2, nr * sizeof(*slots));
	room = 1 + data[0] % NR_SLOTS;
	rec = malloc(room * sizeof(*rec)); /* so that one too many is seen */
	mms_recorder_init(&r, &rules, rec, (unsigned int)room);
	end = mms_record_ptes(&r, slots, addr, addr + nr * PAGE, data[1] & 0xf);
	MUST(r.next <= r.end && end <= addr + nr * PAGE && (end > addr || !nr));
	for (i = 0, r.end = r.next, r.next = rec; i < (end - addr) / PAGE; i++) {
		mms_entry_decode(&rules, slots[i], MMSCOPE_LEVEL_PTE, &e);
		if (e.kind == MMS_KIND_NONE)
			continue;
		MUST(r.next < r.end);
		check_record(r.next++, slots[i], addr + i * PAGE, MMSCOPE_LEVEL_PTE);
	}
	MUST(r.next == r.end);
	for (i = 0; i < nr; i++) {
		unsigned int level = 1 + i % 3;

		mms_recorder_init(&r, &rules, rec, 1);
		if (mms_raw_table(slots[i], level))
			continue;
		mms_record(&r, slots[i], addr, level, data[1] & 0xf);
		if (r.next != rec)
			check_record(rec, slots[i], addr, level);
	}
	free(rec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const records[])(const uint8_t *, size_t) = {rings, ages, entries};

	if (!len)
		return 0;
	records[(uint8_t)(data[0] - '0') % 3](data + 1, len - 1);
	fuzz_paths_clear();
	return 0;
}
