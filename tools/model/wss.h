/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Working sets from idle ages: W(t, delta) is what was referenced in the last
 * delta scans. Resolution: one scan in time, one leaf in space (a huge leaf
 * counts whole).
 */
#ifndef _MMS_WSS_H
#define _MMS_WSS_H

#include <stddef.h>
#include <stdint.h>

#include <linux/mmscope.h>

#include "model/vma.h"

#define MMS_WSS_MAX_DELTA MMSCOPE_IDLE_MAX /* ages above are not told apart */

/**
 * struct mms_wss - pages by age
 * @age: bytes of leaves of each age; MMSCOPE_IDLE_NEVER too
 * @huge: of these, bytes of leaves above 4 KiB
 */
struct mms_wss {
	uint64_t age[MMSCOPE_IDLE_NEVER + 1];
	uint64_t huge[MMSCOPE_IDLE_NEVER + 1];
};

/* The PID/idle file: header and records. */
struct mms_idle_data {
	struct mmscope_idle_header header;
	struct mmscope_idle *rec; /* owned */
	size_t nr;
};

/* Take apart the bytes of PID/idle. Return: 0, -ENODATA empty, -EBADMSG, -ENOMEM. */
int model_idle_parse(const void *buf, size_t len, struct mms_idle_data *idle);
void model_idle_deinit(struct mms_idle_data *idle);

/* Count the records of [start, end) into @wss, which is zeroed first. */
void model_wss_count(const struct mms_idle_data *idle, uint64_t start, uint64_t end,
		     struct mms_wss *wss);
/* Bytes referenced in the last @delta scans, 1..MMS_WSS_MAX_DELTA. */
uint64_t model_wss_bytes(const uint64_t *by_age, unsigned int delta);

#endif
