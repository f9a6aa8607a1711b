// SPDX-License-Identifier: GPL-2.0-only
/*
 * What people type, parsed strictly: the whole string or an error, no sign, no
 * blank, no overflow, no octal. Knows nothing of options or commands.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "util/args.h"

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* Digits of @s up to one that @base does not have; *end is set to it. */
static int scan(const char *s, unsigned int base, uint64_t *v, const char **end)
{
	const char *p = s;
	uint64_t n = 0;
	unsigned int d;

	for (; (d = digit_of(*p)) < base; p++)
		if (__builtin_mul_overflow(n, (uint64_t)base, &n) ||
		    __builtin_add_overflow(n, (uint64_t)d, &n))
			return -ERANGE;
	if (p == s)
		return -EINVAL;
	*v = n;
	*end = p;
	return 0;
}

static bool has_0x(const char *s)
{
	return s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
}

/**
 * args_u64() - a whole number
 * @s: decimal, or hex after 0x
 * @v: result
 * Return: 0, -EINVAL not a number, -ERANGE above 2^64 - 1.
 */
int args_u64(const char *s, uint64_t *v)
{
	const char *end;
	int err;

	err = has_0x(s) ? scan(s + 2, 16, v, &end) : scan(s, 10, v, &end);
	if (err)
		return err;
	return *end ? -EINVAL : 0;
}

/**
 * args_pid() - a process id
 * @s: decimal
 * @pid: result, at least 1
 * Return: 0, -EINVAL not a number, -ERANGE no pid can be that.
 */
int args_pid(const char *s, pid_t *pid)
{
	const char *end;
	uint64_t v;
	int err;

	err = scan(s, 10, &v, &end);
	if (err)
		return err;
	if (*end)
		return -EINVAL;
	if (!v || v > INT_MAX)
		return -ERANGE;
	*pid = v;
	return 0;
}

/**
 * args_addr_range() - an address or a half-open range of addresses
 * @s: ADDR or ADDR-ADDR, hex with or without 0x, so that what /proc/PID/maps
 *	prints can be pasted
 * @start: first address
 * @end: address after the last, 0 if a single address was given
 * Return: 0, -EINVAL malformed, -ERANGE overflow or end <= start.
 */
int args_addr_range(const char *s, uint64_t *start, uint64_t *end)
{
	const char *p;
	int err;

	err = scan(has_0x(s) ? s + 2 : s, 16, start, &p);
	if (err)
		return err;
	*end = 0;
	if (!*p)
		return 0;
	if (*p++ != '-')
		return -EINVAL;
	err = scan(has_0x(p) ? p + 2 : p, 16, end, &p);
	if (err)
		return err;
	if (*p)
		return -EINVAL;
	return *end > *start ? 0 : -ERANGE;
}

/* Fraction after the point, in units of 1/1e9; digits beyond the ninth are dropped. */
static const char *scan_fraction(const char *p, uint64_t *nano)
{
	uint64_t unit = 100000000;

	*nano = 0;
	for (; isdigit((unsigned char)*p); p++) {
		*nano += unit * (*p - '0');
		unit /= 10;
	}
	return p;
}

static const struct {
	const char *name;
	uint64_t ns;
} time_units[] = {
	{"", 1000000000}, {"s", 1000000000},  {"ms", 1000000},
	{"us", 1000},	  {"m", 60000000000}, {"h", 3600000000000},
};

/**
 * args_seconds() - a time span
 * @s: seconds, or a number with unit: "1", "0.5", "200ms", "5m"
 * @ns: result in nanoseconds, > 0
 * Return: 0, -EINVAL malformed, -ERANGE zero or too long.
 */
int args_seconds(const char *s, uint64_t *ns)
{
	uint64_t whole, nano = 0;
	const char *p;
	size_t i;
	int err;

	err = scan(s, 10, &whole, &p);
	if (err)
		return err;
	if (*p == '.') {
		if (!isdigit((unsigned char)p[1]))
			return -EINVAL;
		p = scan_fraction(p + 1, &nano);
	}
	for (i = 0; i < sizeof(time_units) / sizeof(time_units[0]); i++) {
		uint64_t unit = time_units[i].ns;
		/* 1000 per step keeps nano * unit within 64 bits: units are multiples of 1000. */
		uint64_t frac = nano * (unit / 1000) / 1000000;

		if (strcmp(p, time_units[i].name))
			continue;
		if (__builtin_mul_overflow(whole, unit, ns) ||
		    __builtin_add_overflow(*ns, frac, ns) || *ns > INT64_MAX || !*ns)
			return -ERANGE;
		return 0;
	}
	return -EINVAL;
}

/**
 * args_percent() - a share
 * @s: a number with or without a fraction, "%" after it or not
 * @percent: result, > 0; above 100 is for the caller to judge
 * Return: 0, -EINVAL malformed, -ERANGE zero or too much.
 */
int args_percent(const char *s, double *percent)
{
	uint64_t whole, nano = 0;
	const char *p;
	int err;

	err = scan(s, 10, &whole, &p);
	if (err)
		return err;
	if (*p == '.') {
		if (!isdigit((unsigned char)p[1]))
			return -EINVAL;
		p = scan_fraction(p + 1, &nano);
	}
	if (*p == '%')
		p++;
	if (*p)
		return -EINVAL;
	if (whole > 1000000 || (!whole && !nano))
		return -ERANGE;
	*percent = (double)whole + (double)nano / 1e9;
	return 0;
}

/**
 * args_scaled() - a number with a letter behind it, or none
 * @s: digits, and K, M, G or T in either case
 * @thousand: what K stands for
 * @v: result
 * @scaled: there was a letter; false if it is malformed otherwise
 * Return: 0, -EINVAL malformed, -ERANGE beyond 64 bits.
 */
int args_scaled(const char *s, unsigned int thousand, uint64_t *v, bool *scaled)
{
	static const char letters[] = "kmgt";
	char digits[32];
	size_t len = strlen(s);
	const char *at;
	int err;

	*scaled = false;
	if (!len || len >= sizeof(digits))
		return -EINVAL;
	memcpy(digits, s, len + 1);
	at = strchr(letters, tolower((unsigned char)digits[len - 1]));
	*scaled = at != NULL;
	if (at)
		digits[len - 1] = '\0';
	err = args_u64(digits, v);
	for (; !err && at && at >= letters; at--)
		err = __builtin_mul_overflow(*v, (uint64_t)thousand, v) ? -ERANGE : 0;
	return err;
}

/**
 * args_amount() - an amount of memory
 * @s: a number, one with K, M, G or T of 1024 in either case, or one with %
 * @a: result
 * Return: 0, -EINVAL malformed, -ERANGE zero or too much.
 */
int args_amount(const char *s, struct args_amount *a)
{
	size_t len = strlen(s);
	bool scaled;
	int err;

	*a = (struct args_amount){.unit = ARGS_PERCENT};
	if (len && s[len - 1] == '%')
		return args_percent(s, &a->percent);
	err = args_scaled(s, 1024, &a->v, &scaled);
	a->unit = scaled ? ARGS_BYTES : ARGS_PLAIN;
	return err ? err : a->v ? 0 : -ERANGE;
}

/**
 * args_refs() - a number of references
 * @s: a number, with k, m, g or t for thousands, millions, ...
 * @nr: result, > 0
 * Return: 0, -EINVAL not a number, -ERANGE zero or too large.
 */
int args_refs(const char *s, uint64_t *nr)
{
	bool has_unit;
	int err = args_scaled(s, 1000, nr, &has_unit);

	return err ? err : *nr ? 0 : -ERANGE;
}

/**
 * args_format() - the word after -O
 * @s: text, json or csv
 * @f: result
 * Return: 0 or -EINVAL.
 */
int args_format(const char *s, enum out_format *f)
{
	if (!strcmp(s, "text"))
		*f = OUT_TEXT;
	else if (!strcmp(s, "json"))
		*f = OUT_JSON;
	else if (!strcmp(s, "csv"))
		*f = OUT_CSV;
	else
		return -EINVAL;
	return 0;
}
