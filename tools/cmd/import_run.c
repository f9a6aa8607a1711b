// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmscope import at work: references from the sources, renamed, into the string. Must not know
 * the formats of traces, nor that of the string.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "cmd/import.h"
#include "cmd/import_report.h"
#include "cmd/import_source.h"
#include "collect/lackey.h"
#include "model/replay/rename.h"
#include "render/escape.h"
#include "util/err.h"

#define BATCH	  8192
#define MAX_PROCS 65536

/**
 * struct run - an import
 * @pages: (process, page number) to id
 * @keys: (source, process of the trace) to process of the string
 * @last_key, @last_proc: of the reference before
 * @enough: the limit is reached
 * @cut: there was more
 * @sum: what became of the traces
 * @script: of the command, if it is one: what runs it
 * @status: the command's own, as a shell has it
 */
struct run {
	const struct import_args *a;
	struct import_source *sources;
	size_t nr_sources;
	struct mms_lackey lackey;
	struct mms_rename *pages, *keys;
	uint64_t last_key;
	uint16_t last_proc;
	struct mms_refs_proc *procs;
	uint32_t nr_procs;
	struct mms_refs_writer *w;
	uint64_t refs;
	bool enough, cut;
	int status;
	struct mms_import_count sum;
	char script[128];
	struct mms_import_ref in[BATCH];
	uint64_t vpn[BATCH];
	uint16_t proc[BATCH];
	uint32_t id[BATCH];
};

static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	stopped = 1;
}

/* Bytes of what must not be cut: "\xNN", a sequence of UTF-8. */
static size_t piece_len(const char *s)
{
	size_t len = 1;

	if (s[0] == '\\' && s[1] == 'x')
		return strnlen(s, 4);
	while (((unsigned char)s[len] & 0xc0) == 0x80)
		len++;
	return len;
}

/* As all output has it: valid UTF-8, control characters as \xNN. */
static int set_name(char *to, size_t room, const char *name)
{
	char *safe = out_escape(name, true);
	size_t len = 0;

	if (!safe)
		return -ENOMEM;
	while (safe[len] && len + piece_len(safe + len) < room)
		len += piece_len(safe + len);
	memset(to, 0, room);
	memcpy(to, safe, len);
	free(safe);
	return 0;
}

/* The process of the string for one of a source. Return: 0 or -errno. */
static int find_proc(struct run *r, const struct import_source *s, const struct mms_import_ref *ref,
		     uint16_t *proc)
{
	uint64_t key = (uint64_t)(s - r->sources) << 32 | ref->proc;
	uint16_t none = 0;
	uint32_t id;
	int err;

	if (r->nr_procs && key == r->last_key) {
		*proc = r->last_proc;
		return 0;
	}
	err = mms_rename_pages(r->keys, &key, &none, 1, &id);
	if (err)
		return err;
	if (id == MAX_PROCS)
		return -E2BIG;
	if (id == r->nr_procs) {
		struct mms_refs_proc *p = reallocarray(r->procs, id + 1, sizeof(*p));

		if (!p)
			return -ENOMEM;
		r->procs = p;
		p[id].pid = ref->pid || !s->im ? ref->pid : (uint32_t)mms_import_pid(s->im);
		err = set_name(p[id].name, sizeof(p[id].name), import_source_name(s, ref));
		if (err)
			return err;
		r->nr_procs++;
	}
	r->last_key = key;
	r->last_proc = *proc = id;
	return 0;
}

/* A reader of stdout that has left knows. */
static int not_written(const struct run *r, int err)
{
	if (err == -EPIPE)
		return EXIT_FAILED;
	return err_failed("%s: cannot write: %s", r->a->out, strerror(-err));
}

static int take(struct run *r, const struct import_source *s, size_t nr)
{
	size_t i;
	int err = 0;

	for (i = 0; i < nr && !err; i++) {
		r->vpn[i] = r->in[i].vpn;
		err = find_proc(r, s, &r->in[i], &r->proc[i]);
	}
	if (!err)
		err = mms_rename_pages(r->pages, r->vpn, r->proc, nr, r->id);
	for (i = 0; i < nr && !err; i++) {
		if (r->in[i].mark)
			err = mms_refs_mark(r->w);
		if (!err)
			err = mms_refs_add(r->w, r->id[i], r->in[i].write);
	}
	r->refs += nr;
	if (err == -E2BIG)
		return err_failed("%s: more than %d processes", s->file, MAX_PROCS);
	if (err == -EOVERFLOW)
		return err_failed("%s: more pages than fit into a string", s->file);
	if (err == -ENOMEM)
		return err_failed("%s: out of memory for more than %" PRIu32
				  " pages: take less of it with --max-refs",
				  s->file, mms_renamed(r->pages)->nr);
	return err ? not_written(r, err) : EXIT_OK;
}

/* At most @turn references of a source. */
static int take_turn(struct run *r, struct import_source *s, uint64_t turn)
{
	while (turn && !r->enough && !s->ended && !stopped) {
		uint64_t left = r->a->max_refs ? r->a->max_refs - r->refs : UINT64_MAX;
		size_t max = turn < BATCH ? turn : BATCH;
		const char *why;
		ssize_t n;
		int rc;

		n = import_source_next(s, r->in, max < left ? max : left, &why);
		if (n == -EINTR && stopped)
			break;
		if (n < 0)
			return err_failed("%s: %s", s->file, why);
		s->ended = !n;
		turn -= n;
		rc = n ? take(r, s, n) : EXIT_OK;
		if (rc != EXIT_OK)
			return rc;
		r->enough = r->a->max_refs && r->refs == r->a->max_refs;
	}
	return EXIT_OK;
}

static int take_all(struct run *r)
{
	uint64_t turn = r->a->interleave ? r->a->interleave : UINT64_MAX;
	size_t open = r->nr_sources, i;
	int rc = EXIT_OK;

	while (open && !r->enough && !stopped && rc == EXIT_OK) {
		open = 0;
		for (i = 0; i < r->nr_sources && rc == EXIT_OK; i++) {
			rc = take_turn(r, &r->sources[i], turn);
			open += !r->sources[i].ended;
		}
	}
	return rc;
}

/* Before what is behind a limit is looked at. */
static void sum_up(struct run *r)
{
	size_t i;

	for (i = 0; i < r->nr_sources; i++) {
		const struct mms_import_count *c = import_source_count(&r->sources[i]);

		r->sum.records += c->records;
		r->sum.used += c->used;
		r->sum.left_out += c->left_out;
		r->sum.skipped += c->skipped;
		r->sum.malformed += c->malformed;
		r->sum.straddles += c->straddles;
	}
}

/* Did the sources have more than was taken? A string that was cut off had. */
static bool had_more(struct run *r)
{
	bool more = stopped;
	size_t i;

	for (i = 0; i < r->nr_sources; i++) {
		struct import_source *s = &r->sources[i];
		const char *why;

		if (s->string && mms_refs_info(s->string)->cut)
			more = true;
		if (!more && r->enough && !s->ended)
			more = import_source_next(s, r->in, 1, &why) != 0;
	}
	return more;
}

/* --- sources --- */

static int open_files(struct run *r)
{
	size_t i;
	int rc;

	for (i = 0; i < r->nr_sources; i++) {
		rc = import_source_open(&r->sources[i], r->a, i);
		if (rc != EXIT_OK)
			return rc;
	}
	return import_sources_agree(r->sources, r->nr_sources, r->a);
}

static int start_command(struct run *r)
{
	const struct import_args *a = r->a;
	struct import_source *s = r->sources;
	const char *why;
	int err = mms_lackey_start(&r->lackey, a->command);

	if (err == -ENOENT)
		return err_missing("valgrind is missing: install it (apt-get install valgrind)");
	if (err)
		return err_failed("cannot run valgrind: %s: does 'valgrind --version' work?",
				  strerror(-err));
	mms_lackey_script(a->command[0], r->script, sizeof(r->script));
	s->file = a->command[0];
	s->name = a->nr_names ? a->names[0] : import_base_name(s->file);
	err = mms_import_fd(&s->im, a->format, r->lackey.fd, &a->opts, &why);
	if (err && r->lackey.pidfd >= 0)
		close(r->lackey.pidfd);
	if (err == -EINTR)
		return err_failed("interrupted: %s is not written", a->out);
	if (err)
		return err_failed("%s: %s", s->file, why);
	mms_import_writer(s->im, r->lackey.pidfd);
	return EXIT_OK;
}

/* Ctrl-C may be read as the end of the trace before it is seen as a signal of our own. */
static bool ended_from_without(int status)
{
	int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	return sig == SIGINT || sig == SIGTERM || sig == SIGHUP || sig == SIGKILL;
}

/* @rc: of what was read of it. */
static int end_command(struct run *r, int rc)
{
	bool enough = r->enough || stopped || rc != EXIT_OK;
	int status;

	if (!r->lackey.pid)
		return rc;
	status = mms_lackey_end(&r->lackey, enough);
	if (enough || status < 0 || !status)
		return rc;
	if (!r->refs && WIFEXITED(status))
		return err_failed("%s: cannot be run under valgrind (status %d): is it a program, "
				  "or a script with #! and its interpreter?",
				  r->a->command[0], WEXITSTATUS(status));
	r->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	if (WIFEXITED(status))
		warn("%s: ended with status %d", r->a->command[0], WEXITSTATUS(status));
	else
		warn("%s: ended by signal %d", r->a->command[0], WTERMSIG(status));
	r->cut |= ended_from_without(status);
	return rc;
}

/* --- the end --- */

static int commit(struct run *r)
{
	const struct mms_pages *pages = mms_renamed(r->pages);
	struct mms_refs_info info = {.procs = r->procs,
				     .nr_procs = r->nr_procs,
				     .nr_pages = pages->nr,
				     .vpn = pages->vpn,
				     .proc_of = pages->proc_of,
				     .cut = r->cut};
	int err;

	if (stopped && (!r->lackey.pid || !r->refs))
		return err_failed("interrupted: %s is not written", r->a->out);
	if (!r->refs)
		return err_failed("%s: no reference in it: is it %s? (-h: the formats)",
				  r->sources[0].file, r->a->format->name);
	err = mms_refs_commit(r->w, &info);
	r->w = NULL;
	return err ? not_written(r, err) : EXIT_OK;
}

/* By what the strings were made, each once. */
static void join_origins(const struct run *r, char *to, size_t room)
{
	size_t i;

	for (i = 0; i < r->nr_sources; i++) {
		const char *origin = mms_refs_info(r->sources[i].string)->origin;
		size_t len = strlen(to);

		if (!strstr(to, origin) && len + strlen(origin) + 3 <= room)
			snprintf(to + len, room - len, "%s%s", len ? ", " : "", origin);
	}
}

static int create(struct run *r)
{
	struct mms_refs_info info = {.sampled = r->a->opts.delta_ns != 0,
				     .delta_ns = r->a->opts.delta_ns,
				     .page_shift = r->a->opts.page_shift};
	size_t i;
	int err = 0;

	for (i = 0; i < r->nr_sources; i++)
		info.ids |= import_source_ids(&r->sources[i]);
	if (r->a->format == &import_refs) {
		const struct mms_refs_info *first = mms_refs_info(r->sources[0].string);

		info.sampled = first->sampled;
		info.delta_ns = first->delta_ns;
		info.page_shift = first->page_shift;
		join_origins(r, info.origin, sizeof(info.origin));
	} else {
		err = set_name(info.origin, sizeof(info.origin), r->a->format->name);
	}
	if (!err)
		err = mms_refs_create(&r->w, r->a->out, &info);
	return err ? err_failed("%s: cannot write: %s", r->a->out, strerror(-err)) : EXIT_OK;
}

/* A command is not begun for a string that cannot be written. */
static int begin(struct run *r)
{
	int rc;

	r->pages = mms_rename_create();
	r->keys = mms_rename_create();
	r->nr_sources = r->a->command ? 1 : r->a->nr_files;
	r->sources = calloc(r->nr_sources, sizeof(*r->sources));
	if (!r->pages || !r->keys || !r->sources)
		return err_failed("out of memory");
	rc = r->a->command ? EXIT_OK : open_files(r);
	if (rc == EXIT_OK)
		rc = create(r);
	return rc == EXIT_OK && r->a->command ? start_command(r) : rc;
}

static int tell(const struct run *r)
{
	struct import_result result = {.a = r->a,
				       .sum = r->sum,
				       .refs = r->refs,
				       .nr_pages = mms_renamed(r->pages)->nr,
				       .nr_procs = r->nr_procs,
				       .cut = r->cut,
				       .script = r->script};

	return import_report(&result);
}

static int work(struct run *r)
{
	int rc = begin(r);

	if (rc == EXIT_OK)
		rc = take_all(r);
	if (rc == EXIT_OK) {
		sum_up(r);
		r->cut = had_more(r);
	}
	rc = end_command(r, rc);
	if (rc == EXIT_OK)
		rc = commit(r);
	if (rc == EXIT_OK)
		rc = tell(r);
	return rc == EXIT_OK ? r->status : rc;
}

int import_run(const struct import_args *a)
{
	struct sigaction sa = {.sa_handler = on_signal}, was;
	struct run *r = calloc(1, sizeof(*r));
	size_t i;
	int rc;

	if (!r)
		return err_failed("out of memory");
	r->a = a;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	if (!sigaction(SIGHUP, NULL, &was) && was.sa_handler != SIG_IGN) /* nohup */
		sigaction(SIGHUP, &sa, NULL);
	rc = work(r);
	for (i = 0; r->sources && i < r->nr_sources; i++)
		import_source_close(&r->sources[i]);
	mms_refs_abort(r->w);
	mms_rename_destroy(r->pages);
	mms_rename_destroy(r->keys);
	free(r->sources);
	free(r->procs);
	free(r);
	return rc;
}
