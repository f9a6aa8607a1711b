/* SPDX-License-Identifier: GPL-2.0-only */
/* How long a random read of a page takes, measured. */
#ifndef _MMS_LATENCY_H
#define _MMS_LATENCY_H

#include <stdint.h>

#define MMS_LATENCY_BYTES 4096 /* of each read */

/**
 * struct mms_latency - what was measured
 * @reads: how many
 * @median_ns, @p99_ns: of one
 * @bytes: of the file, over which they were spread
 * @major, @minor: the device that holds it
 */
struct mms_latency {
	uint64_t reads;
	uint64_t median_ns, p99_ns;
	uint64_t bytes;
	unsigned int major, minor;
};

/**
 * mms_latency_measure() - random reads of 4 KiB, one at a time, without the page cache
 * @path: a file or a block device, 4 KiB or more; only read
 * Up to 2,000 reads or 2 seconds. What a virtual disk or a controller caches is in the figures.
 * Return: 0 or -errno; -EINVAL: the file system has no O_DIRECT; -ENODATA: too small.
 */
int mms_latency_measure(const char *path, struct mms_latency *l);

#endif
