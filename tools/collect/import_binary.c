// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traces of records of one size: plain numbers, and oracleGeneral of libCacheSim: 24 bytes without
 * gaps: u32 time, u64 id, u32 size, i64 number of the next record with this id. All little endian.
 */
#include <errno.h>
#include <string.h>

#include "collect/import_in.h"

#define ORACLE_RECORD 24
#define ORACLE_ID     4

/* Records of @width bytes; the number is at @offset and has @bytes. */
static ssize_t next_records(struct mms_import *im, struct mms_import_ref *refs, size_t max,
			    size_t width, size_t offset, size_t bytes, const char **why)
{
	const struct mms_import_opts *o = im->opts;
	const uint8_t *p;
	size_t n;
	int ret;

	for (n = 0; n < max; n++) {
		uint64_t v = 0;

		ret = mms_in_record(im->in, &p, width);
		if (ret < 0)
			return mms_import_failed(im, ret, why);
		if (!ret)
			break;
		memcpy(&v, p + offset, bytes);
		refs[n] = (struct mms_import_ref){.vpn = o->addresses ? v >> o->page_shift : v};
		im->count.records++;
	}
	im->count.used += n;
	im->count.refs += n;
	return n;
}

static ssize_t next_oracle(struct mms_import *im, struct mms_import_ref *refs, size_t max,
			   const char **why)
{
	return next_records(im, refs, max, ORACLE_RECORD, ORACLE_ID, 8, why);
}

static ssize_t next_u32(struct mms_import *im, struct mms_import_ref *refs, size_t max,
			const char **why)
{
	return next_records(im, refs, max, 4, 0, 4, why);
}

static ssize_t next_u64(struct mms_import *im, struct mms_import_ref *refs, size_t max,
			const char **why)
{
	return next_records(im, refs, max, 8, 0, 8, why);
}

const struct mms_import_format mms_import_oracle = {
	.name = "oracleGeneral",
	.record = "record",
	.numbers = true,
	.next = next_oracle,
};

const struct mms_import_format mms_import_u32 = {
	.name = "u32",
	.record = "record",
	.numbers = true,
	.next = next_u32,
};

const struct mms_import_format mms_import_u64 = {
	.name = "u64",
	.record = "record",
	.numbers = true,
	.next = next_u64,
};
