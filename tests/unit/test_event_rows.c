// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmscope faults --events: exactly these bytes in each format. The sums are of what printf() and
 * jansson made of the same events, before the backends had digits and escapes of their own.
 * Since then only events without a mapping changed: no place is told of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/faults_event_rows.h"
#include "cmd/faults_opts.h"

#define BATCH	1000
#define BATCHES 3

/* As many as there were when the sums were made. */
#define NR_KINDS    21
#define NR_ORIGINS  4
#define NR_SEGMENTS 10

static const char *const kinds[] = {
#define KIND_NAME(id, name) name,
	MMS_FAULT_KINDS(KIND_NAME)
#undef KIND_NAME
};

/* In place of the command's. */
const char *faults_kind_name(unsigned int kind)
{
	return kind < MMS_FAULT_NR_KINDS ? kinds[kind] : "any";
}

static uint64_t seed;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Numbers of few digits are as likely as those of many. */
static uint64_t any(void)
{
	uint64_t v = rnd();
	unsigned int bits = rnd() % 65;

	return bits == 64 ? v : v & ((1ULL << bits) - 1);
}

static void any_name(char *to, size_t max, char first, unsigned int span)
{
	size_t n = rnd() % max, i;

	for (i = 0; i < n; i++)
		to[i] = rnd() % 4 ? (char)(first + (char)(rnd() % span)) : (char)rnd();
}

static uint64_t any_ns(void)
{
	switch (rnd() % 4) {
	case 0:
		return rnd() % 2000000;
	case 1:
		return rnd() % 100 * 50; /* halves, to be rounded */
	case 2:
		return (rnd() % 2000) * 500000;
	default:
		return any();
	}
}

/* Nothing a kernel would tell, but nothing it could not. */
static struct mms_fault_event any_event(void)
{
	struct mms_fault_event e = {
		.level_before = (__u8)(rnd() % 6),
		.level_after = (__u8)rnd(),
		.origin = (__u8)(rnd() % NR_ORIGINS),
		.segment = (__u8)(rnd() % NR_SEGMENTS),
	};
	__u64 *wide[] = {&e.ts_ns,  &e.addr,	 &e.ip,	   &e.before, &e.after,	    &e.vm_start,
			 &e.vm_end, &e.vm_flags, &e.pgoff, &e.ino,    &e.cgroup_id, &e.bytes};
	__u32 *narrow[] = {&e.around, &e.dev, &e.tgid, &e.tid, &e.flags, &e.ret, &e.links};
	size_t i;

	for (i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		*wide[i] = any();
	for (i = 0; i < sizeof(narrow) / sizeof(narrow[0]); i++)
		*narrow[i] = (__u32)any();
	e.kind = (__u32)(rnd() % NR_KINDS);
	e.ns = any_ns();
	if (rnd() % 2)
		e.ino = 0;
	any_name(e.comm, sizeof(e.comm), 'a', 26);
	any_name(e.name, sizeof(e.name), ' ', 95);
	return e;
}

static uint64_t sum_of(const char *s, size_t n)
{
	uint64_t sum = 0xcbf29ce484222325ULL;

	while (n--)
		sum = (sum ^ (unsigned char)*s++) * 0x100000001b3ULL;
	return sum;
}

static uint64_t sum_of_any(enum out_format fmt, bool around, size_t *size)
{
	static struct mms_fault_event e[BATCH];
	char *text = NULL;
	FILE *f = open_memstream(&text, size);
	struct out *o = out_create(fmt, f, "fault-events");
	uint64_t sum;
	size_t i, j;

	seed = 88172645463325252ULL;
	for (i = 0; i < BATCHES; i++) {
		for (j = 0; j < BATCH; j++)
			e[j] = any_event();
		out_begin(o);
		faults_event_rows(o, e, BATCH, around);
		out_end(o);
	}
	assert_int_equal(out_destroy(o), 0);
	fclose(f);
	sum = sum_of(text, *size);
	free(text);
	return sum;
}

static void bytes_are_as_ever(void **state)
{
	static const struct {
		enum out_format fmt;
		bool around;
		size_t size;
		uint64_t sum;
	} t[] = {
		{OUT_TEXT, false, 325722, 0xadffbf0907b5d998},
		{OUT_TEXT, true, 351942, 0x7754b18d2ab78694},
		{OUT_CSV, false, 683045, 0xd53fa99961e2c9c2},
		{OUT_CSV, true, 701234, 0xb917159791863f8f},
		{OUT_JSON, false, 1542687, 0x9a871a1781394f69},
		{OUT_JSON, true, 1550876, 0x79932ef9020dac5a},
	};
	size_t i, size;
	uint64_t sum;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		sum = sum_of_any(t[i].fmt, t[i].around, &size);
		if (sum != t[i].sum || size != t[i].size)
			print_error("%zu: %zu bytes, sum 0x%llx\n", i, size,
				    (unsigned long long)sum);
		assert_int_equal(size, t[i].size);
		assert_int_equal(sum, t[i].sum);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_as_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
