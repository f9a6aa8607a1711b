/* SPDX-License-Identifier: GPL-2.0-only */
/* Parsing of what people type; strict: no trailing characters, no overflow. */
#ifndef _MMS_ARGS_H
#define _MMS_ARGS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "util/format.h"

enum args_unit { ARGS_PLAIN, ARGS_BYTES, ARGS_PERCENT };

/**
 * struct args_amount - an amount of memory as it is typed
 * @unit: of it; a plain number is frames, or bytes: whoever asked knows
 * @v: > 0, but for percent
 * @percent: > 0
 */
struct args_amount {
	enum args_unit unit;
	uint64_t v;
	double percent;
};

/* Return: 0, -EINVAL not a number, -ERANGE. */
int args_pid(const char *s, pid_t *pid);
int args_u64(const char *s, uint64_t *v);   /* decimal or 0x */
int args_refs(const char *s, uint64_t *nr); /* of references: "5", "3m" (thousands), > 0 */
/* ADDR or ADDR-ADDR, hex with or without 0x as /proc/PID/maps has it; end = 0 if single. */
int args_addr_range(const char *s, uint64_t *start, uint64_t *end);
int args_seconds(const char *s, uint64_t *ns);	  /* "1", "0.5", "200ms" -> ns, > 0 */
int args_percent(const char *s, double *percent); /* "5", "0.5%" -> > 0 */
/* "1000", "64M": K, M, G, T in either case, @thousand (1000 or 1024) to the power; 0 is a number.
 */
int args_scaled(const char *s, unsigned int thousand, uint64_t *v, bool *scaled);
int args_amount(const char *s, struct args_amount *a); /* of memory: "1000", "64M", "10%" */
int args_format(const char *s, enum out_format *f);    /* text json csv */

#endif
