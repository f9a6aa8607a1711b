/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fuzzer of mmscope.ko's files. A program is a few operations; where they name
 * a process they name one of ours by number, so that a stream of programs is the
 * same whatever the pids are.
 */
#ifndef MMS_FUZZ_H
#define MMS_FUZZ_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define SLOTS	 8  /* open files */
#define TARGETS	 4  /* processes of ours */
#define PROG_MAX 12 /* operations of a program */
#define TEXT_MAX 120

enum kind {
	OP_OPEN,
	OP_CLOSE,
	OP_READ,
	OP_PREAD,
	OP_READV,
	OP_WRITE,
	OP_SEEK,
	OP_MMAP,
	OP_POLL,
	OP_IOCTL,
	OP_STAT,
	OP_CONTROL,
	OP_PARAM,
	OP_TARGET,
	OPS
};

/* Files by number: those of a target, of the root, and what is not there. */
#define FILES_TARGET 13
#define FILE_WALK    1
#define FILE_SHARED  12
#define FILE_CONTROL 13
#define FILE_PARAM   17
#define FILE_NONE    18 /* no file: a process of ours is told to do something */
#define FILES	     19
#define PARAMS	     5

/* Where the buffer of a read or write lies. */
enum where { AT_GOOD, AT_EDGE, AT_NOTHING, AT_NULL, AT_KERNEL, AT_READONLY, WHERES };

/**
 * struct op - one operation
 * @kind: OP_*
 * @file: what to open
 * @slot: which open file
 * @target: whose directory
 * @where: AT_*
 * @whence: of a seek; what a target does; which parameter
 * @beside: runs in a thread of its own, at the same time as the next one
 * @rep: the text is written so often in a row
 * @len: bytes to read; with AT_EDGE so many lie before the end
 * @off: position
 * @size: of the text
 * @text: to be written: $0 to $3 are pids of ours, $s of the fuzzer, $a an
 *	address that a target has mapped
 */
struct op {
	uint8_t kind;
	uint8_t file;
	uint8_t slot;
	uint8_t target;
	uint8_t where;
	uint8_t whence;
	uint8_t beside;
	uint16_t rep;
	uint32_t len;
	int64_t off;
	uint8_t size;
	char text[TEXT_MAX];
};

struct prog {
	int nr;
	struct op op[PROG_MAX];
};

/* gen.c: deterministic by the state of the generator alone */
uint32_t rnd(uint32_t n);
void rnd_seed(uint64_t seed);
void prog_make(struct prog *p);
void prog_mutate(struct prog *p, const struct prog *other);
uint64_t prog_hash(const struct prog *p, uint64_t hash);
void prog_print(FILE *f, const struct prog *p);
bool prog_read(FILE *f, struct prog *p);

/* run.c */
extern long counts[OPS], per_file[FILES], per_errno[FILES][200], wrong;
extern char first_wrong[256];
void run_init(void);
void run_prog(const struct prog *p);
void run_end(void);
const char *file_name(int file);

/* target.c */
void targets_start(void);
int target_do(int nr, int what);
int target_pid(int nr);
void targets_end(void);
#define TARGET_MAP 0x300000000000UL

/* kcov.c */
bool kcov_start(void);
void kcov_reset(void);
unsigned int kcov_news(void);
unsigned int kcov_total(void);

#endif
