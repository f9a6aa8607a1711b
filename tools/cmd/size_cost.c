// SPDX-License-Identifier: GPL-2.0-only
/* What a fault costs for `mmscope size`: by device, as given, or as measured. */
#include <errno.h>
#include <string.h>

#include "cmd/size.h"

#define DEFAULT_DEVICE "nvme"
#define DEFAULT_REF_NS 1.0

/* Typical figures of a random read of 4 KiB with nothing else in the queue; assumptions. */
static const struct {
	const char *name;
	double ns;
} devices[] = {
	{"zram", 5e3},
	{"nvme", 80e3},
	{"ssd", 150e3},
	{"hdd", 8e6},
};

#define NR_DEVICES (sizeof(devices) / sizeof(devices[0]))

int size_device(struct size_opts *opts, const char *name)
{
	size_t i;

	for (i = 0; i < NR_DEVICES; i++) {
		if (strcmp(name, devices[i].name))
			continue;
		opts->device = devices[i].name;
		opts->cost.fault_ns = devices[i].ns;
		opts->fault_from = SIZE_ASSUMED;
		return EXIT_OK;
	}
	return err_usage("size", "unknown device '%s': zram, nvme, ssd or hdd", name);
}

int size_measure(struct size_opts *opts)
{
	int err;

	if (!opts->measure)
		return opts->cost.fault_ns > 0 ? EXIT_OK : size_device(opts, DEFAULT_DEVICE);
	err = mms_latency_measure(opts->measure, &opts->measured);
	if (err == -EINVAL)
		return err_failed("%s: its file system has no O_DIRECT: measure another file",
				  opts->measure);
	if (err == -ENODATA)
		return err_failed("%s: has less than one page of 4 KiB", opts->measure);
	if (err == -ENOTBLK)
		return err_failed("%s: is neither a file nor a block device", opts->measure);
	if (err)
		return err_failed("%s: %s", opts->measure, strerror(-err));
	opts->cost.fault_ns = opts->measured.median_ns ? opts->measured.median_ns : 1;
	opts->fault_from = SIZE_MEASURED;
	return EXIT_OK;
}

void size_complete_cost(struct size_opts *opts, const struct mms_refs_info *info)
{
	struct mms_cost *c = &opts->cost;

	if (!(opts->span_ns > 0) && !(c->ref_ns > 0) && info->sampled && info->delta_ns) {
		opts->span_ns =
			(double)(info->nr_marks ? info->nr_marks : 1) * (double)info->delta_ns;
		opts->ref_from = SIZE_FROM_STRING;
	}
	if (opts->span_ns > 0 && info->nr_refs)
		c->ref_ns = opts->span_ns / (double)info->nr_refs;
	if (!(c->ref_ns > 0))
		c->ref_ns = DEFAULT_REF_NS;
	if (!(c->write_ns > 0))
		c->write_ns = c->fault_ns;
	if (opts->dirty_from == SIZE_ASSUMED && info->has_write)
		opts->dirty_from = SIZE_FROM_STRING;
}
