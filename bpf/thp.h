/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What bpf/thp.bpf.c and tools/collect/bpf_thp*.c exchange: the settings, keys and
 * tests. Include-free: the includer brings the __u types and watch.h. Must not know of
 * kernel structs or of libbpf.
 */
#ifndef _MMS_THP_BPF_H
#define _MMS_THP_BPF_H

/* What happened to memory of 2 MiB. */
enum mms_thp_what {
	MMS_THP_SCAN,	     /* a range was looked at and not taken; result: why */
	MMS_THP_COLLAPSE,    /* a collapse was tried; result: how it ended */
	MMS_THP_SMALLER,     /* the same, into a folio of less than 2 MiB */
	MMS_THP_FILE,	     /* a range of a file was looked at, or collapsed */
	MMS_THP_SPLIT_ENTRY, /* the page table's huge entry was split; result 0 */
	MMS_THP_SPLIT_FOLIO, /* of 2 MiB; result: 0, or 1 = failed */
	MMS_THP_SPLIT_SMALLER,
	MMS_THP_NR_WHATS
};

enum mms_thp_by {
	MMS_THP_BY_ITSELF,
	MMS_THP_BY_OTHER,  /* another process */
	MMS_THP_BY_KERNEL, /* a kernel thread; of collapses: khugepaged */
	MMS_THP_NR_BYS
};

/* Map "counts": how often. */
struct mms_thp_key {
	__u32 tgid; /* owner of the memory; 0 = a file's, or not known */
	__u8 what;
	__u8 by;
	__u16 result; /* enum scan_result of the kernel */
};

/* Map "cfg": settings, constant once loaded. */
struct mms_thp_config {
	struct mms_watch_config whom;
	__u32 scan_status; /* which argument of mm_khugepaged_scan_pmd it is */
	__u32 has_order;   /* mm_collapse_huge_page has one, after its status */
	__u32 succeeded;   /* SCAN_SUCCEED */
	__u32 still_small; /* SCAN_PTE_MAPPED_HUGEPAGE: a file's is huge, and the entry next */
	__u32 reserved;
	__u32 entry_folio; /* the function that splits an entry is given a folio, or NULL */
};

/* Map "marks": written by the loader at run time. */
struct mms_thp_marks {
	__u64 armed; /* counting; before, the process below is looked out for */
	__u64 outer; /* __split_huge_pmd() is counted; else only split_huge_pmd_locked() */
	__u32 test_tgid;
	__u32 reserved;
};

/* Further indices of map "tested". */
enum mms_thp_test {
	MMS_THP_SAW_SCAN = MMS_WATCH_NR_TESTS,
	MMS_THP_SAW_COLLAPSE,
	MMS_THP_SAW_FILE,
	MMS_THP_SAW_OUTER,  /* __split_huge_pmd() */
	MMS_THP_SAW_LOCKED, /* split_huge_pmd_locked() */
	MMS_THP_SAW_FOLIO,
	MMS_THP_NR_TESTS
};

/* Further indices of map "tallies". */
enum mms_thp_tally {
	MMS_THP_OPEN_FULL = MMS_WATCH_NR_TALLIES, /* splits whose end could not be waited for */
	MMS_THP_UNOWNED,			  /* of those filtered: owner not known */
	MMS_THP_NR_TALLIES
};

#endif
