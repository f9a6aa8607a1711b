/* SPDX-License-Identifier: GPL-2.0-only */
/* Parsing of what people type; strict: no trailing characters, no overflow. */
#ifndef _MMS_ARGS_H
#define _MMS_ARGS_H

#include <stdint.h>
#include <sys/types.h>
#include "util/format.h"

/* Return: 0, -EINVAL not a number, -ERANGE. */
int args_pid(const char *s, pid_t *pid);
int args_u64(const char *s, uint64_t *v); /* decimal or 0x */
/* ADDR or ADDR-ADDR, hex with or without 0x as /proc/PID/maps has it; end = 0 if single. */
int args_addr_range(const char *s, uint64_t *start, uint64_t *end);
int args_seconds(const char *s, uint64_t *ns);	    /* "1", "0.5", "200ms" -> ns, > 0 */
int args_percent(const char *s, double *percent);   /* "5", "0.5%" -> > 0 */
int args_format(const char *s, enum out_format *f); /* text json csv */

#endif
