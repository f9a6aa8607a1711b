// SPDX-License-Identifier: GPL-2.0-only
/* One value to characters, raw for machines or scaled for people. Pure. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "render/out_ops.h"

#define BUF OUT_SIZE_CHARS

static void human_bytes(uint64_t v, char *buf, bool spaced)
{
	const char *sep = spaced ? " " : "", *tail = spaced ? "iB" : "";
	double kib = v / 1024.0;

	if (!v)
		snprintf(buf, BUF, "0");
	else if (v < 1024)
		snprintf(buf, BUF, "%" PRIu64 "%sB", v, sep);
	else if (kib < 10240) /* exact: below this a page more or less is news */
		snprintf(buf, BUF, "%.*f%sK%s", v % 1024 ? 1 : 0, kib, sep, tail);
	else if (kib < 10240 * 1024.0)
		snprintf(buf, BUF, "%.1f%sM%s", kib / 1024, sep, tail);
	else if (kib < 10240 * 1048576.0)
		snprintf(buf, BUF, "%.1f%sG%s", kib / 1048576, sep, tail);
	else
		snprintf(buf, BUF, "%.1f%sT%s", kib / 1073741824, sep, tail);
}

static void exact_size(uint64_t v, char *buf, bool spaced)
{
	static const char units[] = "BKMGT";
	int i = 0;

	for (; i < 4 && v && !(v % 1024); i++)
		v /= 1024;
	snprintf(buf, BUF, "%" PRIu64 "%s%c%s", v, spaced ? " " : "", units[i],
		 spaced && i ? "iB" : "");
}

const char *out_size(uint64_t v, char *buf)
{
	exact_size(v, buf, true);
	return buf;
}

static void human_ns(double v, char *buf, bool spaced)
{
	static const char *const units[] = {"ns", "us", "ms", "s"};
	const char *sep = spaced ? " " : "";
	static const int decimals[] = {0, 1, 1, 2};
	bool part = v > 0 && v < 10 && v != floor(v);
	size_t i = 0;

	/* 999.95 would be printed as 1000.0: scale first. */
	while (i < 3 && v >= (i ? 999.95 : 1000)) {
		v /= 1000;
		i++;
	}
	snprintf(buf, BUF, "%.*f%s%s", part ? 2 : decimals[i], v, sep, units[i]);
}

/*
 * The same without printf(), where rounding cannot depend on how a double holds the half:
 * there, and for times that take days, 0.
 */
static size_t quick_ns(uint64_t v, char *buf, bool spaced)
{
	static const struct {
		uint64_t below, unit, step;
		const char *name;
	} scales[] = {
		{1000, 1, 1, " ns"},
		{999950, 1000, 100, " us"},
		{999950000, 1000000, 100000, " ms"},
		{1000000000000, 1000000000, 10000000, " s"},
	};
	uint64_t tenths;
	size_t i, n, len;

	for (i = 0; i < 4 && v >= scales[i].below; i++)
		;
	if (i == 4 || (i && v % scales[i].step == scales[i].step / 2))
		return 0;
	v = (v + scales[i].step / 2) / scales[i].step * scales[i].step;
	n = out_dec(buf, v / scales[i].unit);
	tenths = v % scales[i].unit / scales[i].step;
	if (i) {
		buf[n++] = '.';
		if (i == 3)
			buf[n++] = (char)('0' + tenths / 10);
		buf[n++] = (char)('0' + tenths % 10);
	}
	len = strlen(scales[i].name) - !spaced;
	memcpy(buf + n, scales[i].name + !spaced, len);
	return n + len;
}

/* 0.04, 3.17, 42.5, 1234: a small rate is not none. */
static void human_rate(double v, char *buf)
{
	snprintf(buf, BUF, "%.*f", v < 10 ? 2 : v < 100 ? 1 : 0, v);
}

/* 0.0804, 1.93, 42.5, 1234; six decimals at the most. */
static void human_ratio(double v, char *buf)
{
	double size = fabs(v);
	int decimals = size > 0 ? 2 : 0;

	if (size > 0 && size < 1)
		decimals = size < 0.0001 ? 6 : 2 - (int)floor(log10(size));
	else if (size >= 9.995)
		decimals = size < 99.95 ? 1 : 0;
	snprintf(buf, BUF, "%.*f", decimals, v);
}

static double as_real(const struct out_val *v)
{
	return v->kind == OUT_VAL_REAL ? v->real : (double)v->num;
}

static const char *human_about(const struct out_val *v, char *buf, bool spaced)
{
	struct out_val exact = *v;
	char number[BUF];

	exact.about = false;
	snprintf(buf, BUF, "~%.*s", BUF - 2, out_human(&exact, number, spaced));
	return buf;
}

size_t out_quick(const struct out_val *v, char *buf, bool spaced)
{
	if (v->kind != OUT_VAL_NUM || v->about)
		return 0;
	switch (v->type) {
	case OUT_COUNT:
		return out_dec(buf, v->num);
	case OUT_HEX:
		return out_hex(buf, v->num);
	case OUT_NS:
		return quick_ns(v->num, buf, spaced);
	default:
		return 0;
	}
}

const char *out_human(const struct out_val *v, char *buf, bool spaced)
{
	size_t len = out_quick(v, buf, spaced);

	if (len) {
		buf[len] = '\0';
		return buf;
	}
	if (v->about)
		return human_about(v, buf, spaced);
	if (v->kind == OUT_VAL_STR)
		return v->str;
	if (v->kind == OUT_VAL_NONE || v->kind == OUT_VAL_FRAMES || isnan(as_real(v)))
		return "-";
	switch (v->type) {
	case OUT_BYTES:
		human_bytes(v->kind == OUT_VAL_REAL ? (uint64_t)v->real : v->num, buf, spaced);
		return buf;
	case OUT_SIZE:
		exact_size(v->num, buf, spaced);
		return buf;
	case OUT_NS:
		human_ns(as_real(v), buf, spaced);
		return buf;
	case OUT_PERCENT:
		snprintf(buf, BUF, "%.1f%%", as_real(v));
		return buf;
	case OUT_REAL:
		snprintf(buf, BUF, "%.2f", as_real(v));
		return buf;
	case OUT_RATE:
		human_rate(as_real(v), buf);
		return buf;
	case OUT_RATIO:
		human_ratio(as_real(v), buf);
		return buf;
	case OUT_BOOL:
		return v->num ? "yes" : "no";
	default:
		return out_raw(v, buf);
	}
}

const char *out_raw(const struct out_val *v, char *buf)
{
	switch (v->kind) {
	case OUT_VAL_NONE:
	case OUT_VAL_FRAMES: /* out_fold() */
		return "";
	case OUT_VAL_STR:
		return v->str;
	case OUT_VAL_REAL:
		if (!isfinite(v->real))
			return "";
		snprintf(buf, BUF, "%.15g", v->real);
		return buf;
	case OUT_VAL_NUM:
		break;
	}
	if (v->type == OUT_BOOL)
		return v->num ? "true" : "false";
	buf[v->type == OUT_HEX ? out_hex(buf, v->num) : out_dec(buf, v->num)] = '\0';
	return buf;
}
