// SPDX-License-Identifier: GPL-2.0-only
/* PID/walk to structs. Pure, as module_text.c. */
#include <errno.h>
#include <string.h>

#include "collect/module_text.h"
#include "collect/text.h"
#include "util/args.h"

static int walk_level(struct mms_walk *w, const char *level, char *rest)
{
	struct mms_walk_level *l;
	const char *value;
	uint64_t v = 0;
	char *word;

	if (w->nr_levels == MMS_MAX_LEVELS)
		return -EBADMSG;
	l = &w->levels[w->nr_levels++];
	if (text_copy(l->level, sizeof(l->level), level))
		return -EBADMSG;
	while ((word = text_word(&rest))) {
		int err = 0;

		if (text_key_is(word, "table", &value)) {
			err = args_u64(value, &l->table);
			l->has_slot = true;
		} else if (text_key_is(word, "index", &value)) {
			err = args_u64(value, &v);
			l->index = v;
		} else if (text_key_is(word, "raw", &value)) {
			err = args_u64(value, &l->raw);
		} else if (text_key_is(word, "frame", &value)) {
			l->has_frame = strcmp(value, "-");
			err = l->has_frame ? args_u64(value, &l->frame) : 0;
		} else if (strcmp(word, "-")) {
			err = text_add_flag(l->flags, word); /* pkey=N too */
		}
		if (err)
			return -EBADMSG;
	}
	return 0;
}

static int walk_leaf(struct mms_walk *w, char *rest)
{
	const char *value;
	char *word;
	int err;

	while ((word = text_word(&rest))) {
		err = 0;
		if (text_key_is(word, "kind", &value)) {
			err = text_copy(w->kind, MMS_WORD, value);
		} else if (text_key_is(word, "level", &value)) {
			w->known |= MMS_LEAF_LEVEL;
			err = text_copy(w->level, MMS_WORD, value);
		} else if (text_key_is(word, "size", &value)) {
			w->known |= MMS_LEAF_SIZE;
			err = args_u64(value, &w->size);
		} else if (text_key_is(word, "frame", &value)) {
			w->known |= MMS_LEAF_FRAME;
			err = args_u64(value, &w->frame);
		} else if (text_key_is(word, "rights", &value)) {
			w->known |= MMS_LEAF_RIGHTS;
			err = text_copy(w->rights, MMS_WORD, value);
		} else if (text_key_is(word, "type", &value)) {
			w->known |= MMS_LEAF_SWAP;
			err = args_u64(value, &w->swap_type);
		} else if (text_key_is(word, "offset", &value)) {
			err = args_u64(value, &w->swap_offset);
		} else if (text_key_is(word, "marker", &value)) {
			w->known |= MMS_LEAF_MARKER;
			err = text_copy(w->marker, MMS_WORD, value);
		}
		if (err)
			return -EBADMSG;
	}
	return w->kind[0] ? 0 : -EBADMSG;
}

/* Words that name flags of the page, separated by commas as they came; "-" is none. */
static int walk_page(struct mms_walk *w, char *rest)
{
	struct mms_walk_page *p = &w->page;
	const char *value;
	char *word;
	int err;

	while ((word = text_word(&rest))) {
		err = 0;
		if (text_key_is(word, "order", &value)) {
			err = args_u64(value, &p->order);
			w->known |= MMS_LEAF_PAGE;
		} else if (text_key_is(word, "head", &value)) {
			err = args_u64(value, &p->head);
		} else if (text_key_is(word, "mapcount", &value)) {
			if (!strcmp(value, "-"))
				continue;
			err = args_u64(value, &p->mapcount);
			w->known |= MMS_LEAF_MAPCOUNT;
		} else if (text_key_is(word, "refcount", &value)) {
			err = args_u64(value, &p->refcount);
		} else if (text_key_is(word, "node", &value)) {
			err = args_u64(value, &p->node);
		} else if (text_key_is(word, "zone", &value)) {
			err = text_copy(p->zone, sizeof(p->zone), value);
		} else if (text_key_is(word, "flags", &value)) {
			err = text_copy(p->flags, sizeof(p->flags),
					strcmp(value, "-") ? value : "");
		}
		if (err)
			return -EBADMSG;
	}
	return 0;
}

static int walk_line(struct mms_walk *w, const char *key, char *rest)
{
	if (!strcmp(key, "vma")) {
		if (w->vma.name) /* one of a block: a second would take the first one's place */
			return -EBADMSG;
		if (rest && !strncmp(rest, "none", 4))
			return 0;
		return rest ? text_vma(rest, false, &w->vma) : -EBADMSG;
	}
	if (!strcmp(key, "leaf"))
		return walk_leaf(w, rest);
	if (!strcmp(key, "page"))
		return walk_page(w, rest);
	return walk_level(w, key, rest);
}

int mms_text_walk(char *text, struct mms_list *walks)
{
	struct mms_walk *w = NULL;
	int err = 0;
	char *line;

	while (!err && (line = text_line(&text))) {
		char *key = text_word(&line);

		if (!key)
			continue;
		if (!strcmp(key, "va")) {
			if (w && !w->kind[0])
				err = -EBADMSG;
			w = err ? w : model_list_add(walks, sizeof(*w));
			if (!w)
				err = -ENOMEM;
			else if (!err && (!line || args_u64(line, &w->va)))
				err = -EBADMSG;
		} else {
			err = w ? walk_line(w, key, line) : -EBADMSG;
		}
	}
	if (!err && w && !w->kind[0])
		err = -EBADMSG;
	if (err)
		model_walks_deinit(walks);
	return err;
}
