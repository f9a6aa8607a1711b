// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's text files to structs. Pure: no file is opened here. A line
 * that does not have its shape is an error, never a zero.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/module_text.h"
#include "collect/text.h"
#include "util/args.h"

char *text_line(char **text)
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

char *text_word(char **p)
{
	char *word;

	do
		word = strsep(p, " \t");
	while (word && !*word);
	return word;
}

int text_copy(char *to, size_t sz, const char *from)
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

static int feature_line(char *line, struct mms_module_feature *f)
{
	char *name = text_word(&line), *yes = text_word(&line);

	if (!yes || (strcmp(yes, "yes") && strcmp(yes, "no")) ||
	    text_copy(f->name, sizeof(f->name), name))
		return -EBADMSG;
	f->yes = !strcmp(yes, "yes");
	snprintf(f->why, sizeof(f->why), "%s", line ? line : "-");
	return 0;
}

int mms_text_features(char *text, struct mms_list *features)
{
	int err = 0;
	char *line;

	while (!err && (line = text_line(&text))) {
		struct mms_module_feature *f = model_list_add(features, sizeof(*f));

		err = f ? feature_line(line, f) : -ENOMEM;
	}
	if (err) {
		free(features->v);
		memset(features, 0, sizeof(*features));
	}
	return err;
}

int text_vma(char *line, bool dev, struct mms_vma *vma)
{
	char *range = text_word(&line), *perms = text_word(&line), *offset = text_word(&line);
	uint64_t none;

	if (!offset || split_range(range, &vma->start, &vma->end) ||
	    text_copy(vma->perms, sizeof(vma->perms), perms) ||
	    args_addr_range(offset, &vma->offset, &none))
		return -EBADMSG;
	if (dev && (!text_word(&line) || !text_word(&line)))
		return -EBADMSG;
	while (line && *line == ' ')
		line++;
	vma->name = strdup(line && *line ? line : "anon");
	return vma->name ? 0 : -ENOMEM;
}

int mms_text_vma(char *line, struct mms_vma *vma)
{
	return text_vma(line, true, vma);
}

bool text_key_is(const char *word, const char *key, const char **value)
{
	size_t len = strlen(key);

	if (strncmp(word, key, len) || word[len] != '=')
		return false;
	*value = word + len + 1;
	return true;
}

int text_add_flag(char *flags, const char *name)
{
	size_t len = strlen(flags);

	if (len + strlen(name) + 2 > MMS_FLAGS)
		return -EBADMSG;
	snprintf(flags + len, MMS_FLAGS - len, "%s%s", len ? " " : "", name);
	return 0;
}

static const char *const map_keys[MMS_NR_NAMED_KEYS] = {
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
	[MMS_MAP_16K] = "16K",
	[MMS_MAP_32K] = "32K",
	[MMS_MAP_64K] = "64K",
	[MMS_MAP_128K] = "128K",
	[MMS_MAP_256K] = "256K",
	[MMS_MAP_512K] = "512K",
	[MMS_MAP_1M] = "1M",
	[MMS_MAP_NUMAHINT] = "NumaHint",
	[MMS_MAP_SHARED] = "Shared",
	[MMS_MAP_EXCLUSIVE] = "Exclusive",
	[MMS_MAP_WX] = "WX",
	[MMS_MAP_WXVMA] = "WXVma",
	[MMS_MAP_NXCLEAR] = "NxClear",
};

/* "Node3": of every node with memory; "Swap0": of every area with entries. Return: the key or -1.
 */
static int numbered_key(const char *key)
{
	bool node = !strncmp(key, "Node", 4);
	uint64_t n;

	if ((!node && strncmp(key, "Swap", 4)) || args_u64(key + 4, &n))
		return -1;
	if (node)
		return n < MMS_MAP_NODES ? (int)(MMS_MAP_NODE0 + n) : -1;
	return n < MMS_MAP_SWAPS ? (int)(MMS_MAP_SWAP0 + n) : -1;
}

static int map_key(const char *key)
{
	size_t k;

	for (k = 0; k < MMS_NR_NAMED_KEYS; k++)
		if (!strcmp(key, map_keys[k]))
			return k;
	return numbered_key(key);
}

int mms_text_map_key(char *line, struct mms_map *m)
{
	char *key = strsep(&line, ":"), *value, *unit;
	uint64_t kb;
	int k;

	if (!line)
		return -EBADMSG;
	value = text_word(&line);
	unit = text_word(&line);
	if (!value || !unit || strcmp(unit, "kB"))
		return 0; /* "VmFlags: rd wr", "THPeligible: 1": not an amount */
	if (args_u64(value, &kb) || kb > UINT64_MAX / 1024)
		return -EBADMSG;
	k = map_key(key);
	if (k < 0)
		return 0;
	m->bytes[k] = kb * 1024;
	m->known[k] = true;
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

	while (!err && (line = text_line(&text))) {
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
	char *range = text_word(&line), *size = text_word(&line);
	char *level = text_word(&line), *kind = text_word(&line), *rights = text_word(&line);
	const char *value;
	char *word;

	if (!rights || split_range(range, &r->start, &r->end) || !size ||
	    text_copy(r->level, MMS_WORD, level) || text_copy(r->kind, MMS_WORD, kind) ||
	    text_copy(r->rights, MMS_WORD, rights))
		return -EBADMSG;
	r->young = r->dirty = MMS_NO_COUNT;
	while ((word = text_word(&line))) {
		int err = 0;

		if (text_key_is(word, "young", &value))
			err = args_u64(value, &r->young);
		else if (text_key_is(word, "dirty", &value))
			err = args_u64(value, &r->dirty);
		else if (strcmp(word, "-"))
			err = text_add_flag(r->flags, word);
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

	while (!err && (line = text_line(&text))) {
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
	char *line = text_line(&text); /* the header */
	int err = 0;

	while (!err && (line = text_line(&text))) {
		struct mms_census_row *row = model_list_add(rows, sizeof(*row));
		char *mask = text_word(&line), *pages = text_word(&line);
		char *mb = text_word(&line), *names = text_word(&line);

		if (!row)
			err = -ENOMEM;
		else if (!mb || census_mask(mask, &row->mask) || args_u64(pages, &row->pages) ||
			 text_copy(row->names, sizeof(row->names), names ? names : "-"))
			err = -EBADMSG;
	}
	if (err)
		model_census_deinit(rows);
	return err;
}
