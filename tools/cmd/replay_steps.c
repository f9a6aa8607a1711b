// SPDX-License-Identifier: GPL-2.0-only
/*
 * `mmscope replay --steps`: what the frames hold, reference by reference, as textbooks draw it.
 * Looks at a policy from outside alone: at its counts and at the list of its pages.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/replay.h"
#include "util/memstream.h"

static const struct out_col cols[] = {
	{"step", "STEP", OUT_COUNT, 6},	    {"page", "PAGE", OUT_STR, -8},
	{"times", "TIMES", OUT_COUNT, 6},   {"write", "WRITE", OUT_BOOL, -5},
	{"fault", NULL, OUT_BOOL, 5},	    {"mark", "FAULT", OUT_STR, -5},
	{"victim", "VICTIM", OUT_STR, -10}, {"frames", "FRAMES", OUT_STR, 0},
	{"order", "ORDER", OUT_STR, 0},
};

#define NR_COLS	 (sizeof(cols) / sizeof(cols[0]))
#define FRAMES	 (NR_COLS - 2)
#define VICTIM	 (NR_COLS - 3)
#define NONE	 UINT32_MAX
#define MAX_CELL (32 + 2 + MMS_POLICY_NOTE) /* name, '*', '/', note */

/**
 * struct steps - one run
 * @frame: what page each frame holds; NONE: free. @nr_frames of them are drawn.
 * @list: of the policy, now; @nr_list
 * @in: of each page: it is in @list
 * @dirty: of each page
 * @words: lists are put out as such, not as text
 * @no_memory: it ran out, what was shown is not all
 * @width: of a page in a list; @note_width: of a page in a frame, with what the policy keeps of it
 */
struct steps {
	struct replay_string *s;
	const struct replay_policy *rp;
	struct out *o;
	void *state;
	struct mms_replay_count count;
	uint32_t *frame, nr_frames;
	uint32_t *list, nr_list;
	bool *in, *dirty, words, no_memory;
	size_t width, note_width;
};

/* Return: how many columns it took, but for the padding. */
static size_t put_page(FILE *f, const struct steps *t, uint32_t page, size_t width, bool note)
{
	char buf[32], text[MAX_CELL], more[MMS_POLICY_NOTE] = "";

	if (note && page != NONE && t->rp->p->note)
		t->rp->p->note(t->state, page, more);
	if (page == NONE)
		snprintf(text, sizeof(text), ".");
	else
		snprintf(text, sizeof(text), "%s%s%s%s", replay_page_name(t->s, page, buf),
			 t->dirty[page] ? "*" : "", *more ? "/" : "", more);
	if (f)
		fprintf(f, "%-*s ", (int)width, text);
	return strlen(text);
}

/* Columns that say something of this string; FRAMES as wide as all of them, and a gap. */
static const struct out_col *columns(const struct steps *t)
{
	static struct out_col shown[NR_COLS];
	size_t k;

	memcpy(shown, cols, sizeof(cols));
	shown[FRAMES].width = -(int)(t->nr_frames * (t->note_width + 1) + 1);
	for (k = 0; k < NR_COLS; k++) {
		if (t->words && (k == VICTIM || k >= FRAMES))
			shown[k].type = OUT_FRAMES;
		if ((!strcmp(cols[k].key, "times") && !t->s->info.has_more) ||
		    (!strcmp(cols[k].key, "write") && !t->s->info.has_write))
			shown[k].head = NULL;
	}
	return shown;
}

/* Pages in a line; to be freed; NULL without memory. */
static char *line_of(const struct steps *t, const uint32_t *pages, uint32_t nr, size_t width,
		     bool note)
{
	char *text = NULL;
	size_t size, len;
	FILE *f = open_memstream(&text, &size);
	uint32_t k;

	if (!f)
		return NULL;
	for (k = 0; k < nr; k++)
		put_page(f, t, pages[k], width, note);
	if (!memstream_end(f, &text))
		return NULL;
	for (len = strlen(text); len && text[len - 1] == ' '; len--)
		text[len - 1] = '\0';
	return text;
}

/* What is between the blanks. */
static void cell_words(struct steps *t, char *text)
{
	const char **word = calloc(strlen(text) / 2 + 1, sizeof(*word));
	char *one;
	size_t nr = 0;

	while (word && (one = strsep(&text, " ")))
		if (*one)
			word[nr++] = one;
	out_cell_frames(t->o, word, nr);
	t->no_memory |= !word;
	free(word);
}

static void cell_line(struct steps *t, char *text)
{
	if (text && t->words)
		cell_words(t, text);
	else
		out_cell_str(t->o, text);
	t->no_memory |= !text;
	free(text);
}

/* Who lost a frame: their names, with * for those written back; each leaves its frame. */
static char *victims(struct steps *t)
{
	uint32_t k, nr = 0, *gone = calloc(t->nr_frames + 1, sizeof(*gone));
	char *text;

	for (k = 0; gone && k < t->nr_frames; k++) {
		if (t->frame[k] == NONE || t->in[t->frame[k]])
			continue;
		gone[nr++] = t->frame[k];
		t->frame[k] = NONE;
	}
	text = gone ? line_of(t, gone, nr, 0, false) : NULL;
	t->no_memory |= !text;
	free(gone);
	return text;
}

static void place(struct steps *t, uint32_t page)
{
	uint32_t k;

	for (k = 0; k < t->nr_frames && t->frame[k] != NONE; k++)
		;
	if (k < t->nr_frames)
		t->frame[k] = page;
}

static void take_list(struct steps *t)
{
	uint32_t k;

	for (k = 0; k < t->nr_list; k++)
		t->in[t->list[k]] = false;
	t->nr_list = t->rp->p->list(t->state, t->list);
	for (k = 0; k < t->nr_list; k++)
		t->in[t->list[k]] = true;
}

/* One reference. Return: was it a fault? @gone: who left for it; to be freed. */
static bool advance(struct steps *t, const struct mms_refs *r, uint64_t i, char **gone)
{
	uint32_t page = r->page[i];
	uint64_t faults = t->count.faults;
	bool fault;

	t->rp->p->run(t->state, r, i, i + 1, &t->count);
	take_list(t);
	fault = t->count.faults != faults;
	*gone = victims(t);
	if (fault) {
		t->dirty[page] = false;
		place(t, page);
	}
	t->dirty[page] |= mms_refs_write(r, i);
	return fault;
}

static void step(struct steps *t, const struct mms_refs *r, uint64_t i)
{
	uint32_t page = r->page[i];
	char buf[32], *gone;
	bool fault = advance(t, r, i, &gone);

	out_row(t->o);
	out_cell_num(t->o, i + 1);
	out_cell_str(t->o, replay_page_name(t->s, page, buf));
	out_cell_num(t->o, 1 + mms_refs_more(r, i));
	out_cell_num(t->o, mms_refs_write(r, i));
	out_cell_num(t->o, fault);
	out_cell_str(t->o, fault ? "F" : "");
	cell_line(t, gone);
	cell_line(t, line_of(t, t->frame, t->nr_frames, t->note_width, true));
	cell_line(t, line_of(t, t->list, t->nr_list, t->width, false));
}

/* One run to see how wide the pages get. */
static void measure(struct steps *t, uint64_t nr)
{
	size_t len;
	char *gone;
	uint64_t i;
	uint32_t k;

	t->width = t->note_width = 1;
	for (i = 0; i < nr; i++) {
		advance(t, &t->s->refs, i, &gone);
		free(gone);
		for (k = 0; k < t->nr_list; k++) {
			len = put_page(NULL, t, t->list[k], 0, false);
			t->width = len > t->width ? len : t->width;
			len = put_page(NULL, t, t->list[k], 0, true);
			t->note_width = len > t->note_width ? len : t->note_width;
		}
	}
}

static void notes(const struct steps *t, uint64_t nr)
{
	const struct mms_policy *p = t->rp->p;
	const char *idle = replay_idle_param(t->rp, t->s->info.nr_refs);
	char name[64] = "";

	if (idle)
		snprintf(name, sizeof(name), " %s:%s", p->name, idle);
	replay_note_idle(t->o, name);
	out_note(t->o, "ORDER: %s", p->order ? p->order : "the next victim last");
	if (p->notes)
		out_note(t->o, "FRAMES, after the /: %s", p->notes);
	if (t->s->info.sampled)
		out_note(t->o, "sampled: one order of many, the file's");
	if (nr < t->s->refs.nr)
		out_note(t->o, "the first %" PRIu64 " of %" PRIu64 " rows (--limit)%s", nr,
			 t->s->refs.nr,
			 t->s->info.has_more ? "; a row is a reference and its direct repeats"
					     : "");
}

static void report(struct steps *t, uint64_t nr, uint32_t frames)
{
	uint64_t i;

	out_begin(t->o);
	replay_head(t->o, t->s);
	out_str(t->o, "policy", "policy", t->rp->text);
	if (!(t->rp->p->flags & MMS_POLICY_VARIABLE))
		out_num(t->o, "frames", "frames", OUT_COUNT, frames);
	out_table(t->o, "steps", columns(t), NR_COLS);
	for (i = 0; i < nr && !t->no_memory && !out_error(t->o); i++)
		step(t, &t->s->refs, i);
	out_table_end(t->o);
	out_num(t->o, "faults", "faults", OUT_COUNT, t->count.faults);
	out_num(t->o, "evictions", "evicted", OUT_COUNT, t->count.evictions);
	out_num(t->o, "writebacks", t->s->info.has_write ? "written back" : NULL, OUT_COUNT,
		t->count.writebacks);
	notes(t, nr);
	out_end(t->o);
}

/* Before the first reference. Return: false without memory. */
static bool begin(struct steps *t, const struct mms_policy_conf *conf)
{
	size_t pages = t->s->info.nr_pages;
	uint32_t k;

	memset(t->in, 0, pages * sizeof(*t->in));
	memset(t->dirty, 0, pages * sizeof(*t->dirty));
	for (k = 0; k < t->nr_frames; k++)
		t->frame[k] = NONE;
	t->nr_list = 0;
	t->count = (struct mms_replay_count){0};
	t->state = t->rp->p->begin(conf);
	return t->state;
}

/* Once to measure, once to show. */
static int run_twice(struct steps *t, const struct mms_policy_conf *conf, uint64_t nr)
{
	if (!begin(t, conf))
		return err_failed("%s: no memory", t->rp->text);
	measure(t, nr);
	t->rp->p->end(t->state);
	if (t->rp->p->flags & MMS_POLICY_VARIABLE)
		t->nr_frames = t->count.max_resident;
	if (!begin(t, conf))
		return err_failed("%s: no memory", t->rp->text);
	if (!t->no_memory)
		report(t, nr, conf->frames);
	t->rp->p->end(t->state);
	return t->no_memory ? err_failed("%s: no memory", t->rp->text) : EXIT_OK;
}

static int run(struct steps *t, uint32_t frames, uint64_t nr)
{
	struct mms_policy_conf conf = t->rp->conf;
	size_t pages = t->s->info.nr_pages;
	int ret;

	conf.nr_pages = pages;
	conf.frames = frames;
	conf.whole = &t->s->refs;
	conf.list = true;
	ret = replay_policy_fits(t->s, t->rp, &conf);
	if (ret)
		return ret;
	t->nr_frames = t->rp->p->flags & MMS_POLICY_VARIABLE || frames > pages ? pages : frames;
	t->frame = calloc(t->nr_frames + 1, sizeof(*t->frame));
	t->list = calloc(pages + 1, sizeof(*t->list));
	t->in = calloc(pages + 1, sizeof(*t->in));
	t->dirty = calloc(pages + 1, sizeof(*t->dirty));
	if (!t->frame || !t->list || !t->in || !t->dirty)
		return err_failed("%s: no memory", t->rp->text);
	return run_twice(t, &conf, nr);
}

static void free_steps(struct steps *t)
{
	free(t->frame);
	free(t->list);
	free(t->in);
	free(t->dirty);
}

#define MAX_STEPS 10000

/* How many entries are shown. Return: an exit code. */
static int how_many(const struct replay_string *s, const struct replay_opts *opts, uint64_t *nr)
{
	*nr = s->refs.nr;
	if (!s->loaded)
		return err_failed("%s: does not fit into memory, as --steps wants it", s->path);
	if (!opts->limit && *nr > MAX_STEPS)
		return err_failed("%s: --steps would have %" PRIu64 " rows, one for each %s: "
				  "--limit N shows the first N",
				  s->path, *nr,
				  s->info.has_more ? "reference and its direct repeats"
						   : "reference");
	if (opts->limit && opts->limit < *nr)
		*nr = opts->limit;
	return EXIT_OK;
}

int replay_steps(struct replay_string *s, const struct replay_opts *opts, struct out *o)
{
	struct steps t = {.s = s, .o = o};
	uint32_t *sizes = NULL;
	size_t nr_sizes, i, k, runs;
	uint64_t nr;
	int ret = replay_order_known(s, opts, "--steps");

	if (!ret)
		ret = replay_sizes(opts->frames, s, &sizes, &nr_sizes);
	if (!ret)
		ret = replay_string_load(s);
	if (!ret)
		ret = how_many(s, opts, &nr);
	for (i = 0; !ret && i < opts->nr_policies; i++) {
		runs = opts->policies[i].p->flags & MMS_POLICY_VARIABLE ? 1 : nr_sizes;
		for (k = 0; !ret && k < runs; k++) {
			t = (struct steps){.s = s,
					   .rp = &opts->policies[i],
					   .o = o,
					   .words = opts->format == OUT_JSON};
			ret = run(&t, sizes[k], nr);
			free_steps(&t);
		}
	}
	free(sizes);
	return ret;
}
