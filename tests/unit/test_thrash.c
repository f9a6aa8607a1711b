// SPDX-License-Identifier: GPL-2.0-only
/* model/thrash: verdicts, distances and need on made-up histories whose truth is known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/thrash.h"

#define PAGE   4096ULL
#define TICK   500000000ULL
#define MIB(n) ((n) << 20)

/* Half a second in which every eviction was of a page that came back after @distance. */
static struct model_thrash_sample thrash_tick(uint64_t *dist, uint64_t pages, uint64_t distance)
{
	memset(dist, 0, MMS_DIST_BUCKETS * sizeof(*dist));
	dist[mms_dist_bucket(distance)] = pages;
	return (struct model_thrash_sample){
		.ns = TICK,
		.evictions = pages,
		.refaults = pages,
		.own_refaults = MODEL_UNKNOWN,
		.clock = pages,
		.dist = dist,
		.stall_ns = TICK * 9 / 10,
		.cpu_ns = TICK,
		.psi_some_ns = TICK / 2,
		.seen = 2 * pages,
	};
}

static struct model_thrash_sample stream_tick(uint64_t pages)
{
	return (struct model_thrash_sample){
		.ns = TICK,
		.evictions = pages,
		.own_refaults = MODEL_UNKNOWN,
		.clock = pages,
		.stall_ns = TICK * 9 / 10,
		.cpu_ns = TICK,
		.psi_some_ns = TICK / 2,
		.seen = pages,
	};
}

static struct model_thrash_sample idle_tick(void)
{
	return (struct model_thrash_sample){.ns = TICK, .own_refaults = MODEL_UNKNOWN};
}

static void buckets_are_exact_and_fine(void **state)
{
	uint32_t b, last = 0;
	uint64_t v;

	for (v = 0; v < 100000; v++) {
		b = mms_dist_bucket(v);
		assert_true(b == last || b == last + 1);
		assert_true(mms_dist_floor(b) <= v && v < mms_dist_floor(b + 1));
		last = b;
	}
	for (b = 0; b < MMS_DIST_BUCKETS; b++) {
		assert_int_equal(mms_dist_bucket(mms_dist_floor(b)), b);
		assert_int_equal(mms_dist_bucket(mms_dist_floor(b + 1) - 1), b);
		assert_true(mms_dist_floor(b + 1) - mms_dist_floor(b) <=
			    mms_dist_floor(b) / 16 + 1);
	}
	assert_int_equal(mms_dist_bucket(UINT64_MAX), MMS_DIST_BUCKETS - 1);
	assert_int_equal(mms_dist_bucket(1ULL << 40), MMS_DIST_BUCKETS - 1);
}

static void loop_thrashes_on_the_second_tick(void **state)
{
	struct model_thrash *t = model_thrash_create();
	uint64_t dist[MMS_DIST_BUCKETS];
	struct model_thrash_sample s = thrash_tick(dist, 2000, 1024);
	struct model_distance d;

	assert_int_equal(model_thrash_verdict(t, NULL), MODEL_UNSURE);
	assert_int_equal(model_thrash_tick(t, &s), MODEL_TIGHT);
	assert_int_equal(model_thrash_need(t, MIB(12), PAGE), 0);
	assert_int_equal(model_thrash_tick(t, &s), MODEL_THRASHING);
	model_thrash_distance(t, &d);
	assert_true(d.settled && d.bounded);
	/* 1024 pages out: 4 MiB; a bucket is 1/16 wide. */
	assert_in_range(model_thrash_need(t, MIB(12), PAGE), MIB(16) - MIB(1) / 8,
			MIB(16) + MIB(1) / 4);
	model_thrash_destroy(t);
}

static void stream_never_thrashes(void **state)
{
	struct model_thrash *t = model_thrash_create();
	struct model_thrash_sample s = stream_tick(100000);
	int i;

	for (i = 0; i < 20; i++)
		assert_int_equal(model_thrash_tick(t, &s), MODEL_STREAMING);
	s.refaults = s.evictions / 20;
	assert_int_equal(model_thrash_tick(t, &s), MODEL_STREAMING);
	assert_int_equal(model_thrash_need(t, MIB(12), PAGE), 0);
	model_thrash_destroy(t);
}

static void slow_reuse_is_tight_not_thrashing(void **state)
{
	struct model_thrash *t = model_thrash_create();
	uint64_t dist[MMS_DIST_BUCKETS];
	struct model_thrash_sample s = thrash_tick(dist, 2000, 1024);
	int i;

	s.stall_ns = TICK / 20;
	s.psi_some_ns = TICK / 20;
	for (i = 0; i < 5; i++)
		assert_int_equal(model_thrash_tick(t, &s), MODEL_TIGHT);
	model_thrash_destroy(t);
}

static void busy_service_with_few_waiters_does_not_thrash(void **state)
{
	struct model_thrash *t = model_thrash_create();
	uint64_t dist[MMS_DIST_BUCKETS];
	struct model_thrash_sample s = thrash_tick(dist, 2000, 1024);
	int i;

	/* One thread waits half of the time, while 16 CPUs' worth of others work. */
	s.stall_ns = TICK / 2;
	s.cpu_ns = 16 * TICK;
	for (i = 0; i < 5; i++)
		assert_int_equal(model_thrash_tick(t, &s), MODEL_TIGHT);
	model_thrash_destroy(t);
}

static void pressure_stands_in_for_faults(void **state)
{
	struct model_thrash *t = model_thrash_create();
	uint64_t dist[MMS_DIST_BUCKETS];
	struct model_thrash_sample s = thrash_tick(dist, 2000, 1024);

	/* read(2) waits outside of faults. */
	s.stall_ns = 0;
	model_thrash_tick(t, &s);
	assert_int_equal(model_thrash_tick(t, &s), MODEL_THRASHING);
	s.stall_ns = MODEL_UNKNOWN;
	assert_int_equal(model_thrash_tick(t, &s), MODEL_THRASHING);
	assert_true(fabs(model_stall_share(&s) - 0.5) < 1e-9);
	s.psi_some_ns = MODEL_UNKNOWN;
	assert_true(isnan(model_stall_share(&s)));
	model_thrash_destroy(t);
}

static void one_odd_tick_does_not_flap(void **state)
{
	struct model_thrash *t = model_thrash_create();
	uint64_t dist[MMS_DIST_BUCKETS];
	struct model_thrash_sample hot = thrash_tick(dist, 2000, 1024), cold = idle_tick();
	int i;

	model_thrash_tick(t, &hot);
	model_thrash_tick(t, &hot);
	for (i = 0; i < 10; i++) {
		assert_int_equal(model_thrash_tick(t, &cold), MODEL_THRASHING);
		assert_int_equal(model_thrash_tick(t, &hot), MODEL_THRASHING);
	}
	model_thrash_tick(t, &cold);
	assert_int_equal(model_thrash_tick(t, &cold), MODEL_FITS);
	/* And in the other direction: one hot tick among streaming ones. */
	cold = stream_tick(5000);
	assert_int_equal(model_thrash_tick(t, &cold), MODEL_STREAMING);
	assert_int_not_equal(model_thrash_tick(t, &hot), MODEL_THRASHING);
	assert_int_equal(model_thrash_tick(t, &cold), MODEL_STREAMING);
	model_thrash_destroy(t);
}

static void recovery_is_told_within_two_ticks(void **state)
{
	struct model_thrash *t = model_thrash_create();
	uint64_t dist[MMS_DIST_BUCKETS];
	struct model_thrash_sample s = thrash_tick(dist, 2000, 1024);
	const char *why;

	model_thrash_tick(t, &s);
	model_thrash_tick(t, &s);
	/* The limit was raised: pages come back, none has to go. */
	s.evictions = s.clock = 0;
	model_thrash_tick(t, &s);
	assert_int_equal(model_thrash_tick(t, &s), MODEL_FITS);
	model_thrash_verdict(t, &why);
	assert_non_null(strstr(why, "none has to leave"));
	assert_int_equal(model_thrash_need(t, MIB(24), PAGE), 0);
	model_thrash_destroy(t);
}

static void distances_of_an_older_phase_are_left_out(void **state)
{
	struct model_thrash *t = model_thrash_create();
	uint64_t dist[MMS_DIST_BUCKETS];
	struct model_thrash_sample s = stream_tick(6000);
	struct model_distance d;
	int i;

	/* A fill of 24 MiB, whose pages come back while a loop with a distance of 1 MiB begins. */
	for (i = 0; i < 3; i++)
		model_thrash_tick(t, &s);
	for (i = 0; i < 2; i++) {
		s = thrash_tick(dist, 1000, 256);
		dist[mms_dist_bucket(5000)] = 400;
		model_thrash_tick(t, &s);
	}
	model_thrash_distance(t, &d);
	assert_in_range(d.p90, 240, 280);
	assert_in_range(d.mean, 240, 280);
	assert_false(d.settled);
	for (i = 0; i < 3; i++) {
		s = thrash_tick(dist, 1000, 256);
		model_thrash_tick(t, &s);
	}
	model_thrash_distance(t, &d);
	assert_true(d.settled);
	model_thrash_destroy(t);
}

static void smaller_set_is_followed(void **state)
{
	struct model_thrash *t = model_thrash_create();
	uint64_t dist[MMS_DIST_BUCKETS];
	struct model_thrash_sample s;
	struct model_distance d;
	int i;

	for (i = 0; i < 12; i++) {
		s = thrash_tick(dist, 2000, 1024);
		model_thrash_tick(t, &s);
	}
	for (i = 0; i < 2; i++) {
		s = thrash_tick(dist, 2000, 256);
		model_thrash_tick(t, &s);
	}
	model_thrash_distance(t, &d);
	assert_in_range(d.mean, 250, 270);
	model_thrash_destroy(t);
}

/* Random use of N pages of which L are in memory: distances are geometric with mean N - L. */
static void random_use_needs_the_mean_not_the_tail(void **state)
{
	struct model_thrash *t = model_thrash_create();
	uint64_t dist[MMS_DIST_BUCKETS] = {0};
	struct model_thrash_sample s = thrash_tick(dist, 4000, 1);
	struct model_distance d;
	int i, k;

	memset(dist, 0, sizeof(dist));
	for (i = 0; i < 4000; i++)
		dist[mms_dist_bucket(-1024 * log(1 - (i + 0.5) / 4000))]++;
	for (k = 0; k < 6; k++)
		model_thrash_tick(t, &s);
	model_thrash_distance(t, &d);
	assert_in_range(d.mean, 990, 1060);
	assert_in_range(d.p50, 680, 740);
	assert_in_range(d.p90, 2250, 2450);
	assert_in_range(model_thrash_need(t, MIB(12), PAGE), MIB(16) - MIB(1) / 4,
			MIB(16) + MIB(1) / 4);
	model_thrash_destroy(t);
}

static void losses_make_unsure(void **state)
{
	struct model_thrash *t = model_thrash_create();
	uint64_t dist[MMS_DIST_BUCKETS];
	struct model_thrash_sample s = thrash_tick(dist, 2000, 1024);
	int i;

	s.lost = s.seen / 20;
	for (i = 0; i < 3; i++)
		model_thrash_tick(t, &s);
	assert_int_equal(model_thrash_verdict(t, NULL), MODEL_THRASHING);
	s.lost = s.seen;
	assert_int_equal(model_thrash_tick(t, &s), MODEL_UNSURE);
	assert_string_equal(model_verdict_name(MODEL_UNSURE), "unknown");
	model_thrash_destroy(t);
}

static void bystander_in_a_thrashing_cgroup_fits(void **state)
{
	struct model_thrash *t = model_thrash_create();
	uint64_t dist[MMS_DIST_BUCKETS];
	struct model_thrash_sample s = thrash_tick(dist, 2000, 1024);
	int i;

	s.own_refaults = 3;
	for (i = 0; i < 3; i++)
		assert_int_equal(model_thrash_tick(t, &s), MODEL_FITS);
	model_thrash_destroy(t);
}

static void unknown_distances_bound_from_below(void **state)
{
	struct model_thrash *t = model_thrash_create();
	uint64_t dist[MMS_DIST_BUCKETS];
	struct model_thrash_sample s = thrash_tick(dist, 2000, 1024);
	struct model_distance d;
	int i;

	s.dist_unknown = 5000;
	for (i = 0; i < 3; i++)
		model_thrash_tick(t, &s);
	model_thrash_distance(t, &d);
	assert_true(d.nr && !d.bounded);
	s.dist = NULL;
	for (i = 0; i < 20; i++)
		model_thrash_tick(t, &s);
	model_thrash_distance(t, &d);
	assert_int_equal(d.nr, 0);
	assert_int_equal(model_thrash_verdict(t, NULL), MODEL_THRASHING);
	assert_int_equal(model_thrash_need(t, MIB(12), PAGE), 0);
	model_thrash_destroy(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_are_exact_and_fine),
		cmocka_unit_test(loop_thrashes_on_the_second_tick),
		cmocka_unit_test(stream_never_thrashes),
		cmocka_unit_test(slow_reuse_is_tight_not_thrashing),
		cmocka_unit_test(busy_service_with_few_waiters_does_not_thrash),
		cmocka_unit_test(pressure_stands_in_for_faults),
		cmocka_unit_test(one_odd_tick_does_not_flap),
		cmocka_unit_test(recovery_is_told_within_two_ticks),
		cmocka_unit_test(distances_of_an_older_phase_are_left_out),
		cmocka_unit_test(smaller_set_is_followed),
		cmocka_unit_test(random_use_needs_the_mean_not_the_tail),
		cmocka_unit_test(losses_make_unsure),
		cmocka_unit_test(bystander_in_a_thrashing_cgroup_fits),
		cmocka_unit_test(unknown_distances_bound_from_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
