/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What swaps.bpf.c tells of the kernel's swap areas. Include-free: the includer
 * brings the __u types.
 */
#ifndef _MMS_SWAPS_H
#define _MMS_SWAPS_H

#define MMS_SWAP_AREAS 21 /* MMS_SWAP_SPECIAL of fault_kind.h: types above are no areas */
#define MMS_SWAP_NAME  32

/* Map "areas", by swap type: the number that swapped entries carry. */
struct mms_swap_area {
	__u64 ino;  /* of the swap file, or of the device's node */
	__u32 dev;  /* of the file system it is on, major << 20 | minor */
	__u32 rdev; /* a device: which one; 0 = a file */
	__u32 used;
	char name[MMS_SWAP_NAME]; /* last component */
};

#endif
