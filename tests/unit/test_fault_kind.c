// SPDX-License-Identifier: GPL-2.0-only
/* bpf/fault_kind.h: raw entries before and after, flags and return -> kind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <linux/types.h>

#include <cmocka.h>

#include "fault_kind.h"

#define ZERO_PFN      0x1234ULL
#define HUGE_ZERO_PFN 0x4c00ULL
#define FRAME	      0x5678ULL
#define OTHER_FRAME   0x9abcULL
#define HUGE_FRAME    0xa200ULL

#define NX		     (1ULL << 63)
#define PAT_LARGE	     (1ULL << 12)
#define LEAF(pfn, bits)	     ((pfn) << 12 | MMS_PTE_P | NX | (bits))
#define HUGE_LEAF(pfn, bits) LEAF(pfn, MMS_PTE_PSE | (bits))
#define RW		     MMS_PTE_RW
/* A PROT_NONE entry keeps its frame inverted. */
#define PROTNONE(pfn)	   ((~((pfn) << 12) & MMS_PTE_FRAME) | MMS_PTE_PROTNONE | NX)
#define PROTNONE_HUGE(pfn) (PROTNONE(pfn) | MMS_PTE_PSE)
#define SWAP(type, offset) ((uint64_t)(type) << 59 | (~(uint64_t)(offset) << 14 >> 5))

#define R	0U
#define W	(MMS_FF_WRITE | MMS_FF_USER)
#define ANON	MMS_FACT_ANON
#define SHMEM	MMS_FACT_SHMEM
#define MAJOR	MMS_FR_MAJOR
#define PRIVATE 0x73ULL
#define SHARED	(PRIVATE | MMS_VM_SHARED)
#define ADDR	0x7f0000345000ULL /* page 0x145 of its 2 MiB */

static const struct mms_entry_rules rules = {
	.frame_mask = MMS_PTE_FRAME,
	.zero_pfn = ZERO_PFN,
	.huge_zero_pfn = HUGE_ZERO_PFN,
};

struct row {
	const char *name;
	enum mms_fault_kind kind;
	uint64_t before;
	int level_before;
	uint64_t after;
	int level_after;
	unsigned int flags, ret;
	uint64_t vm_flags;
	unsigned int facts;
};

static const struct row absent[] = {
	{"write", MMS_FAULT_ANON_ZERO_FILL, 0, 1, LEAF(FRAME, RW), 1, W, 0, PRIVATE, ANON},
	{"no table before", MMS_FAULT_ANON_ZERO_FILL, 0, 4, LEAF(FRAME, RW), 1, W, 0, PRIVATE,
	 ANON},
	{"read", MMS_FAULT_ZERO_PAGE, 0, 1, LEAF(ZERO_PFN, 0), 1, R, 0, PRIVATE, ANON},
	{"read, but a page was given", MMS_FAULT_ANON_ZERO_FILL, 0, 1, LEAF(FRAME, 0), 1, R, 0,
	 PRIVATE, ANON},
	{"gone again, write", MMS_FAULT_ANON_ZERO_FILL, 0, 1, 0, 1, W, 0, PRIVATE, ANON},
	{"gone again, read", MMS_FAULT_ZERO_PAGE, 0, 1, SWAP(0, 5), 1, R, 0, PRIVATE, ANON},
	{"huge", MMS_FAULT_ANON_HUGE, 0, 2, HUGE_LEAF(HUGE_FRAME, RW), 2, W, 0, PRIVATE, ANON},
	{"huge zero", MMS_FAULT_ZERO_PAGE, 0, 2, HUGE_LEAF(HUGE_ZERO_PFN, 0), 2, R, 0, PRIVATE,
	 ANON},
	{"huge zero, PAT bit", MMS_FAULT_ZERO_PAGE, 0, 2, HUGE_LEAF(HUGE_ZERO_PFN, PAT_LARGE), 2, R,
	 0, PRIVATE, ANON},
	{"marker", MMS_FAULT_ANON_ZERO_FILL, SWAP(31, 1), 1, LEAF(FRAME, RW), 1, W, 0, PRIVATE,
	 ANON},
	{"file in cache", MMS_FAULT_FILE_MINOR, 0, 1, LEAF(FRAME, 0), 1, R, 0, PRIVATE, 0},
	{"file read in", MMS_FAULT_FILE_MAJOR, 0, 1, LEAF(FRAME, 0), 1, R, MAJOR, PRIVATE, 0},
	{"file tried again", MMS_FAULT_FILE_MAJOR, 0, 1, LEAF(FRAME, 0), 1, R | MMS_FF_TRIED, 0,
	 PRIVATE, 0},
	{"shared file, write", MMS_FAULT_FILE_MINOR, 0, 1, LEAF(FRAME, RW), 1, W, 0, SHARED, 0},
	{"private file, write", MMS_FAULT_COW_COPY, 0, 1, LEAF(FRAME, RW), 1, W, 0, PRIVATE, 0},
	{"private file, write, read in", MMS_FAULT_COW_COPY, 0, 1, LEAF(FRAME, RW), 1, W, MAJOR,
	 PRIVATE, 0},
	{"huge file page", MMS_FAULT_FILE_MINOR, 0, 2, HUGE_LEAF(HUGE_FRAME, 0), 2, R, 0, PRIVATE,
	 0},
	{"shmem", MMS_FAULT_SHMEM, 0, 1, LEAF(FRAME, RW), 1, W, 0, SHARED, SHMEM},
	{"shmem from swap", MMS_FAULT_SHMEM, 0, 1, LEAF(FRAME, RW), 1, W, MAJOR, SHARED, SHMEM},
	{"private shmem, write", MMS_FAULT_COW_COPY, 0, 1, LEAF(FRAME, RW), 1, W, 0, PRIVATE,
	 SHMEM},
	{"private shmem, read", MMS_FAULT_SHMEM, 0, 1, LEAF(FRAME, 0), 1, R, 0, PRIVATE, SHMEM},
};

static const struct row present[] = {
	{"copy", MMS_FAULT_COW_COPY, LEAF(FRAME, 0), 1, LEAF(OTHER_FRAME, RW), 1, W, 0, PRIVATE,
	 ANON},
	{"reuse", MMS_FAULT_COW_REUSE, LEAF(FRAME, 0), 1, LEAF(FRAME, RW), 1, W, 0, PRIVATE, ANON},
	{"private file page, copy", MMS_FAULT_COW_COPY, LEAF(FRAME, 0), 1, LEAF(OTHER_FRAME, RW), 1,
	 W, 0, PRIVATE, 0},
	{"zero page written", MMS_FAULT_ANON_ZERO_FILL, LEAF(ZERO_PFN, 0), 1, LEAF(FRAME, RW), 1, W,
	 0, PRIVATE, ANON},
	{"zero page left", MMS_FAULT_SPURIOUS, LEAF(ZERO_PFN, 0), 1, LEAF(ZERO_PFN, 0), 1, W, 0,
	 PRIVATE, ANON},
	{"huge zero to huge", MMS_FAULT_ANON_HUGE, HUGE_LEAF(HUGE_ZERO_PFN, 0), 2,
	 HUGE_LEAF(HUGE_FRAME, RW), 2, W, 0, PRIVATE, ANON},
	{"huge zero to page", MMS_FAULT_ANON_ZERO_FILL, HUGE_LEAF(HUGE_ZERO_PFN, 0), 2,
	 LEAF(FRAME, RW), 1, W, 0, PRIVATE, ANON},
	{"huge zero split only", MMS_FAULT_SPURIOUS, HUGE_LEAF(HUGE_ZERO_PFN, 0), 2,
	 LEAF(ZERO_PFN, 0), 1, W, 0, PRIVATE, ANON},
	{"huge split, copy", MMS_FAULT_COW_COPY, HUGE_LEAF(HUGE_FRAME, 0), 2, LEAF(FRAME, RW), 1, W,
	 0, PRIVATE, ANON},
	{"huge split, reuse", MMS_FAULT_COW_REUSE, HUGE_LEAF(HUGE_FRAME, 0), 2,
	 LEAF(HUGE_FRAME + 0x145, RW), 1, W, 0, PRIVATE, ANON},
	{"huge reuse", MMS_FAULT_COW_REUSE, HUGE_LEAF(HUGE_FRAME, 0), 2, HUGE_LEAF(HUGE_FRAME, RW),
	 2, W, 0, PRIVATE, ANON},
	{"notify", MMS_FAULT_WRITE_NOTIFY, LEAF(FRAME, 0), 1, LEAF(FRAME, RW), 1, W, 0, SHARED, 0},
	{"notify given up", MMS_FAULT_SPURIOUS, LEAF(FRAME, 0), 1, LEAF(FRAME, 0), 1, W, 0, SHARED,
	 0},
	{"read, mapped", MMS_FAULT_SPURIOUS, LEAF(FRAME, 0), 1, LEAF(FRAME, 0), 1, R, 0, PRIVATE,
	 ANON},
	{"write, writable", MMS_FAULT_SPURIOUS, LEAF(FRAME, RW), 1, LEAF(FRAME, RW), 1, W, 0,
	 PRIVATE, ANON},
	{"nothing changed", MMS_FAULT_SPURIOUS, LEAF(FRAME, 0), 1, LEAF(FRAME, 0), 1, W, 0, PRIVATE,
	 ANON},
	{"unmapped meanwhile", MMS_FAULT_OTHER, LEAF(FRAME, 0), 1, 0, 1, W, 0, PRIVATE, ANON},
	{"unshare copies", MMS_FAULT_COW_COPY, LEAF(FRAME, 0), 1, LEAF(OTHER_FRAME, 0), 1,
	 MMS_FF_UNSHARE, 0, PRIVATE, ANON},
	{"unshare keeps", MMS_FAULT_COW_REUSE, LEAF(FRAME, 0), 1, LEAF(FRAME, 0), 1, MMS_FF_UNSHARE,
	 0, PRIVATE, ANON},
	{"NUMA hint", MMS_FAULT_NUMA_HINT, PROTNONE(FRAME), 1, LEAF(FRAME, RW), 1, W, 0, PRIVATE,
	 ANON},
	{"NUMA hint, moved", MMS_FAULT_NUMA_HINT, PROTNONE(FRAME), 1, LEAF(OTHER_FRAME, RW), 1, R,
	 0, PRIVATE, ANON},
	{"NUMA hint, huge", MMS_FAULT_NUMA_HINT, PROTNONE_HUGE(HUGE_FRAME), 2,
	 HUGE_LEAF(HUGE_FRAME, RW), 2, W, 0, PRIVATE, ANON},
	/* ptrace writes into a VMA without rights */
	{"forced write", MMS_FAULT_COW_COPY, PROTNONE(FRAME), 1, PROTNONE(OTHER_FRAME), 1, W, 0,
	 0x70, ANON},
};

static const struct row swapped[] = {
	{"device", MMS_FAULT_SWAP_IN_DEVICE, SWAP(0, 77), 1, LEAF(FRAME, RW), 1, W, MAJOR, PRIVATE,
	 ANON},
	{"zram", MMS_FAULT_SWAP_IN_ZRAM, SWAP(1, 77), 1, LEAF(FRAME, RW), 1, R, MAJOR, PRIVATE,
	 ANON | MMS_FACT_ZRAM},
	{"cache", MMS_FAULT_SWAP_IN_CACHE, SWAP(0, 77), 1, LEAF(FRAME, 0), 1, R, 0, PRIVATE, ANON},
	{"cache, waited", MMS_FAULT_SWAP_IN_CACHE, SWAP(0, 77), 1, LEAF(FRAME, 0), 1,
	 R | MMS_FF_TRIED, 0, PRIVATE, ANON},
	{"cache of zram", MMS_FAULT_SWAP_IN_CACHE, SWAP(0, 0), 1, LEAF(FRAME, 0), 1, R, 0, PRIVATE,
	 ANON | MMS_FACT_ZRAM},
	{"private file page", MMS_FAULT_SWAP_IN_DEVICE, SWAP(2, 1), 1, LEAF(FRAME, 0), 1, R, MAJOR,
	 PRIVATE, 0},
	{"last area", MMS_FAULT_SWAP_IN_DEVICE, SWAP(20, 1), 1, LEAF(FRAME, 0), 1, R, MAJOR,
	 PRIVATE, ANON},
	{"device memory", MMS_FAULT_OTHER, SWAP(27, FRAME), 1, LEAF(FRAME, RW), 1, R, 0, PRIVATE,
	 ANON},
	{"migration", MMS_FAULT_MIGRATION_WAIT, SWAP(25, FRAME), 1, LEAF(OTHER_FRAME, RW), 1, R, 0,
	 PRIVATE, ANON | MMS_FACT_MIGRATION},
	{"migration, huge", MMS_FAULT_MIGRATION_WAIT, SWAP(25, HUGE_FRAME), 2,
	 HUGE_LEAF(HUGE_FRAME, RW), 2, R, 0, PRIVATE, ANON | MMS_FACT_MIGRATION},
};

static const struct row early[] = {
	{"oom", MMS_FAULT_OOM, 0, 1, 0, 1, W, MMS_FR_OOM, PRIVATE, ANON},
	{"segv", MMS_FAULT_SEGV, SWAP(31, 4), 1, SWAP(31, 4), 1, W, MMS_FR_SIGSEGV, PRIVATE, ANON},
	{"beyond the file", MMS_FAULT_SIGBUS, 0, 1, 0, 1, R, MMS_FR_SIGBUS, PRIVATE, 0},
	{"poisoned", MMS_FAULT_SIGBUS, SWAP(23, FRAME), 1, SWAP(23, FRAME), 1, R, 0x10, PRIVATE,
	 ANON},
	{"poisoned, huge", MMS_FAULT_SIGBUS, 0, 2, 0, 2, R, 0x20, PRIVATE | MMS_VM_HUGETLB, 0},
	{"oom of hugetlb", MMS_FAULT_OOM, 0, 2, 0, 2, R, MMS_FR_OOM, PRIVATE | MMS_VM_HUGETLB, 0},
	{"userfault", MMS_FAULT_USERFAULT, 0, 1, LEAF(FRAME, RW), 1, W, 0, PRIVATE,
	 ANON | MMS_FACT_USERFAULT},
	{"userfault in hugetlb", MMS_FAULT_USERFAULT, 0, 2, HUGE_LEAF(HUGE_FRAME, RW), 2, W, 0,
	 PRIVATE | MMS_VM_HUGETLB, MMS_FACT_USERFAULT},
	{"hugetlb", MMS_FAULT_HUGETLB, 0, 3, HUGE_LEAF(HUGE_FRAME, RW), 2, W, 0,
	 PRIVATE | MMS_VM_HUGETLB, 0},
	{"hugetlb copy", MMS_FAULT_HUGETLB, HUGE_LEAF(HUGE_FRAME, 0), 2,
	 HUGE_LEAF(HUGE_FRAME + 512, RW), 2, W, 0, PRIVATE | MMS_VM_HUGETLB, 0},
	{"hugetlb migration", MMS_FAULT_MIGRATION_WAIT, SWAP(25, HUGE_FRAME), 2,
	 HUGE_LEAF(HUGE_FRAME, RW), 2, R, 0, PRIVATE | MMS_VM_HUGETLB, MMS_FACT_MIGRATION},
};

static const char *kind_name(unsigned int kind)
{
	static const char *const names[] = {
#define NAME(id, name) name,
		MMS_FAULT_KINDS(NAME)
#undef NAME
	};

	return kind < MMS_FAULT_NR_KINDS ? names[kind] : "?";
}

static struct mms_fault_facts facts_of(const struct row *r)
{
	return (struct mms_fault_facts){
		.addr = ADDR,
		.before = r->before,
		.after = r->after,
		.vm_flags = r->vm_flags,
		.flags = r->flags,
		.ret = r->ret,
		.facts = r->facts,
		.level_before = (__u8)r->level_before,
		.level_after = (__u8)r->level_after,
	};
}

static enum mms_fault_kind classify(const struct row *r)
{
	struct mms_fault_facts f = facts_of(r);

	return mms_fault_classify(&f, &rules);
}

/* Where the entry after is said not to matter, none that can be there changes anything. */
static void check_without_after(const struct row *r)
{
	static const uint64_t any[] = {
		0,	    LEAF(FRAME, RW), LEAF(OTHER_FRAME, 0), LEAF(ZERO_PFN, 0),
		SWAP(2, 7), PROTNONE(FRAME)};
	struct mms_fault_facts f = facts_of(r);
	enum mms_fault_kind kind = mms_fault_classify(&f, &rules);
	uint64_t bytes = mms_fault_bytes(&f, kind, &rules);
	size_t i;

	if (mms_fault_needs_after(&f))
		return;
	for (i = 0; i < sizeof(any) / sizeof(any[0]); i++) {
		f.after = any[i];
		f.level_after = 1;
		if (mms_fault_classify(&f, &rules) != kind ||
		    mms_fault_bytes(&f, kind, &rules) != bytes)
			fail_msg("%s: the entry after matters (%zu)", r->name, i);
	}
}

static void check(const struct row *rows, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		enum mms_fault_kind got = classify(&rows[i]);

		if (got != rows[i].kind)
			fail_msg("%s: got %s, want %s", rows[i].name, kind_name(got),
				 kind_name(rows[i].kind));
		check_without_after(&rows[i]);
	}
}

#define CHECK(rows) check(rows, sizeof(rows) / sizeof((rows)[0]))

static void nothing_mapped(void **state)
{
	CHECK(absent);
}

static void mapped(void **state)
{
	CHECK(present);
}

static void in_swap(void **state)
{
	CHECK(swapped);
}

static void before_entries_count(void **state)
{
	CHECK(early);
}

/* The memory encryption bit is no part of a frame. */
static void encrypted(void **state)
{
	struct mms_entry_rules sme = rules;
	uint64_t c = 1ULL << 51;
	struct mms_fault_facts f = {
		.addr = ADDR,
		.before = LEAF(FRAME, 0),
		.after = LEAF(FRAME, RW) | c,
		.vm_flags = PRIVATE,
		.flags = W,
		.facts = ANON,
		.level_before = 1,
		.level_after = 1,
	};

	assert_int_equal(mms_fault_classify(&f, &rules), MMS_FAULT_COW_COPY);
	sme.frame_mask &= ~c;
	assert_int_equal(mms_fault_classify(&f, &sme), MMS_FAULT_COW_REUSE);
}

/* mm_account_fault(): what the kernel counts, and as what. */
static void kernel_rule(void **state)
{
	assert_true(mms_fault_counted(0));
	assert_true(mms_fault_counted(MMS_FR_MAJOR));
	assert_true(mms_fault_counted(0x4100)); /* COMPLETED, NOPAGE */
	assert_false(mms_fault_counted(MMS_FR_RETRY));
	assert_false(mms_fault_counted(MMS_FR_SIGBUS | MMS_FR_MAJOR));
	assert_false(mms_fault_counted(MMS_FR_SIGSEGV));
	assert_false(mms_fault_counted(MMS_FR_OOM));
	assert_false(mms_fault_counted(0x20));
	assert_true(mms_fault_major(MMS_FR_MAJOR, 0));
	assert_true(mms_fault_major(0, MMS_FF_TRIED));
	assert_false(mms_fault_major(0, W));
}

static void swap_types(void **state)
{
	assert_int_equal(mms_entry_swap_type(SWAP(13, 0x123456)), 13);
	assert_true(mms_entry_swap(SWAP(0, 0), 1)); /* the first slot is no empty entry */
	assert_false(mms_entry_swap(0, 1));
	assert_false(mms_entry_swap(SWAP(MMS_SWAP_SPECIAL, 0), 1));
	assert_false(mms_entry_present(SWAP(5, 0xfffff)));
	assert_true(mms_entry_absent(SWAP(MMS_SWAP_MARKER, 2), 1));
	assert_false(mms_entry_absent(SWAP(MMS_SWAP_MARKER, 2), 2));
}

/* The walk at exit is left out for what happens most, and only there. */
static void walks_left_out(void **state)
{
	static const struct {
		const char *name;
		int needed;
		struct mms_fault_facts f;
	} all[] = {
		{"first write", 0, {.flags = W, .facts = ANON, .level_before = 1}},
		{"first read", 1, {.flags = R, .facts = ANON, .level_before = 1}},
		{"no table yet", 1, {.flags = W, .facts = ANON, .level_before = 2}},
		{"file", 0, {.flags = R, .level_before = 1}},
		{"file, may be huge", 1, {.flags = R, .level_before = 2}},
		{"copy or reuse", 1, {.flags = W, .before = LEAF(FRAME, 0), .level_before = 1}},
		{"unshare",
		 1,
		 {.flags = MMS_FF_UNSHARE, .before = LEAF(FRAME, 0), .level_before = 1}},
		{"read, mapped", 0, {.flags = R, .before = LEAF(FRAME, 0), .level_before = 1}},
		{"swapped", 0, {.flags = W, .before = SWAP(1, 9), .level_before = 1}},
		{"NUMA hint", 1, {.flags = R, .before = PROTNONE(FRAME), .level_before = 1}},
		{"error", 0, {.flags = W, .ret = MMS_FR_OOM, .level_before = 3}},
		{"hugetlb", 1, {.flags = W, .vm_flags = MMS_VM_HUGETLB, .level_before = 1}},
	};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (mms_fault_needs_after(&all[i].f) != all[i].needed)
			fail_msg("%s: needed is %d", all[i].name, !all[i].needed);
}

static void sizes(void **state)
{
	static const struct {
		const char *name;
		enum mms_fault_kind kind;
		uint64_t bytes, after;
		int level;
	} all[] = {
		{"small", MMS_FAULT_ANON_ZERO_FILL, 4096, LEAF(FRAME, RW), 1},
		{"not looked at", MMS_FAULT_ANON_ZERO_FILL, 4096, 0, 1},
		{"huge", MMS_FAULT_ANON_HUGE, 2 << 20, HUGE_LEAF(HUGE_FRAME, RW), 2},
		{"hugetlb of 1 GiB", MMS_FAULT_HUGETLB, 1 << 30, HUGE_LEAF(0, RW), 3},
		{"huge file page", MMS_FAULT_FILE_MINOR, 2 << 20, HUGE_LEAF(HUGE_FRAME, 0), 2},
		{"gone again", MMS_FAULT_FILE_MINOR, 4096, 0, 2},
		{"copy", MMS_FAULT_COW_COPY, 4096, LEAF(FRAME, RW), 1},
		{"reuse, huge", MMS_FAULT_COW_REUSE, 2 << 20, HUGE_LEAF(HUGE_FRAME, RW), 2},
		{"page of zeros", MMS_FAULT_ZERO_PAGE, 0, HUGE_LEAF(HUGE_ZERO_PFN, 0), 2},
		{"nothing done", MMS_FAULT_SPURIOUS, 0, LEAF(FRAME, RW), 1},
		{"told the file system", MMS_FAULT_WRITE_NOTIFY, 0, LEAF(FRAME, RW), 1},
		{"failed", MMS_FAULT_OOM, 0, 0, 1},
	};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct mms_fault_facts f = {.after = all[i].after,
					    .level_after = (__u8)all[i].level};

		if (mms_fault_bytes(&f, all[i].kind, &rules) != all[i].bytes)
			fail_msg("%s: %llu bytes", all[i].name,
				 mms_fault_bytes(&f, all[i].kind, &rules));
	}
}

/* The size of a NUMA hint's page counts if another frame is there afterwards. */
static void moved(void **state)
{
	static const struct {
		const char *name;
		uint64_t bytes;
		struct mms_fault_facts f;
	} all[] = {
		{"left",
		 0,
		 {0, PROTNONE(FRAME), LEAF(FRAME, RW), .level_before = 1, .level_after = 1}},
		{"moved",
		 4096,
		 {0, PROTNONE(FRAME), LEAF(OTHER_FRAME, RW), .level_before = 1, .level_after = 1}},
		{"gone again", 0, {0, PROTNONE(FRAME), 0, .level_before = 1, .level_after = 1}},
		{"being moved",
		 0,
		 {0, PROTNONE(FRAME), SWAP(30, 9), .level_before = 1, .level_after = 1}},
		{"huge, left",
		 0,
		 {0, PROTNONE_HUGE(HUGE_FRAME), HUGE_LEAF(HUGE_FRAME, RW), .level_before = 2,
		  .level_after = 2}},
		{"huge, split",
		 0,
		 {ADDR, PROTNONE_HUGE(HUGE_FRAME), LEAF(HUGE_FRAME + 0x145, RW), .level_before = 2,
		  .level_after = 1}},
		{"huge, moved",
		 2 << 20,
		 {ADDR, PROTNONE_HUGE(HUGE_FRAME), HUGE_LEAF(HUGE_FRAME + 512, RW),
		  .level_before = 2, .level_after = 2}},
	};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		uint64_t got = mms_fault_bytes(&all[i].f, MMS_FAULT_NUMA_HINT, &rules);

		if (got != all[i].bytes)
			fail_msg("%s: %llu bytes", all[i].name, (unsigned long long)got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_mapped), cmocka_unit_test(mapped),
		cmocka_unit_test(in_swap),	  cmocka_unit_test(before_entries_count),
		cmocka_unit_test(encrypted),	  cmocka_unit_test(kernel_rule),
		cmocka_unit_test(swap_types),	  cmocka_unit_test(walks_left_out),
		cmocka_unit_test(sizes),	  cmocka_unit_test(moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
