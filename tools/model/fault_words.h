/* SPDX-License-Identifier: GPL-2.0-only */
/* The words for what the fault programs tell by number. Pure. */
#ifndef _MMS_FAULT_WORDS_H
#define _MMS_FAULT_WORDS_H

/* Of an enum mms_fault_origin, an enum mms_segment; NULL if it is none. */
const char *model_origin_name(unsigned int origin);
const char *model_segment_name(unsigned int segment);

#endif
