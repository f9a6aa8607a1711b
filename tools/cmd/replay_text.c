// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reference string as typed: words with commas or blanks between them, * after a word for a
 * write. Must not know what is done with it.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/replay.h"

#define MAX_TEXT_REFS 20000

static void count(struct replay_string *s)
{
	s->info.nr = s->info.nr_refs = s->refs.nr_refs = s->refs.nr;
	s->info.nr_pages = s->refs.nr_pages;
	s->info.has_write = s->refs.write;
}

/* The id of a word, a new one if it was not seen. Return: UINT32_MAX without memory. */
static uint32_t id_of(struct replay_string *s, const char *word, size_t len)
{
	uint32_t id;

	for (id = 0; id < s->refs.nr_pages; id++)
		if (strlen(s->names[id]) == len && !memcmp(s->names[id], word, len))
			return id;
	s->names[id] = strndup(word, len);
	if (!s->names[id])
		return UINT32_MAX;
	s->refs.nr_pages++;
	return id;
}

/* Words of the text, at most as many as it has characters. */
static int words(struct replay_string *s, const char *text, uint32_t *page, uint64_t *write)
{
	size_t len;

	for (text += strspn(text, ", \t\n"); *text; text += strspn(text, ", \t\n")) {
		bool writes;

		len = strcspn(text, ", \t\n");
		writes = text[len - 1] == '*';
		if (len == (size_t)writes)
			return err_usage("replay", "--string: a * belongs after a page");
		if (s->refs.nr == MAX_TEXT_REFS)
			return err_usage("replay", "--string takes %d references: import a file",
					 MAX_TEXT_REFS);
		page[s->refs.nr] = id_of(s, text, len - writes);
		if (page[s->refs.nr] == UINT32_MAX)
			return err_failed("no memory for the string");
		if (writes) {
			write[s->refs.nr / 64] |= 1ULL << (s->refs.nr % 64);
			s->refs.write = write;
		}
		s->refs.nr++;
		text += len;
	}
	return s->refs.nr ? EXIT_OK : err_usage("replay", "--string has no references");
}

int replay_text_parse(struct replay_string *s, const char *text)
{
	size_t room = strlen(text) / 2 + 2;
	uint32_t *page = calloc(room, sizeof(*page));
	uint64_t *write = calloc(room / 64 + 1, sizeof(*write));
	int ret;

	s->names = calloc(room, sizeof(*s->names));
	s->refs.page = page;
	if (!page || !write || !s->names) {
		free(write);
		return err_failed("no memory for the string");
	}
	ret = words(s, text, page, write);
	if (!s->refs.write)
		free(write);
	count(s);
	s->info.page_shift = 12;
	s->loaded = true;
	return ret;
}

void replay_text_free(struct replay_string *s)
{
	uint32_t id;

	for (id = 0; s->names && id < s->refs.nr_pages; id++)
		free(s->names[id]);
	free(s->names);
	free((void *)s->refs.page);
	free((void *)s->refs.write);
}
