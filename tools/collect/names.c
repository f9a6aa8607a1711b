// SPDX-License-Identifier: GPL-2.0-only
/* A hash of strings. Must not know what they name. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collect/names.h"

#define NR_BUCKETS (1U << 14)
#define MAX_BYTES  (64U << 20)

struct name {
	struct name *next;
	uint32_t hash;
	char s[];
};

struct mms_names {
	struct name *buckets[NR_BUCKETS];
	size_t bytes;
};

struct mms_names *mms_names_new(void)
{
	return calloc(1, sizeof(struct mms_names));
}

void mms_names_free(struct mms_names *n)
{
	size_t i;

	if (!n)
		return;
	for (i = 0; i < NR_BUCKETS; i++) {
		while (n->buckets[i]) {
			struct name *name = n->buckets[i];

			n->buckets[i] = name->next;
			free(name);
		}
	}
	free(n);
}

static uint32_t hash_of(const char *s)
{
	uint32_t h = 2166136261U; /* FNV-1a */

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619U;
	return h;
}

const char *mms_names_get(struct mms_names *n, const char *s)
{
	uint32_t hash = hash_of(s);
	struct name **bucket = &n->buckets[hash % NR_BUCKETS], *name;
	size_t sz = sizeof(*name) + strlen(s) + 1;

	for (name = *bucket; name; name = name->next)
		if (name->hash == hash && !strcmp(name->s, s))
			return name->s;
	name = n->bytes + sz <= MAX_BYTES ? malloc(sz) : NULL;
	if (!name)
		return "[too many names]";
	name->hash = hash;
	memcpy(name->s, s, sz - sizeof(*name));
	name->next = *bucket;
	*bucket = name;
	n->bytes += sz;
	return name->s;
}
