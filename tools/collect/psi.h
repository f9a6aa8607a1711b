/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pressure stall information of memory, machine-wide or of a cgroup. Only the
 * totals: the averages lag by many seconds.
 */
#ifndef _MMS_PSI_H
#define _MMS_PSI_H

#include <stdint.h>

struct mms_psi {
	uint64_t some_ns; /* time in which at least one task waited for memory */
	uint64_t full_ns; /* ... in which all non-idle tasks did */
};

/**
 * mms_psi_read() - totals since boot, or since the cgroup was made
 * @cgroup: directory of the cgroup, NULL for the machine
 * @psi: the totals
 * Return: 0; -ENOENT or -EOPNOTSUPP when the kernel keeps none (psi=0, not built in); -errno.
 */
int mms_psi_read(const char *cgroup, struct mms_psi *psi);

#endif
