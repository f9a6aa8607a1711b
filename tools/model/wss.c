// SPDX-License-Identifier: GPL-2.0-only
/* Working sets from idle ages. Pure. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/wss.h"

/**
 * model_idle_parse() - header and records of PID/idle
 * @buf: bytes of the file
 * @len: how many
 * @idle: result, to model_idle_deinit()
 *
 * Headers and records longer than ours are of a newer module: their tails are
 * skipped.
 * Return: 0; -ENODATA the file is empty (the process has exited); -EBADMSG;
 * -ENOMEM.
 */
int model_idle_parse(const void *buf, size_t len, struct mms_idle_data *idle)
{
	struct mmscope_idle_header *h = &idle->header;
	const char *p = buf;
	size_t i;

	memset(idle, 0, sizeof(*idle));
	if (!len)
		return -ENODATA;
	if (len < sizeof(*h))
		return -EBADMSG;
	memcpy(h, p, sizeof(*h));
	if (h->size < sizeof(*h) || h->size > len || h->record_size < sizeof(*idle->rec) ||
	    (len - h->size) % h->record_size)
		return -EBADMSG;
	idle->nr = (len - h->size) / h->record_size;
	idle->rec = calloc(idle->nr + 1, sizeof(*idle->rec));
	if (!idle->rec)
		return -ENOMEM;
	for (i = 0; i < idle->nr; i++)
		memcpy(&idle->rec[i], p + h->size + i * h->record_size, sizeof(*idle->rec));
	return 0;
}

/** model_idle_deinit() - free the records */
void model_idle_deinit(struct mms_idle_data *idle)
{
	free(idle->rec);
	memset(idle, 0, sizeof(*idle));
}

/* First record at or after @addr. */
static size_t lower_bound(const struct mms_idle_data *idle, uint64_t addr)
{
	size_t lo = 0, hi = idle->nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (idle->rec[mid].addr < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/**
 * model_wss_count() - bytes by age
 * @idle: records in order of address
 * @start: first address
 * @end: address after the last
 * @wss: result
 */
void model_wss_count(const struct mms_idle_data *idle, uint64_t start, uint64_t end,
		     struct mms_wss *wss)
{
	size_t i;

	memset(wss, 0, sizeof(*wss));
	for (i = lower_bound(idle, start); i < idle->nr && idle->rec[i].addr < end; i++) {
		const struct mmscope_idle *r = &idle->rec[i];
		uint64_t bytes = r->level == MMSCOPE_LEVEL_PMD ? 2ULL << 20 : 4096;

		wss->age[r->age] += bytes;
		if (r->level == MMSCOPE_LEVEL_PMD)
			wss->huge[r->age] += bytes;
	}
}

/**
 * model_wss_bytes() - W(t, delta)
 * @by_age: bytes by age
 * @delta: window in scans
 * Return: bytes with an age below @delta.
 */
uint64_t model_wss_bytes(const uint64_t *by_age, unsigned int delta)
{
	uint64_t sum = 0;
	unsigned int age;

	for (age = 0; age < delta && age < MMS_WSS_MAX_DELTA; age++)
		sum += by_age[age];
	return sum;
}
