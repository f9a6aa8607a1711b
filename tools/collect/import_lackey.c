// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text of valgrind's lackey with --trace-mem=yes. One line is one access: "I  ADDR,SIZE" a
 * fetch of an instruction, " L ADDR,SIZE" a load, " S" a store, " M" a load and a store of the same
 * place, which is one reference that writes. What the program itself wrote between the lines is
 * skipped.
 */
#include <errno.h>
#include <string.h>

#include "collect/import_in.h"

#define MAX_SIZE  65536 /* bytes of one access: the largest of x86 are below 3 KiB */
#define NO_DIGIT  16
#define MAX_PLACE 16 /* digits of an address */

/* The digit and one; 0: none. */
static const uint8_t digits[256] = {
	['0'] = 1,  ['1'] = 2,	['2'] = 3,  ['3'] = 4,	['4'] = 5,  ['5'] = 6,
	['6'] = 7,  ['7'] = 8,	['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
	['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12,
	['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

static unsigned int digit(char c, unsigned int base)
{
	unsigned int d = digits[(uint8_t)c] - 1U;

	return d < base ? d : NO_DIGIT;
}

/* Is the line an access? Then its bytes are [@addr, @last]. */
static bool parse(const char *p, size_t len, uint64_t *addr, uint64_t *last)
{
	const char *end = p + len, *first = p + 3;
	uint64_t a = 0, size = 0;
	unsigned int d;

	for (p = first; p < end && (d = digit(*p, 16)) != NO_DIGIT; p++)
		a = a << 4 | d;
	if (p == first || p - first > MAX_PLACE || p == end || *p != ',')
		return false;
	first = ++p;
	for (; p < end && (d = digit(*p, 10)) != NO_DIGIT && size <= MAX_SIZE; p++)
		size = size * 10 + d;
	if (p != end || p == first || !size || size > MAX_SIZE || a + size - 1 < a)
		return false;
	*addr = a;
	*last = a + size - 1;
	return true;
}

/* "==PID== ...": whose trace it is. */
static void look_for_pid(struct mms_import *im, const char *p, size_t len)
{
	uint64_t pid = 0;
	size_t i;

	if (im->pid || len < 5 || memcmp(p, "==", 2))
		return;
	for (i = 2; i < len && i < 10 && digit(p[i], 10) != NO_DIGIT; i++)
		pid = pid * 10 + digit(p[i], 10);
	if (i + 1 < len && p[i] == '=' && p[i + 1] == '=')
		im->pid = pid;
}

static bool looks_like_access(const char *p, size_t len)
{
	if (len < 3 || p[2] != ' ')
		return false;
	return p[0] == 'I' ? p[1] == ' '
			   : p[0] == ' ' && (p[1] == 'L' || p[1] == 'S' || p[1] == 'M');
}

/* One line: the pages of its access into im->wait, if it is one that is wanted. */
static void take(struct mms_import *im, const char *p, size_t len)
{
	bool looks = looks_like_access(p, len);
	uint64_t addr, last;

	im->count.records++;
	if (!looks || !parse(p, len, &addr, &last)) {
		im->count.skipped++;
		im->count.malformed += looks;
		look_for_pid(im, p, len);
		return;
	}
	if (p[0] == 'I' && im->opts->no_fetch) {
		im->count.left_out++;
		return;
	}
	im->count.used++;
	im->wait = addr >> im->opts->page_shift;
	im->wait_last = last >> im->opts->page_shift;
	im->count.straddles += im->wait_last - im->wait;
	im->wait_write = p[1] == 'S' || p[1] == 'M';
	im->waiting = true;
}

static ssize_t next(struct mms_import *im, struct mms_import_ref *refs, size_t max,
		    const char **why)
{
	const char *line;
	size_t n = 0, len;
	int ret;

	while (n < max) {
		if (im->waiting) {
			refs[n++] =
				(struct mms_import_ref){.vpn = im->wait, .write = im->wait_write};
			im->waiting = im->wait++ != im->wait_last;
			continue;
		}
		ret = mms_in_line(im->in, &line, &len);
		if (ret == -EINTR && n)
			break; /* the next call says so */
		if (ret < 0)
			return mms_import_failed(im, ret, why);
		if (!ret)
			break;
		take(im, line, len);
	}
	im->count.refs += n;
	return n;
}

const struct mms_import_format mms_import_lackey = {
	.name = "lackey",
	.record = "line",
	.text = true,
	.next = next,
};
