// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tables behind the entries of a reference string: processes, pages, marks. Trusts no byte of
 * them. Must not know of the entries.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/refs_planes.h"
#include "store/refs_reader.h"

bool mms_refs_printable(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len && s[i]; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	return i < len;
}

static bool take_procs(struct mms_refs_info *info, const uint8_t *raw, uint32_t nr, uint64_t at)
{
	uint32_t i;

	for (i = 0; i < nr; i++) {
		struct refs_proc p;

		memcpy(&p, raw + i * sizeof(p), sizeof(p));
		if (!mms_refs_printable(p.name, sizeof(p.name)))
			return false;
		info->procs[at + i].pid = p.pid;
		memcpy(info->procs[at + i].name, p.name, sizeof(p.name));
	}
	return true;
}

static bool take_proc_of(struct mms_refs_info *info, const uint8_t *raw, uint32_t nr, uint64_t at)
{
	uint32_t i;

	for (i = 0; i < nr; i++) {
		info->proc_of[at + i] = raw[i] | raw[nr + i] << 8;
		if (info->proc_of[at + i] >= info->nr_procs)
			return false;
	}
	return true;
}

static bool take_marks(const struct refs_header *h, uint64_t *marks, const uint8_t *raw,
		       uint32_t nr, uint64_t at)
{
	uint64_t i;

	mms_refs_join_u64(marks + at, raw, nr, at ? marks[at - 1] : 0);
	for (i = at; i < at + nr; i++)
		if (marks[i] > h->nr || (i && marks[i] <= marks[i - 1]))
			return false;
	return true;
}

/* One chunk of a table into the info, items from @at on. */
static bool take(struct mms_refs_reader *r, uint32_t kind, uint32_t nr, uint64_t at)
{
	struct mms_refs_info *info = &r->info;

	switch (kind) {
	case REFS_PROCS:
		return take_procs(info, r->raw, nr, at);
	case REFS_PROC_OF:
		return take_proc_of(info, r->raw, nr, at);
	case REFS_MARKS:
		return take_marks(&r->h, info->marks, r->raw, nr, at);
	}
	mms_refs_join_u64(info->vpn + at, r->raw, nr, at ? info->vpn[at - 1] : 0);
	return true;
}

/* Room for @need items of @width in the table @p, never more than @nr, and little more than have
 * been seen. */
static bool grow_table(void **p, uint64_t *room, uint64_t need, uint64_t nr, size_t width)
{
	uint64_t more = *room * 2 > need ? *room * 2 : need;
	void *new;

	if (need <= *room)
		return true;
	if (more > nr)
		more = nr;
	new = reallocarray(*p, more, width);
	if (!new)
		return false;
	*p = new;
	*room = more;
	return true;
}

static int read_table(struct mms_refs_reader *r, uint32_t kind, void **table, size_t width,
		      uint64_t nr, const char **why)
{
	uint64_t at = 0, room = 0;
	struct refs_chunk c;
	int err;

	while (at < nr) {
		err = mms_refs_read_head(r, r->pos, r->h.length, &c, why);
		if (err)
			return err;
		if (c.kind != kind || !c.nr || c.nr > REFS_TABLE_CHUNK || c.nr > nr - at ||
		    c.raw_len != c.nr * refs_width(kind) || c.id_bytes || c.more_bytes ||
		    c.has_write || c.nr_refs)
			return mms_refs_damaged(why,
						"damaged: a table does not agree with the header");
		err = mms_refs_read_body(r, r->pos, &c, why);
		if (err)
			return err;
		if (!grow_table(table, &room, at + c.nr, nr, width))
			return mms_refs_failed(why, -ENOMEM);
		if (!take(r, kind, c.nr, at))
			return mms_refs_damaged(why, "damaged: a table has what cannot be");
		at += c.nr;
		r->pos += sizeof(c) + c.zip_len;
	}
	return 0;
}

static int read_end(struct mms_refs_reader *r, const char **why)
{
	struct refs_chunk c;
	int err = mms_refs_read_head(r, r->pos, r->h.length, &c, why);

	if (err)
		return err;
	if (c.kind != REFS_END || c.nr || c.id_bytes || c.more_bytes || c.has_write || c.raw_len ||
	    c.zip_len || c.nr_refs != r->h.nr_refs || r->pos + sizeof(c) != r->h.length)
		return mms_refs_damaged(why,
					"damaged: the end record does not agree with the header");
	return 0;
}

int mms_refs_read_tables(struct mms_refs_reader *r, const char **why)
{
	struct mms_refs_info *info = &r->info;
	int err;

	r->pos = r->h.tables;
	err = read_table(r, REFS_PROCS, (void **)&info->procs, sizeof(*info->procs), info->nr_procs,
			 why);
	if (!err && info->nr_procs > 1)
		err = read_table(r, REFS_PROC_OF, (void **)&info->proc_of, sizeof(*info->proc_of),
				 info->nr_pages, why);
	if (!err)
		err = read_table(r, REFS_VPNS, (void **)&info->vpn, sizeof(*info->vpn),
				 info->nr_pages, why);
	if (!err)
		err = read_table(r, REFS_MARKS, (void **)&info->marks, sizeof(*info->marks),
				 info->nr_marks, why);
	return err ? err : read_end(r, why);
}
