// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sources of mmscope import: traces, through collect/import, and strings of our own, whose entries
 * come apart into references again. Must not know what becomes of them.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cmd/import_source.h"
#include "store/new_file.h"
#include "util/err.h"

/* Has no reader of lines or records: the store has one. */
const struct mms_import_format import_refs = {.name = "refs", .record = "reference"};

const char *import_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* Of a fifo somebody may not wait for the other end. */
static int not_opened(const struct import_source *s, const struct import_args *a, int err,
		      const char *why)
{
	if (err == -EINTR)
		return err_failed("interrupted: %s is not written", a->out);
	return err_failed("%s: %s", s->file, why);
}

static int open_string(struct import_source *s, const struct import_args *a, const char *path,
		       const char *given)
{
	const char *why;
	int err = mms_refs_open(&s->string, path, &why);

	if (err)
		return not_opened(s, a, err, why);
	s->name = given;
	if (given && mms_refs_info(s->string)->nr_procs > 1)
		return err_failed("%s: has %" PRIu32 " processes with names of their own: leave "
				  "--name away",
				  s->file, mms_refs_info(s->string)->nr_procs);
	return EXIT_OK;
}

int import_source_open(struct import_source *s, const struct import_args *a, size_t i)
{
	const char *path = a->files[i], *given = i < a->nr_names ? a->names[i] : NULL, *why;
	int err;

	s->file = strcmp(path, "-") ? path : "stdin";
	if (mms_same_file(path, a->out))
		return err_failed("%s: would be overwritten by what is made of it: give -o another "
				  "name",
				  s->file);
	if (a->format == &import_refs)
		return open_string(s, a, path, given);
	if (mms_refs_begins(path))
		return err_failed("%s: is a string already: replay, size, allot and export read "
				  "it, and 'mmscope import refs' joins several",
				  s->file);
	s->name = given ? given : import_base_name(s->file);
	err = mms_import_open(&s->im, a->format, path, &a->opts, &why);
	return err ? not_opened(s, a, err, why) : EXIT_OK;
}

static int differ(const struct import_source *s, const struct mms_refs_info *x,
		  const struct import_source *t, const struct mms_refs_info *y)
{
	if (x->page_shift != y->page_shift)
		return err_failed("%s: has pages of 2^%u bytes, and %s of 2^%u: import the traces "
				  "again, with one --page-shift",
				  t->file, y->page_shift, s->file, x->page_shift);
	if (x->sampled != y->sampled)
		return err_failed("%s: is %s, and %s is %s: only strings of one kind can be joined",
				  t->file, y->sampled ? "sampled" : "exact", s->file,
				  x->sampled ? "sampled" : "exact");
	if (x->delta_ns != y->delta_ns)
		return err_failed("%s: is sampled every %g s, and %s every %g s: only strings of "
				  "one interval can be joined",
				  t->file, (double)y->delta_ns / 1e9, s->file,
				  (double)x->delta_ns / 1e9);
	return EXIT_OK;
}

int import_sources_agree(const struct import_source *s, size_t nr, const struct import_args *a)
{
	const struct mms_refs_info *first;
	int rc = EXIT_OK;
	size_t i;

	if (!s->string)
		return EXIT_OK;
	first = mms_refs_info(s->string);
	for (i = 1; i < nr && rc == EXIT_OK; i++)
		rc = differ(s, first, &s[i], mms_refs_info(s[i].string));
	if (rc == EXIT_OK && a->interleave && first->sampled)
		return err_failed("%s: is sampled, and has no order to --interleave by: leave it "
				  "away",
				  s->file);
	return rc;
}

/* Does an interval begin with the next entry? The first one always begins one. */
static bool begins(struct import_source *s, const struct mms_refs_info *info)
{
	while (s->mark < info->nr_marks && info->marks[s->mark] < s->entry)
		s->mark++;
	return info->sampled &&
	       (!s->entry || (s->mark < info->nr_marks && info->marks[s->mark] == s->entry));
}

static void take_one(struct import_source *s, const struct mms_refs_info *info,
		     struct mms_import_ref *ref)
{
	uint32_t page = s->chunk.page[s->at];
	uint32_t proc = info->proc_of ? info->proc_of[page] : 0;

	*ref = (struct mms_import_ref){.vpn = info->vpn[page],
				       .proc = proc,
				       .pid = info->procs[proc].pid,
				       .write = mms_refs_write(&s->chunk, s->at),
				       .mark = !s->done && begins(s, info)};
	if (s->done++ < mms_refs_more(&s->chunk, s->at))
		return;
	s->done = 0;
	s->at++;
	s->entry++;
}

static ssize_t next_of_string(struct import_source *s, struct mms_import_ref *refs, size_t max,
			      const char **why)
{
	const struct mms_refs_info *info = mms_refs_info(s->string);
	size_t n = 0;

	while (n < max) {
		if (s->at == s->chunk.nr) {
			int ret = mms_refs_next(s->string, &s->chunk, why);

			if (ret < 0)
				return ret;
			s->at = 0;
			if (!ret) {
				s->chunk.nr = 0;
				break;
			}
		}
		take_one(s, info, &refs[n++]);
	}
	s->count.records += n;
	s->count.used += n;
	s->count.refs += n;
	return n;
}

ssize_t import_source_next(struct import_source *s, struct mms_import_ref *refs, size_t max,
			   const char **why)
{
	return s->string ? next_of_string(s, refs, max, why)
			 : mms_import_next(s->im, refs, max, why);
}

bool import_source_ids(const struct import_source *s)
{
	return s->string ? mms_refs_info(s->string)->ids : s->im && mms_import_ids(s->im);
}

const struct mms_import_count *import_source_count(const struct import_source *s)
{
	return s->string ? &s->count : mms_import_count(s->im);
}

const char *import_source_name(const struct import_source *s, const struct mms_import_ref *ref)
{
	const char *name;

	if (s->name)
		return s->name;
	name = mms_refs_info(s->string)->procs[ref->proc].name;
	return *name ? name : import_base_name(s->file);
}

void import_source_close(struct import_source *s)
{
	mms_import_close(s->im);
	mms_refs_close(s->string);
}
