/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A child of ours that does once what programs are to see, before anything is counted.
 * Knows nothing of what that is.
 */
#ifndef _MMS_ACTOR_H
#define _MMS_ACTOR_H

#include <stdint.h>
#include <sys/types.h>

#define MMS_ACTOR_PATIENCE_MS 20000 /* a slow machine, not a fast one, decides */

/**
 * struct mms_actor - the child, or in the child itself the way back
 * @pid: the child; 0 once it is reaped
 * @to: to the child; in the child, what it is told
 * @from: from the child; in the child, where it answers
 */
struct mms_actor {
	pid_t pid;
	int to, from;
};

/* Forks; @act runs in the child, which does not return from it alive. Return: 0 or -errno. */
int mms_actor_start(struct mms_actor *a, void (*act)(struct mms_actor *a, void *arg), void *arg);
/* In the child: execute something that says nothing, and end. */
void mms_actor_exec(void) __attribute__((noreturn));
/* Takes the child's end, if it has come. */
void mms_actor_reap(struct mms_actor *a);
void mms_actor_end(struct mms_actor *a);
uint64_t mms_actor_ms(void);

#endif
