/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses of programs and of the kernel to names of functions. A name is right or
 * it is not given. Knows nothing of stacks.
 */
#ifndef _MMS_SYMBOLS_H
#define _MMS_SYMBOLS_H

#include <stdint.h>
#include <sys/types.h>
#include "collect/mmaps.h"

struct mms_symbols;

/* @m must live as long as @s. Return: 0 or -ENOMEM. */
int mms_symbols_open(struct mms_symbols **s, const struct mms_mmaps *m);
void mms_symbols_close(struct mms_symbols *s);

/**
 * mms_symbols_user_at() - the function at an address of a process
 * @s: symbols
 * @tgid: process, which may have ended
 * @ns: CLOCK_MONOTONIC: what was mapped then counts; UINT64_MAX = now, or last
 * @ip: an instruction; of a return address, the one before it
 *
 * Return: the function; "[library]" if it has no symbol there, or the file is another one by
 * now; "[vdso]", "[anon]"; "0x..." if nothing is known to be there. Never NULL; the string is
 * good until @s is closed.
 */
const char *mms_symbols_user_at(struct mms_symbols *s, pid_t tgid, uint64_t ns, uint64_t ip);
const char *mms_symbols_user(struct mms_symbols *s, pid_t tgid, uint64_t ip);

/**
 * mms_symbols_returns_to() - may a function return to this address?
 * @s: symbols
 * @tgid: process
 * @ns: as above
 * @ip: what a frame pointer led to; in programs built without them it is anything
 *
 * Return: 1 if a call is before it; 0 if not, or if no program is mapped there; -1 if that
 * cannot be known.
 */
int mms_symbols_returns_to(struct mms_symbols *s, pid_t tgid, uint64_t ns, uint64_t ip);

/* The kernel's function, or "0x..."; as above. */
const char *mms_symbols_kernel(struct mms_symbols *s, uint64_t ip);
/* Why kernel addresses are not named, one line; NULL if they are, or none was asked for. */
const char *mms_symbols_lack(const struct mms_symbols *s);

#endif
