// SPDX-License-Identifier: GPL-2.0-only
/*
 * entry_x86: the bits of x86-64 entries, as tables and arithmetic. Owns what a
 * bit means; must not know where an entry came from. Hardware bits follow the
 * Intel SDM vol. 3 ch. 4; software bits come in the rules (rules.c).
 */
#include "entry.h"

#define BIT_P	      (1ULL << 0)
#define BIT_RW	      (1ULL << 1)
#define BIT_US	      (1ULL << 2)
#define BIT_PWT	      (1ULL << 3)
#define BIT_PCD	      (1ULL << 4)
#define BIT_A	      (1ULL << 5)
#define BIT_D	      (1ULL << 6)
#define BIT_PSE	      (1ULL << 7)
#define BIT_G	      (1ULL << 8)
#define BIT_PAT_LARGE (1ULL << 12)
#define BIT_NX	      (1ULL << 63)
#define BIT_PROTNONE  BIT_G /* Linux: when P is clear */

/* Knights Landing may leave these two behind in an empty entry. */
#define ERRATUM_BITS (BIT_A | BIT_D)

#define PAGE_BITS      12
#define LEVEL_BITS     9
#define PKEY_BIT       59
#define SWP_TYPE_BIT   59 /* a swap entry's type is its five top bits */
#define SWP_TYPE_BITS  5
#define SWP_OFFSET_BIT 9 /* its offset, inverted, is between */

/* Up to D our flags have the numbers of the hardware's bits. */
#define SAME_BITS (BIT_P | BIT_RW | BIT_US | BIT_PWT | BIT_PCD | BIT_A | BIT_D)

static const struct {
	__u32 flag;
	const char *name;
} flag_names[] = {
	{MMS_FLAG_P, "P"},
	{MMS_FLAG_RW, "RW"},
	{MMS_FLAG_US, "US"},
	{MMS_FLAG_PWT, "PWT"},
	{MMS_FLAG_PCD, "PCD"},
	{MMS_FLAG_A, "A"},
	{MMS_FLAG_D, "D"},
	{MMS_FLAG_PSE, "PSE"},
	{MMS_FLAG_G, "G"},
	{MMS_FLAG_PAT, "PAT"},
	{MMS_FLAG_NX, "NX"},
	{MMS_FLAG_PROTNONE, "PROTNONE"},
	{MMS_FLAG_SPECIAL, "special"},
	{MMS_FLAG_SOFT_DIRTY, "soft-dirty"},
	{MMS_FLAG_UFFD_WP, "uffd-wp"},
	{MMS_FLAG_SAVED_DIRTY, "saved-dirty"},
	{MMS_FLAG_EXCLUSIVE, "exclusive"},
	{MMS_FLAG_DEVMAP, "devmap"},
	{MMS_FLAG_NUMAHINT, "NUMAHINT"},
};

/**
 * mms_entry_shift - bits of an address below a level
 * @level: enum mmscope_level
 *
 * Return: log2 of the bytes that one slot of @level covers.
 */
unsigned int mms_entry_shift(unsigned int level)
{
	return PAGE_BITS + LEVEL_BITS * (level - MMSCOPE_LEVEL_PTE);
}

/**
 * mms_entry_index - slot of an address in its table
 * @addr: virtual address
 * @level: enum mmscope_level
 *
 * Return: 0..511. Holds with 4 levels too, where the top is the p4d.
 */
unsigned int mms_entry_index(__u64 addr, unsigned int level)
{
	return addr >> mms_entry_shift(level) & ((1U << LEVEL_BITS) - 1);
}

/*
 * A large entry keeps PSE while the kernel splits or changes it with P cleared
 * for a moment, so PSE alone makes a leaf; swap entries have bits 7 and 8 clear.
 */
static bool raw_leaf(__u64 raw, unsigned int level)
{
	if (level == MMSCOPE_LEVEL_PTE)
		return raw & (BIT_P | BIT_PROTNONE);
	return level <= MMSCOPE_LEVEL_PUD && (raw & BIT_PSE);
}

static __u64 raw_frame(const struct mms_rules *r, __u64 raw, unsigned int shift)
{
	/* Against L1TF the kernel inverts the frame of what is not present. */
	__u64 phys = (raw & BIT_P ? raw : ~raw) & r->phys_mask;

	return phys >> shift << (shift - PAGE_BITS);
}

static __u32 mapped_flags(const struct mms_rules *r, __u64 raw, unsigned int level, bool leaf)
{
	__u64 pat = level == MMSCOPE_LEVEL_PTE ? BIT_PSE : BIT_PAT_LARGE;
	__u32 flags = raw & SAME_BITS;

	flags |= raw & BIT_NX ? MMS_FLAG_NX : 0;
	if (!leaf)
		return flags;
	if (level > MMSCOPE_LEVEL_PTE)
		flags |= MMS_FLAG_PSE;
	if (raw & BIT_G)
		flags |= raw & BIT_P ? MMS_FLAG_G : MMS_FLAG_PROTNONE;
	flags |= raw & pat ? MMS_FLAG_PAT : 0;
	flags |= raw & r->special ? MMS_FLAG_SPECIAL : 0;
	flags |= raw & r->soft_dirty ? MMS_FLAG_SOFT_DIRTY : 0;
	flags |= raw & r->uffd_wp ? MMS_FLAG_UFFD_WP : 0;
	flags |= raw & r->saved_dirty ? MMS_FLAG_SAVED_DIRTY : 0;
	flags |= raw & r->devmap ? MMS_FLAG_DEVMAP : 0;
	flags |= (__u32)(raw >> PKEY_BIT & 0xf) << MMS_FLAG_PKEY_SHIFT;
	return flags;
}

static void decode_swap(const struct mms_rules *r, __u64 raw, struct mms_entry *e)
{
	__u32 bit;

	e->type = raw >> SWP_TYPE_BIT;
	e->offset = ~raw << SWP_TYPE_BITS >> (SWP_TYPE_BITS + SWP_OFFSET_BIT);
	bit = 1U << e->type;
	e->flags |= raw & r->swp_soft_dirty ? MMS_FLAG_SOFT_DIRTY : 0;
	e->flags |= raw & r->swp_uffd_wp ? MMS_FLAG_UFFD_WP : 0;
	if (e->type < r->swapfiles) {
		e->kind = MMS_KIND_SWAP;
		e->flags |= raw & r->swp_exclusive ? MMS_FLAG_EXCLUSIVE : 0;
	} else if (r->migration_types & bit) {
		e->kind = MMS_KIND_MIGRATION;
		e->frame = e->offset & r->swp_pfn_mask;
	} else if (r->hwpoison_types & bit) {
		e->kind = MMS_KIND_HWPOISON;
		e->frame = e->offset & r->swp_pfn_mask;
	} else if (r->marker_types & bit) {
		e->kind = MMS_KIND_MARKER;
	} else if (r->device_types & bit) {
		e->kind = MMS_KIND_DEVICE;
	} else {
		e->kind = MMS_KIND_OTHER;
	}
}

/**
 * mms_entry_decode - say what an entry is
 * @rules: the kernel's own choices
 * @raw: the entry
 * @level: its level
 * @e: all of it is written
 *
 * A leaf comes out as MMS_KIND_LEAF: what its page is, only the page knows.
 */
void mms_entry_decode(const struct mms_rules *rules, __u64 raw, unsigned int level,
		      struct mms_entry *e)
{
	*e = (struct mms_entry){.raw = raw, .level = level};
	if (!(raw & ~ERRATUM_BITS)) {
		e->kind = MMS_KIND_NONE;
	} else if (mms_raw_table(raw, level)) {
		e->kind = MMS_KIND_TABLE;
		e->flags = mapped_flags(rules, raw, level, false);
		e->frame = raw_frame(rules, raw, PAGE_BITS);
	} else if (raw_leaf(raw, level)) {
		e->kind = MMS_KIND_LEAF;
		e->flags = mapped_flags(rules, raw, level, true);
		e->frame = raw_frame(rules, raw, mms_entry_shift(level));
	} else {
		decode_swap(rules, raw, e);
	}
}

/**
 * mms_rights_below - rights that a table entry leaves to what is below it
 * @rules: the kernel's own choices
 * @rights: rights of the levels above, MMS_RIGHTS_TOP at the top
 * @raw: a table entry
 * @level: its level
 *
 * Return: MMS_RIGHT_*. With KPTI the kernel's copy of the top level has NX set
 * for all of user space; the copy that user mode runs on has not.
 */
unsigned int mms_rights_below(const struct mms_rules *rules, unsigned int rights, __u64 raw,
			      unsigned int level)
{
	unsigned int top = rules->levels == 5 ? MMSCOPE_LEVEL_PGD : MMSCOPE_LEVEL_P4D;

	if (!(raw & BIT_RW))
		rights &= ~MMS_RIGHT_W;
	if (!(raw & BIT_US))
		rights &= ~MMS_RIGHT_U;
	if ((raw & BIT_NX) && !(rules->kpti && level == top))
		rights &= ~MMS_RIGHT_X;
	return rights;
}

/**
 * mms_rights_leaf - rights in effect at a leaf
 * @rights: rights of the levels above
 * @e: the leaf
 *
 * Return: MMS_RIGHT_*; none for what maps no memory. A leaf that is not
 * present (PROT_NONE, NUMA hint) grants neither r, w nor x.
 */
unsigned int mms_rights_leaf(unsigned int rights, const struct mms_entry *e)
{
	if (!mms_kind_mapped(e->kind))
		return 0;
	if (!(e->flags & MMS_FLAG_RW))
		rights &= ~MMS_RIGHT_W;
	if (!(e->flags & MMS_FLAG_US))
		rights &= ~MMS_RIGHT_U;
	if (e->flags & MMS_FLAG_NX)
		rights &= ~MMS_RIGHT_X;
	if (!(e->flags & MMS_FLAG_P))
		return rights & MMS_RIGHT_U;
	return rights | MMS_RIGHT_R;
}

/**
 * mms_kind_mapped - does a kind map memory
 * @kind: enum mms_kind
 *
 * Return: true for every kind of leaf.
 */
bool mms_kind_mapped(unsigned int kind)
{
	return kind >= MMS_KIND_LEAF && kind <= MMS_KIND_SPECIAL;
}

/**
 * mms_flags_dirty - was a leaf written to
 * @flags: MMS_FLAG_*
 *
 * Return: true if the dirty bit is set, or was when the leaf lost its write
 * right (x86 moves it then, so that D without RW stays a shadow stack).
 */
bool mms_flags_dirty(__u32 flags)
{
	return flags & (MMS_FLAG_D | MMS_FLAG_SAVED_DIRTY);
}

/**
 * mms_kind_name - the word for a kind
 * @kind: enum mms_kind
 *
 * Return: a word of Documentation/abi/debugfs-mmscope.
 */
const char *mms_kind_name(unsigned int kind)
{
	static const char *const names[__MMS_KIND_MAX] = {
		[MMS_KIND_NONE] = "none",     [MMS_KIND_TABLE] = "table",
		[MMS_KIND_LEAF] = "leaf",     [MMS_KIND_ANON] = "anon",
		[MMS_KIND_FILE] = "file",     [MMS_KIND_KSM] = "ksm",
		[MMS_KIND_ZERO] = "zero",     [MMS_KIND_SPECIAL] = "special",
		[MMS_KIND_SWAP] = "swap",     [MMS_KIND_MIGRATION] = "migration",
		[MMS_KIND_MARKER] = "marker", [MMS_KIND_HWPOISON] = "hwpoison",
		[MMS_KIND_DEVICE] = "device", [MMS_KIND_OTHER] = "other",
	};

	return kind < __MMS_KIND_MAX ? names[kind] : "?";
}

/**
 * mms_level_name - the word for a level
 * @level: enum mmscope_level
 *
 * Return: "pte" to "pgd".
 */
const char *mms_level_name(unsigned int level)
{
	static const char *const names[] = {"?", "pte", "pmd", "pud", "p4d", "pgd"};

	return level < sizeof(names) / sizeof(names[0]) ? names[level] : "?";
}

/**
 * mms_marker_name - the word for a marker
 * @payload: of a MMS_KIND_MARKER entry
 *
 * Return: a word, or NULL if it has none (several bits, or a new one).
 */
const char *mms_marker_name(__u64 payload)
{
	switch (payload) {
	case MMS_MARKER_UFFD_WP:
		return "uffd-wp";
	case MMS_MARKER_POISON:
		return "poison";
	case MMS_MARKER_GUARD:
		return "guard";
	default:
		return NULL;
	}
}

static char *put_text(char *p, const char *end, const char *s)
{
	while (*s && p < end)
		*p++ = *s++;
	return p;
}

/**
 * mms_flags_text - names of flags
 * @buf: where to
 * @size: bytes of @buf; MMS_FLAGS_LEN is always enough
 * @flags: MMS_FLAG_*
 * @sep: between two names
 *
 * Return: @buf: names in the order of the bits, "-" if there is no flag.
 */
char *mms_flags_text(char *buf, size_t size, __u32 flags, char sep)
{
	const char *end = buf + size - 1;
	unsigned int pkey = (flags & MMS_FLAG_PKEY) >> MMS_FLAG_PKEY_SHIFT;
	const char digits[] = {pkey / 10 + '0', pkey % 10 + '0', 0};
	const char s[] = {sep, 0};
	char *p = buf;
	size_t i;

	for (i = 0; i < sizeof(flag_names) / sizeof(flag_names[0]); i++) {
		if (!(flags & flag_names[i].flag))
			continue;
		p = put_text(p, end, p == buf ? "" : s);
		p = put_text(p, end, flag_names[i].name);
	}
	if (pkey) {
		p = put_text(p, end, p == buf ? "" : s);
		p = put_text(p, end, "pkey=");
		p = put_text(p, end, digits + (pkey < 10));
	}
	if (p == buf)
		p = put_text(p, end, "-");
	*p = 0;
	return buf;
}

/**
 * mms_rights_text - rights as four letters
 * @buf: five bytes
 * @rights: MMS_RIGHT_*
 *
 * Return: @buf, such as "rw-u".
 */
char *mms_rights_text(char buf[5], unsigned int rights)
{
	buf[0] = rights & MMS_RIGHT_R ? 'r' : '-';
	buf[1] = rights & MMS_RIGHT_W ? 'w' : '-';
	buf[2] = rights & MMS_RIGHT_X ? 'x' : '-';
	buf[3] = rights & MMS_RIGHT_U ? 'u' : '-';
	buf[4] = 0;
	return buf;
}
