// SPDX-License-Identifier: GPL-2.0-only
/*
 * control: the grammar of the control file, all of a write or nothing. Must
 * not know debugfs names or page tables.
 *
 * A write goes through three steps: parse all, prepare all (everything that can
 * fail: find the process, allocate, make the directory), commit all.
 */
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "control.h"
#include "events.h"
#include "flush.h"
#include "follow.h"
#include "idle.h"
#include "params.h"
#include "target.h"
#include "track.h"
#include "view.h"

#define WRITE_MAX     4095
#define WORDS_MAX     5
#define SAMPLE_MS_MIN 10
#define SAMPLE_MS_MAX 600000

enum verb { VERB_ADD, VERB_REMOVE, VERB_SAMPLE, VERB_CLEAR };

/**
 * struct command - one command of a write
 * @verb: what
 * @nr: whom
 * @ms: interval of VERB_SAMPLE, 0 = off
 * @how: MMS_IDLE_* of VERB_SAMPLE
 * @shown: VERB_ADD: the directory exists already
 * @events: VERB_ADD: the kernel's events are hooked for it
 * @follow: VERB_ADD: its children too
 * @target: VERB_ADD: new, else whom it is about
 * @idle: VERB_SAMPLE: sampling to begin
 */
struct command {
	enum verb verb;
	int nr;
	unsigned int ms;
	unsigned int how;
	bool shown;
	bool events;
	bool follow;
	struct mms_target *target;
	struct mms_idle *idle;
};

static int parse_number(const char *s, u64 min, u64 max, u64 *n)
{
	const char *p;
	int err;

	for (p = s; *p; p++)
		if (!isdigit(*p))
			return -EINVAL;
	err = kstrtoull(s, 10, n);
	if (err)
		return err;
	return *n < min || *n > max ? -ERANGE : 0;
}

static int parse_pid(const char *s, int *nr)
{
	u64 n;
	int err = parse_number(s, 0, INT_MAX, &n);

	if (!err && !n)
		err = -EINVAL;
	*nr = err ? 0 : n;
	return err;
}

static int parse_how(const char *word, unsigned int *how)
{
	unsigned int flag = 0;

	if (!strcmp(word, "noflush"))
		flag = MMS_IDLE_NOFLUSH;
	else if (!strcmp(word, "noskip"))
		flag = MMS_IDLE_NOSKIP;
	if (!flag || (*how & flag))
		return -EINVAL;
	*how |= flag;
	return 0;
}

static int parse_sample(char **word, int words, struct command *c)
{
	int i, err;
	u64 ms;

	if (words < 3)
		return -EINVAL;
	err = parse_pid(word[1], &c->nr);
	if (!err && words == 3 && !strcmp(word[2], "off"))
		return 0;
	if (!err)
		err = parse_number(word[2], SAMPLE_MS_MIN, SAMPLE_MS_MAX, &ms);
	for (i = 3; i < words && !err; i++)
		err = parse_how(word[i], &c->how);
	c->ms = err ? 0 : ms;
	return err;
}

/* Returns 1 with a command, 0 for an empty line, or an error. */
static int parse_command(char *line, struct command *c)
{
	char *word[WORDS_MAX], *w;
	int n = 0, err = -EINVAL;

	while ((w = strsep(&line, " \t"))) {
		if (!*w)
			continue;
		if (n == WORDS_MAX)
			return -EINVAL;
		word[n++] = w;
	}
	if (!n)
		return 0;
	*c = (struct command){};
	if (!strcmp(word[0], "+") && (n == 2 || (n == 3 && !strcmp(word[2], "follow")))) {
		c->verb = VERB_ADD;
		c->follow = n == 3;
		err = parse_pid(word[1], &c->nr);
	} else if (!strcmp(word[0], "-") && n == 2) {
		c->verb = VERB_REMOVE;
		err = parse_pid(word[1], &c->nr);
	} else if (!strcmp(word[0], "sample")) {
		c->verb = VERB_SAMPLE;
		err = parse_sample(word, n, c);
	} else if (!strcmp(word[0], "clear") && n == 1) {
		c->verb = VERB_CLEAR;
		err = 0;
	}
	return err ? err : 1;
}

/* Returns the number of commands, at least one, or an error. */
static int parse_all(char *text, struct command *c)
{
	char *line;
	int n = 0, ret;

	while ((line = strsep(&text, ";\n"))) {
		ret = parse_command(line, &c[n]);
		if (ret < 0)
			return ret;
		n += ret;
	}
	return n ? n : -EINVAL;
}

/* The target of @nr as it will be once the @n commands before have run. */
static struct mms_target *expected(const struct command *c, int n, int nr)
{
	while (n--) {
		if (c[n].verb == VERB_CLEAR)
			return NULL;
		if (c[n].nr == nr && c[n].verb == VERB_REMOVE)
			return NULL;
		if (c[n].nr == nr && c[n].verb == VERB_ADD)
			return c[n].target;
	}
	return mms_registry_find(nr);
}

static unsigned int expected_count(const struct command *c, int n)
{
	unsigned int count = mms_registry_count();
	int i;

	for (i = 0; i < n; i++) {
		if (c[i].verb == VERB_CLEAR)
			count = 0;
		count += c[i].verb == VERB_ADD;
		count -= c[i].verb == VERB_REMOVE;
	}
	return count;
}

static int prepare_add(struct command *c, int i)
{
	struct mms_target *t;
	int err, j;

	if (expected(c, i, c[i].nr))
		return -EEXIST;
	if (expected_count(c, i) >= mms_param_max_targets())
		return -ENOSPC;
	t = mms_target_create(c[i].nr);
	if (IS_ERR(t))
		return PTR_ERR(t);
	c[i].target = t;
	err = c[i].follow ? mms_follow_prepare(t) : 0;
	if (err)
		return err;
	err = mms_events_get();
	if (err)
		return err;
	c[i].events = true;
	/* "- 5; + 5": the old directory stands until it is committed */
	if (mms_registry_find(t->nr))
		return 0;
	for (j = 0; j < i; j++)
		if (c[j].verb == VERB_ADD && c[j].nr == t->nr)
			return 0;
	err = mms_track_show(t);
	c[i].shown = !err;
	return err;
}

/* Will @t be sampled once the @n commands before have run? They name it, or it is listed. */
static bool will_sample(const struct command *c, int n, const struct mms_target *t)
{
	while (n--) {
		if (c[n].verb == VERB_CLEAR)
			return false;
		if (c[n].target == t)
			return c[n].verb == VERB_SAMPLE && c[n].ms;
	}
	return mms_target_sample_ms(t);
}

/**
 * struct rival - what refuse_rival() is asked
 * @command: of a write
 * @n: how many of them will have run
 * @target: to be sampled
 */
struct rival {
	const struct command *command;
	int n;
	const struct mms_target *target;
};

/* Two samplings of one mm would take each other's references. */
static int refuse_rival(struct mms_target *other, void *arg)
{
	const struct rival *r = arg;

	if (other == r->target || other->mm != r->target->mm)
		return 0;
	return will_sample(r->command, r->n, other) ? -EBUSY : 0;
}

static int prepare_sample(struct command *c, int i)
{
	struct mms_target *t = c[i].target;
	struct rival r = {.command = c, .n = i, .target = t};
	int err, j;

	if (!c[i].ms)
		return 0;
	if (!(c[i].how & MMS_IDLE_NOFLUSH) && mms_flush_refusal())
		return -EOPNOTSUPP;
	if (!atomic_read(&t->mm->mm_users))
		return -ESRCH;
	err = mms_registry_each(refuse_rival, &r);
	/* those that are not listed yet */
	for (j = 0; j < i && !err; j++)
		if (c[j].idle)
			err = refuse_rival(c[j].target, &r);
	if (err)
		return err;
	c[i].idle = mms_idle_create(t->mm, t->nr, c[i].ms, c[i].how);
	return c[i].idle ? 0 : -ENOMEM;
}

static int prepare(struct command *c, int i)
{
	if (c[i].verb == VERB_CLEAR)
		return 0;
	if (c[i].verb == VERB_ADD)
		return prepare_add(c, i);
	c[i].target = expected(c, i, c[i].nr);
	if (!c[i].target)
		return -ESRCH;
	return c[i].verb == VERB_SAMPLE ? prepare_sample(c, i) : 0;
}

static void undo(struct command *c)
{
	if (c->shown)
		mms_track_hide(c->target);
	if (c->events)
		mms_events_put();
	if (c->verb == VERB_ADD && c->target)
		mms_target_put(c->target);
	mms_idle_destroy(c->idle);
}

static void commit(struct command *c)
{
	switch (c->verb) {
	case VERB_ADD:
		/* for want of memory a reborn target may lack its files: see ABI */
		if (!c->shown)
			mms_track_show(c->target);
		mms_track_add(c->target);
		break;
	case VERB_REMOVE:
		mms_track_forget(c->target);
		break;
	case VERB_SAMPLE:
		mms_target_set_idle(c->target, c->idle, c->ms);
		break;
	case VERB_CLEAR:
		mms_follow_forget_all();
		break;
	}
}

static int run(char *text)
{
	struct command *c;
	int n, i, done, err;

	/* every command but the last needs at least a letter and a separator */
	c = kvcalloc(strlen(text) / 2 + 1, sizeof(*c), GFP_KERNEL);
	if (!c)
		return -ENOMEM;
	n = parse_all(text, c);
	if (n < 0) {
		err = n;
		goto free_commands;
	}
	err = mms_track_lock_killable();
	if (err)
		goto free_commands;
	mms_follow_list();
	for (done = 0; done < n && !err; done++)
		err = prepare(c, done);
	for (i = 0; i < n && !err; i++)
		commit(&c[i]);
	while (err && done--)
		undo(&c[done]);
	mms_follow_settle();
	mms_track_unlock();
free_commands:
	kvfree(c);
	return err;
}

static ssize_t control_write(struct file *file, const char __user *ubuf, size_t count, loff_t *ppos)
{
	char *text;
	int err;

	if (!count)
		return 0;
	if (count > WRITE_MAX)
		return -E2BIG;
	text = memdup_user_nul(ubuf, count);
	if (IS_ERR(text))
		return PTR_ERR(text);
	err = strlen(text) == count ? run(text) : -EINVAL;
	kfree(text);
	return err ? err : count;
}

static int show_target(struct mms_target *t, void *arg)
{
	char comm[TASK_COMM_LEN];
	enum mms_state state = mms_target_state(t, comm);
	struct seq_file *m = arg;

	seq_printf(m, "%d %s %u ", t->nr, mms_state_name(state), mms_target_sample_ms(t));
	seq_escape(m, comm, "\n\\");
	seq_putc(m, '\n');
	return 0;
}

static int control_show(struct seq_file *m, void *unused)
{
	return mms_registry_each(show_target, m);
}

static int control_open(struct inode *inode, struct file *file)
{
	int err = mms_view_may_open();

	return err ? err : single_open(file, control_show, NULL);
}

/* private: read shows the targets, write runs commands */
const struct file_operations mms_control_fops = {
	.owner = THIS_MODULE,
	.open = control_open,
	.read = seq_read,
	.write = control_write,
	.llseek = seq_lseek,
	.release = single_release,
};

/**
 * mms_control_clear - forget all targets
 *
 * Context: may sleep.
 */
void mms_control_clear(void)
{
	mms_track_lock();
	mms_follow_forget_all();
	mms_follow_settle();
	mms_track_unlock();
}
