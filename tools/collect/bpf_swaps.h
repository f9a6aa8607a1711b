/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which swap area has which type, from the kernel's own table. Owns the skeleton
 * of bpf/swaps.bpf.c.
 */
#ifndef _MMS_BPF_SWAPS_H
#define _MMS_BPF_SWAPS_H

#include <stddef.h>
#include <linux/types.h>
#include "swaps.h"

struct mms_swaps;

/* Return: 0; -EPERM or -ENOENT (see mms_bpf_usable()); -ENOENT without the kernel's table; -errno.
 */
int mms_swaps_open(struct mms_swaps **s);
void mms_swaps_close(struct mms_swaps *s); /* NULL is fine */

/* The areas as they are now, by type. Return: 0 or -errno. */
int mms_swaps_read(struct mms_swaps *s, struct mms_swap_area areas[MMS_SWAP_AREAS]);

/**
 * mms_swap_path() - the name under which an area was switched on
 * @area: in use
 * @path: result: its line of /proc/swaps if that is the same device or file, else its last
 * component, or "block MAJOR:MINOR" if that is unknown, too
 * @sz: its size
 */
void mms_swap_path(const struct mms_swap_area *area, char *path, size_t sz);

#endif
