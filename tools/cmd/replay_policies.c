// SPDX-License-Identifier: GPL-2.0-only
/* The policies that are asked for. Knows how a list is typed, nothing of what they do. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/replay.h"

/* Return: EXIT_OK, or EXIT_USAGE with the names that there are. */
static int unknown(const char *text, const char *why)
{
	char names[512] = "";
	size_t i, len = 0;

	if (strcmp(why, "no such policy"))
		return err_usage("replay", "policy '%s': %s", text, why);
	for (i = 0; mms_policies[i] && len < sizeof(names); i++)
		len += snprintf(names + len, sizeof(names) - len, " %s", mms_policies[i]->name);
	return err_usage("replay", "no policy '%s'; there are:%s", text, names);
}

/* "clock" is "clock:bit=1" where books have both. Return: false without memory. */
static bool name_variant(struct replay_policy *rp)
{
	const struct mms_policy_param *param = rp->p->params;
	char *full;

	if (!(rp->p->flags & MMS_POLICY_VARIANTS) || strchr(rp->text, ':'))
		return true;
	if (asprintf(&full, "%s:%s=%" PRIu64, rp->text, param->name, param->def) < 0)
		return false;
	free(rp->text);
	rp->text = full;
	return true;
}

/* Is the last one there already? Once is enough. */
static void drop_double(struct replay_opts *opts)
{
	struct replay_policy *last = &opts->policies[opts->nr_policies - 1];
	size_t i;

	for (i = 0; i + 1 < opts->nr_policies; i++) {
		if (strcmp(opts->policies[i].text, last->text))
			continue;
		free(last->text);
		opts->nr_policies--;
		return;
	}
}

/* Takes over @text. */
static int add(struct replay_opts *opts, char *text)
{
	struct replay_policy *more, *rp;
	const char *why = "";

	more = reallocarray(opts->policies, opts->nr_policies + 1, sizeof(*more));
	if (!more || !text) {
		free(text);
		return err_failed("no memory for the policies");
	}
	opts->policies = more;
	rp = &more[opts->nr_policies++];
	*rp = (struct replay_policy){.text = text};
	rp->p = mms_policy_parse(text, &rp->conf, &why);
	if (!rp->p)
		return unknown(text, why);
	if (!name_variant(rp))
		return err_failed("no memory for the policies");
	drop_double(opts);
	return EXIT_OK;
}

int replay_policies_all(struct replay_opts *opts)
{
	int ret = EXIT_OK;
	size_t i;

	for (i = 0; mms_policies[i] && ret == EXIT_OK; i++)
		ret = add(opts, strdup(mms_policies[i]->name));
	return ret;
}

#define BLANKS " \t\n"

/* Without the blanks beside what separates, and at the ends. */
static void strip_blanks(char *list)
{
	char *to = list, *from = list;
	size_t blanks;

	while (*from) {
		blanks = strspn(from, BLANKS);
		if (blanks &&
		    (to == list || strchr(",;:=", to[-1]) || strchr(",;:=", from[blanks])))
			from += blanks;
		else
			*to++ = *from++;
	}
	*to = '\0';
}

/* A comma ends a policy, but not before a further parameter: KEY=VALUE without a colon. */
static size_t length(const char *list)
{
	size_t len = strcspn(list, ",;"), word;

	while (list[len] == ',') {
		word = strcspn(list + len + 1, ",;:=");
		if (list[len + 1 + word] != '=')
			break;
		len += 1 + strcspn(list + len + 1, ",;");
	}
	return len;
}

static int parse(struct replay_opts *opts, const char *list)
{
	int ret = EXIT_OK;
	size_t len;

	while (ret == EXIT_OK) {
		len = length(list);
		if (len == 3 && !memcmp(list, "all", 3))
			ret = replay_policies_all(opts);
		else
			ret = add(opts, strndup(list, len));
		if (!list[len])
			break;
		list += len + 1;
	}
	return ret;
}

int replay_policies_parse(struct replay_opts *opts, const char *list)
{
	char *copy = strdup(list);
	int ret;

	opts->policies_asked = true;
	if (!copy)
		return err_failed("no memory for the policies");
	strip_blanks(copy);
	ret = parse(opts, copy);
	free(copy);
	return ret;
}

void replay_policies_seed(struct replay_opts *opts)
{
	size_t i, k;

	for (i = 0; i < opts->nr_policies && opts->has_seed; i++) {
		struct replay_policy *rp = &opts->policies[i];

		for (k = 0; k < MMS_POLICY_PARAMS && rp->p->params[k].name; k++)
			if (!strcmp(rp->p->params[k].name, "seed") && !strstr(rp->text, "seed="))
				rp->conf.param[k] = opts->seed;
	}
}

bool replay_policies_only(const struct replay_opts *opts, const char *name)
{
	size_t i;

	for (i = 0; i < opts->nr_policies; i++)
		if (strcmp(opts->policies[i].p->name, name))
			return false;
	return true;
}

bool replay_policies_variable(const struct replay_opts *opts)
{
	size_t i;

	for (i = 0; i < opts->nr_policies; i++)
		if (!(opts->policies[i].p->flags & MMS_POLICY_VARIABLE))
			return false;
	return true;
}

bool replay_policies_random(const struct replay_opts *opts)
{
	size_t i;

	for (i = 0; i < opts->nr_policies; i++)
		if (opts->policies[i].p->flags & MMS_POLICY_RANDOM)
			return true;
	return false;
}

const char *replay_idle_param(const struct replay_policy *rp, uint64_t nr_refs)
{
	static const char *const times[] = {"period", "tau", "window", "threshold"};
	size_t i, k;

	for (k = 0; k < MMS_POLICY_PARAMS && rp->p->params[k].name; k++)
		for (i = 0; i < sizeof(times) / sizeof(times[0]); i++)
			if (!strcmp(rp->p->params[k].name, times[i]) &&
			    rp->conf.param[k] >= nr_refs)
				return times[i];
	return NULL;
}

void replay_note_idle(struct out *o, const char *names)
{
	if (!*names)
		return;
	out_note(o,
		 "as long as the string or longer, so that it changes nothing:%s; -p %.*s=N sets "
		 "another",
		 names, (int)strcspn(names + 1, " "), names + 1);
}

void replay_policies_free(struct replay_opts *opts)
{
	size_t i;

	for (i = 0; i < opts->nr_policies; i++)
		free(opts->policies[i].text);
	free(opts->policies);
}
