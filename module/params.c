// SPDX-License-Identifier: GPL-2.0-only
/*
 * params: the module's parameters and their bounds. Must not know who uses them.
 */
#include <linux/capability.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include "params.h"
#include "target.h"

/**
 * struct param - a number within bounds
 * @value: now; written under the module's parameter lock, read without
 * @min: smallest allowed
 * @max: largest allowed
 */
struct param {
	unsigned int value;
	unsigned int min;
	unsigned int max;
};

/*
 * Refuses what is wrong and keeps what was; at load too, where it ends the load.
 * The mode lets in uid 0 with no capability. While we load, and files are there
 * already, it is asked for what it takes to load us.
 */
static int param_set(const char *text, const struct kernel_param *kp)
{
	bool loading = THIS_MODULE->state == MODULE_STATE_COMING;
	struct param *p = kp->arg;
	s64 n;
	int err;

	if (!capable(loading ? CAP_SYS_MODULE : CAP_SYS_ADMIN))
		return -EPERM;
	err = kstrtos64(text, 10, &n);
	if (err)
		return err;
	if (n < p->min || n > p->max)
		return -ERANGE;
	WRITE_ONCE(p->value, n);
	return 0;
}

static int param_get(char *buf, const struct kernel_param *kp)
{
	const struct param *p = kp->arg;

	return sysfs_emit(buf, "%u\n", READ_ONCE(p->value));
}

static const struct kernel_param_ops param_ops = {.set = param_set, .get = param_get};

static struct param max_targets = {.value = MMS_TARGETS_MAX, .min = 1, .max = MMS_TARGETS_MAX};
module_param_cb(max_targets, &param_ops, &max_targets, 0644);
MODULE_PARM_DESC(max_targets, "processes tracked at a time, 1..1024 (1024)");

static struct param hold_entries = {.value = 4096, .min = 64, .max = 65536};
module_param_cb(hold_entries, &param_ops, &hold_entries, 0644);
MODULE_PARM_DESC(hold_entries, "slots looked at under one hold of an mmap_lock, 64..65536 (4096)");

static struct param suspend_s = {.value = 600, .min = 0, .max = 86400};
module_param_cb(suspend_s, &param_ops, &suspend_s, 0644);
MODULE_PARM_DESC(suspend_s,
		 "seconds until sampling that nobody reads stops, 0..86400, 0: never (600)");

static struct param cow_events = {.value = 256, .min = 16, .max = 65536};
module_param_cb(cow_events, &param_ops, &cow_events, 0644);
MODULE_PARM_DESC(cow_events, "events that PID/cow keeps, of targets to come, 16..65536 (256)");

static struct param time_every = {.value = 16, .min = 1, .max = 65536};
module_param_cb(time_every, &param_ops, &time_every, 0644);
MODULE_PARM_DESC(time_every, "one in so many faults of a thread is timed, 1..65536 (16)");

/** mms_param_max_targets - how many targets there may be */
unsigned int mms_param_max_targets(void)
{
	return READ_ONCE(max_targets.value);
}

/** mms_param_hold_entries - slots that one hold of an mmap lock may look at */
unsigned int mms_param_hold_entries(void)
{
	return READ_ONCE(hold_entries.value);
}

/** mms_param_suspend_s - seconds until unread sampling stops; 0 = it never does */
unsigned int mms_param_suspend_s(void)
{
	return READ_ONCE(suspend_s.value);
}

/** mms_param_cow_events - events that a new target keeps */
unsigned int mms_param_cow_events(void)
{
	return READ_ONCE(cow_events.value);
}

/** mms_param_time_every - one in so many faults of a thread is timed */
unsigned int mms_param_time_every(void)
{
	return READ_ONCE(time_every.value);
}
