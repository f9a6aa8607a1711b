// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads reclaim.bpf.c with the hooks that this kernel has, sizes its maps, and
 * reads them. Must not know what the counts mean or how they are shown.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "collect/bpf_btf.h"
#include "collect/bpf_features.h"
#include "collect/bpf_hook.h"
#include "collect/bpf_ksyms.h"
#include "collect/bpf_reclaim.h"
#include "collect/hold.h"
#include "collect/proc.h"
#include "collect/switches.h"
#include "reclaim.skel.h"

#define MIN_SHADOWS 16384
#define MAX_SHADOWS (1 << 18) /* about 25 MiB of kernel memory */
#define MAX_HOOKS   16

struct mms_reclaim {
	struct reclaim_bpf *skel;
	unsigned int sample_shift;
	const char *missing[MAX_HOOKS];
	size_t nr_missing;
};

/* A program and the hook it needs: a function, or a tracepoint. */
struct hook {
	const char *prog;
	const char *func;
	const char *tracepoint;
	const char *instead; /* a function that serves as well, hooked by a program of its own */
	const char *lack;    /* what is not counted without it; NULL = nothing works without it */
};

static const struct hook hooks[] = {
	{"on_eviction", "workingset_eviction", NULL, NULL, NULL},
	{"on_refault", "workingset_refault", NULL, NULL, NULL},
	{"on_swap_fault", "do_swap_page", NULL, NULL,
	 "distances of pages swapped in past the swap cache: no function do_swap_page"},
	{"on_swapin", "swap_read_folio", NULL, "swap_readpage",
	 "swap-ins: no function swap_read_folio or swap_readpage"},
	{"on_swapin_page", "swap_readpage", NULL, "swap_read_folio", ""},
	{"on_swapout", NULL, "mm_vmscan_write_folio", NULL,
	 "swap-outs: no tracepoint mm_vmscan_write_folio"},
	{"on_direct_begin", NULL, "mm_vmscan_direct_reclaim_begin", NULL,
	 "direct reclaim: no tracepoint mm_vmscan_direct_reclaim_begin"},
	{"on_direct_end", NULL, "mm_vmscan_direct_reclaim_end", NULL,
	 "direct reclaim: no tracepoint mm_vmscan_direct_reclaim_end"},
	{"on_memcg_begin", NULL, "mm_vmscan_memcg_reclaim_begin", NULL,
	 "reclaim of cgroups: no tracepoint mm_vmscan_memcg_reclaim_begin"},
	{"on_memcg_end", NULL, "mm_vmscan_memcg_reclaim_end", NULL,
	 "reclaim of cgroups: no tracepoint mm_vmscan_memcg_reclaim_end"},
};

static bool has_tracepoint(const struct btf *btf, const char *name)
{
	char type[96];

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	return btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF) > 0;
}

/* Which argument of a function is a folio (or a page)? Return: 0, 1, ... or -ENOENT. */
static int folio_arg(const struct btf *btf, const char *func)
{
	int id = btf__find_by_name_kind(btf, func, BTF_KIND_FUNC), i;
	const struct btf_type *proto, *t;
	const char *name;

	if (id < 0)
		return -ENOENT;
	proto = btf__type_by_id(btf, btf__type_by_id(btf, id)->type);
	for (i = 0; i < btf_vlen(proto); i++) {
		t = btf__type_by_id(btf, btf_params(proto)[i].type);
		if (!btf_is_ptr(t))
			continue;
		t = btf__type_by_id(btf, t->type);
		name = btf__name_by_offset(btf, t->name_off);
		if (btf_is_struct(t) && (!strcmp(name, "folio") || !strcmp(name, "page")))
			return i;
	}
	return -ENOENT;
}

/*
 * The programs read a folio off their arguments, so a function of the right name
 * whose folio is elsewhere is another function; but swap_read_folio() is known to
 * have a context before it on newer kernels.
 */
static bool hook_there(struct mms_reclaim *r, const struct btf *btf, const struct hook *h)
{
	int arg;

	if (!h->func)
		return has_tracepoint(btf, h->tracepoint);
	if (!strcmp(h->func, "do_swap_page"))
		return mms_kernel_has_func(h->func);
	arg = folio_arg(btf, h->func);
	if (arg == 1 && !strcmp(h->prog, "on_swapin"))
		r->skel->rodata->swapin_folio_arg = 1;
	else if (arg)
		return false;
	return true;
}

/* Turns off the programs whose hook is not there. Return: 0, or -EOPNOTSUPP when one is needed. */
static int select_hooks(struct mms_reclaim *r, const char **why)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int err = 0;
	size_t i;

	if (!btf) {
		*why = "the kernel's types cannot be read: /sys/kernel/btf/vmlinux (CONFIG_DEBUG_INFO_BTF)";
		return -ENOENT;
	}
	for (i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++) {
		const struct hook *h = &hooks[i];
		bool has = hook_there(r, btf, h);

		bpf_program__set_autoload(bpf_object__find_program_by_name(r->skel->obj, h->prog),
					  has);
		if (has || (h->instead && mms_kernel_has_func(h->instead)))
			continue;
		if (!h->lack)
			err = -EOPNOTSUPP;
		else if (*h->lack)
			r->missing[r->nr_missing++] = h->lack;
	}
	btf__free(btf);
	if (err)
		*why = "this kernel has no function workingset_eviction or workingset_refault to hook";
	return err;
}

/*
 * Room for as many evictions as half of the machine has pages: a page that needs
 * more than that to return would need half as much memory again. Above
 * MAX_SHADOWS one page in 2^n is recorded.
 */
static int size_maps(struct mms_reclaim *r, const struct mms_reclaim_opts *opts)
{
	unsigned long pages = sysconf(_SC_PHYS_PAGES);
	uint32_t shadows = opts ? opts->shadows : 0;

	if (!shadows) {
		shadows = MIN_SHADOWS;
		while (shadows < MAX_SHADOWS && shadows < pages / 2)
			shadows *= 2;
		while ((uint64_t)shadows << r->sample_shift < pages / 2)
			r->sample_shift++;
	}
	r->skel->rodata->sample_shift = r->sample_shift;
	return bpf_map__set_max_entries(r->skel->maps.shadows, shadows);
}

static int load(struct mms_reclaim *r, const struct mms_reclaim_opts *opts, const char **why)
{
	struct mms_ksyms ksyms;
	int err;

	r->skel = reclaim_bpf__open();
	if (!r->skel) {
		*why = "the reclaim programs cannot be opened";
		return -errno;
	}
	err = select_hooks(r, why);
	if (err)
		return err;
	err = mms_ksyms(&ksyms, why);
	if (err)
		return err;
	r->skel->rodata_ksyms->ksyms = ksyms;
	err = size_maps(r, opts);
	if (!err)
		err = reclaim_bpf__load(r->skel);
	if (err) {
		*why = "the kernel refused the reclaim programs";
		return err;
	}
	err = reclaim_bpf__attach(r->skel);
	if (err)
		*why = "the reclaim programs cannot be attached";
	return err;
}

int mms_reclaim_open(struct mms_reclaim **r, const struct mms_reclaim_opts *opts, const char **why)
{
	const char *ignored;
	struct mms_reclaim *n;
	int err;

	if (!why)
		why = &ignored;
	err = mms_bpf_usable(why);
	if (err)
		return err;
	*why = mms_switched_off();
	if (*why)
		return -EOPNOTSUPP;
	n = calloc(1, sizeof(*n));
	if (!n) {
		*why = "out of memory";
		return -ENOMEM;
	}
	err = load(n, opts, why);
	if (err) {
		mms_reclaim_close(n);
		return err;
	}
	*r = n;
	return 0;
}

struct mms_bpf_cost mms_reclaim_cost(const struct mms_reclaim *r)
{
	struct mms_bpf_cost c = {};

	mms_bpf_cost_add(r->skel->obj, &c);
	return c;
}

void mms_reclaim_close(struct mms_reclaim *r)
{
	if (!r)
		return;
	reclaim_bpf__destroy(r->skel);
	free(r);
}

const char *mms_reclaim_missing(const struct mms_reclaim *r, size_t i)
{
	return i < r->nr_missing ? r->missing[i] : NULL;
}

unsigned int mms_reclaim_sampling(const struct mms_reclaim *r)
{
	return 1U << r->sample_shift;
}

int mms_reclaim_read(struct mms_reclaim *r, struct mms_reclaim_count **counts, size_t *nr)
{
	int fd = bpf_map__fd(r->skel->maps.groups);
	struct mms_reclaim_count *list = NULL;
	struct mms_hold hold = {0};
	uint64_t id, prev = 0;
	size_t room = 0, n = 0;

	while (bpf_map_get_next_key(fd, prev ? &prev : NULL, &id) == 0) {
		if (n == room) {
			struct mms_reclaim_count *more;

			room = room ? 2 * room : 16;
			more = realloc(list, room * sizeof(*list));
			if (!more) {
				mms_hold_end(&hold);
				free(list);
				return -ENOMEM;
			}
			list = more;
		}
		list[n].cgroup_id = id;
		mms_hold_step(&hold);
		if (bpf_map_lookup_elem(fd, &id, &list[n].group) == 0)
			n++;
		prev = id;
	}
	mms_hold_end(&hold);
	*counts = list;
	*nr = n;
	return 0;
}

int mms_reclaim_read_task(struct mms_reclaim *r, pid_t tgid, struct mms_reclaim_task *task)
{
	struct mms_hold hold = {0};
	__u32 key = tgid;
	int err;

	memset(task, 0, sizeof(*task));
	mms_hold_step(&hold);
	err = bpf_map_lookup_elem(bpf_map__fd(r->skel->maps.tasks), &key, task);
	mms_hold_end(&hold);
	return err == -ENOENT ? 0 : err;
}

int mms_reclaim_clock(struct mms_reclaim *r, uint64_t cgroup_id, uint64_t *pages)
{
	struct mms_hold hold = {0};
	int err;

	*pages = 0;
	mms_hold_step(&hold);
	err = bpf_map_lookup_elem(bpf_map__fd(r->skel->maps.clocks), &cgroup_id, pages);
	mms_hold_end(&hold);
	return err == -ENOENT ? 0 : err;
}

void mms_reclaim_forget(struct mms_reclaim *r, uint64_t cgroup_id)
{
	struct mms_hold hold = {0};

	mms_hold_step(&hold);
	bpf_map_delete_elem(bpf_map__fd(r->skel->maps.groups), &cgroup_id);
	bpf_map_delete_elem(bpf_map__fd(r->skel->maps.clocks), &cgroup_id);
	mms_hold_end(&hold);
}

void mms_reclaim_tidy(struct mms_reclaim *r)
{
	int fd = bpf_map__fd(r->skel->maps.tasks);
	__u32 room = bpf_map__max_entries(r->skel->maps.tasks), n = 0, key;
	__u32 *keys = calloc(room, sizeof(*keys));
	struct mms_hold hold = {0};

	if (!keys)
		return;
	while (n < room && bpf_map_get_next_key(fd, n ? &keys[n - 1] : NULL, &key) == 0)
		keys[n++] = key;
	if (n > room / 2) {
		while (n--) {
			if (!mms_proc_gone((pid_t)keys[n]))
				continue;
			mms_hold_step(&hold);
			bpf_map_delete_elem(fd, &keys[n]);
		}
		mms_hold_end(&hold);
	}
	free(keys);
}

int mms_reclaim_losses(struct mms_reclaim *r, struct mms_reclaim_losses *l)
{
	const struct mms_reclaim_seen *seen = &r->skel->bss->seen;

	l->evictions = seen->evictions;
	l->refaults = seen->refaults;
	l->dropped_groups_full = seen->groups_full;
	l->dropped_tasks_full = seen->tasks_full;
	l->dropped_shadows = seen->shadows_failed;
	l->missed_recursion = mms_hook_recursion(r->skel->obj);
	return 0;
}
