/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What this machine and kernel offer, for `doctor`: each row is probed, never
 * concluded from a version. The rows of BPF are in bpf_features.h.
 */
#ifndef _MMS_FEATURES_H
#define _MMS_FEATURES_H

#include <stdbool.h>
#include <stddef.h>

enum mms_status {
	MMS_STATUS_YES,
	MMS_STATUS_NO,
	MMS_STATUS_UNKNOWN, /* the probe itself may not be made */
	MMS_STATUS_INFO,    /* neither good nor bad: a fact to know */
};

/**
 * struct mms_feature - one row
 * @name: lower case
 * @status: what the probe found
 * @detail: one line
 * @cost: what is lost without it, "" if nothing
 * @fix: what to do, "" if nothing
 */
struct mms_feature {
	char name[24];
	enum mms_status status;
	char detail[160];
	const char *cost;
	const char *fix;
};

/* What commands can live on, for the verdict. */
struct mms_ground {
	bool module;
	bool proc; /* pagemap of a process that is not ours */
};

/* Fills at most @max rows. Return: rows filled. */
size_t mms_features_probe(struct mms_feature *rows, size_t max, struct mms_ground *ground);

#endif
