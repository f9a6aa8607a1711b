// SPDX-License-Identifier: GPL-2.0-only
/*
 * The string of `mmscope replay`: of a file, in memory or as a stream, or as typed. Knows what
 * fits; nothing of policies.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/memory.h"
#include "cmd/refs_show.h"
#include "cmd/replay.h"

int replay_string_open(struct replay_string *s, const struct replay_opts *opts)
{
	const char *why = NULL;
	int err;

	*s = (struct replay_string){.path = opts->path ? opts->path : "--string"};
	s->memory = memory_limit(opts->memory);
	if (opts->text)
		return replay_text_parse(s, opts->text);
	err = mms_refs_open(&s->reader, opts->path, &why);
	if (err)
		return err_failed("%s: %s", opts->path, why ? why : strerror(-err));
	s->info = *mms_refs_info(s->reader);
	if (!s->info.nr)
		return err_failed("%s: has no references", opts->path);
	return EXIT_OK;
}

void replay_string_close(struct replay_string *s)
{
	if (!s->reader) {
		replay_text_free(s);
		return;
	}
	if (s->loaded)
		mms_refs_unload(&s->refs);
	mms_refs_close(s->reader);
}

int replay_string_load(struct replay_string *s)
{
	uint64_t bytes = mms_refs_bytes(&s->info);
	const char *why = NULL;
	int err;

	if (s->loaded || bytes > s->memory)
		return EXIT_OK;
	err = mms_refs_load(s->reader, &s->refs, &why);
	if (err)
		return err_failed("%s: %s", s->path, why ? why : strerror(-err));
	s->memory -= bytes;
	s->loaded = true;
	return EXIT_OK;
}

static int rewind_stream(struct replay_string *s)
{
	int err = s->begun ? mms_refs_rewind(s->reader) : 0;

	s->begun = true;
	return err ? err_failed("%s: %s", s->path, strerror(-err)) : EXIT_OK;
}

int replay_string_each(struct replay_string *s, int (*feed)(void *arg, const struct mms_refs *r),
		       void *arg)
{
	const char *why = NULL;
	struct mms_refs chunk;
	int err, ret;

	if (s->loaded) {
		err = feed(arg, &s->refs);
		return err ? err_failed("%s: %s", s->path, strerror(-err)) : EXIT_OK;
	}
	ret = rewind_stream(s);
	if (ret)
		return ret;
	while ((err = mms_refs_next(s->reader, &chunk, &why)) > 0) {
		err = feed(arg, &chunk);
		if (err)
			break;
	}
	if (err)
		return err_failed("%s: %s", s->path, why ? why : strerror(-err));
	return EXIT_OK;
}

const char *replay_page_name(const struct replay_string *s, uint32_t page, char *buf)
{
	if (s->names)
		return s->names[page];
	if (!s->info.vpn)
		snprintf(buf, 32, "%" PRIu32, page);
	else if (s->info.proc_of)
		snprintf(buf, 32, "%u:0x%" PRIx64, (unsigned int)s->info.proc_of[page],
			 s->info.vpn[page]);
	else
		snprintf(buf, 32, "0x%" PRIx64, s->info.vpn[page]);
	return buf;
}

int replay_fits(const struct replay_string *s, uint64_t bytes, const char *what, const char *fix)
{
	return memory_fits(bytes, s->memory, what, fix);
}

int replay_policy_fits(const struct replay_string *s, const struct replay_policy *rp,
		       const struct mms_policy_conf *conf)
{
	struct mms_policy_conf least = *conf;
	const char *fix = "try a shorter string (import --max-refs)";

	least.frames = 1;
	if (rp->p->bytes(&least) <= s->memory)
		fix = "try smaller sizes (-f)";
	else if (!strcmp(rp->p->name, "lru"))
		fix = "try --sample";
	return replay_fits(s, rp->p->bytes(conf), rp->text, fix);
}

int replay_order_known(const struct replay_string *s, const struct replay_opts *opts,
		       const char *what)
{
	if (!s->info.sampled || opts->sampled_ok)
		return EXIT_OK;
	return err_failed(
		"%s: sampled every %.3g s, and %s needs the order of references within that; "
		"--sampled-ok takes the one in the file",
		s->path, (double)s->info.delta_ns / 1e9, what);
}

void replay_head(struct out *o, const struct replay_string *s)
{
	const struct mms_refs_info *info = &s->info;

	out_str(o, "string", "string", s->path);
	refs_show_origin(o, info);
	out_num(o, "refs", "references", OUT_COUNT, info->nr_refs);
	out_num(o, "pages", "pages", OUT_COUNT, info->nr_pages);
	out_num(o, "page_bytes", s->names ? NULL : "page size", OUT_SIZE, 1ULL << info->page_shift);
	out_bool(o, "writes", NULL, info->has_write);
	refs_show_kind(o, info->sampled, info->delta_ns);
	refs_show_cut(o, info->cut);
}
