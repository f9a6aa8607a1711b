/* SPDX-License-Identifier: GPL-2.0-only */
/* What kfunc.bpf.c and kfunc.c tell each other. */
#ifndef MMS_TEST_KFUNC_H
#define MMS_TEST_KFUNC_H

#define KFUNC_QUESTIONS 16
#define KFUNC_ESRCH	3
#define KFUNC_EAGAIN	11

enum { KFUNC_AT_SWITCH, KFUNC_AT_FLUSH, KFUNC_PLACES };

struct kfunc_question {
	__u64 addr;
	struct mmscope_walk out;
	__s64 ret;
};

/* idle_task: the idle task was told anything but that it has no mm */
struct kfunc_tally {
	__u64 walked;
	__u64 no_mm;
	__u64 not_now;
	__u64 other;
	__u64 idle_task;
};

#endif
