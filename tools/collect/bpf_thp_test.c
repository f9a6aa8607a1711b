// SPDX-License-Identifier: GPL-2.0-only
/*
 * Before anything is counted: does each program see what it is for? A child of ours has
 * two ranges collapsed, splits one in its page table and one altogether, while the
 * programs look out for that child alone. A function that was renamed, inlined or given
 * other arguments ends the run here, not as a zero.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "collect/actor.h"
#include "collect/bpf_thp_impl.h"
#include "thp.skel.h"

#define PAGE  4096UL
#define HUGE  (2UL << 20)
#define TRIES 20

#ifndef MADV_COLD
#define MADV_COLD 20
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

/* What is looked for, and what is named when it is not seen. */
static const struct {
	const char *what;
	bool huge; /* needs a huge page to be had */
} tests[MMS_THP_NR_TESTS] = {
	[MMS_WATCH_SAW_FORK] = {"the tracepoint sched_process_fork", false},
	[MMS_WATCH_SAW_EXEC] = {"the tracepoint sched_process_exec", false},
	[MMS_WATCH_SAW_FREE] = {"the tracepoint sched_process_free", false},
	[MMS_THP_SAW_SCAN] = {"the tracepoint mm_khugepaged_scan_pmd", false},
	[MMS_THP_SAW_COLLAPSE] = {"the tracepoint mm_collapse_huge_page", false},
	[MMS_THP_SAW_FILE] = {"the tracepoint mm_khugepaged_scan_file", true},
	[MMS_THP_SAW_OUTER] = {"__split_huge_pmd()", true},
	[MMS_THP_SAW_LOCKED] = {"split_huge_pmd_locked()", true},
	[MMS_THP_SAW_FOLIO] = {"", true}, /* whichever it is */
};

/* What the child is told to do; it answers with an errno, 0 = done. */
enum {
	TEST_FORK = 'k',
	TEST_COLLAPSE = 'c',
	TEST_SPLIT_ENTRY = 'e',
	TEST_SPLIT_FOLIO = 'f',
	TEST_EXEC = 'x'
};

static int advise(char *p, size_t len, int advice)
{
	return madvise(p, len, advice) ? errno : 0;
}

/* Small pages where a huge one fits; then one huge page. Return: 0 or an errno. */
static int collapse(char *p, bool anonymous)
{
	int err = EAGAIN, i;

	if (anonymous)
		madvise(p, HUGE, MADV_NOHUGEPAGE);
	for (i = 0; i < TRIES && (err == EAGAIN || err == EBUSY); i++) {
		*(volatile char *)p = 1;
		madvise(p, HUGE, MADV_HUGEPAGE);
		err = advise(p, HUGE, MADV_COLLAPSE);
	}
	return err;
}

/* Not split while another one has a hold of a page of it: the child is told again then. */
static int split_folio(char *p)
{
	int err = advise(p, HUGE, MADV_DONTNEED);

	if (!err)
		err = collapse(p, true);
	return err ? err : advise(p + PAGE, PAGE, MADV_COLD);
}

/* A range of 2 MiB where a huge page fits. */
static char *range(int fd)
{
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	char *p = mmap(NULL, 2 * HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	p = (char *)(((uintptr_t)p + HUGE - 1) & ~(HUGE - 1));
	p = mmap(p, HUGE, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0);
	return p == MAP_FAILED ? NULL : p;
}

static int do_collapse(char *p)
{
	int fd = memfd_create("mmscope", MFD_CLOEXEC), err;
	char *file = fd < 0 || ftruncate(fd, HUGE) ? NULL : range(fd);

	err = collapse(p, true);
	if (!err)
		err = file ? collapse(file, false) : ENOMEM;
	return err;
}

static void act(struct mms_actor *a, void *arg)
{
	char what, err, *p = range(-1);
	pid_t pid;

	while (p && read(a->to, &what, 1) == 1) {
		err = 0;
		if (what == TEST_FORK) {
			pid = fork();
			if (!pid)
				_exit(0);
			waitpid(pid, NULL, 0);
		} else if (what == TEST_COLLAPSE)
			err = (char)do_collapse(p);
		else if (what == TEST_SPLIT_ENTRY)
			err = (char)advise(p + PAGE, PAGE, MADV_DONTNEED);
		else if (what == TEST_SPLIT_FOLIO)
			err = (char)split_folio(p);
		else
			mms_actor_exec();
		if (write(a->from, &err, 1) != 1)
			break;
	}
	_exit(1);
}

static unsigned int seen(const struct mms_thp *t, unsigned int which)
{
	return ((volatile __u32 *)t->skel->data_tested->tested)[which];
}

/* Return: the child's answer, or EIO. */
static int tell(struct mms_actor *a, char what)
{
	char err;

	if (write(a->to, &what, 1) != 1 || read(a->from, &err, 1) != 1)
		return EIO;
	return err;
}

/* Return: 0, or the errno with which the child got no huge page. */
static int perform(struct mms_thp *t, struct mms_actor *a)
{
	uint64_t end = mms_actor_ms() + MMS_ACTOR_PATIENCE_MS;
	char what = TEST_EXEC;
	int err = tell(a, TEST_FORK), i;

	if (!err)
		err = tell(a, TEST_COLLAPSE);
	if (!err)
		err = tell(a, TEST_SPLIT_ENTRY);
	/* The one calls the other, and one of them is enough; or they are apart. */
	t->skel->data_marks->marks.outer = !seen(t, MMS_THP_SAW_LOCKED);
	for (i = 0; i < TRIES && !err && !seen(t, MMS_THP_SAW_FOLIO); i++)
		err = tell(a, TEST_SPLIT_FOLIO);
	if (write(a->to, &what, 1) != 1)
		return EIO;
	while (!(seen(t, MMS_WATCH_SAW_EXEC) && seen(t, MMS_WATCH_SAW_FREE)) &&
	       mms_actor_ms() < end) {
		mms_actor_reap(a);
		usleep(1000);
	}
	return err;
}

static int judge(struct mms_thp *t, int err, const char **why)
{
	static char text[256];
	unsigned int i;

	if (err) {
		snprintf(
			text, sizeof(text),
			"self-test: no huge page was to be had (%s): whether all splits are seen is not known",
			strerror(err));
		t->missing[t->nr_missing++] = text;
	}
	for (i = 0; i < MMS_THP_NR_TESTS; i++) {
		if (seen(t, i) || (err && tests[i].huge) ||
		    (i == MMS_THP_SAW_LOCKED && !t->has_locked))
			continue;
		snprintf(text, sizeof(text),
			 "self-test: the program on %s%s did not see what a child of ours did; "
			 "a newer mmscope may know this kernel",
			 tests[i].what, i == MMS_THP_SAW_FOLIO ? t->folio_func : "");
		*why = text;
		return -EIO;
	}
	return 0;
}

/**
 * mms_thp_self_test() - let a child do what the programs are to see
 * @t: attached, not armed; told which function's splits count
 * @why: the program that saw nothing, on error
 * Return: 0 or -errno; -EIO: a program did not see it.
 */
int mms_thp_self_test(struct mms_thp *t, const char **why)
{
	struct mms_thp_marks *marks = &t->skel->data_marks->marks;
	struct mms_actor a = {.pid = -1};
	int err = mms_actor_start(&a, act, NULL);

	if (err) {
		*why = "the self-test could not begin";
		return err;
	}
	marks->test_tgid = (__u32)a.pid;
	err = judge(t, perform(t, &a), why);
	t->entry_func = marks->outer ? "__split_huge_pmd" : "split_huge_pmd_locked";
	mms_actor_end(&a);
	return err;
}
