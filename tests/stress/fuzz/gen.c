// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs: made from a grammar, changed at random, printed and read again. Must
 * not know what happened when one ran.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"

static uint64_t state;

void rnd_seed(uint64_t seed)
{
	state = seed * 0x9e3779b97f4a7c15 + 1;
}

uint32_t rnd(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return n ? (state >> 11) % n : 0;
}

#define PICK(array) array[rnd(sizeof(array) / sizeof(array[0]))]

static const char *pid(void)
{
	static const char *const ours[] = {"$0", "$1", "$2", "$3", "$s"};
	static const char *const odd[] = {"0",	  "1",	     "2",
					  "-1",	  "4194304", "2147483648",
					  "0x10", "$0x",     "99999999999999999999999"};

	return rnd(8) ? PICK(ours) : PICK(odd);
}

static void add(struct op *o, const char *text)
{
	size_t n = strlen(text);

	if (n + o->size > TEXT_MAX)
		n = TEXT_MAX - o->size;
	memcpy(o->text + o->size, text, n);
	o->size += n;
}

static void one_command(struct op *o)
{
	static const char *const verbs[] = {"+ ",      "+ ",	  "+ ",	   "- ", "sample ",
					    "sample ", "sample ", "clear", "x ", ""};
	static const char *const ms[] = {" 10", " 11", " 25", " 1000", " off", " 9", " 600001", ""};
	static const char *const how[] = {
		"", "", "", " noflush", " noskip", " noskip noflush", " noskip noskip"};
	const char *verb = PICK(verbs);

	/* seldom: to hook the kernel's events anew takes longer than a hundred reads */
	if (*verb == 'c' && rnd(4))
		verb = "sample ";
	add(o, verb);
	if (*verb != 'c' || !rnd(8))
		add(o, pid());
	if (*verb == 's') {
		add(o, PICK(ms));
		add(o, PICK(how));
	}
	if (*verb == '+' && !rnd(4))
		add(o, " follow");
}

static void text_control(struct op *o)
{
	static const char *const between[] = {";", ";", "; ", "\n", ";;", " ", ""};
	int n = 1 + rnd(rnd(4) ? 2 : 8);

	while (n--) {
		one_command(o);
		if (n || !rnd(3))
			add(o, PICK(between));
	}
	/* few and long: each may hook the kernel's events anew */
	o->rep = rnd(40) ? 1 : rnd(400);
}

static void text_walk(struct op *o)
{
	static const char *const spec[] = {"$a",
					   "$a-$b",
					   "$a-$a",
					   "$b-$a",
					   "0x0-0x200000",
					   "0x7ffffffff000",
					   "0x00ffffffffffe000",
					   "0xffff888000000000",
					   "0x1",
					   "4096-",
					   "-4096",
					   "0x10000000000000000",
					   "\n",
					   ""};

	add(o, rnd(3) ? PICK(spec) : "$a-$b");
	o->rep = 1;
}

static void spoil(struct op *o)
{
	int n = 1 + rnd(3), i;

	while (n--) {
		i = o->size ? rnd(o->size) : 0;
		switch (rnd(5)) {
		case 0:
			o->text[i] = rnd(256);
			break;
		case 1:
			o->text[i] ^= 1 << rnd(8);
			break;
		case 2:
			o->size = i;
			break;
		case 3:
			if (o->size < TEXT_MAX)
				o->text[o->size++] = rnd(256);
			break;
		default:
			o->text[i] = "+-; \n0x$9"[rnd(9)];
		}
	}
	/* a program that was printed and read is the same */
	memset(o->text + o->size, 0, TEXT_MAX - o->size);
}

static void text(struct op *o)
{
	o->size = 0;
	memset(o->text, 0, TEXT_MAX);
	if (o->kind == OP_PARAM) {
		char number[16];

		snprintf(number, sizeof(number), "%u", rnd(rnd(2) ? 300 : 70000));
		add(o, number);
		o->rep = 1;
	} else if (o->kind == OP_CONTROL || o->file == FILE_CONTROL) {
		text_control(o);
	} else if (o->file == FILE_SHARED) {
		add(o, pid());
		o->rep = rnd(10) ? 1 : rnd(20);
	} else {
		text_walk(o);
	}
	if (!rnd(6))
		spoil(o);
}

static int64_t offset(void)
{
	static const int64_t odd[] = {
		0,	   1,	     47,	48,	   49,	      64,	 4095,
		4096,	   -1,	     INT64_MAX, 1LL << 31, 1LL << 32, 1LL << 47, (1LL << 47) - 4096,
		1LL << 56, INT64_MIN};

	switch (rnd(4)) {
	case 0:
		return PICK(odd);
	case 1:
		return TARGET_MAP + (int64_t)rnd(1 << 10) * 4096 + rnd(2) * rnd(4096);
	case 2:
		return rnd(100000);
	default:
		return 0;
	}
}

static uint32_t length(void)
{
	static const uint32_t odd[] = {0, 1, 7, 24, 47, 48, 49, 63, 64, 71, 72, 95, 4096, 65536};

	return rnd(2) ? PICK(odd) : rnd(rnd(4) ? 5000 : 66000);
}

static void op_make(struct op *o)
{
	/* by weight */
	static const uint8_t kinds[] = {OP_OPEN,    OP_OPEN,  OP_OPEN,	 OP_OPEN,    OP_CLOSE,
					OP_CLOSE,   OP_READ,  OP_READ,	 OP_READ,    OP_READ,
					OP_READ,    OP_PREAD, OP_PREAD,	 OP_PREAD,   OP_READV,
					OP_WRITE,   OP_WRITE, OP_SEEK,	 OP_SEEK,    OP_MMAP,
					OP_POLL,    OP_IOCTL, OP_STAT,	 OP_CONTROL, OP_CONTROL,
					OP_CONTROL, OP_PARAM, OP_TARGET, OP_TARGET};

	memset(o, 0, sizeof(*o));
	o->kind = PICK(kinds);
	o->file = rnd(8) ? rnd(FILES_TARGET) : FILES_TARGET + rnd(4);
	o->slot = rnd(SLOTS);
	o->target = rnd(TARGETS + 1);
	o->where = rnd(8) ? AT_GOOD : rnd(WHERES);
	o->whence = rnd(10);
	o->beside = !rnd(12);
	o->len = length();
	o->off = offset();
	o->rep = 1;
	if (o->kind == OP_WRITE || o->kind == OP_CONTROL || o->kind == OP_PARAM)
		text(o);
}

/* What belongs together is made together, else most reads would be of nothing. */
void prog_make(struct prog *p)
{
	static const char *const begin[] = {"+ $0", "+ $0; sample $0 10", "sample $0 11 noskip"};
	struct op *o = p->op;
	int i, slot = rnd(SLOTS), whom = rnd(TARGETS);

	p->nr = 4 + rnd(PROG_MAX - 3);
	for (i = 0; i < p->nr; i++) {
		op_make(&o[i]);
		if (rnd(3))
			o[i].slot = slot;
	}
	if (!rnd(4))
		return;
	if (rnd(3)) {
		memset(o, 0, sizeof(*o));
		o->kind = OP_CONTROL;
		o->rep = 1;
		add(o, PICK(begin));
		for (i = 0; i < o->size; i++)
			if (o->text[i] == '$')
				o->text[i + 1] = '0' + whom;
		o++;
	}
	o->kind = OP_OPEN;
	o->slot = slot;
	o->target = whom;
	o->beside = 0;
	if (o->file == FILE_WALK || o->file == FILE_SHARED) {
		o->whence = 2; /* for both */
		o[1].kind = OP_WRITE;
		o[1].slot = slot;
		o[1].where = AT_GOOD;
		o[1].file = o->file;
		text(&o[1]);
	}
}

void prog_mutate(struct prog *p, const struct prog *other)
{
	int n = 1 + rnd(3), i;

	while (n--) {
		i = rnd(p->nr);
		switch (rnd(6)) {
		case 0:
			op_make(&p->op[i]);
			break;
		case 1:
			if (p->nr < PROG_MAX)
				op_make(&p->op[p->nr++]);
			break;
		case 2:
			if (p->nr > 1)
				memmove(&p->op[i], &p->op[i + 1], (--p->nr - i) * sizeof(p->op[0]));
			break;
		case 3:
			p->op[i].off = offset();
			p->op[i].len = length();
			break;
		case 4:
			spoil(&p->op[i]);
			p->op[i].where = rnd(WHERES);
			break;
		default:
			p->op[i] = other->op[rnd(other->nr)];
		}
	}
}

uint64_t prog_hash(const struct prog *p, uint64_t hash)
{
	const uint8_t *b = (const uint8_t *)p->op;
	size_t i;

	for (i = 0; i < p->nr * sizeof(p->op[0]); i++)
		hash = (hash ^ b[i]) * 0x100000001b3;
	return hash;
}

void prog_print(FILE *f, const struct prog *p)
{
	int i, j;

	for (i = 0; i < p->nr; i++) {
		const struct op *o = &p->op[i];

		fprintf(f, "%u %u %u %u %u %u %u %u %u %" PRId64 " %u ", o->kind, o->file, o->slot,
			o->target, o->where, o->whence, o->beside, o->rep, o->len, o->off, o->size);
		for (j = 0; j < o->size; j++)
			fprintf(f, "%02x", (unsigned char)o->text[j]);
		fputs("-\n", f);
	}
	fputs(".\n", f);
}

static bool op_read(const char *line, struct op *o)
{
	unsigned int v[10], byte;
	int at, i;

	memset(o, 0, sizeof(*o));
	if (sscanf(line, "%u %u %u %u %u %u %u %u %u %" SCNd64 " %u %n", &v[0], &v[1], &v[2], &v[3],
		   &v[4], &v[5], &v[6], &v[7], &v[8], &o->off, &v[9], &at) != 11 ||
	    v[0] >= OPS || v[1] >= FILES || v[2] >= SLOTS || v[3] > TARGETS || v[4] >= WHERES ||
	    v[8] > 1 << 20 || v[9] > TEXT_MAX)
		return false;
	o->kind = v[0];
	o->file = v[1];
	o->slot = v[2];
	o->target = v[3];
	o->where = v[4];
	o->whence = v[5];
	o->beside = v[6];
	o->rep = v[7];
	o->len = v[8];
	o->size = v[9];
	for (i = 0; i < o->size; i++) {
		if (sscanf(line + at + 2 * i, "%2x", &byte) != 1)
			return false;
		o->text[i] = byte;
	}
	return true;
}

/* The next program of a file; false at its end, or where it is none. */
bool prog_read(FILE *f, struct prog *p)
{
	char line[512];

	p->nr = 0;
	while (fgets(line, sizeof(line), f) && *line != '.')
		if (*line != '#' && (p->nr == PROG_MAX || !op_read(line, &p->op[p->nr++])))
			return false;
	return p->nr;
}
