/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Not to be preempted while reading maps. While a process is inside bpf(2) for an
 * element of a map, kprobes on its CPU run no program: if it is preempted there,
 * what other tasks do until it is back is missed. Owns our own priority for the
 * time of some calls; knows nothing of maps.
 */
#ifndef _MMS_HOLD_H
#define _MMS_HOLD_H

#include <stdbool.h>

/* Begins as {0}. */
struct mms_hold {
	bool on;
	unsigned int steps;
};

/**
 * mms_hold_step() - before each element that is read
 * @h: takes the CPU, and lets go of it for an instant each few elements
 * Without CAP_SYS_NICE nothing happens: then more is missed, and told as such.
 */
void mms_hold_step(struct mms_hold *h);

/* After the last one; more than once does no harm. */
void mms_hold_end(struct mms_hold *h);

#endif
