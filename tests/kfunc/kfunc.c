// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asks bpf_mmscope_walk() about pages of its own, prints the answers, and stays
 * until its stdin ends. "question NAME ADDR RET LEVEL LEAF FRAME RAW5 .. RAW1",
 * "tally PLACE WALKED NO_MM NOT_NOW OTHER IDLE_TASK", "too-small RET", "ready".
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/mmscope.h>
#include "kfunc.h"
#include "kfunc.skel.h"

#define PAGE 4096UL
#define HUGE (2UL << 20)

static const char *name[KFUNC_QUESTIONS];
static struct kfunc_bpf *bpf;
static int nr;

static void ask(const char *what, uint64_t addr)
{
	name[nr] = what;
	bpf->bss->question[nr++].addr = addr;
}

static char *map(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return p;
}

static void ask_all(void)
{
	char *p = map(8 * PAGE), *far = map(4UL << 30), *huge = map(2 * HUGE);

	madvise(far, 4UL << 30, MADV_NOHUGEPAGE);
	madvise(p, 8 * PAGE, MADV_NOHUGEPAGE);
	memset(p, 1, PAGE);
	memset(p + 2 * PAGE, 1, PAGE);
	mprotect(p + 2 * PAGE, PAGE, PROT_NONE);
	far[2UL << 30] = 1;
	huge = (char *)(((uintptr_t)huge + HUGE - 1) & -HUGE);
	madvise(huge, HUGE, MADV_HUGEPAGE);
	memset(huge, 1, HUGE);
	ask("written", (uintptr_t)p);
	ask("inside", (uintptr_t)p + 0xabc);
	ask("zero", (uintptr_t)p + PAGE + *(volatile char *)(p + PAGE));
	ask("protnone", (uintptr_t)p + 2 * PAGE);
	ask("untouched", (uintptr_t)p + 4 * PAGE);
	ask("no-table", (uintptr_t)far + (1UL << 30));
	ask("lone", (uintptr_t)far + (2UL << 30));
	ask("huge", (uintptr_t)huge);
	ask("in-huge", (uintptr_t)huge + 77 * PAGE + 5);
	ask("text", (uintptr_t)ask_all);
	ask("nothing", 0x10000);
	ask("kernel", 0xffffffff81000000);
	ask("hole", 0x8000000000000000);
	ask("last", ~0UL);
}

/* Task switches and flushes with many tables coming and going. */
static void work(void)
{
	int round, status;
	char *p;

	for (round = 0; round < 50; round++) {
		pid_t child = fork();

		if (!child) {
			for (int i = 0; i < 20; i++) {
				p = map(64 * PAGE);
				memset(p, 1, 64 * PAGE);
				munmap(p, 64 * PAGE);
				usleep(100);
			}
			_exit(0);
		}
		usleep(1000);
		if (round % 8 == 7)
			while (wait(&status) > 0)
				;
	}
	while (wait(&status) > 0)
		;
}

static void print(void)
{
	static const char *const place[] = {"switch", "flush"};
	int i, level;

	for (i = 0; i < nr; i++) {
		struct kfunc_question *q = &bpf->bss->question[i];

		printf("question %s 0x%llx %lld %u %u 0x%llx", name[i], q->addr, q->ret,
		       q->out.level, q->out.leaf, q->out.frame);
		for (level = 5; level; level--)
			printf(" 0x%llx", q->out.raw[level]);
		printf("\n");
	}
	for (i = 0; i < KFUNC_PLACES; i++) {
		struct kfunc_tally *t = &bpf->bss->tally[i];

		printf("tally %s %llu %llu %llu %llu %llu\n", place[i], t->walked, t->no_mm,
		       t->not_now, t->other, t->idle_task);
	}
	printf("too-small %d\nready\n", bpf->bss->too_small);
	fflush(stdout);
}

int main(void)
{
	int err;

	bpf = kfunc_bpf__open();
	if (!bpf)
		return 1;
	bpf->rodata->pid = getpid();
	ask_all();
	err = kfunc_bpf__load(bpf);
	if (!err)
		err = kfunc_bpf__attach(bpf);
	if (err) {
		fprintf(stderr, "kfunc: cannot load or attach: %s\n", strerror(-err));
		return 1;
	}
	work();
	getppid();
	print();
	getchar();
	kfunc_bpf__destroy(bpf);
	return 0;
}
