// SPDX-License-Identifier: GPL-2.0-only
/* A hash of files by what identifies them. Must not know who has them mapped where. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "collect/mapped_file.h"

#define NR_BUCKETS (1U << 12)

struct file {
	struct mms_mapped_file f; /* first: what users hold is this */
	unsigned int refs;
	struct file *next; /* in its bucket */
	struct file **prev;
};

struct mms_mapped_files {
	struct file *buckets[NR_BUCKETS];
	uint64_t next_id;
};

struct mms_mapped_files *mms_mapped_files_new(void)
{
	return calloc(1, sizeof(struct mms_mapped_files));
}

void mms_mapped_files_free(struct mms_mapped_files *all)
{
	free(all);
}

void mms_mapped_file_put(const struct mms_mapped_file *f)
{
	struct file *file = (struct file *)f;

	if (--file->refs)
		return;
	*file->prev = file->next;
	if (file->next)
		file->next->prev = file->prev;
	free(file->f.path);
	free(file);
}

void mms_mapped_file_hold(const struct mms_mapped_file *f)
{
	((struct file *)f)->refs++;
}

static bool same_file(const struct mms_mapped_file *a, const struct mms_mapped_file *b)
{
	if (a->build_id_len != b->build_id_len || strcmp(a->path, b->path))
		return false;
	if (a->build_id_len)
		return !memcmp(a->build_id, b->build_id, a->build_id_len);
	return a->maj == b->maj && a->min == b->min && a->ino == b->ino &&
	       a->generation == b->generation;
}

static size_t file_bucket(const struct mms_mapped_file *f)
{
	uint64_t h = 14695981039346656037ULL; /* FNV-1a */
	const char *p;

	for (p = f->path; *p; p++)
		h = (h ^ (unsigned char)*p) * 1099511628211ULL;
	return (h ^ f->ino) % NR_BUCKETS;
}

/* Return: a reference, NULL without memory. */
const struct mms_mapped_file *mms_mapped_file_get(struct mms_mapped_files *all,
						  const struct mms_mapped_file *f)
{
	struct file **bucket = &all->buckets[file_bucket(f)], *file;

	for (file = *bucket; file; file = file->next) {
		if (same_file(&file->f, f)) {
			file->refs++;
			return &file->f;
		}
	}
	file = malloc(sizeof(*file));
	if (!file)
		return NULL;
	file->f = *f;
	file->f.path = strdup(f->path);
	if (!file->f.path) {
		free(file);
		return NULL;
	}
	file->f.id = ++all->next_id;
	file->refs = 1;
	file->next = *bucket;
	file->prev = bucket;
	if (file->next)
		file->next->prev = &file->next;
	*bucket = file;
	return &file->f;
}
