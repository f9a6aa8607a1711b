// SPDX-License-Identifier: GPL-2.0-only
/*
 * The readers of the module's text files, on anything: the first byte is the file, the rest its
 * text. What is taken in is whole, and an error leaves nothing behind.
 */
#include <string.h>

#include "collect/module_text.h"
#include "fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_vma(const struct mms_vma *vma)
{
	MUST(vma->name && vma->start < vma->end);
	MUST(memchr(vma->perms, 0, sizeof(vma->perms)));
}

static void features(char *text)
{
	struct mms_list list = {0};
	struct mms_module_feature *f;
	int err = mms_text_features(text, &list);
	size_t i;

	for (f = list.v, i = 0; !err && i < list.nr; i++)
		MUST(f[i].name[0] && strlen(f[i].name) < sizeof(f->name));
	MUST(!err || !list.v);
	free(list.v);
}

static void check_walk(const struct mms_walk *w)
{
	unsigned int i;

	MUST(w->kind[0] && strlen(w->kind) < MMS_WORD && w->nr_levels <= MMS_MAX_LEVELS);
	for (i = 0; i < w->nr_levels; i++)
		MUST(strlen(w->levels[i].flags) < MMS_FLAGS);
	if (w->vma.name)
		check_vma(&w->vma);
}

static void walks(char *text)
{
	struct mms_list list = {0};
	int err = mms_text_walk(text, &list);
	size_t i;

	MUST(!err || (!list.v && !list.nr));
	for (i = 0; i < list.nr; i++)
		check_walk((struct mms_walk *)list.v + i);
	model_walks_deinit(&list);
}

static void maps(char *text)
{
	struct mms_list list = {0};
	struct mms_map *m, total;
	int err = mms_text_maps(text, &list);
	size_t i, k;

	MUST(!err || (!list.v && !list.nr));
	for (m = list.v, i = 0; i < list.nr; i++) {
		check_vma(&m[i].vma);
		for (k = 0; k < MMS_NR_MAP_KEYS; k++)
			MUST(m[i].bytes[k] % 1024 == 0 && (m[i].known[k] || !m[i].bytes[k]));
	}
	model_maps_total(m, list.nr, &total);
	model_maps_deinit(&list);
}

static void ranges(char *text)
{
	struct mms_list list = {0};
	struct mms_range *r;
	int err = mms_text_ranges(text, &list);
	size_t i;

	MUST(!err || (!list.v && !list.nr));
	for (r = list.v, i = 0; i < list.nr; i++) {
		MUST(r[i].start < r[i].end && r[i].name && r[i].kind[0]);
		MUST(strlen(r[i].flags) < MMS_FLAGS && strlen(r[i].rights) < MMS_WORD);
	}
	model_ranges_deinit(&list);
}

static void census(char *text)
{
	struct mms_list list = {0};
	struct mms_census_row *row;
	int err = mms_text_census(text, &list);
	size_t i;

	MUST(!err || (!list.v && !list.nr));
	for (row = list.v, i = 0; i < list.nr; i++)
		MUST(row[i].names[0] && strlen(row[i].names) < sizeof(row->names));
	model_census_deinit(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const files[])(char *) = {features, walks, maps, ranges, census};
	char *text;

	if (!len)
		return 0;
	text = strndup((const char *)data + 1, len - 1);
	files[(uint8_t)(data[0] - '0') % 5](text);
	free(text);
	return 0;
}
