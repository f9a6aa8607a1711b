// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lives by process, newest first; forks share their parent's list of mappings
 * until one of the two changes. Must not know where the news come from.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/lives.h"

/* Bounds: some 100 MiB at worst. The life that ended first goes first. */
#define MAX_LIVES    (1U << 17)
#define MAX_MAPPINGS (1U << 20)
#define MAX_OF_ONE   (1U << 14) /* mappings of one life */
#define NR_BUCKETS   (1U << 14)

/* Mappings of one life, in the order in which they were made; shared after a fork. */
struct list {
	unsigned int refs;
	size_t nr, room;
	struct mms_mapping *v;
};

/**
 * struct life - a process from a fork or an exec to the next exec
 * @pid: process
 * @begin_ns: CLOCK_MONOTONIC, or when it was first looked at
 * @maps: what it had mapped
 * @uid: whose it is, if @uid_known
 * @seen_begin: it began by a fork or an exec that we were told
 * @current: it has not ended, as far as is known
 * @comm: its name; empty = not known
 * @older: in the bucket: newer ones, of all its processes, come first
 * @next_ended: in the order of ends
 */
struct life {
	pid_t pid;
	uint64_t begin_ns;
	struct list *maps;
	uid_t uid;
	bool uid_known;
	bool seen_begin;
	bool current;
	char comm[16];
	struct life *older;
	struct life *next_ended;
};

struct mms_lives {
	struct life *buckets[NR_BUCKETS];
	struct mms_mapped_files *files;
	struct life *first_ended, **last_ended;
	size_t nr_lives, nr_mappings;
	uint64_t forgotten;
};

struct mms_lives *mms_lives_new(void)
{
	struct mms_lives *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->last_ended = &l->first_ended;
	l->files = mms_mapped_files_new();
	if (!l->files) {
		free(l);
		return NULL;
	}
	return l;
}

static void put_list(struct mms_lives *l, struct list *list)
{
	size_t i;

	if (!list || --list->refs)
		return;
	for (i = 0; i < list->nr; i++)
		mms_mapped_file_put(list->v[i].file);
	l->nr_mappings -= list->nr;
	free(list->v);
	free(list);
}

static void free_life(struct mms_lives *l, struct life *life)
{
	put_list(l, life->maps);
	l->nr_lives--;
	free(life);
}

void mms_lives_free(struct mms_lives *l)
{
	size_t i;

	if (!l)
		return;
	for (i = 0; i < NR_BUCKETS; i++) {
		while (l->buckets[i]) {
			struct life *life = l->buckets[i];

			l->buckets[i] = life->older;
			free_life(l, life);
		}
	}
	mms_mapped_files_free(l->files);
	free(l);
}

static struct life **bucket_of(struct mms_lives *l, pid_t pid)
{
	return &l->buckets[(uint32_t)pid % NR_BUCKETS];
}

/* The newest life of a process. */
static struct life *find_life(const struct mms_lives *l, pid_t pid)
{
	struct life *life = l->buckets[(uint32_t)pid % NR_BUCKETS];

	while (life && life->pid != pid)
		life = life->older;
	return life;
}

/* The life that the process had at a moment; NULL if it began later. */
static const struct life *life_at(const struct mms_lives *l, pid_t pid, uint64_t ns)
{
	const struct life *life = find_life(l, pid);

	while (life && (life->pid != pid || life->begin_ns > ns))
		life = life->older;
	return life;
}

static void end_life(struct mms_lives *l, struct life *life)
{
	if (!life->current)
		return;
	life->current = false;
	life->next_ended = NULL;
	*l->last_ended = life;
	l->last_ended = &life->next_ended;
}

/* Return: false if no life has ended yet. */
static bool drop_oldest(struct mms_lives *l)
{
	struct life *life = l->first_ended, **p;

	if (!life)
		return false;
	l->first_ended = life->next_ended;
	if (!l->first_ended)
		l->last_ended = &l->first_ended;
	for (p = bucket_of(l, life->pid); *p != life; p = &(*p)->older)
		;
	*p = life->older;
	free_life(l, life);
	l->forgotten++;
	return true;
}

/* Return: the process's new life, the one before ended, or NULL. */
static struct life *begin_life(struct mms_lives *l, pid_t pid, uint64_t ns)
{
	struct life *before = find_life(l, pid), *life, **bucket;

	if (before)
		end_life(l, before);
	if (l->nr_lives >= MAX_LIVES && !drop_oldest(l)) {
		l->forgotten++;
		return NULL;
	}
	life = calloc(1, sizeof(*life));
	if (!life) {
		l->forgotten++;
		return NULL;
	}
	bucket = bucket_of(l, pid);
	life->pid = pid;
	life->begin_ns = ns;
	life->current = true;
	life->older = *bucket;
	*bucket = life;
	l->nr_lives++;
	return life;
}

void mms_lives_begin(struct mms_lives *l, pid_t pid, uint64_t ns)
{
	begin_life(l, pid, ns);
}

bool mms_lives_known(const struct mms_lives *l, pid_t pid)
{
	return find_life(l, pid) != NULL;
}

uint64_t mms_lives_begun(const struct mms_lives *l, pid_t pid)
{
	const struct life *life = find_life(l, pid);

	return life ? life->begin_ns : 0;
}

bool mms_lives_seen_begin(const struct mms_lives *l, pid_t pid)
{
	const struct life *life = find_life(l, pid);

	return life && life->seen_begin;
}

void mms_lives_set_comm(struct mms_lives *l, pid_t pid, const char *comm)
{
	struct life *life = find_life(l, pid);

	if (life)
		snprintf(life->comm, sizeof(life->comm), "%s", comm);
}

const char *mms_lives_comm(const struct mms_lives *l, pid_t pid, uint64_t ns)
{
	const struct life *life = life_at(l, pid, ns);

	return life && life->comm[0] ? life->comm : NULL;
}

void mms_lives_set_uid(struct mms_lives *l, pid_t pid, uid_t uid)
{
	struct life *life = find_life(l, pid);

	if (!life)
		return;
	life->uid = uid;
	life->uid_known = true;
}

bool mms_lives_uid(const struct mms_lives *l, pid_t pid, uid_t *uid)
{
	const struct life *life = find_life(l, pid);

	if (!life || !life->uid_known)
		return false;
	*uid = life->uid;
	return true;
}

void mms_lives_fork(struct mms_lives *l, pid_t parent, pid_t child, uint64_t ns)
{
	struct life *from = find_life(l, parent), *life = find_life(l, child);

	if (!from || (life && life->begin_ns > ns))
		return;
	life = begin_life(l, child, ns);
	if (!life)
		return;
	/* Ended it may have, to make room; then it is gone. */
	from = find_life(l, parent);
	if (!from)
		return;
	life->seen_begin = true;
	memcpy(life->comm, from->comm, sizeof(life->comm));
	life->uid = from->uid;
	life->uid_known = from->uid_known;
	life->maps = from->maps;
	if (life->maps)
		life->maps->refs++;
}

void mms_lives_exec(struct mms_lives *l, pid_t pid, const char *comm, uint64_t ns)
{
	struct life *before = find_life(l, pid), *life;
	bool uid_known = before && before->uid_known;
	uid_t uid = uid_known ? before->uid : 0;

	if (before && before->begin_ns > ns)
		return;
	life = begin_life(l, pid, ns);
	if (!life)
		return;
	life->seen_begin = true;
	life->uid = uid;
	life->uid_known = uid_known;
	snprintf(life->comm, sizeof(life->comm), "%s", comm);
}

void mms_lives_exit(struct mms_lives *l, pid_t pid)
{
	struct life *life = find_life(l, pid);

	if (life)
		end_life(l, life);
}

/* A list of the life's own with room for one more. Return: 0 or -ENOMEM. */
static int own_list(struct mms_lives *l, struct life *life)
{
	struct list *old = life->maps, *list = old;
	size_t i, room;
	void *v;

	if (!old || old->refs > 1) {
		list = calloc(1, sizeof(*list));
		if (!list)
			return -ENOMEM;
		list->refs = 1;
	}
	if (list->nr == list->room) {
		room = old ? old->nr + old->nr / 2 + 4 : 8;
		v = reallocarray(list->v, room, sizeof(*list->v));
		if (!v) {
			if (list != old)
				free(list);
			return -ENOMEM;
		}
		list->v = v;
		list->room = room;
	}
	if (list == old)
		return 0;
	life->maps = list;
	if (!old)
		return 0;
	for (i = 0; i < old->nr; i++) {
		list->v[i] = old->v[i];
		mms_mapped_file_hold(list->v[i].file);
	}
	list->nr = old->nr;
	l->nr_mappings += list->nr;
	put_list(l, old);
	return 0;
}

/* Is it there already? JIT compilers change the rights of the same pages over and over. */
static bool known_mapping(const struct list *list, const struct mms_mapping *m,
			  const struct mms_mapped_file *f)
{
	size_t i;

	for (i = list ? list->nr : 0; i--;) {
		const struct mms_mapping *o = &list->v[i];

		if (o->end <= m->start || o->start >= m->end)
			continue;
		/* The newest that overlaps decides: what came before is covered. */
		if (o->file != f || o->start > m->start || o->end < m->end)
			return false;
		return !f->ino || o->pgoff - o->start == m->pgoff - m->start;
	}
	return false;
}

static void add_mapping(struct mms_lives *l, struct life *life, const struct mms_mapping *m)
{
	const struct mms_mapped_file *f = mms_mapped_file_get(l->files, m->file);

	if (!f) {
		l->forgotten++;
		return;
	}
	if (known_mapping(life->maps, m, f)) {
		mms_mapped_file_put(f);
		return;
	}
	if ((life->maps && life->maps->nr >= MAX_OF_ONE) || own_list(l, life)) {
		mms_mapped_file_put(f);
		l->forgotten++;
		return;
	}
	life->maps->v[life->maps->nr] = *m;
	life->maps->v[life->maps->nr++].file = f;
	l->nr_mappings++;
}

void mms_lives_map(struct mms_lives *l, pid_t pid, const struct mms_mapping *m)
{
	struct life *life;

	while (l->nr_mappings >= MAX_MAPPINGS)
		if (!drop_oldest(l))
			break;
	if (l->nr_mappings >= MAX_MAPPINGS) {
		l->forgotten++;
		return;
	}
	life = find_life(l, pid);
	if (!life)
		life = begin_life(l, pid, 0);
	if (life && (!m->ns || life->begin_ns <= m->ns))
		add_mapping(l, life, m);
}

/* The newest mapping made by @ns that holds the address. */
static const struct mms_mapping *find_mapping(const struct life *life, uint64_t ns, uint64_t addr)
{
	size_t i;

	for (i = life->maps ? life->maps->nr : 0; i--;) {
		const struct mms_mapping *m = &life->maps->v[i];

		if (addr >= m->start && addr < m->end && m->ns <= ns)
			return m;
	}
	return NULL;
}

int mms_lives_find(const struct mms_lives *l, pid_t pid, uint64_t ns, uint64_t addr,
		   struct mms_mapping *found)
{
	const struct life *newest = find_life(l, pid), *life = life_at(l, pid, ns);
	const struct mms_mapping *m = life ? find_mapping(life, ns, addr) : NULL;

	if (!newest)
		return -ESRCH;
	for (life = newest; life && !m; life = life->older)
		if (life->pid == pid)
			m = find_mapping(life, UINT64_MAX, addr);
	if (!m)
		return -ENOENT;
	*found = *m;
	return 0;
}

void mms_lives_missed(struct mms_lives *l)
{
	l->forgotten++;
}

uint64_t mms_lives_forgotten(const struct mms_lives *l)
{
	return l->forgotten;
}
