/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * events: the kernel's tracepoints that targets are told of, hooked while there
 * is a target and not a moment longer.
 */
#ifndef _MMS_EVENTS_H
#define _MMS_EVENTS_H

#include <linux/types.h>

enum mms_event {
	MMS_EVENT_FAULT_USER,
	MMS_EVENT_FAULT_KERNEL,
	MMS_EVENT_TLB_FLUSH,
	MMS_EVENT_FORK,
	MMS_EVENT_EXEC,
	MMS_EVENT_EXIT,
	MMS_EVENT_SIGNAL,
	__MMS_EVENT_MAX,
};

void mms_events_init(void);
bool mms_events_have(enum mms_event which);
int mms_events_get(void);
void mms_events_put(void);

#endif /* _MMS_EVENTS_H */
