// SPDX-License-Identifier: GPL-2.0-only
/* Words of bpf/fault.h, where numbers and names are one list. */
#include <stddef.h>
#include <linux/types.h>
#include "fault_kind.h"
#include "fault.h"
#include "model/fault_words.h"

/**
 * model_origin_name() - who touched the page
 * @origin: enum mms_fault_origin
 * Return: "user", "kernel", ...; NULL if it is none.
 */
const char *model_origin_name(unsigned int origin)
{
	static const char *const names[] = {
#define ORIGIN_NAME(id, name) [MMS_ORIGIN_##id] = name,
		MMS_FAULT_ORIGINS(ORIGIN_NAME)
#undef ORIGIN_NAME
	};

	return origin < MMS_ORIGIN_NR ? names[origin] : NULL;
}

/**
 * model_segment_name() - what a mapping is to its program
 * @segment: enum mms_segment
 * Return: "text", "data", ...; NULL if it is none.
 */
const char *model_segment_name(unsigned int segment)
{
	static const char *const names[] = {
#define SEGMENT_NAME(id, name) [MMS_SEG_##id] = name,
		MMS_SEGMENTS(SEGMENT_NAME)
#undef SEGMENT_NAME
	};

	return segment < MMS_SEG_NR ? names[segment] : NULL;
}
