// SPDX-License-Identifier: GPL-2.0-only
/*
 * track: the lock of all changes to the list of targets, and how one is added
 * and forgotten. Must not know who asks for it: control.c or follow.c.
 */
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include "events.h"
#include "pmu.h"
#include "target.h"
#include "track.h"

static DEFINE_MUTEX(control_lock);
static const struct mms_track_hooks *hooks;
static unsigned int followed;

/**
 * mms_track_init - say how targets become visible
 * @h: stays valid
 */
void mms_track_init(const struct mms_track_hooks *h)
{
	hooks = h;
}

/**
 * mms_track_lock_killable - begin to change the list
 *
 * Context: may sleep.
 * Return: 0, or -EINTR.
 */
int mms_track_lock_killable(void)
{
	return mutex_lock_killable(&control_lock);
}

/**
 * mms_track_lock - begin to change the list
 *
 * Context: may sleep.
 */
void mms_track_lock(void)
{
	mutex_lock(&control_lock);
}

/** mms_track_unlock - end of changes */
void mms_track_unlock(void)
{
	mutex_unlock(&control_lock);
}

/**
 * mms_track_show - make a target's directory
 * @t: the target
 *
 * Context: control_lock.
 * Return: 0 or -errno.
 */
int mms_track_show(struct mms_target *t)
{
	lockdep_assert_held(&control_lock);
	return hooks->show(t);
}

/**
 * mms_track_hide - remove it and wait for the readers in it
 * @t: the target; it may have none
 *
 * Context: control_lock.
 */
void mms_track_hide(struct mms_target *t)
{
	lockdep_assert_held(&control_lock);
	hooks->hide(t);
}

/**
 * mms_track_add - list a target
 * @t: shown, with its share of mms_events_get(); its reference goes to the list
 *
 * Context: control_lock.
 */
void mms_track_add(struct mms_target *t)
{
	lockdep_assert_held(&control_lock);
	followed += t->follow;
	/* the directory is there already, and may be read */
	smp_store_release(&t->pmu, mms_pmu_create(t->pid));
	mms_registry_add(t);
}

/**
 * mms_track_forget - undo all that made it a target
 * @t: listed; may be freed before this returns
 *
 * Context: control_lock; may sleep: waits for readers and for its scan.
 */
void mms_track_forget(struct mms_target *t)
{
	lockdep_assert_held(&control_lock);
	mms_registry_remove(t);
	followed -= t->follow;
	mms_events_put();
	/* it waits for readers, and everybody for us */
	WRITE_ONCE(t->forgotten, true);
	hooks->hide(t);
	mms_pmu_destroy(t->pmu);
	t->pmu = NULL;
	mms_target_set_idle(t, NULL, 0);
	mms_target_put(t);
}

/**
 * mms_track_followed - how many of the listed targets are followed
 *
 * Context: control_lock.
 */
unsigned int mms_track_followed(void)
{
	lockdep_assert_held(&control_lock);
	return followed;
}
