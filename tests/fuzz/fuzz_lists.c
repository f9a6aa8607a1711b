// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers, times, amounts and lists of them as they are typed: the first byte says which, the
 * second of how many pages, the rest is the word. What is taken must be what the C library makes of
 * it.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cmd/memory.h"
#include "cmd/replay.h"
#include "cmd/size.h"
#include "fuzz_file.h"
#include "util/args.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is wrong is told there: nobody reads it. libFuzzer keeps the one that it had. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	stderr = fopen("/dev/null", "we");
	MUST(stderr);
	return 0;
}

static void number(const char *s, uint64_t pages)
{
	uint64_t v, want;
	pid_t pid;
	char *end;

	errno = 0;
	want = strtoull(s, &end, !strncmp(s, "0x", 2) || !strncmp(s, "0X", 2) ? 16 : 10);
	MUST(!args_u64(s, &v) == (isxdigit((unsigned char)*s) && !*end && end > s && !errno &&
				  isxdigit((unsigned char)end[-1])));
	MUST(args_u64(s, &v) || v == want);
	if (!args_pid(s, &pid))
		MUST(pid > 0 && isdigit((unsigned char)*s) &&
		     (uint64_t)pid == strtoull(s, NULL, 10));
}

static void addresses(const char *s, uint64_t pages)
{
	uint64_t start, end;
	char *behind;

	if (args_addr_range(s, &start, &end))
		return;
	MUST(start == strtoull(s, &behind, 16) && (!end || end > start));
	MUST(*behind == (end ? '-' : 0));
	MUST(!end || end == strtoull(behind + 1, &behind, 16));
	MUST(!*behind);
}

static void times(const char *s, uint64_t pages)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {{"", 1e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"m", 6e10}, {"h", 3.6e12}};
	double ns, want;
	uint64_t v;
	char *unit;
	size_t i;

	if (!args_seconds(s, &v)) {
		want = strtod(s, &unit);
		for (i = 0; strcmp(unit, units[i].name); i++)
			MUST(i < 5);
		want *= units[i].ns;
		MUST(v > 0 && v <= INT64_MAX);
		/* Beyond the ninth digit nothing is read, and less than a nanosecond is dropped. */
		MUST(fabs((double)v - want) <= 1 + want * 1e-6 + units[i].ns / 1e9);
	}
	if (!size_parse_time(s, &ns))
		MUST(ns > 0 && ns <= 1e18);
}

static void shares(const char *s, uint64_t pages)
{
	struct size_goal goal = {0};
	double v = 0, want;
	char *end;

	if (!args_percent(s, &v)) {
		want = strtod(s, &end);
		MUST(v > 0 && v <= 1000001 && (!*end || !strcmp(end, "%")));
		MUST(fabs(v - want) <= 2e-9 + want * 1e-12);
	}
	if (!size_parse_real(s, &v))
		MUST(v > 0 && !strchr(s, '%'));
	if (!size_parse_rate(s, &goal))
		MUST(goal.limit > 0 && strlen(goal.said) < sizeof(goal.said));
}

static void amounts(const char *s, uint64_t pages)
{
	struct size_opts size = {0};
	struct args_amount a;
	uint64_t v = 0;
	bool scaled;

	if (!args_scaled(s, 1000, &v, &scaled))
		MUST(scaled == !isxdigit((unsigned char)s[strlen(s) - 1]));
	if (!args_refs(s, &v))
		MUST(v);
	if (!replay_count(s, &v))
		MUST(v && v <= INT64_MAX);
	if (!args_amount(s, &a)) {
		MUST(a.unit == ARGS_PERCENT ? a.percent > 0 : a.v > 0);
		if (!memory_pages(&a, pages, 12, &v))
			MUST(v);
	}
	if (!size_parse_memory(s, &a) && a.unit == ARGS_PLAIN)
		MUST(a.v <= 1ULL << 40);
	if (memory_parse("replay", s, &v) == EXIT_OK)
		MUST(v);
	if (!size_parse_tlb(s, &size))
		MUST(size.l1.entries >= size.l1.ways && size.l1.ways);
}

static void sizes(const char *s, uint64_t pages)
{
	struct replay_string string = {.info = {.nr_pages = (uint32_t)pages, .page_shift = 12}};
	uint32_t *v;
	size_t nr, i;

	if (replay_sizes(s, &string, &v, &nr) != EXIT_OK) {
		MUST(!v);
		return;
	}
	MUST(nr);
	for (i = 0; i < nr; i++)
		MUST(v[i] && (!i || v[i] > v[i - 1]));
	free(v);
}

static void windows(const char *s, uint64_t pages)
{
	uint64_t *v;
	size_t nr, i;

	if (replay_windows(*s ? s : NULL, pages, &v, &nr) != EXIT_OK) {
		MUST(!v);
		return;
	}
	MUST(nr);
	for (i = 0; i < nr; i++)
		MUST(v[i] && v[i] <= INT64_MAX && (!i || v[i] > v[i - 1]));
	free(v);
}

static void policies(const char *s, uint64_t pages)
{
	struct replay_opts opts = {.has_seed = pages & 1, .seed = pages};
	struct mms_policy_conf conf = {0};
	const struct mms_policy *p;
	const char *why = NULL;
	size_t i, k;

	p = mms_policy_parse(s, &conf, &why);
	MUST(p || (why && *why));
	for (k = 0; p && k < MMS_POLICY_PARAMS && p->params[k].name; k++)
		MUST(conf.param[k] >= p->params[k].min && conf.param[k] <= p->params[k].max);
	if (replay_policies_parse(&opts, s) == EXIT_OK) {
		MUST(opts.nr_policies);
		replay_policies_seed(&opts);
		for (i = 0; i < opts.nr_policies; i++) {
			MUST(opts.policies[i].p && *opts.policies[i].text);
			mms_policy_unfit(opts.policies[i].p, &opts.policies[i].conf);
			replay_idle_param(&opts.policies[i], pages);
		}
	}
	replay_policies_free(&opts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const words[])(const char *, uint64_t) = {
		number, addresses, times, shares, amounts, sizes, windows, policies};
	uint64_t pages;
	char *s;

	if (len < 2)
		return 0;
	/* Up to 2^16, and some that are as large as can be: lists of those are long. */
	pages = data[1] < 250 ? 1 + data[1] * data[1] : UINT32_MAX;
	if (pages == UINT32_MAX && (data[0] - '0') % 8 == 5)
		pages = 1 << 20;
	s = strndup((const char *)data + 2, len - 2);
	words[(uint8_t)(data[0] - '0') % 8](s, pages);
	free(s);
	return 0;
}
