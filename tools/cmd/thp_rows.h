/* SPDX-License-Identifier: GPL-2.0-only */
/* Counts of huge pages and cover, made one row per process. Puts nothing out. */
#ifndef _MMS_THP_ROWS_H
#define _MMS_THP_ROWS_H

#include <stdbool.h>
#include "cmd/watch.h"
#include "collect/bpf_thp.h"
#include "collect/cover.h"

/**
 * struct thp_row - one process; pid 0: owner not known, or a file
 * @khugepaged: ranges that it collapsed
 * @madvise: that madvise(2) or process_madvise(2) collapsed
 * @smaller: collapsed by either into folios of less than 2 MiB
 * @failed: collapses tried that failed
 * @refused: ranges looked at that were not taken
 * @entries: huge entries split
 * @folios: huge folios split; @folios_smaller: smaller ones
 * @folios_failed: splits of either that failed
 * @has_cover: @cover is known
 */
struct thp_row {
	pid_t pid;
	char comm[MMS_WATCH_COMM];
	uint64_t khugepaged, madvise, smaller, failed, refused;
	uint64_t entries, folios, folios_smaller, folios_failed;
	bool has_cover;
	struct mms_cover cover;
};

struct thp_rows {
	struct thp_row *v, all;
	size_t nr;
};

/* Released by thp_rows_free(). Return: 0 or -errno. */
int thp_rows(const struct mms_thp *t, const struct mms_thp_count *counts, size_t nr,
	     const struct watch *w, struct thp_rows *rows);
void thp_rows_free(struct thp_rows *rows);

#endif
