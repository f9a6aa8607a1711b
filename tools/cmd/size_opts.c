// SPDX-License-Identifier: GPL-2.0-only
/* Numbers that `mmscope size` and `allot` are given: times, rates, frames, TLBs. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/size.h"
#include "util/args.h"

#define MAX_FRAMES (1ULL << 40) /* so that their bytes can be told */
#define MAX_NS	   1e18		/* 30 years */

int size_parse_real(const char *s, double *v)
{
	return strchr(s, '%') ? -EINVAL : args_percent(s, v);
}

int size_parse_time(const char *s, double *ns)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
	size_t whole = strspn(s, "0123456789"), len = whole, i;

	if (whole && s[whole] == '.')
		len += 1 + strspn(s + whole + 1, "0123456789");
	if (!whole || s[len - 1] == '.')
		return -EINVAL;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(s + len, units[i].name))
			continue;
		*ns = strtod(s, NULL) * units[i].ns;
		return *ns > 0 && *ns <= MAX_NS ? 0 : -ERANGE;
	}
	return -EINVAL;
}

/* ENTRIES:WAYS of @len characters. */
static int parse_level(const char *s, size_t len, struct mms_tlbsim_level *l)
{
	char text[32], *colon;
	uint64_t entries, ways;

	if (len >= sizeof(text))
		return -EINVAL;
	memcpy(text, s, len);
	text[len] = '\0';
	colon = strchr(text, ':');
	if (!colon)
		return -EINVAL;
	*colon = '\0';
	if (args_u64(text, &entries) || args_u64(colon + 1, &ways))
		return -EINVAL;
	if (entries > MMS_TLBSIM_MAX_ENTRIES || ways > entries)
		return -ERANGE;
	*l = (struct mms_tlbsim_level){entries, ways};
	return mms_tlbsim_level_ok(l) ? 0 : -ERANGE;
}

int size_parse_tlb(const char *s, struct size_opts *opts)
{
	size_t len = strcspn(s, ",");
	int err = parse_level(s, len, &opts->l1);

	opts->has_tlb = true;
	opts->l2 = (struct mms_tlbsim_level){0};
	if (err || !s[len])
		return err;
	return parse_level(s + len + 1, strlen(s + len + 1), &opts->l2);
}

int size_parse_memory(const char *s, struct args_amount *memory)
{
	int err = args_amount(s, memory);

	return !err && memory->unit == ARGS_PLAIN && memory->v > MAX_FRAMES ? -ERANGE : err;
}

int size_parse_rate(const char *s, struct size_goal *goal)
{
	const char *slash = strchr(s, '/');
	size_t len = slash ? (size_t)(slash - s) : strlen(s);
	char number[32];

	if (len >= sizeof(number) || (slash && strcmp(slash, "/s")))
		return -EINVAL;
	memcpy(number, s, len);
	number[len] = '\0';
	goal->kind = slash ? MMS_SIZE_PER_SECOND : MMS_SIZE_PER_MILLION;
	snprintf(goal->said, sizeof(goal->said), slash ? "faults/s <= %s" : "faults/M <= %s",
		 number);
	return size_parse_real(number, &goal->limit);
}
