// SPDX-License-Identifier: GPL-2.0-only
/* What mmscope import says when it is done: of the traces, and of the string. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/import_report.h"
#include "cmd/refs_show.h"
#include "util/err.h"

static void show_counts(struct out *o, const struct import_result *r)
{
	const struct mms_import_count *sum = &r->sum;

	out_str(o, "format", "format", r->a->format->name);
	out_num(o, "records", r->a->format->text ? "lines" : "records", OUT_COUNT, sum->records);
	out_num(o, "used", "of them used", OUT_COUNT, sum->used);
	out_num(o, "left_out", sum->left_out ? "left out" : NULL, OUT_COUNT, sum->left_out);
	out_num(o, "skipped", "skipped", OUT_COUNT, sum->skipped);
	out_num(o, "malformed", sum->malformed ? "malformed" : NULL, OUT_COUNT, sum->malformed);
	out_num(o, "straddles", "further pages", OUT_COUNT, sum->straddles);
}

static void note_malformed(struct out *o, uint64_t nr)
{
	out_note(o,
		 "%" PRIu64 " of the skipped lines begin as an access and are none: of the "
		 "program's own text, or the trace is damaged",
		 nr);
}

/* The string is gone, and stdout may be its way: what is known without it. */
static int note_counts(const struct import_result *r)
{
	const struct mms_import_count *sum = &r->sum;
	struct out *o = out_create(OUT_TEXT, stderr, "import");

	if (!o)
		return err_failed("out of memory");
	out_begin(o);
	out_note(o,
		 "%s: %" PRIu64 " %ss, %" PRIu64 " used, %" PRIu64 " left out, %" PRIu64
		 " skipped, %" PRIu64 " further pages",
		 r->a->format->name, sum->records, r->a->format->record, sum->used, sum->left_out,
		 sum->skipped, sum->straddles);
	if (sum->malformed)
		note_malformed(o, sum->malformed);
	out_note(o, "string: %" PRIu64 " references, %" PRIu32 " pages, %" PRIu32 " process%s%s",
		 r->refs, r->nr_pages, r->nr_procs, r->nr_procs == 1 ? "" : "es",
		 r->cut ? ", cut off" : "");
	out_end(o);
	out_destroy(o);
	return EXIT_OK;
}

/* Of a pipe or a device there is nothing to be read again. */
static bool is_file(const char *path)
{
	struct stat st;

	return strcmp(path, "-") && !stat(path, &st) && S_ISREG(st.st_mode);
}

/* The string is read again: what is told is what is in it. */
static int show_string(const struct import_result *r)
{
	/* stdout is the command's. */
	struct out *o = out_create(r->a->output, r->a->command ? stderr : stdout, "import");
	struct mms_refs_reader *reader = NULL;
	struct refs_sums *sums = NULL;
	const char *why = "out of memory";

	if (o && !mms_refs_open(&reader, r->a->out, &why))
		sums = refs_sum_up(reader, &why);
	if (!sums) {
		mms_refs_close(reader);
		out_destroy(o);
		return err_failed("%s: %s", r->a->out, why);
	}
	out_begin(o);
	show_counts(o, r);
	if (r->sum.malformed)
		note_malformed(o, r->sum.malformed);
	refs_show(o, mms_refs_info(reader), sums);
	if (*r->script)
		out_note(o,
			 "%s is a script: what its interpreter '%s' did is seen, and nothing that "
			 "this executed; of another program give the binary: -- BINARY %s",
			 r->a->command[0], r->script, r->a->command[0]);
	out_end(o);
	free(sums);
	mms_refs_close(reader);
	return err_output(out_destroy(o));
}

int import_report(const struct import_result *r)
{
	return is_file(r->a->out) ? show_string(r) : note_counts(r);
}
