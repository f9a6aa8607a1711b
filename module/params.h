/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * params: what can be set below /sys/module/mmscope/parameters, within bounds.
 * Any of them may change at any time: take one value and use it to the end.
 */
#ifndef _MMS_PARAMS_H
#define _MMS_PARAMS_H

unsigned int mms_param_max_targets(void);
unsigned int mms_param_hold_entries(void);
unsigned int mms_param_suspend_s(void);
unsigned int mms_param_cow_events(void);
unsigned int mms_param_time_every(void);

#endif /* _MMS_PARAMS_H */
