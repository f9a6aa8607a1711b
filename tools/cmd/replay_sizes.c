// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists of sizes and of windows as they are typed: "10,64M,25%,1-100:5,all". Knows nothing of
 * what they are for.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/memory.h"
#include "cmd/replay.h"
#include "util/args.h"

#ifndef MAX_SIZES /* fewer in the fuzzer, which has no time for so many */
#define MAX_SIZES (1U << 24)
#endif
#define SOME_SIZES (1U << 20) /* where all would be too many */

/**
 * struct numbers - a growing list
 * @nr_pages, @page_shift: what % and K, M, G are of; 0 pages: windows, K, M, G are thousands
 * @most: the largest that is taken
 * @what: a word for messages
 */
struct numbers {
	uint64_t *v;
	size_t nr, room;
	uint64_t nr_pages;
	unsigned int page_shift;
	uint64_t most;
	const char *what;
};

static int too_many(const struct numbers *n)
{
	return err_usage("replay", "more than %u %ss are too many; A-B:STEP has fewer", MAX_SIZES,
			 n->what);
}

static int add(struct numbers *n, uint64_t v)
{
	size_t room = n->room ? 2 * n->room : 64;
	uint64_t *more;

	if (n->nr == MAX_SIZES)
		return too_many(n);
	if (n->nr == n->room) {
		more = realloc(n->v, room * sizeof(*more));
		if (!more)
			return err_failed("no memory for %zu %ss", room, n->what);
		n->v = more;
		n->room = room;
	}
	n->v[n->nr++] = v;
	return EXIT_OK;
}

int replay_count(const char *text, uint64_t *nr)
{
	bool scaled;

	return args_scaled(text, 1000, nr, &scaled) || !*nr || *nr > INT64_MAX ? -EINVAL : 0;
}

/* One number of the list. Return: 0 or -EINVAL, -ERANGE. */
static int one(const struct numbers *n, const char *text, uint64_t *v)
{
	struct args_amount a;
	bool scaled;
	int err;

	if (!n->nr_pages) {
		err = args_scaled(text, 1000, v, &scaled);
	} else {
		err = args_amount(text, &a);
		if (!err)
			err = memory_pages(&a, n->nr_pages, n->page_shift, v);
	}
	if (err)
		return err;
	return *v && *v <= n->most ? 0 : -ERANGE;
}

static int range(struct numbers *n, char *text, char *dash)
{
	char *colon = strchr(dash, ':');
	uint64_t from, to = 0, step = 1, v;
	int err, ret = EXIT_OK;

	*dash = '\0';
	if (colon)
		*colon = '\0';
	err = one(n, text, &from);
	if (!err)
		err = one(n, dash + 1, &to);
	if (!err && colon)
		err = one(n, colon + 1, &step);
	*dash = '-';
	if (colon)
		*colon = ':';
	if (err || to < from)
		return err_usage("replay",
				 "'%s' is no range of %ss: A-B or A-B:STEP, from 1 to %" PRIu64,
				 text, n->what, n->most);
	if ((to - from) / step >= MAX_SIZES - n->nr)
		return too_many(n);
	for (v = from; ret == EXIT_OK; v += step) {
		ret = add(n, v);
		if (to - v < step)
			break;
	}
	return ret;
}

/* Bytes, but fewer than a page has? */
static bool below_page(const struct numbers *n, const char *text)
{
	bool has_unit;
	uint64_t v;

	return n->nr_pages && !args_scaled(text, 1024, &v, &has_unit) && has_unit && v &&
	       v < 1ULL << n->page_shift;
}

static int item(struct numbers *n, char *text)
{
	char *dash = strchr(text, '-');
	uint64_t v;

	if (n->nr_pages && !strcmp(text, "all")) {
		int ret = n->nr_pages > MAX_SIZES - n->nr ? too_many(n) : EXIT_OK;

		for (v = 1; v <= n->nr_pages && ret == EXIT_OK; v++)
			ret = add(n, v);
		return ret;
	}
	if (dash && dash != text)
		return range(n, text, dash);
	if (!one(n, text, &v))
		return add(n, v);
	if (below_page(n, text))
		return err_usage("replay", "'%s' is less than a page, %" PRIu64 "K", text,
				 (uint64_t)1 << n->page_shift >> 10);
	return err_usage("replay", "'%s' is no %s: from 1 to %" PRIu64 "%s", text, n->what, n->most,
			 n->nr_pages ? " frames, or 64M, 10%, A-B, A-B:STEP, all"
				     : " references; k, m, g, t are thousands");
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void sort_unique(struct numbers *n)
{
	size_t i, nr = 0;

	qsort(n->v, n->nr, sizeof(*n->v), ascending);
	for (i = 0; i < n->nr; i++)
		if (!nr || n->v[nr - 1] != n->v[i])
			n->v[nr++] = n->v[i];
	n->nr = nr;
}

static int parse(struct numbers *n, const char *list)
{
	char *copy = strdup(list), *rest = copy, *text;
	int ret = copy ? EXIT_OK : err_failed("no memory");

	while (ret == EXIT_OK && (text = strsep(&rest, ",")))
		ret = item(n, text);
	free(copy);
	if (ret == EXIT_OK)
		sort_unique(n);
	return ret;
}

/* Few pages: all sizes. */
static const char *default_sizes(const struct replay_string *s)
{
	return s->info.nr_pages <= 10 ? "all" : "1%,2%,5%,10%,25%,50%,75%,100%";
}

int replay_sizes(const char *list, const struct replay_string *s, uint32_t **sizes, size_t *nr)
{
	struct numbers n = {
		.nr_pages = s->info.nr_pages,
		.page_shift = s->info.page_shift,
		.most = UINT32_MAX,
		.what = "size",
	};
	int ret = parse(&n, list ? list : default_sizes(s));
	size_t i;

	*sizes = ret == EXIT_OK ? calloc(n.nr, sizeof(**sizes)) : NULL;
	if (ret == EXIT_OK && !*sizes)
		ret = err_failed("no memory for %zu sizes", n.nr);
	for (i = 0; ret == EXIT_OK && i < n.nr; i++)
		(*sizes)[i] = n.v[i];
	*nr = n.nr;
	free(n.v);
	return ret;
}

int replay_all_sizes(const struct replay_string *s, uint32_t **sizes, size_t *nr, uint32_t *step)
{
	uint32_t pages = s->info.nr_pages;
	char list[64];

	*step = 1;
	if (pages <= MAX_SIZES)
		return replay_sizes("all", s, sizes, nr);
	*step = pages / SOME_SIZES;
	snprintf(list, sizeof(list), "1-%" PRIu32 ":%" PRIu32 ",%" PRIu32, pages, *step, pages);
	return replay_sizes(list, s, sizes, nr);
}

void replay_note_step(struct out *o, uint32_t step, uint32_t nr_pages)
{
	if (step != 1)
		out_note(o,
			 "more pages than sizes are taken: these are 1-%" PRIu32 ":%" PRIu32
			 " and the last; -f has others",
			 nr_pages, step);
}

/* Powers of two until one is as long as the string. */
int replay_windows(const char *list, uint64_t nr_refs, uint64_t **windows, size_t *nr)
{
	struct numbers n = {.most = INT64_MAX, .what = "window"};
	int ret = EXIT_OK;
	uint64_t w;

	if (list)
		ret = parse(&n, list);
	for (w = 1; !list && ret == EXIT_OK; w *= 2) {
		ret = add(&n, w);
		if (w >= nr_refs)
			break;
	}
	if (ret != EXIT_OK) {
		free(n.v);
		n.v = NULL;
	}
	*windows = n.v;
	*nr = n.nr;
	return ret;
}
