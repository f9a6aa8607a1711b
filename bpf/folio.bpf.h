/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a program can read off a folio: its size, whether it is a file page or a
 * swap-backed one, the cgroup it is charged to, and a name for its contents that
 * outlives it. Reads only; must not know of maps or counters.
 */
#ifndef _MMS_FOLIO_BPF_H
#define _MMS_FOLIO_BPF_H

#include "ksyms.bpf.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

/* Low bits of folio->mapping: not a struct address_space (anonymous, KSM, movable). */
#define MMS_MAPPING_TAGS 3UL
/* Low bits of folio->memcg_data: not a plain pointer to the owner (slab vector, kernel memory). */
#define MMS_MEMCG_TAGS 7UL
/* Cgroup trees deeper than this are counted up to here only. */
#define MMS_CGROUP_DEPTH 24

/*
 * struct folio::flags became a struct of one word (memdesc_flags_t) in
 * 53fbef56e07d ("mm: introduce memdesc_flags_t"), 6.18. Remove the plain form
 * when no older kernel is on the list.
 */
struct memdesc_flags___wrapped {
	unsigned long f;
} __attribute__((preserve_access_index));

struct folio___wrapped {
	struct memdesc_flags___wrapped flags;
} __attribute__((preserve_access_index));

static __always_inline unsigned long folio_flags(const struct folio *folio)
{
	const struct folio___wrapped *wrapped = (const void *)folio;

	if (bpf_core_field_exists(wrapped->flags.f))
		return BPF_CORE_READ(wrapped, flags.f);
	return BPF_CORE_READ(folio, flags);
}

/*
 * The number of pages of a large folio was renamed: _folio_nr_pages, then
 * _nr_pages (where CONFIG_NR_PAGES_IN_LARGE_FOLIO is not set, the order only,
 * in the low byte of _flags_1).
 */
static __always_inline u32 folio_pages(const struct folio *folio)
{
	u32 nr;

	if (!(folio_flags(folio) & (1UL << bpf_core_enum_value(enum pageflags, PG_head))))
		return 1;
	if (bpf_core_field_exists(folio->_nr_pages))
		nr = BPF_CORE_READ(folio, _nr_pages);
	else if (bpf_core_field_exists(folio->_folio_nr_pages))
		nr = BPF_CORE_READ(folio, _folio_nr_pages);
	else
		nr = 1U << (BPF_CORE_READ(folio, _flags_1) & 0x1f);
	return nr ? nr : 1;
}

static __always_inline bool folio_swapbacked(const struct folio *folio)
{
	return folio_flags(folio) & (1UL << bpf_core_enum_value(enum pageflags, PG_swapbacked));
}

/*
 * The css a folio is charged to, or NULL. On older kernels memcg_data of a user
 * page is the mem_cgroup; newer ones have an obj_cgroup there that leads to it,
 * under the same name and type. So the data are asked: a mem_cgroup begins with a css whose
 * subsystem is "memory". Every read is a probe read: a wrong guess reads
 * nonsense, never faults.
 */
static __always_inline struct cgroup_subsys_state *folio_css(const struct folio *folio)
{
	struct mem_cgroup *memcg;
	struct obj_cgroup *objcg;
	unsigned long data;

	if (!bpf_core_field_exists(folio->memcg_data))
		return NULL;
	data = BPF_CORE_READ(folio, memcg_data);
	memcg = (void *)(data & ~MMS_MEMCG_TAGS);
	if (!memcg)
		return NULL;
	if (BPF_CORE_READ(memcg, css.ss) != (void *)ksyms.memory_cgrp_subsys) {
		objcg = (void *)memcg;
		memcg = BPF_CORE_READ(objcg, memcg);
		if (!memcg || BPF_CORE_READ(memcg, css.ss) != (void *)ksyms.memory_cgrp_subsys)
			return NULL;
	}
	return __builtin_preserve_access_index(&memcg->css);
}

static __always_inline u64 css_id(const struct cgroup_subsys_state *css)
{
	return css ? BPF_CORE_READ(css, cgroup, kn, id) : 0;
}

/* Id of the memory cgroup that the current task is charged to. */
static __always_inline u64 current_memcg_id(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct cgroup_subsys_state **subsys, *css = NULL;
	struct css_set *set = BPF_CORE_READ(task, cgroups);

	if (!set)
		return 0;
	subsys = __builtin_preserve_access_index(&set->subsys[0]);
	bpf_probe_read_kernel(&css, sizeof(css),
			      subsys + bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id));
	return css_id(css);
}

/* Names the contents of a page: (address_space, index) or (0, swap entry). */
struct page_name {
	u64 space;
	u64 index;
};

/* Return: true for a page of a file; false for anonymous and shmem pages, named by their swap entry
 * (0 = none yet). */
static __always_inline bool folio_name(const struct folio *folio, struct page_name *name)
{
	u64 mapping = (u64)BPF_CORE_READ(folio, mapping);

	if (mapping && !(mapping & MMS_MAPPING_TAGS) && !folio_swapbacked(folio)) {
		name->space = mapping;
		name->index = BPF_CORE_READ(folio, index);
		return true;
	}
	name->space = 0;
	name->index = (u64)BPF_CORE_READ(folio, private);
	return false;
}

#endif
