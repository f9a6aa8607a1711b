/* SPDX-License-Identifier: GPL-2.0-only */
/* One row for each fault. Private to mmscope faults. */
#ifndef _MMS_FAULTS_EVENT_ROWS_H
#define _MMS_FAULTS_EVENT_ROWS_H

#include "collect/bpf_fault.h"
#include "render/out.h"

/* A table of the open object. @around: pages that came along were counted. */
void faults_event_rows(struct out *o, const struct mms_fault_event *e, size_t nr, bool around);

#endif
