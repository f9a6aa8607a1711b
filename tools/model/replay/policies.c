// SPDX-License-Identifier: GPL-2.0-only
/* The list of the policies, and their names. Must not know how any of them works. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/replay/policies.h"

#define ENTRY(variable) &variable,
const struct mms_policy *const mms_policies[] = {MMS_POLICIES(ENTRY) NULL};
#undef ENTRY

static const struct mms_policy *find(const char *name, size_t len)
{
	size_t i;

	for (i = 0; mms_policies[i]; i++)
		if (strlen(mms_policies[i]->name) == len &&
		    !memcmp(mms_policies[i]->name, name, len))
			return mms_policies[i];
	return NULL;
}

/* Return: where the number ends, or NULL. */
static const char *number(const char *s, uint64_t *value)
{
	unsigned long long v;
	uint64_t unit = 1;
	char *end;

	if (!isdigit((unsigned char)*s))
		return NULL;
	errno = 0;
	v = strtoull(s, &end, 10);
	if (errno)
		return NULL;
	if (*end == 'k' || *end == 'm' || *end == 'g') {
		unit = *end == 'k' ? 1000 : *end == 'm' ? 1000000 : 1000000000;
		end++;
	}
	return __builtin_mul_overflow(v, unit, value) ? NULL : end;
}

/* One KEY=VALUE. Return: where it ends, or NULL with @why. */
static const char *set_param(const struct mms_policy *p, const char *s,
			     struct mms_policy_conf *conf, const char **why)
{
	static char text[160];
	size_t i, len = strcspn(s, "=,");
	const char *end = NULL;
	uint64_t v = 0;

	*why = text;
	for (i = 0; i < MMS_POLICY_PARAMS && p->params[i].name; i++)
		if (strlen(p->params[i].name) == len && !memcmp(p->params[i].name, s, len))
			break;
	if (i == MMS_POLICY_PARAMS || !p->params[i].name) {
		snprintf(text, sizeof(text), "%s has no parameter '%.*s'", p->name, (int)len, s);
		return NULL;
	}
	if (s[len] == '=')
		end = number(s + len + 1, &v);
	if (end && *end == ':') {
		snprintf(text, sizeof(text), "a comma is between its parameters, not a colon");
		return NULL;
	}
	if (!end || (*end && *end != ',') || v < p->params[i].min || v > p->params[i].max) {
		snprintf(text, sizeof(text), "%s wants a whole number from %llu to %llu",
			 p->params[i].name, (unsigned long long)p->params[i].min,
			 (unsigned long long)p->params[i].max);
		return NULL;
	}
	conf->param[i] = v;
	return end;
}

const struct mms_policy *mms_policy_parse(const char *text, struct mms_policy_conf *conf,
					  const char **why)
{
	size_t i, len = strcspn(text, ":");
	const struct mms_policy *p = find(text, len);
	const char *s = text + len;

	if (!p) {
		*why = "no such policy";
		return NULL;
	}
	for (i = 0; i < MMS_POLICY_PARAMS && p->params[i].name; i++)
		conf->param[i] = p->params[i].def;
	while (*s) {
		s = set_param(p, s + 1, conf, why);
		if (!s)
			return NULL;
	}
	return p;
}

const char *mms_policy_unfit(const struct mms_policy *p, const struct mms_policy_conf *conf)
{
	return p->unfit ? p->unfit(conf) : NULL;
}

int mms_policy_replay(const struct mms_policy *p, const struct mms_policy_conf *conf,
		      const struct mms_refs *r, struct mms_replay_count *count)
{
	struct mms_policy_conf c = *conf;
	void *state;

	c.nr_pages = r->nr_pages;
	c.whole = r;
	*count = (struct mms_replay_count){0};
	if (mms_policy_unfit(p, &c))
		return -EOVERFLOW;
	state = p->begin(&c);
	if (!state)
		return -ENOMEM;
	p->run(state, r, 0, r->nr, count);
	p->end(state);
	return 0;
}
