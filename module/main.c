// SPDX-License-Identifier: GPL-2.0-only
/*
 * main: what is set up at load, taken down in mirror order. No logic.
 */
#include <linux/init.h>
#include <linux/module.h>
#include "debugfs.h"
#include "events.h"
#include "fault.h"
#include "features.h"
#include "follow.h"
#include "idle.h"
#include "kfunc.h"
#include "pmu.h"
#include "rules.h"
#include "target.h"

static int __init mmscope_init(void)
{
	int err;

	mms_rules_init();
	mms_events_init();
	mms_pmu_init();
	mms_features_init();
	err = mms_fault_init();
	if (err)
		return err;
	err = mms_targets_init();
	if (err)
		goto exit_fault;
	err = mms_idle_init();
	if (err)
		goto exit_targets;
	err = mms_follow_init();
	if (err)
		goto exit_idle;
	err = mms_debugfs_init();
	if (err)
		goto exit_follow;
	mms_kfunc_init();
	return 0;
exit_follow:
	mms_follow_exit();
exit_idle:
	mms_idle_exit();
exit_targets:
	mms_targets_exit();
exit_fault:
	mms_fault_exit();
	return err;
}

static void __exit mmscope_exit(void)
{
	mms_debugfs_exit();
	mms_follow_exit();
	mms_idle_exit();
	mms_targets_exit();
	mms_fault_exit();
}

module_init(mmscope_init);
module_exit(mmscope_exit);
MODULE_LICENSE("GPL");
MODULE_VERSION(MMSCOPE_RELEASE);
MODULE_DESCRIPTION("Shows page tables, their use and their cost as the MMU sees them");
