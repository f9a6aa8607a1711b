/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of `mmscope replay` share: what was asked for, the string, sizes. Private to it.
 */
#ifndef _MMS_REPLAY_H
#define _MMS_REPLAY_H

#include "model/replay/policies.h"
#include "render/out.h"
#include "store/refs_file.h"
#include "util/err.h"

/* Curves that can be asked for. */
enum {
	REPLAY_LRU = 1 << 0,
	REPLAY_OPT = 1 << 1,
	REPLAY_FIFO = 1 << 2,
	REPLAY_CLOCK = 1 << 3,
	REPLAY_WS = 1 << 4,
	REPLAY_PFF = 1 << 5,
};

/**
 * struct replay_policy - one policy to replay
 * @p: it
 * @conf: its parameters
 * @text: as asked for, "clock:bit=0"; owned
 */
struct replay_policy {
	const struct mms_policy *p;
	struct mms_policy_conf conf;
	char *text;
};

/**
 * struct replay_opts - what is asked for
 * @path: the file, or NULL with @text
 * @text: the string itself
 * @policies: @nr_policies of them; all there are unless @policies_asked
 * @frames: list of sizes, NULL: not given
 * @windows: list of windows and thresholds, NULL: not given
 * @curves: REPLAY_*; @curves_default: none was named
 * @clock_bit: reference bit on load, for the curve of Clock
 * @sample: rate of SHARDS, 0: none
 * @seed: of it and of policies that draw lots, if @has_seed
 * @limit: of --steps, rows
 * @width: of the picture, columns; 0: the terminal's
 * @memory: bytes that may be used; 0: what is available
 */
struct replay_opts {
	const char *path, *text;
	struct replay_policy *policies;
	size_t nr_policies;
	const char *frames, *windows;
	unsigned int curves, clock_bit;
	bool policies_asked, curves_default, steps, anomaly, plot, log, sampled_ok, has_seed;
	double sample;
	uint64_t seed, limit, memory;
	unsigned int width;
	enum out_format format;
};

/**
 * struct replay_string - the string
 * @info: what is known of it
 * @refs: all of it, if @loaded
 * @path: for messages
 * @memory: bytes that may still be used
 * @reader: of a file
 * @names: of pages, if it was typed
 * @begun: the reader has been read from
 */
struct replay_string {
	struct mms_refs_info info;
	struct mms_refs refs;
	bool loaded;
	const char *path;
	uint64_t memory;
	struct mms_refs_reader *reader;
	char **names;
	bool begun;
};

/* All return an exit code, with the line printed, unless they say something else. */

/* replay_string.c: where references come from. */
int replay_string_open(struct replay_string *s, const struct replay_opts *opts);
void replay_string_close(struct replay_string *s);
/* Into memory; if it does not fit, it stays a stream, and that is no error. */
int replay_string_load(struct replay_string *s);
/* Every chunk in order, from the beginning. @feed returns 0 or -errno. */
int replay_string_each(struct replay_string *s, int (*feed)(void *arg, const struct mms_refs *r),
		       void *arg);
/* As people know the page: @buf has room for 32. */
const char *replay_page_name(const struct replay_string *s, uint32_t page, char *buf);
/* Does that much fit? @what and @fix are said if not. */
int replay_fits(const struct replay_string *s, uint64_t bytes, const char *what, const char *fix);
/* Does the state of a policy? */
int replay_policy_fits(const struct replay_string *s, const struct replay_policy *rp,
		       const struct mms_policy_conf *conf);
/* May figures be taken that the order inside an interval decides? */
int replay_order_known(const struct replay_string *s, const struct replay_opts *opts,
		       const char *what);

/* replay_text.c: a string as typed, "1,2,3*". */
int replay_text_parse(struct replay_string *s, const char *text);
void replay_text_free(struct replay_string *s);

/* replay_policies.c: "lru,clock:bit=1"; they are added. replay_policies_all(): those there are. */
int replay_policies_parse(struct replay_opts *opts, const char *list);
int replay_policies_all(struct replay_opts *opts);
void replay_policies_seed(struct replay_opts *opts);
void replay_policies_free(struct replay_opts *opts);
/* Are all of them that one? Do all of them take as many frames as they want? */
bool replay_policies_only(const struct replay_opts *opts, const char *name);
bool replay_policies_variable(const struct replay_opts *opts);
bool replay_policies_random(const struct replay_opts *opts); /* does any draw lots? */
/* The period, window or threshold that is not over before the string is; NULL: there is none. */
const char *replay_idle_param(const struct replay_policy *rp, uint64_t nr_refs);
/* A note on these, as " nru:period aging:period"; no note if "". */
void replay_note_idle(struct out *o, const char *names);

/* replay_sizes.c: lists of sizes and windows: ascending, none twice; to be freed. */
int replay_sizes(const char *list, const struct replay_string *s, uint32_t **sizes, size_t *nr);
/* Every size up to the pages; of more than are taken, every @step-th from 1, and the last. */
int replay_all_sizes(const struct replay_string *s, uint32_t **sizes, size_t *nr, uint32_t *step);
/* Says so, if @step is not 1. */
void replay_note_step(struct out *o, uint32_t step, uint32_t nr_pages);
int replay_windows(const char *list, uint64_t nr_refs, uint64_t **windows, size_t *nr);
/* A number from 1, "500" or "2k": thousands. Return: 0 or -EINVAL. */
int replay_count(const char *text, uint64_t *nr);

/* The head of each report: what string that is. */
void replay_head(struct out *o, const struct replay_string *s);

/* One file each. */
int replay_table(struct replay_string *s, const struct replay_opts *opts, struct out *o);
int replay_curves(struct replay_string *s, const struct replay_opts *opts, struct out *o);
int replay_steps(struct replay_string *s, const struct replay_opts *opts, struct out *o);
int replay_anomaly(struct replay_string *s, const struct replay_opts *opts, struct out *o);
int replay_shards(struct replay_string *s, const struct replay_opts *opts, struct out *o);

#endif
