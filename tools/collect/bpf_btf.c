// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's description of its types (BTF), asked by name. Must not know who asks. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "collect/bpf_btf.h"

static struct btf *kernel_btf(void)
{
	static struct btf *btf;
	static bool tried;

	if (!tried) {
		tried = true;
		libbpf_set_print(NULL);
		btf = btf__load_vmlinux_btf();
	}
	return btf;
}

/**
 * mms_kernel_func_args() - number of arguments of a kernel function, from BTF
 * @func: its name
 * Return: the number, or -ENOENT if the kernel has no such function or no BTF.
 */
int mms_kernel_func_args(const char *func)
{
	struct btf *btf = kernel_btf();
	const struct btf_type *t;
	int id;

	if (!btf)
		return -ENOENT;
	id = btf__find_by_name_kind(btf, func, BTF_KIND_FUNC);
	if (id < 0)
		return -ENOENT;
	t = btf__type_by_id(btf, id);
	t = btf__type_by_id(btf, t->type);
	return btf_vlen(t);
}

/**
 * mms_kernel_has_func() - is there a function of this name in the kernel's BTF?
 * @func: its name
 */
bool mms_kernel_has_func(const char *func)
{
	return mms_kernel_func_args(func) >= 0;
}

/**
 * mms_kernel_has_var() - is there a per-CPU variable of this name in the kernel's BTF?
 * @var: its name
 */
bool mms_kernel_has_var(const char *var)
{
	return kernel_btf() && btf__find_by_name_kind(kernel_btf(), var, BTF_KIND_VAR) > 0;
}

static bool has_member(struct btf *btf, const struct btf_type *t, const char *member)
{
	const struct btf_member *m = btf_members(t);
	const struct btf_type *mt;
	const char *name;
	int i;

	for (i = 0; i < btf_vlen(t); i++, m++) {
		name = btf__name_by_offset(btf, m->name_off);
		if (name && !strcmp(name, member))
			return true;
		mt = btf__type_by_id(btf, m->type);
		if (!m->name_off && btf_is_composite(mt) && has_member(btf, mt, member))
			return true;
	}
	return false;
}

/**
 * mms_kernel_has_member() - has this struct of the kernel such a member?
 * @type: name of the struct
 * @member: name of the member; those of anonymous structs inside count
 */
bool mms_kernel_has_member(const char *type, const char *member)
{
	struct btf *btf = kernel_btf();
	int id = btf ? btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT) : -ENOENT;

	return id > 0 && has_member(btf, btf__type_by_id(btf, id), member);
}

/* The one asked for last is remembered: looking for it goes through all types. */
static const struct btf_type *find_enum(const char *type)
{
	static const struct btf_type *found;
	static char last[64];
	int id;

	if (!strcmp(type, last))
		return found;
	id = kernel_btf() ? btf__find_by_name_kind(kernel_btf(), type, BTF_KIND_ENUM) : -ENOENT;
	found = id > 0 ? btf__type_by_id(kernel_btf(), id) : NULL;
	snprintf(last, sizeof(last), "%s", type);
	return found;
}

/**
 * mms_kernel_enum_value() - the value of an enumerator
 * @type: name of the enum
 * @name: name of the enumerator
 * Return: the value, -1 if the kernel has no such name.
 */
long long mms_kernel_enum_value(const char *type, const char *name)
{
	const struct btf_type *t = find_enum(type);
	const struct btf_enum *e;
	int i;

	if (!t)
		return -1;
	e = btf_enum(t);
	for (i = 0; i < btf_vlen(t); i++, e++) {
		if (!strcmp(btf__name_by_offset(kernel_btf(), e->name_off), name))
			return (__u32)e->val;
	}
	return -1;
}

/**
 * mms_kernel_enum_name() - the name of a value
 * @type: name of the enum
 * @value: the value
 * Return: its enumerator, owned by the library, or NULL.
 */
const char *mms_kernel_enum_name(const char *type, unsigned int value)
{
	const struct btf_type *t = find_enum(type);
	const struct btf_enum *e;
	int i;

	if (!t)
		return NULL;
	e = btf_enum(t);
	for (i = 0; i < btf_vlen(t); i++, e++) {
		if ((__u32)e->val == value)
			return btf__name_by_offset(kernel_btf(), e->name_off);
	}
	return NULL;
}

/**
 * mms_kernel_tracepoint_args() - number of arguments of a tracepoint
 * @name: its name, without its group
 * Return: the number, or -ENOENT if the kernel has no such tracepoint or no BTF.
 */
int mms_kernel_tracepoint_args(const char *name)
{
	struct btf *btf = kernel_btf();
	const struct btf_type *t;
	char type[64];
	int id;

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	id = btf ? btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF) : -ENOENT;
	if (id <= 0)
		return -ENOENT;
	t = btf__type_by_id(btf, id);
	t = btf__type_by_id(btf, t->type); /* a pointer to the function */
	t = btf__type_by_id(btf, t->type);
	return btf_is_func_proto(t) ? btf_vlen(t) - 1 : -ENOENT;
}

/**
 * mms_kernel_btf() - does the kernel describe its types?
 */
bool mms_kernel_btf(void)
{
	return kernel_btf() != NULL;
}
