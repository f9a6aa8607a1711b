// SPDX-License-Identifier: GPL-2.0-only
/*
 * The readers of traces, on anything: the first byte is the format, the second its options, the
 * rest the trace. The sums must agree, whatever is in it.
 */
#include <string.h>

#include "collect/import.h"
#include "fuzz_file.h"

#define MAX_REFS (1 << 18) /* what is packed may be long */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct mms_import_format *const formats[] = {
	&mms_import_lackey, &mms_import_csv, &mms_import_oracle, &mms_import_u32, &mms_import_u64,
};

static const char *const columns[] = {
	"page,rw", "address,pid,rw", "-,page,interval", "time_ns,proc,pid,vpn", "rw", "page,page",
	"",
};

static void check(const struct mms_import *im, uint64_t refs, ssize_t end)
{
	const struct mms_import_count *c = mms_import_count(im);

	MUST(c->malformed <= c->skipped);
	MUST(c->refs == refs || end < 0);
	MUST(c->records - c->used - c->left_out - c->skipped == 0 || end < 0);
	if (!end)
		MUST(c->refs == c->used + c->straddles);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct mms_import_opts opts = {.separator = ','};
	struct mms_import_ref refs[100];
	struct mms_import *im;
	const char *why = NULL;
	uint64_t nr = 0;
	size_t max;
	ssize_t n;
	int ret;

	if (len < 2)
		return 0;
	opts.page_shift = data[1] % 41;
	opts.no_fetch = opts.addresses = opts.hex = data[1] & 0x40;
	opts.delta_ns = data[1] & 0x80 ? 1000 : 0;
	if (data[0] & 8)
		opts.columns = columns[data[0] / 16 % (sizeof(columns) / sizeof(columns[0]))];
	max = 1 + data[0] / 8 % 100;
	ret = mms_import_fd(&im, formats[data[0] % 8 % 5], fuzz_file(data + 2, len - 2), &opts,
			    &why);
	MUST(!ret || (why && *why && !im));
	if (ret)
		return 0;
	while ((n = mms_import_next(im, refs, max, &why)) > 0 && nr < MAX_REFS) {
		MUST((size_t)n <= max);
		nr += n;
	}
	if (n <= 0)
		check(im, nr, n);
	mms_import_close(im);
	return 0;
}
