/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace: the module's trace events, below events/mmscope/ of tracefs. Fields are
 * contract (Documentation/abi/debugfs-mmscope): they are not renamed.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM mmscope

#if !defined(_MMS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _MMS_TRACE_H

#include <linux/tracepoint.h>
#include <linux/types.h>
#include "cow.h"

/* clang-format off */
TRACE_EVENT(scan,
	TP_PROTO(int pid, u64 scan, u64 duration_ns, u64 entries, u64 referenced, u64 skipped,
		 bool flushed),
	TP_ARGS(pid, scan, duration_ns, entries, referenced, skipped, flushed),
	TP_STRUCT__entry(
		__field(int, pid)
		__field(u64, scan)
		__field(u64, duration_ns)
		__field(u64, entries)
		__field(u64, referenced)
		__field(u64, skipped)
		__field(bool, flushed)
	),
	TP_fast_assign(
		__entry->pid = pid;
		__entry->scan = scan;
		__entry->duration_ns = duration_ns;
		__entry->entries = entries;
		__entry->referenced = referenced;
		__entry->skipped = skipped;
		__entry->flushed = flushed;
	),
	TP_printk("pid=%d scan=%llu duration_ns=%llu entries=%llu referenced=%llu skipped=%llu flushed=%d",
		  __entry->pid, __entry->scan, __entry->duration_ns, __entry->entries,
		  __entry->referenced, __entry->skipped, __entry->flushed)
);

TRACE_EVENT(cow,
	TP_PROTO(int pid, const struct mms_cow_event *e),
	TP_ARGS(pid, e),
	TP_STRUCT__entry(
		__field(int, pid)
		__field(u64, address)
		__field(u64, old_frame)
		__field(u64, new_frame)
		__field(u64, size)
		__field(unsigned int, what)
		__field(u64, generation)
	),
	TP_fast_assign(
		__entry->pid = pid;
		__entry->address = e->address;
		__entry->old_frame = e->old_frame;
		__entry->new_frame = e->new_frame;
		__entry->size = e->size;
		__entry->what = e->what;
		__entry->generation = e->generation;
	),
	TP_printk("pid=%d address=0x%llx old_frame=0x%llx new_frame=0x%llx size=%llu what=%s generation=%llu",
		  __entry->pid, __entry->address, __entry->old_frame, __entry->new_frame,
		  __entry->size,
		  __print_symbolic(__entry->what, {0, "copied"}, {1, "filled"}, {2, "reused"}),
		  __entry->generation)
);
/* clang-format on */

#endif /* _MMS_TRACE_H */

/* not below include/trace/: the Kbuild file says where */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
