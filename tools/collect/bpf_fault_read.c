// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the counts of the fault programs into plain structs. Must not attach
 * anything, nor format.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "collect/bpf_fault_impl.h"
#include "collect/hold.h"
#include "collect/proc.h"

/* One reading of the map that has the keys: "keys", or "details" with cfg.by. */
struct reading {
	struct mms_faults *f;
	int fd, comms_fd, places_fd;
	bool detailed;
	size_t key_size;
	size_t max;
	void *keys;
	size_t nr;
	struct mms_fault_val val; /* of a key of "details" */
	__u32 index;		  /* of one of "keys": where its counters are, one for each CPU */
	struct mms_fault_count *counts;
	size_t nr_counts;
};

static void add_val(struct mms_fault_count *c, const struct mms_fault_val *v)
{
	size_t b;

	c->nr += v->nr;
	c->nr_minor += v->nr_minor;
	c->nr_major += v->nr_major;
	c->nr_untimed += v->nr_untimed;
	c->ns += v->ns;
	c->bytes += v->bytes;
	c->around += v->around;
	if (v->max_ns > c->max_ns)
		c->max_ns = v->max_ns;
	if (v->last_ns > c->last_ns)
		c->last_ns = v->last_ns;
	for (b = 0; b < MMS_FAULT_HIST_BUCKETS; b++)
		c->hist[b] += v->hist[b];
}

static struct mms_fault_val *cpu_val(const struct reading *r, size_t cpu)
{
	return &r->f->counts[(size_t)r->index * r->f->cfg.nr_cpus + cpu];
}

static int look_up(struct reading *r, const void *key)
{
	return bpf_map_lookup_elem(r->fd, key, r->detailed ? (void *)&r->val : (void *)&r->index);
}

static void fill_details(const struct reading *r, struct mms_fault_count *c,
			 const struct mms_fault_detail_key *key)
{
	struct mms_fault_place_key place = {.dev = key->dev, .where = key->where};

	c->where = key->where;
	c->dev = key->dev;
	c->tid = (pid_t)key->tid;
	c->ustack = key->ustack;
	c->kstack = key->kstack;
	if (!key->where || !(r->f->cfg.by & (MMS_BY_VMA | MMS_BY_FILE)))
		return;
	if (r->f->cfg.by & MMS_BY_VMA)
		place.tgid = key->k.tgid;
	c->has_place = !bpf_map_lookup_elem(r->places_fd, &place, &c->place);
}

static void fill_count(const struct reading *r, struct mms_fault_count *c, const void *any_key)
{
	const struct mms_fault_detail_key *detail = any_key;
	const struct mms_fault_key *key = r->detailed ? &detail->k : any_key;
	__u32 name = key->tgid;
	size_t i;

	memset(c, 0, sizeof(*c));
	c->cgroup_id = key->cgroup_id;
	c->tgid = (pid_t)key->tgid;
	c->kind = key->kind;
	c->origin = key->origin;
	c->exec = key->exec;
	c->ustack = -1;
	c->kstack = -1;
	if (r->detailed)
		fill_details(r, c, detail);
	if (c->tid)
		name = (__u32)c->tid;
	if (r->detailed)
		add_val(c, &r->val);
	else
		for (i = 0; i < r->f->cfg.nr_cpus; i++)
			add_val(c, cpu_val(r, i));
	bpf_map_lookup_elem(r->comms_fd, &name, c->comm);
	c->comm[sizeof(c->comm) - 1] = '\0';
}

/* All keys first: counters may come while we read, keys are only deleted by us. */
static int read_keys(struct reading *r)
{
	char *k, *prev = NULL;

	r->keys = calloc(r->max, r->key_size);
	if (!r->keys)
		return -ENOMEM;
	for (k = r->keys; r->nr < r->max && !bpf_map_get_next_key(r->fd, prev, k); r->nr++) {
		prev = k;
		k += r->key_size;
	}
	return 0;
}

/* The process is gone, so that nobody counts there; no thread remembers it from now on. */
static void give_back(const struct reading *r)
{
	size_t i;

	__atomic_fetch_add(&r->f->marks->gen, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < r->f->cfg.nr_cpus; i++)
		memset(cpu_val(r, i), 0, sizeof(struct mms_fault_val));
	bpf_map_update_elem(mms_faults_map(r->f, "free_counts"), NULL, &r->index, BPF_ANY);
}

/* Keeps the counts of a process that is gone and gives its room in the kernel back. */
static void retire(const struct reading *r, const void *key, const struct mms_fault_count *c)
{
	struct mms_faults *f = r->f;
	size_t room = f->room_retired ? f->room_retired * 2 : 256;
	struct mms_fault_count *more;

	/* What is still in the kernel would be read again: it must not be in both. */
	if (f->nr_retired == f->room_retired) {
		more = reallocarray(f->retired, room, sizeof(*more));
		if (!more)
			return;
		f->retired = more;
		f->room_retired = room;
	}
	if (bpf_map_delete_elem(r->fd, key))
		return;
	f->retired[f->nr_retired++] = *c;
	if (!r->detailed)
		give_back(r);
}

/* What belonged to the counts that were retired since @first; places of files have many users. */
static void forget(const struct reading *r, size_t first)
{
	struct mms_fault_place_key place = {};
	struct mms_hold hold = {0};
	size_t i;

	for (i = first; i < r->f->nr_retired; i++) {
		const struct mms_fault_count *c = &r->f->retired[i];
		__u32 name = (__u32)(c->tid ? c->tid : c->tgid);

		mms_hold_step(&hold);
		bpf_map_delete_elem(r->comms_fd, &name);
		if (!c->has_place || !(r->f->cfg.by & MMS_BY_VMA))
			continue;
		place.tgid = (__u32)c->tgid;
		place.dev = c->dev;
		place.where = c->where;
		bpf_map_delete_elem(r->places_fd, &place);
	}
	mms_hold_end(&hold);
}

static int begin(struct reading *r, struct mms_faults *f)
{
	struct bpf_map *map;

	r->f = f;
	r->detailed = f->cfg.by != 0;
	map = bpf_object__find_map_by_name(f->obj, r->detailed ? "details" : "keys");
	r->fd = bpf_map__fd(map);
	r->max = bpf_map__max_entries(map);
	r->comms_fd = mms_faults_map(f, "comms");
	r->places_fd = mms_faults_map(f, "places");
	r->key_size = bpf_map__key_size(map);
	return read_keys(r);
}

static int read_all(struct reading *r)
{
	bool tidy = r->nr > r->max / 2;
	struct mms_fault_count *c;
	struct mms_hold hold = {0};
	const char *key = r->keys;
	size_t i;

	r->counts = calloc(r->nr + r->f->nr_retired + 1, sizeof(*r->counts));
	if (!r->counts)
		return -ENOMEM;
	r->nr_counts = r->f->nr_retired;
	if (r->nr_counts)
		memcpy(r->counts, r->f->retired, r->nr_counts * sizeof(*r->counts));
	for (i = 0; i < r->nr; i++, key += r->key_size) {
		mms_hold_step(&hold);
		if (look_up(r, key))
			continue;
		c = &r->counts[r->nr_counts++];
		fill_count(r, c, key);
		/* Gone before we read: then what we read is final. */
		if (!tidy || !mms_proc_gone(c->tgid) || look_up(r, key))
			continue;
		fill_count(r, c, key);
		retire(r, key, c);
	}
	mms_hold_end(&hold);
	return 0;
}

/**
 * mms_faults_read() - snapshot of all counts
 * @f: from mms_faults_open()
 * @counts: set to a malloc'ed array
 * @nr: its length
 * When the kernel's map is more than half full, processes that are gone are moved out of it.
 * Return: 0 or -errno.
 */
int mms_faults_read(struct mms_faults *f, struct mms_fault_count **counts, size_t *nr)
{
	struct reading r = {};
	size_t nr_before = f->nr_retired;
	int err = begin(&r, f);

	if (!err)
		err = read_all(&r);
	if (!err) {
		forget(&r, nr_before);
		*counts = r.counts;
		*nr = r.nr_counts;
	}
	free(r.keys);
	return err;
}
