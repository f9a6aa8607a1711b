// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's text files to structs. Pure: no file is opened here. A line
 * that does not have its shape is an error, never a zero.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/module_text.h"
#include "util/args.h"

/* Next line of *text, its newline cut off; NULL at the end. */
static char *next_line(char **text)
{
	char *line = *text, *nl;

	if (!line || !*line)
		return NULL;
	nl = strchr(line, '\n');
	if (nl)
		*nl = '\0';
	*text = nl ? nl + 1 : line + strlen(line);
	return line;
}

static char *next_word(char **p)
{
	char *word;

	do
		word = strsep(p, " \t");
	while (word && !*word);
	return word;
}

/* Copy a word that must fit: a cut one would be a different word. */
static int copy(char *to, size_t sz, const char *from)
{
	size_t len = strlen(from);

	if (len >= sz)
		return -EBADMSG;
	memcpy(to, from, len + 1);
	return 0;
}

static int split_range(const char *word, uint64_t *start, uint64_t *end)
{
	return args_addr_range(word, start, end) || !*end ? -EBADMSG : 0;
}

int mms_text_features(char *text, struct mms_list *features)
{
	char *line;

	while ((line = next_line(&text))) {
		struct mms_module_feature *f = model_list_add(features, sizeof(*f));
		char *name = next_word(&line), *yes = next_word(&line);

		if (!f)
			return -ENOMEM;
		if (!yes || (strcmp(yes, "yes") && strcmp(yes, "no")) ||
		    copy(f->name, sizeof(f->name), name))
			return -EBADMSG;
		f->yes = !strcmp(yes, "yes");
		snprintf(f->why, sizeof(f->why), "%s", line ? line : "-");
	}
	return 0;
}

/* "START-END PERMS OFFSET NAME"; @dev: "DEV INODE" stand before the name. */
static int parse_vma(char *line, bool dev, struct mms_vma *vma)
{
	char *range = next_word(&line), *perms = next_word(&line), *offset = next_word(&line);
	uint64_t none;

	if (!offset || split_range(range, &vma->start, &vma->end) ||
	    copy(vma->perms, sizeof(vma->perms), perms) ||
	    args_addr_range(offset, &vma->offset, &none))
		return -EBADMSG;
	if (dev && (!next_word(&line) || !next_word(&line)))
		return -EBADMSG;
	while (line && *line == ' ')
		line++;
	vma->name = strdup(line && *line ? line : "anon");
	return vma->name ? 0 : -ENOMEM;
}

int mms_text_vma(char *line, struct mms_vma *vma)
{
	return parse_vma(line, true, vma);
}

/* "key=value" of a word into a number; the rest of the words are names of flags. */
static bool key_is(const char *word, const char *key, const char **value)
{
	size_t len = strlen(key);

	if (strncmp(word, key, len) || word[len] != '=')
		return false;
	*value = word + len + 1;
	return true;
}

static int add_flag(char *flags, const char *name)
{
	size_t len = strlen(flags);

	if (len + strlen(name) + 2 > MMS_FLAGS)
		return -EBADMSG;
	snprintf(flags + len, MMS_FLAGS - len, "%s%s", len ? " " : "", name);
	return 0;
}

static int walk_level(struct mms_walk *w, const char *level, char *rest)
{
	struct mms_walk_level *l;
	const char *value;
	uint64_t v = 0;
	char *word;

	if (w->nr_levels == MMS_MAX_LEVELS)
		return -EBADMSG;
	l = &w->levels[w->nr_levels++];
	if (copy(l->level, sizeof(l->level), level))
		return -EBADMSG;
	while ((word = next_word(&rest))) {
		int err = 0;

		if (key_is(word, "table", &value)) {
			err = args_u64(value, &l->table);
			l->has_slot = true;
		} else if (key_is(word, "index", &value)) {
			err = args_u64(value, &v);
			l->index = v;
		} else if (key_is(word, "raw", &value)) {
			err = args_u64(value, &l->raw);
		} else if (key_is(word, "frame", &value)) {
			l->has_frame = strcmp(value, "-");
			err = l->has_frame ? args_u64(value, &l->frame) : 0;
		} else if (strcmp(word, "-")) {
			err = add_flag(l->flags, word); /* pkey=N too */
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

	while ((word = next_word(&rest))) {
		err = 0;
		if (key_is(word, "kind", &value)) {
			err = copy(w->kind, MMS_WORD, value);
		} else if (key_is(word, "level", &value)) {
			w->known |= MMS_LEAF_LEVEL;
			err = copy(w->level, MMS_WORD, value);
		} else if (key_is(word, "size", &value)) {
			w->known |= MMS_LEAF_SIZE;
			err = args_u64(value, &w->size);
		} else if (key_is(word, "frame", &value)) {
			w->known |= MMS_LEAF_FRAME;
			err = args_u64(value, &w->frame);
		} else if (key_is(word, "rights", &value)) {
			w->known |= MMS_LEAF_RIGHTS;
			err = copy(w->rights, MMS_WORD, value);
		} else if (key_is(word, "type", &value)) {
			w->known |= MMS_LEAF_SWAP;
			err = args_u64(value, &w->swap_type);
		} else if (key_is(word, "offset", &value)) {
			err = args_u64(value, &w->swap_offset);
		} else if (key_is(word, "marker", &value)) {
			w->known |= MMS_LEAF_MARKER;
			err = copy(w->marker, MMS_WORD, value);
		}
		if (err)
			return -EBADMSG;
	}
	return w->kind[0] ? 0 : -EBADMSG;
}

static int walk_line(struct mms_walk *w, const char *key, char *rest)
{
	if (!strcmp(key, "vma")) {
		if (rest && !strncmp(rest, "none", 4))
			return 0;
		return rest ? parse_vma(rest, false, &w->vma) : -EBADMSG;
	}
	if (!strcmp(key, "leaf"))
		return walk_leaf(w, rest);
	return walk_level(w, key, rest);
}

int mms_text_walk(char *text, struct mms_list *walks)
{
	struct mms_walk *w = NULL;
	int err = 0;
	char *line;

	while (!err && (line = next_line(&text))) {
		char *key = next_word(&line);

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

static const char *const map_keys[MMS_NR_MAP_KEYS] = {
	[MMS_MAP_SIZE] = "Size",
	[MMS_MAP_RSS] = "Rss",
	[MMS_MAP_ANON] = "Anon",
	[MMS_MAP_FILE] = "File",
	[MMS_MAP_KSM] = "Ksm",
	[MMS_MAP_ZERO] = "Zero",
	[MMS_MAP_SPECIAL] = "Special",
	[MMS_MAP_HUGETLB] = "HugeTLB",
	[MMS_MAP_ABSENT] = "Absent",
	[MMS_MAP_SWAP] = "Swap",
	[MMS_MAP_MIGRATION] = "Migration",
	[MMS_MAP_MARKER] = "Marker",
	[MMS_MAP_OTHER] = "Other",
	[MMS_MAP_4K] = "4K",
	[MMS_MAP_2M] = "2M",
	[MMS_MAP_1G] = "1G",
	[MMS_MAP_YOUNG] = "Young",
	[MMS_MAP_DIRTY] = "Dirty",
	[MMS_MAP_PROTNONE] = "ProtNone",
	[MMS_MAP_WRITABLE] = "Writable",
	[MMS_MAP_EXECUTABLE] = "Executable",
	[MMS_MAP_USERNX] = "UserNX",
};

int mms_text_map_key(char *line, struct mms_map *m)
{
	char *key = strsep(&line, ":"), *value, *unit;
	uint64_t kb;
	size_t k;

	if (!line)
		return -EBADMSG;
	value = next_word(&line);
	unit = next_word(&line);
	if (!value || !unit || strcmp(unit, "kB"))
		return 0; /* "VmFlags: rd wr", "THPeligible: 1": not an amount */
	if (args_u64(value, &kb) || kb > UINT64_MAX / 1024)
		return -EBADMSG;
	for (k = 0; k < MMS_NR_MAP_KEYS; k++)
		if (!strcmp(key, map_keys[k])) {
			m->bytes[k] = kb * 1024;
			m->known |= 1U << k;
		}
	return 0;
}

/* Does the line begin a mapping, "START-END ..."? */
static bool is_vma_line(const char *line)
{
	size_t len = strspn(line, "0123456789abcdefx");

	return len && line[len] == '-';
}

int mms_text_maps(char *text, struct mms_list *maps)
{
	struct mms_map *m = NULL;
	int err = 0;
	char *line;

	while (!err && (line = next_line(&text))) {
		if (is_vma_line(line)) {
			m = model_list_add(maps, sizeof(*m));
			err = m ? mms_text_vma(line, &m->vma) : -ENOMEM;
		} else if (!strncmp(line, "Total", 5)) {
			break; /* the caller sums, over the mappings that it shows */
		} else if (*line) {
			err = m ? mms_text_map_key(line, m) : -EBADMSG;
		}
	}
	if (err)
		model_maps_deinit(maps);
	return err;
}

static int range_line(char *line, struct mms_range *r)
{
	char *range = next_word(&line), *size = next_word(&line);
	char *level = next_word(&line), *kind = next_word(&line), *rights = next_word(&line);
	const char *value;
	char *word;

	if (!rights || split_range(range, &r->start, &r->end) || !size ||
	    copy(r->level, MMS_WORD, level) || copy(r->kind, MMS_WORD, kind) ||
	    copy(r->rights, MMS_WORD, rights))
		return -EBADMSG;
	r->young = r->dirty = MMS_NO_COUNT;
	while ((word = next_word(&line))) {
		int err = 0;

		if (key_is(word, "young", &value))
			err = args_u64(value, &r->young);
		else if (key_is(word, "dirty", &value))
			err = args_u64(value, &r->dirty);
		else if (strcmp(word, "-"))
			err = add_flag(r->flags, word);
		if (err)
			return -EBADMSG;
	}
	return 0;
}

/* "---[ NAME ]---"; NAME may hold anything, blanks and brackets included. */
static int marker_name(const char *line, char **name)
{
	size_t len = strlen(line);

	if (len < 10 || strcmp(line + len - 5, " ]---"))
		return -EBADMSG;
	free(*name);
	*name = strndup(line + 5, len - 10);
	return *name ? 0 : -ENOMEM;
}

int mms_text_ranges(char *text, struct mms_list *ranges)
{
	char *line, *name = NULL;
	int err = 0;

	while (!err && (line = next_line(&text))) {
		struct mms_range *r;

		if (!strncmp(line, "---[ ", 5)) {
			err = marker_name(line, &name);
			continue;
		}
		if (!*line)
			continue;
		r = model_list_add(ranges, sizeof(*r));
		err = r ? range_line(line, r) : -ENOMEM;
		if (!err) {
			r->name = strdup(name ? name : "");
			err = r->name ? 0 : -ENOMEM;
		}
	}
	free(name);
	if (err)
		model_ranges_deinit(ranges);
	return err;
}

/* Beyond the combinations that the module keeps, a last line "lost". */
static int census_mask(const char *word, uint64_t *mask)
{
	if (!strcmp(word, "lost")) {
		*mask = MMS_CENSUS_LOST;
		return 0;
	}
	return args_u64(word, mask);
}

int mms_text_census(char *text, struct mms_list *rows)
{
	char *line = next_line(&text); /* the header */
	int err = 0;

	while (!err && (line = next_line(&text))) {
		struct mms_census_row *row = model_list_add(rows, sizeof(*row));
		char *mask = next_word(&line), *pages = next_word(&line);
		char *mb = next_word(&line), *names = next_word(&line);

		if (!row)
			err = -ENOMEM;
		else if (!mb || census_mask(mask, &row->mask) || args_u64(pages, &row->pages) ||
			 copy(row->names, sizeof(row->names), names ? names : "-"))
			err = -EBADMSG;
	}
	if (err)
		model_census_deinit(rows);
	return err;
}
