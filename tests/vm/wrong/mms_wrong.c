// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owns one fault of each kind that the debug kernels watch for, each done once and on purpose when
 * loaded with what=NAME, so that tests/vm/selftest can tell that the watcher is awake. Must never
 * be loaded where anything matters.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

static char *what = "nothing";
module_param(what, charp, 0);

/* The compiler must not see through what is wrong. */
static noinline void *hidden(void *p)
{
	OPTIMIZER_HIDE_VAR(p);
	return p;
}

static int use_after_free(void)
{
	char *p = kmalloc(64, GFP_KERNEL), *dangling = hidden(p);

	if (!p)
		return -ENOMEM;
	kfree(p);
	return READ_ONCE(dangling[8]) & 0;
}

static int beyond(void)
{
	char *p = kmalloc(40, GFP_KERNEL), *end = hidden(p);

	if (!p)
		return -ENOMEM;
	WRITE_ONCE(end[40], 1);
	kfree(p);
	return 0;
}

static int shift(void)
{
	unsigned int by = 32 + (unsigned int)(jiffies & 1);

	OPTIMIZER_HIDE_VAR(by);
	return (1 << by) & 0;
}

/*
 * Many: newer slabs keep the addresses of what they gave away in their CPUs' sheaves until others
 * come there, and what a sheaf points to is no leak to kmemleak.
 */
static int leak(void)
{
	void *p;
	int i;

	for (i = 0; i < 100; i++) {
		p = kmalloc(256, GFP_KERNEL);
		if (!p)
			return -ENOMEM;
		memset(p, 0x5a, 256);
		hidden(p);
	}
	return 0;
}

static DEFINE_SPINLOCK(spin);

static int sleep_in_atomic(void)
{
	spin_lock(&spin);
	might_sleep();
	spin_unlock(&spin);
	return 0;
}

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

static int inversion(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);
	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
	return 0;
}

static int __rcu *watched;

static int no_reader_lock(void)
{
	return rcu_dereference(watched) ? 1 : 0;
}

static int may_move(void)
{
	return smp_processor_id() & 0;
}

static int freed_while_active(void)
{
	struct work_struct *work = kmalloc(sizeof(*work), GFP_KERNEL);

	if (!work)
		return -ENOMEM;
	/* Initialised twice while it is queued. */
	INIT_WORK(work, (work_func_t)hidden);
	schedule_work(work);
	INIT_WORK(work, (work_func_t)hidden);
	msleep(100);
	return 0;
}

static unsigned long shared;

static int racer(void *unused)
{
	unsigned long end = jiffies + 20 * HZ;

	while (!kthread_should_stop() && time_before(jiffies, end)) {
		shared++;
		cond_resched();
	}
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

static int race(void)
{
	struct task_struct *one = kthread_run(racer, NULL, "mms_wrong/1");
	struct task_struct *two = kthread_run(racer, NULL, "mms_wrong/2");

	msleep(20000);
	if (!IS_ERR(one))
		kthread_stop(one);
	if (!IS_ERR(two))
		kthread_stop(two);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
} faults[] = {
	{"use-after-free", use_after_free},
	{"beyond", beyond},
	{"shift", shift},
	{"leak", leak},
	{"leak-and-go", leak},
	{"sleep", sleep_in_atomic},
	{"inversion", inversion},
	{"rcu", no_reader_lock},
	{"preempt", may_move},
	{"object", freed_while_active},
	{"race", race},
};

static int __init wrong_init(void)
{
	int i;

	if (!strcmp(what, "nothing"))
		return 0;
	for (i = 0; i < ARRAY_SIZE(faults); i++)
		if (!strcmp(what, faults[i].name))
			return faults[i].run();
	return -EINVAL;
}

static void __exit wrong_exit(void)
{
}

module_init(wrong_init);
module_exit(wrong_exit);
MODULE_DESCRIPTION("mmscope's lab: faults on purpose");
MODULE_LICENSE("GPL");
