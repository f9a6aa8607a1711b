// SPDX-License-Identifier: GPL-2.0-only
/* model/fault_rows: differences, sums by key, mappings that grow, and that no sum changes on the
 * way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/fault_rows.h"

static struct model_fault counted(uint32_t tgid, uint16_t kind, uint64_t nr, uint64_t ns)
{
	struct model_fault f = {.tgid = tgid, .kind = kind, .ustack = -1, .kstack = -1};

	f.stored[MODEL_SUM_COUNT] = nr;
	f.stored[MODEL_SUM_NS] = nr * ns;
	f.stored[MODEL_SUM_BYTES] = nr << 12;
	f.hist[10] = nr;
	f.max_ns = ns;
	return f;
}

static struct model_fault placed(uint64_t start, uint64_t end, uint32_t segment, uint64_t ino,
				 uint64_t pgoff)
{
	struct model_fault f = counted(7, MMS_FAULT_FILE_MINOR, 1, 100);

	f.where = start;
	f.has_place = true;
	f.place = (struct mms_fault_place){
		.start = start, .end = end, .segment = segment, .ino = ino, .pgoff = pgoff};
	return f;
}

static struct model_faults list(const struct model_fault *v, size_t nr)
{
	struct model_faults f = {.v = calloc(nr + 1, sizeof(*v)), .nr = nr};

	if (nr)
		memcpy(f.v, v, nr * sizeof(*v));
	return f;
}

/* Settled as the first of its run. */
static struct model_faults first(const struct model_fault *v, size_t nr)
{
	struct model_faults f = list(v, nr), none = {0};

	model_faults_settle(&f, &none, 0);
	return f;
}

static struct model_faults rows_of(const struct model_fault *v, size_t nr, unsigned int by)
{
	struct model_faults end = first(v, nr), begin = {0}, span, rows;

	assert_int_equal(model_faults_since(&begin, &end, &span), 0);
	assert_int_equal(model_faults_by(&span, by, &rows), 0);
	model_faults_free(&end);
	model_faults_free(&span);
	return rows;
}

static void equal_keys_are_one(void **state)
{
	const struct model_fault v[] = {counted(2, 1, 3, 10), counted(1, 1, 5, 10),
					counted(2, 1, 4, 90), counted(2, 0, 1, 10)};
	struct model_faults f = first(v, 4);

	assert_int_equal(f.nr, 3);
	assert_int_equal(f.v[0].tgid, 1);
	assert_int_equal(f.v[1].kind, 0);
	assert_int_equal(f.v[2].sum[MODEL_SUM_COUNT], 7);
	assert_int_equal(f.v[2].max_ns, 90);
	model_faults_free(&f);
}

static void a_span_has_what_came_in_it(void **state)
{
	const struct model_fault a[] = {counted(1, 1, 5, 10), counted(2, 1, 3, 50)};
	const struct model_fault b[] = {counted(1, 1, 5, 10), counted(2, 1, 9, 50),
					counted(3, 2, 2, 30)};
	struct model_faults begin = first(a, 2), end = list(b, 3), span;

	model_faults_settle(&end, &begin, 0);
	assert_int_equal(model_faults_since(&begin, &end, &span), 0);
	assert_int_equal(span.nr, 2); /* nothing came for process 1 */
	assert_int_equal(span.v[0].tgid, 2);
	assert_int_equal(span.v[0].sum[MODEL_SUM_COUNT], 6);
	assert_int_equal(span.v[0].hist[10], 6);
	/* The largest was there before: of these six only a bound is known. */
	assert_false(model_fault_max_known(&span.v[0]));
	assert_int_equal(span.v[0].bound_ns, 50);
	assert_true(model_fault_max_known(&span.v[1]));
	assert_int_equal(span.v[1].max_ns, 30);
	model_faults_free(&begin);
	model_faults_free(&end);
	model_faults_free(&span);
}

static void a_maximum_above_all_bounds_is_known(void **state)
{
	struct model_fault known = counted(1, 1, 1, 80), bound = counted(2, 1, 1, 0);
	struct model_faults both, rows;
	struct model_fault v[2];

	bound.bound_ns = 50;
	v[0] = known;
	v[1] = bound;
	both = list(v, 2);
	assert_int_equal(model_faults_by(&both, MODEL_BY_KIND, &rows), 0);
	assert_int_equal(rows.nr, 1);
	assert_true(model_fault_max_known(&rows.v[0]));
	assert_int_equal(rows.v[0].max_ns, 80);
	model_faults_free(&rows);
	both.v[1].bound_ns = 81;
	assert_int_equal(model_faults_by(&both, MODEL_BY_KIND, &rows), 0);
	assert_false(model_fault_max_known(&rows.v[0]));
	model_faults_free(&rows);
	model_faults_free(&both);
}

/* 10 counted, then 5 that stand for 41, then 3 that stand for themselves, then none for 7. */
static void sampled_spans_are_scaled_apart(void **state)
{
	static const struct {
		uint64_t stored;
		uint64_t left_out, sum, ns;
	} steps[] = {{10, 0, 10, 100}, {15, 36, 51, 510}, {18, 0, 54, 540}, {18, 7, 54, 540}};
	struct model_faults before = {0}, now, span, begin = {0};
	size_t i;

	for (i = 0; i < 4; i++) {
		const struct model_fault v = counted(1, 1, steps[i].stored, 10);

		now = list(&v, 1);
		model_faults_settle(&now, &before, steps[i].left_out);
		assert_int_equal(now.v[0].sum[MODEL_SUM_COUNT], steps[i].sum);
		assert_int_equal(now.v[0].sum[MODEL_SUM_NS], steps[i].ns);
		model_faults_free(&before);
		before = now;
	}
	assert_int_equal(model_faults_since(&begin, &now, &span), 0);
	assert_int_equal(span.v[0].stored[MODEL_SUM_COUNT], 18);
	assert_int_equal(span.v[0].sum[MODEL_SUM_COUNT], 54);
	model_faults_free(&span);
	model_faults_free(&now);
}

static void keys_that_are_not_asked_for_are_summed(void **state)
{
	const struct model_fault v[] = {counted(2, 1, 3, 10), counted(1, 1, 5, 10),
					counted(2, 2, 4, 90)};
	struct model_faults rows = rows_of(v, 3, MODEL_BY_KIND);

	assert_int_equal(rows.nr, 2);
	assert_int_equal(rows.v[0].sum[MODEL_SUM_COUNT], 8);
	model_faults_free(&rows);
	rows = rows_of(v, 3, MODEL_BY_PROCESS);
	assert_int_equal(rows.nr, 2);
	assert_int_equal(rows.v[1].sum[MODEL_SUM_COUNT], 7);
	model_faults_free(&rows);
	rows = rows_of(v, 3, 0);
	assert_int_equal(rows.nr, 1);
	assert_int_equal(rows.v[0].sum[MODEL_SUM_COUNT], 12);
	model_faults_free(&rows);
}

static void set_cgroup(struct model_fault *f, uint32_t v)
{
	f->cgroup_id = v;
}

static void set_tgid(struct model_fault *f, uint32_t v)
{
	f->tgid = v;
}

static void set_tid(struct model_fault *f, uint32_t v)
{
	f->tid = v;
}

static void set_dev(struct model_fault *f, uint32_t v)
{
	f->dev = v;
}

static void set_where(struct model_fault *f, uint32_t v)
{
	f->where = v;
}

static void set_kind(struct model_fault *f, uint32_t v)
{
	f->kind = (uint16_t)v;
}

static void set_origin(struct model_fault *f, uint32_t v)
{
	f->origin = (uint8_t)v;
}

static void set_ustack(struct model_fault *f, uint32_t v)
{
	f->ustack = (int32_t)v;
}

static void set_kstack(struct model_fault *f, uint32_t v)
{
	f->kstack = (int32_t)v;
}

static void set_segment(struct model_fault *f, uint32_t v)
{
	f->has_place = true;
	f->place.segment = v;
}

static void set_place_dev(struct model_fault *f, uint32_t v)
{
	f->has_place = true;
	f->where = 1;
	f->place = (struct mms_fault_place){.start = 1, .end = 2, .dev = v, .ino = 1};
}

static void set_place_ino(struct model_fault *f, uint32_t v)
{
	f->has_place = true;
	f->where = 1;
	f->place = (struct mms_fault_place){.start = 1, .end = 2, .ino = v};
}

/* Alike but for one key, in no order: a row for each, in the key's, and one where nobody asks for
 * it. */
static void each_key_keeps_rows_apart(void **state)
{
	static const struct {
		void (*set)(struct model_fault *f, uint32_t v);
		unsigned int by;
	} keys[] = {
		{set_cgroup, MODEL_BY_CGROUP}, {set_tgid, MODEL_BY_PROCESS},
		{set_tgid, MODEL_BY_THREAD},   {set_tgid, MODEL_BY_VMA},
		{set_tid, MODEL_BY_THREAD},    {set_dev, MODEL_BY_FILE},
		{set_where, MODEL_BY_FILE},    {set_where, MODEL_BY_SWAP},
		{set_where, MODEL_BY_VMA},     {set_kind, MODEL_BY_KIND},
		{set_origin, MODEL_BY_ORIGIN}, {set_ustack, MODEL_BY_STACK},
		{set_kstack, MODEL_BY_STACK},  {set_segment, MODEL_BY_SEGMENT},
		{set_segment, MODEL_BY_VMA},   {set_place_dev, MODEL_BY_VMA},
		{set_place_ino, MODEL_BY_VMA},
	};
	static const uint32_t values[] = {3, 1, 4, 1, 2};
	size_t i, k;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct model_fault v[5], want = {0};
		struct model_faults f, rows;

		for (k = 0; k < 5; k++) {
			v[k] = counted(0, 0, values[k], 10);
			v[k].sum[MODEL_SUM_COUNT] = values[k];
			keys[i].set(&v[k], values[k]);
		}
		f = list(v, 5);
		assert_int_equal(model_faults_by(&f, keys[i].by, &rows), 0);
		assert_int_equal(rows.nr, 4);
		for (k = 0; k < 4; k++) {
			want = v[0];
			keys[i].set(&want, (uint32_t)k + 1);
			assert_int_equal(rows.v[k].sum[MODEL_SUM_COUNT], k ? k + 1 : 2);
			assert_memory_equal(&rows.v[k], &want, offsetof(struct model_fault, comm));
		}
		model_faults_free(&rows);
		assert_int_equal(model_faults_by(&f, 0, &rows), 0);
		assert_int_equal(rows.nr, 1);
		assert_int_equal(rows.v[0].sum[MODEL_SUM_COUNT], 11);
		model_faults_free(&rows);
		model_faults_free(&f);
	}
}

static void a_mapping_that_grew_is_one_row(void **state)
{
	const struct model_fault v[] = {
		placed(0x5000, 0x9000, MMS_SEG_ANON, 0, 0),
		placed(0x3000, 0x6000, MMS_SEG_ANON, 0, 0), /* grew downward */
		placed(0x8000, 0xc000, MMS_SEG_ANON, 0, 0), /* and upward */
		placed(0xc000, 0xd000, MMS_SEG_ANON, 0, 0), /* a neighbour */
		placed(0x4000, 0x5000, MMS_SEG_HEAP, 0, 0), /* another segment */
	};
	struct model_faults rows = rows_of(v, 5, MODEL_BY_VMA);
	size_t i, at = 0;

	assert_int_equal(rows.nr, 3);
	for (i = 0; i < rows.nr; i++)
		if (rows.v[i].where == 0x3000)
			at = i;
	assert_int_equal(rows.v[at].sum[MODEL_SUM_COUNT], 3);
	assert_int_equal(rows.v[at].place.start, 0x3000);
	assert_int_equal(rows.v[at].place.end, 0xc000);
	model_faults_free(&rows);
}

static void other_parts_of_a_file_are_other_mappings(void **state)
{
	const struct model_fault v[] = {
		placed(0x10000, 0x20000, MMS_SEG_FILE, 5, 0),
		placed(0x14000, 0x28000, MMS_SEG_FILE, 5, 4), /* the same, seen later */
		placed(0x18000, 0x1c000, MMS_SEG_FILE, 5, 0), /* mapped anew */
		placed(0x11000, 0x20000, MMS_SEG_FILE, 6, 1), /* another file */
	};
	struct model_faults rows = rows_of(v, 4, MODEL_BY_VMA);
	uint64_t sum = 0;
	size_t i;

	assert_int_equal(rows.nr, 3);
	for (i = 0; i < rows.nr; i++) {
		sum += rows.v[i].sum[MODEL_SUM_COUNT];
		if (rows.v[i].sum[MODEL_SUM_COUNT] == 2)
			assert_int_equal(rows.v[i].place.end, 0x28000);
	}
	assert_int_equal(sum, 4);
	model_faults_free(&rows);
}

/* Kinds apart, the mapping the same: one of them was only seen when it was small. */
static void mappings_are_united_over_all_kinds(void **state)
{
	struct model_fault v[] = {placed(0x5000, 0x9000, MMS_SEG_ANON, 0, 0),
				  placed(0x3000, 0x6000, MMS_SEG_ANON, 0, 0)};
	struct model_faults rows;
	size_t i;

	v[1].kind = MMS_FAULT_ZERO_PAGE;
	rows = rows_of(v, 2, MODEL_BY_VMA | MODEL_BY_KIND);
	assert_int_equal(rows.nr, 2);
	for (i = 0; i < 2; i++) {
		assert_int_equal(rows.v[i].place.start, 0x3000);
		assert_int_equal(rows.v[i].place.end, 0x9000);
	}
	model_faults_free(&rows);
}

static void a_place_that_is_not_known_stays_apart(void **state)
{
	struct model_fault v[] = {placed(0x5000, 0x9000, MMS_SEG_ANON, 0, 0),
				  placed(0x5000, 0x9000, MMS_SEG_ANON, 0, 0)};
	struct model_faults rows;

	v[1].has_place = false;
	v[1].where = 0x6000;
	rows = rows_of(v, 2, MODEL_BY_VMA);
	assert_int_equal(rows.nr, 2);
	model_faults_free(&rows);
}

static void order_is_by_weight_then_by_keys(void **state)
{
	const struct model_fault v[] = {counted(1, 1, 5, 10), counted(2, 1, 3, 50),
					counted(3, 1, 5, 1), counted(4, 1, 4, 70)};
	static const struct {
		enum model_fault_sort sort;
		uint32_t tgids[4];
	} want[] = {
		{MODEL_SORT_COUNT, {1, 3, 4, 2}},
		{MODEL_SORT_TIME, {4, 2, 1, 3}},
		{MODEL_SORT_MAX, {4, 2, 1, 3}},
		{MODEL_SORT_BYTES, {1, 3, 4, 2}},
	};
	struct model_faults rows = rows_of(v, 4, MODEL_BY_PROCESS);
	size_t i, k;

	for (i = 0; i < 4; i++) {
		model_faults_order(&rows, want[i].sort);
		for (k = 0; k < 4; k++)
			assert_int_equal(rows.v[k].tgid, want[i].tgids[k]);
	}
	model_faults_free(&rows);
}

static void what_is_left_out_is_summed(void **state)
{
	const struct model_fault v[] = {counted(1, 1, 5, 10), counted(2, 2, 3, 50),
					counted(3, 1, 6, 1), counted(4, 3, 4, 70)};
	struct model_faults rows = rows_of(v, 4, MODEL_BY_PROCESS | MODEL_BY_KIND);
	struct model_fault kinds, others, shown;

	model_faults_only(&rows, 1ULL << 1 | 1ULL << 2, &kinds);
	assert_int_equal(kinds.rest, MODEL_REST_KINDS);
	assert_int_equal(kinds.sum[MODEL_SUM_COUNT], 4);
	assert_int_equal(rows.nr, 3);
	model_faults_order(&rows, MODEL_SORT_COUNT);
	model_faults_top(&rows, 5, &others);
	assert_int_equal(others.rest, MODEL_REST_NONE);
	model_faults_top(&rows, 1, &others);
	assert_int_equal(others.rest, MODEL_REST_OTHERS);
	assert_int_equal(others.nr_rows, 2);
	assert_int_equal(others.max_ns, 50);
	model_faults_total(&rows, &shown);
	assert_int_equal(shown.sum[MODEL_SUM_COUNT] + others.sum[MODEL_SUM_COUNT] +
				 kinds.sum[MODEL_SUM_COUNT],
			 18);
	model_faults_free(&rows);
}

static void nothing_gives_nothing(void **state)
{
	struct model_faults rows = rows_of(NULL, 0, MODEL_BY_KEYS);
	struct model_fault rest;

	assert_int_equal(rows.nr, 0);
	model_faults_order(&rows, MODEL_SORT_TIME);
	model_faults_only(&rows, ~0ULL, &rest);
	model_faults_top(&rows, 1, &rest);
	assert_int_equal(rest.rest, MODEL_REST_NONE);
	model_faults_free(&rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_keys_are_one),
		cmocka_unit_test(a_span_has_what_came_in_it),
		cmocka_unit_test(a_maximum_above_all_bounds_is_known),
		cmocka_unit_test(sampled_spans_are_scaled_apart),
		cmocka_unit_test(keys_that_are_not_asked_for_are_summed),
		cmocka_unit_test(each_key_keeps_rows_apart),
		cmocka_unit_test(a_mapping_that_grew_is_one_row),
		cmocka_unit_test(other_parts_of_a_file_are_other_mappings),
		cmocka_unit_test(mappings_are_united_over_all_kinds),
		cmocka_unit_test(a_place_that_is_not_known_stays_apart),
		cmocka_unit_test(order_is_by_weight_then_by_keys),
		cmocka_unit_test(what_is_left_out_is_summed),
		cmocka_unit_test(nothing_gives_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
