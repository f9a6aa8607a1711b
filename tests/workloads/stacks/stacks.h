/* SPDX-License-Identifier: GPL-2.0-only */
/* What the program and its library share. */
#ifndef _MMS_STACKS_H
#define _MMS_STACKS_H

#define PG 4096UL

/* A frame of its own; the Makefile sees to it that the last call is no jump. */
#define FRAME __attribute__((noinline, noclone))
/* In a function that calls none, the compiler leaves it out unless it is asked for. */
#define KEEP_FRAME() __asm__ volatile("" : : "r"(__builtin_frame_address(0)))

/* Touches pages from lib_outer;lib_touch. */
void lib_outer(volatile char *p, unsigned long nr);

#endif
