/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages that came along with a fault, and which of them were used later: events of
 * faults joined with idle ages, reading by reading. Pure.
 *
 * Such a page is young from the start, so the first scan that begins after the fault
 * only clears it, and what the scans after that one find is a use. A page that takes a
 * fault while it is mapped is used, too. What was unmapped before it was scanned twice
 * stays unknown.
 */
#ifndef _MMS_PREFETCH_H
#define _MMS_PREFETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>
#include "fault_kind.h"
#include "fault.h"
#include "model/wss.h"

enum model_prefetch_state {
	MODEL_CAME_UNKNOWN, /* not scanned twice, yet or ever */
	MODEL_CAME_UNUSED,  /* so far, or until it was unmapped */
	MODEL_CAME_USED,
	MODEL_CAME_NR
};

/**
 * struct model_prefetch_page - one that came along
 * @page: its number; 0 = a free slot, no process has it mapped
 * @end_ns: when its fault ended; CLOCK_MONOTONIC
 * @first: scan in which a reference is a use; 0 = not known yet
 * @seen: number of the latest reading that has it
 * @kind: of its fault
 * @state: enum model_prefetch_state
 * @gone: unmapped: what is there now is another page
 */
struct model_prefetch_page {
	uint64_t page;
	uint64_t end_ns;
	uint64_t first;
	uint32_t seen;
	uint8_t kind;
	uint8_t state;
	bool gone;
};

/**
 * struct model_prefetch - the pages of one process
 * @slots: a hash by page number
 * @nr_slots: power of two
 * @nr_pages: slots in use
 * @nr_waiting: of these, pages whose @first is not known
 * @scans: of the latest reading
 * @readings: so far
 * @came: pages that came along, by kind, as the events count them
 * @nr: the same, page by page: their states
 */
struct model_prefetch {
	struct model_prefetch_page *slots;
	size_t nr_slots, nr_pages, nr_waiting;
	uint64_t scans;
	uint32_t readings;
	uint64_t came[MMS_FAULT_NR_KINDS];
	uint64_t nr[MMS_FAULT_NR_KINDS][MODEL_CAME_NR];
};

/**
 * model_prefetch_event() - a fault has ended
 * @m: zeroed before the first
 * @e: the event
 * @known: it is of the process's own memory as it is now; else what came stays unknown
 * Events of one page come in the order of time, and before readings that began later.
 */
void model_prefetch_event(struct model_prefetch *m, const struct mms_fault_event *e, bool known);

/**
 * model_prefetch_clock() - so many scans had been done
 * @begun_ns: moment before they were counted; scans that are not among them began later
 */
void model_prefetch_clock(struct model_prefetch *m, uint64_t scans, uint64_t begun_ns);

/**
 * model_prefetch_read() - idle ages
 * @idle: as of the scan that the header says, or of a later one
 * @begun_ns: as for model_prefetch_clock(), which this includes
 */
void model_prefetch_read(struct model_prefetch *m, const struct mms_idle_data *idle,
			 uint64_t begun_ns);

/* The memory is gone: what is not known by now stays so. */
void model_prefetch_end(struct model_prefetch *m);

void model_prefetch_free(struct model_prefetch *m);

#endif
