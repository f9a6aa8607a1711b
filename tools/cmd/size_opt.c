// SPDX-License-Identifier: GPL-2.0-only
/*
 * Write-backs of OPT for `mmscope size`: there is no curve of them, so policy opt is run at each
 * size that is shown.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/size.h"
#include "model/replay/policies.h"

#define UNKNOWN UINT64_MAX

/* Return: whether there is that much more. */
static bool fits(struct size_data *d, uint64_t bytes)
{
	d->opt_bytes += bytes;
	if (bytes > d->left)
		return false;
	d->left -= bytes;
	return true;
}

/* What it takes is known only with the string in memory. */
static bool policy_fits(struct size_data *d)
{
	struct mms_policy_conf conf = {
		.nr_pages = d->info->nr_pages, .frames = d->info->nr_pages, .whole = &d->whole};
	const char *why = NULL;

	return fits(d, mms_policy_parse("opt", &conf, &why)->bytes(&conf));
}

int size_opt_open(struct size_data *d, const struct size_opts *opts)
{
	uint64_t bytes = ((uint64_t)d->info->nr_pages + 1) * sizeof(*d->opt_writebacks);
	const char *why = NULL;
	uint32_t i;
	int err;

	if (!d->opt || opts->dirty_from != SIZE_FROM_STRING ||
	    !fits(d, mms_refs_bytes(d->info) + bytes))
		return EXIT_OK;
	err = mms_refs_load(d->reader, &d->whole, &why);
	if (err == -ENOMEM)
		return EXIT_OK;
	if (err)
		return err_failed("%s: %s", opts->path, why ? why : strerror(-err));
	if (!policy_fits(d))
		return EXIT_OK;
	d->opt_writebacks = malloc(bytes);
	for (i = 0; d->opt_writebacks && i < d->info->nr_pages; i++)
		d->opt_writebacks[i] = UNKNOWN;
	if (d->opt_writebacks)
		d->opt_writebacks[d->info->nr_pages] = 0; /* nothing is evicted */
	return EXIT_OK;
}

void size_opt_close(struct size_data *d)
{
	free(d->opt_writebacks);
	if (d->whole.page)
		mms_refs_unload(&d->whole);
}

bool size_opt_count(struct size_data *d, uint64_t frames)
{
	struct mms_policy_conf conf = {0};
	struct mms_replay_count count;
	const char *why = NULL;
	const struct mms_policy *p = mms_policy_parse("opt", &conf, &why);
	uint64_t m = frames < d->info->nr_pages ? frames : d->info->nr_pages;

	if (!d->opt_writebacks)
		return false;
	if (d->opt_writebacks[m] != UNKNOWN)
		return true;
	conf.frames = m;
	if (!d->opt_err)
		d->opt_err = mms_policy_replay(p, &conf, &d->whole, &count);
	if (d->opt_err)
		return false;
	d->opt_writebacks[m] = count.writebacks;
	return true;
}

/*
 * Without write-backs the curve gives one end of the sizes between which it is: time that they take
 * never makes a stall shorter or a slowdown smaller, and never faults more frequent.
 */
uint64_t size_opt_find(struct size_data *d, const struct mms_cost *cost,
		       const struct mms_size_curve *opt, const struct size_goal *g)
{
	struct mms_size_curve free_of_charge = *opt;
	uint64_t low, high = d->info->nr_pages, mid;

	free_of_charge.writebacks = NULL;
	low = mms_size_find(&free_of_charge, cost, g->kind, g->limit);
	if (!opt->writebacks || g->kind == MMS_SIZE_PER_MILLION)
		return low;
	if (g->kind == MMS_SIZE_PER_SECOND) {
		high = low ? low : high;
		low = 1;
	}
	if (!low)
		return 0;
	mid = low;
	while (low < high) {
		if (!size_opt_count(d, mid))
			return 0;
		if (mms_size_keeps(opt, cost, g->kind, g->limit, mid))
			high = mid;
		else
			low = mid + 1;
		mid = low + (high - low) / 2;
	}
	return size_opt_count(d, low) && !mms_size_keeps(opt, cost, g->kind, g->limit, low) ? 0
											    : low;
}
