// SPDX-License-Identifier: GPL-2.0-only
/* model/budget: falls under load, climbs with room, does not swing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/budget.h"

#define SECOND 1000000000ULL

/* Cost of a second, in per cent, when looking at everything costs @full and skipping @skip. */
static uint64_t cost(const struct model_budget *b, double events, double full, double skip)
{
	double percent = skip + (full - skip) / model_budget_period(b);

	if (model_budget_events(b))
		percent += events;
	return (uint64_t)(percent * SECOND / 100);
}

static void a_generous_budget_changes_nothing(void **state)
{
	struct model_budget b;
	int i;

	model_budget_init(&b, 50, true);
	for (i = 0; i < 1000; i++)
		assert_false(model_budget_check(&b, cost(&b, 20, 10, 1), SECOND));
	assert_true(model_budget_events(&b));
	assert_int_equal(model_budget_period(&b), 1);
}

static void a_storm_takes_events_then_samples(void **state)
{
	struct model_budget b;

	model_budget_init(&b, 10, true);
	assert_true(model_budget_check(&b, cost(&b, 60, 12, 1), SECOND));
	assert_false(model_budget_events(&b));
	assert_int_equal(model_budget_period(&b), 1); /* events first, however much they cost */
	assert_true(model_budget_check(&b, cost(&b, 60, 12, 1), SECOND));
	assert_int_equal(model_budget_period(&b), 2);
	assert_false(model_budget_check(&b, cost(&b, 60, 12, 1), SECOND));
}

static void far_above_several_steps_at_once(void **state)
{
	struct model_budget b;

	model_budget_init(&b, 1, false);
	assert_true(model_budget_check(&b, cost(&b, 0, 16, 0), SECOND));
	assert_int_equal(model_budget_period(&b), 16);
}

static void there_is_an_end(void **state)
{
	struct model_budget b;
	int i;

	model_budget_init(&b, 0.01, true);
	for (i = 0; i < 40; i++)
		model_budget_check(&b, cost(&b, 50, 20, 5), SECOND);
	assert_true(model_budget_exhausted(&b));
	assert_int_equal(model_budget_period(&b), MODEL_BUDGET_MAX_PERIOD);
	assert_false(model_budget_check(&b, cost(&b, 50, 20, 5), SECOND));
}

static void it_comes_back_when_the_storm_is_over(void **state)
{
	struct model_budget b;
	int i;

	model_budget_init(&b, 2, true);
	for (i = 0; i < 20; i++)
		model_budget_check(&b, cost(&b, 60, 30, 1), SECOND);
	assert_true(model_budget_period(&b) >= 16);
	for (i = 0; i < 40; i++)
		model_budget_check(&b, cost(&b, 0.2, 0.1, 0), SECOND);
	assert_true(model_budget_events(&b));
}

/* One level fits with room, the next closer one does not: it must not be tried again and again. */
static void it_does_not_swing(void **state)
{
	struct model_budget b;
	int i, changes = 0;

	model_budget_init(&b, 10, true);
	for (i = 0; i < 1000; i++)
		changes += model_budget_check(&b, cost(&b, 50, 2, 0), SECOND);
	assert_int_equal(model_budget_period(&b), 1);
	assert_true(changes < 40);
}

static void no_time_is_no_cost(void **state)
{
	struct model_budget b;

	model_budget_init(&b, 10, false);
	assert_false(model_budget_check(&b, 5, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_generous_budget_changes_nothing),
		cmocka_unit_test(a_storm_takes_events_then_samples),
		cmocka_unit_test(far_above_several_steps_at_once),
		cmocka_unit_test(there_is_an_end),
		cmocka_unit_test(it_comes_back_when_the_storm_is_over),
		cmocka_unit_test(it_does_not_swing),
		cmocka_unit_test(no_time_is_no_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
