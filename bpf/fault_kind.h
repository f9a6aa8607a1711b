/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a page fault was: the page-table entry before and after it, its flags
 * and what handle_mm_fault() returned, turned into one kind. Pure and
 * include-free (the includer brings __u32 and __u64): compiled into the BPF
 * programs and into the unit tests of the host. Knows nothing of maps, of BPF
 * or of output.
 *
 * Kinds are exhaustive and exclude each other; the first rule that fits wins:
 *  1. an error returned            -> oom, segv, sigbus (memory failures too)
 *  2. user space was asked         -> userfault
 *     a page that moves was waited for -> migration-wait
 *  3. a hugetlb VMA                -> hugetlb
 *  4. nothing mapped before        -> by the VMA: shmem, file-minor|major,
 *     cow-copy for a write to a private file page (the kernel copies it),
 *     zero-page, anon-huge, anon-zero-fill
 *  5. mapped, but not for writing  -> anon-zero-fill|anon-huge if it was the
 *     zero page (zeroed, nothing is copied), cow-copy if another frame is
 *     there now, else cow-reuse or write-notify
 *  6. mapped with the rights asked for, or nothing changed -> spurious
 *  7. PROT_NONE in a VMA with rights -> numa-hint
 *  8. a swap slot                  -> swap-in-device|zram if this fault started
 *     the read, else swap-in-cache
 *  9. any other non-present entry  -> other (memory of a device, for one)
 * Faults that found the same absent page at the same time all count by what
 * they came for.
 *
 * Bits of entries are x86-64's. FAULT_FLAG_* and VM_FAULT_* are internal to the
 * kernel (include/linux/mm_types.h) but the same on all kernels served; the
 * loader compares them with the kernel's BTF before it uses this.
 */
#ifndef _MMS_FAULT_KIND_H
#define _MMS_FAULT_KIND_H

#define MMS_FAULT_KINDS(X)                  \
	X(ANON_ZERO_FILL, "anon-zero-fill") \
	X(ZERO_PAGE, "zero-page")           \
	X(ANON_HUGE, "anon-huge")           \
	X(FILE_MINOR, "file-minor")         \
	X(FILE_MAJOR, "file-major")         \
	X(SHMEM, "shmem")                   \
	X(COW_COPY, "cow-copy")             \
	X(COW_REUSE, "cow-reuse")           \
	X(WRITE_NOTIFY, "write-notify")     \
	X(SWAP_IN_DEVICE, "swap-in-device") \
	X(SWAP_IN_ZRAM, "swap-in-zram")     \
	X(SWAP_IN_CACHE, "swap-in-cache")   \
	X(NUMA_HINT, "numa-hint")           \
	X(MIGRATION_WAIT, "migration-wait") \
	X(HUGETLB, "hugetlb")               \
	X(USERFAULT, "userfault")           \
	X(SPURIOUS, "spurious")             \
	X(SEGV, "segv")                     \
	X(SIGBUS, "sigbus")                 \
	X(OOM, "oom")                       \
	X(OTHER, "other")

enum mms_fault_kind {
#define MMS_FAULT_KIND_ENUM(id, name) MMS_FAULT_##id,
	MMS_FAULT_KINDS(MMS_FAULT_KIND_ENUM)
#undef MMS_FAULT_KIND_ENUM
		MMS_FAULT_NR_KINDS
};

/* FAULT_FLAG_*: why the fault happened */
#define MMS_FF_WRITE	0x1U
#define MMS_FF_TRIED	0x20U
#define MMS_FF_USER	0x40U
#define MMS_FF_UNSHARE	0x400U
#define MMS_FF_VMA_LOCK 0x1000U

/* VM_FAULT_*: how it ended */
#define MMS_FR_OOM	 0x1U
#define MMS_FR_SIGBUS	 0x2U
#define MMS_FR_MAJOR	 0x4U
#define MMS_FR_HWPOISON	 0x30U /* HWPOISON and HWPOISON_LARGE */
#define MMS_FR_SIGSEGV	 0x40U
#define MMS_FR_RETRY	 0x400U
#define MMS_FR_FALLBACK	 0x800U
#define MMS_FR_COMPLETED 0x4000U /* done, but the locks were dropped on the way */
#define MMS_FR_ERROR \
	(MMS_FR_OOM | MMS_FR_SIGBUS | MMS_FR_HWPOISON | MMS_FR_SIGSEGV | MMS_FR_FALLBACK)

/* vm_flags */
#define MMS_VM_RIGHTS	    0x7ULL /* VM_READ | VM_WRITE | VM_EXEC */
#define MMS_VM_WRITE	    0x2ULL
#define MMS_VM_EXEC	    0x4ULL
#define MMS_VM_SHARED	    0x8ULL
#define MMS_VM_GROWSDOWN    0x100ULL
#define MMS_VM_UFFD_MISSING 0x200ULL
#define MMS_VM_HUGETLB	    0x400000ULL

/* Entry bits of x86-64 */
#define MMS_PTE_P	 0x1ULL
#define MMS_PTE_RW	 0x2ULL
#define MMS_PTE_PSE	 0x80ULL  /* a leaf above the lowest level */
#define MMS_PTE_PROTNONE 0x100ULL /* only if not P: frame bits are inverted then */
#define MMS_PTE_FRAME	 0x000ffffffffff000ULL

/*
 * Swap types at the top are no swap areas: migration, device memory, poison. Their numbers
 * differ between kernels and configurations; only these two facts are the same on all: fewer than
 * this many swap areas are possible everywhere, and the last type is the marker (an absent page
 * with a memo). include/linux/swap.h: MAX_SWAPFILES, SWP_PTE_MARKER.
 */
#define MMS_SWAP_SPECIAL 21U
#define MMS_SWAP_MARKER	 31U

/* Facts that are in no entry or flag */
#define MMS_FACT_ANON	   0x1U	 /* the VMA has no vm_ops */
#define MMS_FACT_SHMEM	   0x2U	 /* its vm_ops are shmem's */
#define MMS_FACT_USERFAULT 0x4U	 /* handle_userfault() ran in this fault */
#define MMS_FACT_MIGRATION 0x8U	 /* migration_entry_wait() ran in this fault */
#define MMS_FACT_ZRAM	   0x10U /* the swap slot is on a zram device */

/**
 * struct mms_entry_rules - what differs between boots
 * @frame_mask: frame bits of an entry (without the memory encryption bit)
 * @zero_pfn: the shared page of zeros
 * @huge_zero_pfn: its huge sister, ~0 before its first use
 */
struct mms_entry_rules {
	__u64 frame_mask;
	__u64 zero_pfn;
	__u64 huge_zero_pfn;
};

/**
 * struct mms_fault_facts - one finished fault (all links of a retry chain)
 * @addr: faulting address
 * @before: raw entry where the first walk ended; @level_before: 1 = PTE ... 5 = PGD
 * @after: the same after the last return
 * @vm_flags: of the VMA
 * @flags: FAULT_FLAG_* of the last call
 * @ret: VM_FAULT_* of the last call, MAJOR of any
 * @facts: MMS_FACT_*
 */
struct mms_fault_facts {
	__u64 addr;
	__u64 before;
	__u64 after;
	__u64 vm_flags;
	__u32 flags;
	__u32 ret;
	__u32 facts;
	__u8 level_before;
	__u8 level_after;
};

/* Mapped, perhaps without rights: PROTNONE counts as present to the kernel too. */
static inline int mms_entry_present(__u64 e)
{
	return !!(e & (MMS_PTE_P | MMS_PTE_PROTNONE));
}

/* The 4 KiB frame that @addr has under a leaf of this level. */
static inline __u64 mms_entry_frame(__u64 e, __u8 level, __u64 addr,
				    const struct mms_entry_rules *r)
{
	__u64 inside = level == 2 ? 0x1ff : level == 3 ? 0x3ffff : 0;

	if (!(e & MMS_PTE_P))
		e = ~e;
	/* A huge leaf keeps its PAT bit in the lowest frame bit. */
	return (((e & r->frame_mask) >> 12) & ~inside) | ((addr >> 12) & inside);
}

/* Swap type of a non-present entry: __swp_type() in arch/x86/include/asm/pgtable_64.h. */
static inline __u32 mms_entry_swap_type(__u64 e)
{
	return e >> 59;
}

/* Nothing is mapped and no page is remembered. */
static inline int mms_entry_absent(__u64 e, __u8 level)
{
	if (!e)
		return 1;
	return level == 1 && !mms_entry_present(e) && mms_entry_swap_type(e) == MMS_SWAP_MARKER;
}

/* Is it a slot of a swap area? Then the caller may find out which device that is. */
static inline int mms_entry_swap(__u64 e, __u8 level)
{
	return e && level == 1 && !mms_entry_present(e) &&
	       mms_entry_swap_type(e) < MMS_SWAP_SPECIAL;
}

/*
 * Does the kernel count it, and how: mm_account_fault() in mm/memory.c. Errors and
 * retries are not counted; a fault that was tried again counts as major.
 */
static inline int mms_fault_counted(__u32 ret)
{
	return !(ret & (MMS_FR_ERROR | MMS_FR_RETRY));
}

static inline int mms_fault_major(__u32 ret, __u32 flags)
{
	return (ret & MMS_FR_MAJOR) || (flags & MMS_FF_TRIED);
}

static inline enum mms_fault_kind mms_kind_absent(const struct mms_fault_facts *f,
						  const struct mms_entry_rules *r)
{
	int write = !!(f->flags & MMS_FF_WRITE);
	__u64 frame;

	if (!(f->facts & MMS_FACT_ANON)) {
		if (write && !(f->vm_flags & MMS_VM_SHARED))
			return MMS_FAULT_COW_COPY;
		if (f->facts & MMS_FACT_SHMEM)
			return MMS_FAULT_SHMEM;
		return mms_fault_major(f->ret, f->flags) ? MMS_FAULT_FILE_MAJOR
							 : MMS_FAULT_FILE_MINOR;
	}
	/* There was a table for small pages: nothing else can have come of a write. */
	if (write && f->level_before == 1)
		return MMS_FAULT_ANON_ZERO_FILL;
	/* Gone again before we looked: by what was asked for. */
	if (!(f->after & MMS_PTE_P))
		return write ? MMS_FAULT_ANON_ZERO_FILL : MMS_FAULT_ZERO_PAGE;
	frame = mms_entry_frame(f->after, f->level_after, 0, r);
	if (f->level_after > 1)
		return frame == r->huge_zero_pfn ? MMS_FAULT_ZERO_PAGE : MMS_FAULT_ANON_HUGE;
	return frame == r->zero_pfn ? MMS_FAULT_ZERO_PAGE : MMS_FAULT_ANON_ZERO_FILL;
}

static inline enum mms_fault_kind mms_kind_present(const struct mms_fault_facts *f,
						   const struct mms_entry_rules *r)
{
	__u64 base = mms_entry_frame(f->before, f->level_before, 0, r);
	__u64 before = mms_entry_frame(f->before, f->level_before, f->addr, r);
	__u64 after = mms_entry_frame(f->after, f->level_after, f->addr, r);
	int zero = base == (f->level_before > 1 ? r->huge_zero_pfn : r->zero_pfn);

	if (!(f->flags & (MMS_FF_WRITE | MMS_FF_UNSHARE)) || (f->before & MMS_PTE_RW))
		return MMS_FAULT_SPURIOUS;
	if (!mms_entry_present(f->after))
		return MMS_FAULT_OTHER;
	if (f->vm_flags & MMS_VM_SHARED)
		return f->after & MMS_PTE_RW ? MMS_FAULT_WRITE_NOTIFY : MMS_FAULT_SPURIOUS;
	if (before != after) {
		if (zero && after == r->zero_pfn) /* split, not yet written */
			return MMS_FAULT_SPURIOUS;
		if (zero)
			return f->level_after > 1 ? MMS_FAULT_ANON_HUGE : MMS_FAULT_ANON_ZERO_FILL;
		return MMS_FAULT_COW_COPY;
	}
	if ((f->after & MMS_PTE_RW) || (f->flags & MMS_FF_UNSHARE))
		return MMS_FAULT_COW_REUSE;
	return MMS_FAULT_SPURIOUS;
}

static inline enum mms_fault_kind mms_kind_swapped(const struct mms_fault_facts *f)
{
	if (!mms_entry_swap(f->before, f->level_before))
		return MMS_FAULT_OTHER;
	/* The kernel says major when it had to start the read itself, for any swap area. */
	if (!(f->ret & MMS_FR_MAJOR))
		return MMS_FAULT_SWAP_IN_CACHE;
	return f->facts & MMS_FACT_ZRAM ? MMS_FAULT_SWAP_IN_ZRAM : MMS_FAULT_SWAP_IN_DEVICE;
}

/**
 * mms_fault_failed() - the kind of a fault that returned an error
 * @ret: VM_FAULT_*
 * Return: the kind; MMS_FAULT_NR_KINDS if there was no error.
 */
static inline enum mms_fault_kind mms_fault_failed(__u32 ret)
{
	if (ret & MMS_FR_OOM)
		return MMS_FAULT_OOM;
	if (ret & MMS_FR_SIGSEGV)
		return MMS_FAULT_SEGV;
	if (ret & (MMS_FR_SIGBUS | MMS_FR_HWPOISON))
		return MMS_FAULT_SIGBUS;
	return MMS_FAULT_NR_KINDS;
}

/**
 * mms_fault_needs_after() - does the entry after the fault matter?
 * @f: its facts; @after and @level_after are not looked at
 * Where the walk at entry got down to a page table, the page is a small one, and most kinds are
 * known by then: the walk at exit can be left out.
 * Return: false if neither mms_fault_classify() nor mms_fault_bytes() depend on it, as long as
 * @level_after is 1.
 */
static inline int mms_fault_needs_after(const struct mms_fault_facts *f)
{
	int write = !!(f->flags & (MMS_FF_WRITE | MMS_FF_UNSHARE));

	if (f->ret & (MMS_FR_OOM | MMS_FR_SIGSEGV | MMS_FR_SIGBUS | MMS_FR_HWPOISON))
		return 0;
	if (f->level_before > 1 || (f->vm_flags & MMS_VM_HUGETLB))
		return 1;
	if (f->facts & (MMS_FACT_USERFAULT | MMS_FACT_MIGRATION))
		return 0;
	if (mms_entry_absent(f->before, f->level_before))
		return (f->facts & MMS_FACT_ANON) && !(f->flags & MMS_FF_WRITE);
	if (!mms_entry_present(f->before))
		return 0;
	if (!(f->before & MMS_PTE_P))
		return 1;
	return write && !(f->before & MMS_PTE_RW);
}

/**
 * mms_fault_classify() - the kind of a finished fault
 * @f: its facts
 * @r: constants of this kernel
 * Return: the kind; every fault has exactly one.
 */
static inline enum mms_fault_kind mms_fault_classify(const struct mms_fault_facts *f,
						     const struct mms_entry_rules *r)
{
	enum mms_fault_kind failed = mms_fault_failed(f->ret);

	if (failed != MMS_FAULT_NR_KINDS)
		return failed;
	if (f->facts & MMS_FACT_USERFAULT)
		return MMS_FAULT_USERFAULT;
	if (f->facts & MMS_FACT_MIGRATION)
		return MMS_FAULT_MIGRATION_WAIT;
	if (f->vm_flags & MMS_VM_HUGETLB)
		return MMS_FAULT_HUGETLB;
	if (mms_entry_absent(f->before, f->level_before))
		return mms_kind_absent(f, r);
	if (!mms_entry_present(f->before))
		return mms_kind_swapped(f);
	if (!(f->before & MMS_PTE_P) && (f->vm_flags & MMS_VM_RIGHTS))
		return MMS_FAULT_NUMA_HINT;
	return mms_kind_present(f, r);
}

/**
 * mms_fault_bytes() - how much memory a fault was about
 * @f: its facts
 * @kind: of mms_fault_classify()
 * @r: constants of this kernel
 * Return: size of the page that was made, brought, copied, (cow-reuse) kept or (numa-hint) moved;
 * 0 for what does none of these.
 */
static inline __u64 mms_fault_bytes(const struct mms_fault_facts *f, enum mms_fault_kind kind,
				    const struct mms_entry_rules *r)
{
	switch (kind) {
	case MMS_FAULT_ZERO_PAGE:
	case MMS_FAULT_WRITE_NOTIFY:
	case MMS_FAULT_MIGRATION_WAIT:
	case MMS_FAULT_SPURIOUS:
	case MMS_FAULT_SEGV:
	case MMS_FAULT_SIGBUS:
	case MMS_FAULT_OOM:
	case MMS_FAULT_OTHER:
		return 0;
	case MMS_FAULT_NUMA_HINT:
		if (!(f->after & MMS_PTE_P) ||
		    mms_entry_frame(f->before, f->level_before, f->addr, r) ==
			    mms_entry_frame(f->after, f->level_after, f->addr, r))
			return 0;
		break;
	default:
		break;
	}
	if (mms_entry_present(f->after) && (f->level_after == 2 || f->level_after == 3))
		return f->level_after == 2 ? 2ULL << 20 : 1ULL << 30;
	return 4096;
}

#endif
