/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * features: what this kernel, this CPU and this moment offer.
 */
#ifndef _MMS_FEATURES_H
#define _MMS_FEATURES_H

#include <linux/types.h>

/**
 * struct mms_feature - an answer
 * @name: as in the ABI
 * @have: yes or no
 * @why: in words, or NULL
 */
struct mms_feature {
	const char *name;
	bool have;
	const char *why;
};

void mms_features_init(void);
bool mms_features_get(unsigned int i, struct mms_feature *f);

#endif /* _MMS_FEATURES_H */
