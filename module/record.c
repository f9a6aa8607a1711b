// SPDX-License-Identifier: GPL-2.0-only
/*
 * record: entries as the records of PID/entries. Pure. The loop over ptes is
 * what a page costs: neighbours differ in their frame alone, as a rule, and
 * then take one comparison and one exclusive or.
 */
#include "record.h"

#define PAGE 4096ULL

/* enum mms_kind, which says more of a leaf, in the words of the ABI. */
static __u64 kind_of(const struct mms_entry *e)
{
	switch (e->kind) {
	case MMS_KIND_LEAF:
		return MMSCOPE_ENTRY_LEAF;
	case MMS_KIND_SWAP:
		return MMSCOPE_ENTRY_SWAP;
	case MMS_KIND_MIGRATION:
		return MMSCOPE_ENTRY_MIGRATION;
	case MMS_KIND_MARKER:
		return MMSCOPE_ENTRY_MARKER;
	case MMS_KIND_HWPOISON:
		return MMSCOPE_ENTRY_HWPOISON;
	case MMS_KIND_DEVICE:
		return MMSCOPE_ENTRY_DEVICE;
	default:
		return MMSCOPE_ENTRY_OTHER;
	}
}

/* What fills bits 12-51: the frame, the offset, the payload, or nothing. */
static __u64 number_of(const struct mms_entry *e)
{
	switch (e->kind) {
	case MMS_KIND_LEAF:
	case MMS_KIND_MIGRATION:
	case MMS_KIND_HWPOISON:
		return e->frame;
	case MMS_KIND_DEVICE:
		return 0;
	default:
		return e->offset;
	}
}

/**
 * mms_recorder_init - begin a block
 * @r: all of it is written
 * @rules: the kernel's own choices
 * @entry: room for records
 * @nr: how many
 */
void mms_recorder_init(struct mms_recorder *r, const struct mms_rules *rules,
		       struct mmscope_entry *entry, unsigned int nr)
{
	*r = (struct mms_recorder){
		.rules = rules,
		.next = entry,
		.end = entry + nr,
		.like = ~0ULL,
	};
}

/**
 * mms_record - add the record of one entry, unless it is empty
 * @r: has room
 * @raw: the entry; points to no table
 * @addr: an address that it covers
 * @level: its level
 * @rights: rights of the levels above
 */
void mms_record(struct mms_recorder *r, __u64 raw, __u64 addr, unsigned int level,
		unsigned int rights)
{
	__u64 size = 1ULL << mms_entry_shift(level);
	struct mmscope_entry *rec = r->next;
	__u64 low, what;
	struct mms_entry e;

	mms_entry_decode(r->rules, raw, level, &e);
	if (e.kind == MMS_KIND_NONE)
		return;
	low = level | kind_of(&e) << 3;
	if (e.kind == MMS_KIND_LEAF)
		low |= mms_rights_leaf(rights, &e) << 7;
	else if (e.kind == MMS_KIND_SWAP || e.kind == MMS_KIND_OTHER)
		low |= (__u64)e.type << 7;
	what = (e.flags & 0xfff) | (__u64)(e.flags >> 12) << 52;
	rec->where = (addr & ~(size - 1)) | low;
	rec->what = what | (number_of(&e) & 0xffffffffffULL) << 12;
	r->next++;
	/* the frame of what is not present is inverted: no likeness to rely on */
	if (level != MMSCOPE_LEVEL_PTE || !(e.flags & MMS_FLAG_P))
		return;
	r->like = raw & ~r->rules->phys_mask;
	r->flags = what;
	r->low = low;
	r->rights = rights;
}

/* One pte: as the one before, empty, or to be decoded. */
static void record_pte(struct mms_recorder *r, __u64 raw, __u64 addr, unsigned int rights)
{
	if ((raw & ~r->rules->phys_mask) == r->like) {
		r->next->where = addr | r->low;
		r->next->what = raw ^ r->like ^ r->flags;
		r->next++;
	} else if (raw) {
		mms_record(r, raw, addr, MMSCOPE_LEVEL_PTE, rights);
	}
}

/*
 * Ptes from @slot on that are like the one before, in fours. Returns the first
 * of those that are not. What does not change here is kept out of memory that
 * the compiler must take the records for.
 */
static const volatile __u64 *record_alike(struct mms_recorder *r, const volatile __u64 *slot,
					  const volatile __u64 *end, __u64 addr)
{
	const __u64 like = r->like, flags = r->flags, bits = ~r->rules->phys_mask;
	struct mmscope_entry *rec = r->next;
	__u64 where = addr | r->low;
	__u64 a, b, c, d;

	/* Only those bits are compared here: ptes that have all of them are like no one yet. */
	if (like == ~0ULL)
		return slot;
	for (; slot + 4 <= end; slot += 4) {
		a = slot[0] ^ like;
		b = slot[1] ^ like;
		c = slot[2] ^ like;
		d = slot[3] ^ like;
		if ((a | b | c | d) & bits)
			break;
		rec[0] = (struct mmscope_entry){where, a ^ flags};
		rec[1] = (struct mmscope_entry){where + PAGE, b ^ flags};
		rec[2] = (struct mmscope_entry){where + 2 * PAGE, c ^ flags};
		rec[3] = (struct mmscope_entry){where + 3 * PAGE, d ^ flags};
		where += 4 * PAGE;
		rec += 4;
	}
	r->next = rec;
	return slot;
}

/**
 * mms_record_ptes - add the records of ptes in a row
 * @r: has room for one record at least
 * @slot: the first pte; others may write to them meanwhile
 * @addr: its address
 * @end: where to stop
 * @rights: rights of the levels above
 *
 * Return: the address come to: @end, or less where there may not be more room.
 */
__u64 mms_record_ptes(struct mms_recorder *r, const __u64 *slot, __u64 addr, __u64 end,
		      unsigned int rights)
{
	const volatile __u64 *p = slot, *stop;
	int i;

	if (end - addr > (r->end - r->next) * PAGE)
		end = addr + (r->end - r->next) * PAGE;
	stop = p + (end - addr) / PAGE;
	if (rights != r->rights)
		r->like = ~0ULL;
	while (p < stop) {
		p = record_alike(r, p, stop, end - (stop - p) * PAGE);
		for (i = 0; i < 4 && p < stop; i++, p++)
			record_pte(r, *p, end - (stop - p) * PAGE, rights);
	}
	return end;
}
