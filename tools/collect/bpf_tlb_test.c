// SPDX-License-Identifier: GPL-2.0-only
/*
 * Before anything is counted: does each program see what it is for? A child of ours
 * does it once, while the programs look out for that child alone. A function that
 * was renamed, inlined or given other arguments ends the run here, not as a zero.
 */
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "collect/actor.h"
#include "collect/bpf_tlb_impl.h"
#include "tlb.skel.h"

#define PAGE 4096

/* What is looked for, and what is named when it is not seen. */
static const struct {
	const char *what;
	bool two_cpus; /* needs a second CPU to be interrupted */
} tests[MMS_TLB_NR_TESTS] = {
	[MMS_TLB_SAW_ASKED] = {"flush_tlb_mm_range()", false},
	[MMS_TLB_SAW_ASKED_ANY] = {"flush_tlb_mm_range()", false},
	[MMS_TLB_SAW_FLUSH] = {"the tracepoint tlb_flush", false},
	[MMS_TLB_SAW_TAKEN] = {"the tracepoint tlb_flush, after the first one,", false},
	[MMS_TLB_SAW_SWITCH] = {"switch_mm_irqs_off(), or the tracepoint tlb_flush in it", false},
	[MMS_WATCH_SAW_FORK] = {"the tracepoint sched_process_fork", false},
	[MMS_WATCH_SAW_EXEC] = {"the tracepoint sched_process_exec", false},
	[MMS_WATCH_SAW_FREE] = {"the tracepoint sched_process_free", false},
	[MMS_TLB_SAW_SENT] = {"native_flush_tlb_multi()", true},
	[MMS_TLB_SAW_HIT] = {"flush_tlb_func()", true},
	[MMS_TLB_SAW_REMOTE] = {"the tracepoint tlb_flush on another CPU", true},
};

static void *spin(void *arg)
{
	volatile int *stay = arg;

	while (*stay)
		;
	return NULL;
}

/* A thread on another CPU, the caller on this one. Return: false if there is one CPU only. */
static bool spread_out(void)
{
	static volatile int stay = 1;
	int here = -1, there = -1, i;
	pthread_attr_t attr;
	pthread_t thread;
	cpu_set_t set;

	memset(&set, 0xff, sizeof(set));
	sched_setaffinity(0, sizeof(set), &set);
	if (sched_getaffinity(0, sizeof(set), &set))
		return false;
	for (i = 0; i < CPU_SETSIZE && there < 0; i++) {
		if (!CPU_ISSET(i, &set))
			continue;
		if (here < 0)
			here = i;
		else
			there = i;
	}
	if (there < 0)
		return false;
	CPU_ZERO(&set);
	CPU_SET(here, &set);
	sched_setaffinity(0, sizeof(set), &set);
	CPU_ZERO(&set);
	CPU_SET(there, &set);
	pthread_attr_init(&attr);
	pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	return !pthread_create(&thread, &attr, spin, (void *)&stay);
}

/* The child: forks, flushes until told that it was seen, and executes something. */
static void act(struct mms_actor *a, void *arg)
{
	char *page = arg, byte, cpus;
	pid_t pid;

	if (read(a->to, &byte, 1) != 1)
		_exit(1);
	cpus = spread_out() ? '2' : '1';
	if (write(a->from, &cpus, 1) != 1)
		_exit(1);
	pid = fork();
	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	fcntl(a->to, F_SETFL, O_NONBLOCK);
	while (read(a->to, &byte, 1) != 1) {
		*(volatile char *)page = 1;
		mprotect(page, PAGE, PROT_READ);
		mprotect(page, PAGE, PROT_READ | PROT_WRITE);
		usleep(200);
	}
	mms_actor_exec();
}

static __u32 seen(const struct mms_tlb *t, unsigned int which)
{
	return ((volatile __u32 *)t->skel->data_tested->tested)[which];
}

static bool all_seen(const struct mms_tlb *t, const unsigned int *which, size_t nr, bool two_cpus)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		if (!seen(t, which[i]) && (two_cpus || !tests[which[i]].two_cpus))
			return false;
	}
	return true;
}

/* First what the child does while it lives, then what its end shows. */
static bool watch(const struct mms_tlb *t, struct mms_actor *a)
{
	static const unsigned int alive[] = {
		MMS_TLB_SAW_ASKED,  MMS_TLB_SAW_TAKEN, MMS_TLB_SAW_FLUSH, MMS_TLB_SAW_SWITCH,
		MMS_WATCH_SAW_FORK, MMS_TLB_SAW_SENT,  MMS_TLB_SAW_HIT,	  MMS_TLB_SAW_REMOTE,
	};
	static const unsigned int after[] = {MMS_WATCH_SAW_EXEC, MMS_WATCH_SAW_FREE};
	uint64_t end = mms_actor_ms() + MMS_ACTOR_PATIENCE_MS;
	bool two_cpus;
	char cpus;

	if (write(a->to, "", 1) != 1 || read(a->from, &cpus, 1) != 1)
		return false;
	two_cpus = cpus == '2';
	while (!all_seen(t, alive, sizeof(alive) / sizeof(alive[0]), two_cpus) &&
	       mms_actor_ms() < end)
		usleep(1000);
	if (write(a->to, "", 1) != 1)
		return two_cpus;
	while (!all_seen(t, after, sizeof(after) / sizeof(after[0]), two_cpus) &&
	       mms_actor_ms() < end) {
		mms_actor_reap(a);
		usleep(1000);
	}
	return two_cpus;
}

/* Does a hypervisor flush the other CPUs, called by the kernel in place of its own function? */
static bool hypervisor_flushes(void)
{
	unsigned int eax, vendor[4] = {0};

	__cpuid(1, eax, vendor[0], vendor[1], vendor[2]);
	if (!(vendor[1] & 1U << 31))
		return false;
	__cpuid(0x40000000, eax, vendor[0], vendor[1], vendor[2]);
	vendor[3] = 0;
	return !strcmp((char *)vendor, "Microsoft Hv") || !strcmp((char *)vendor, "XenVMMXenVMM");
}

static int judge(struct mms_tlb *t, bool two_cpus, const char **why)
{
	bool excused = two_cpus && !seen(t, MMS_TLB_SAW_SENT) && hypervisor_flushes();
	static char text[256];
	unsigned int n, i;

	if (excused)
		mms_tlb_note_missing(
			t,
			"the hypervisor flushes other CPUs: shootdowns are asked for, but not sent or received");
	/* What all have in common last: it comes to nothing when the child waits in vain. */
	for (n = 0; n < MMS_TLB_NR_TESTS; n++) {
		i = (n + MMS_WATCH_NR_TESTS) % MMS_TLB_NR_TESTS;
		if (seen(t, i) || (tests[i].two_cpus && (!two_cpus || excused)))
			continue;
		snprintf(
			text, sizeof(text),
			"self-test: the program on %s did not see what a child of ours did in %d s; "
			"a newer mmscope may know this kernel, unless the machine is just too busy",
			tests[i].what, MMS_ACTOR_PATIENCE_MS / 1000);
		*why = text;
		return -EIO;
	}
	if (seen(t, MMS_TLB_SAW_FLUSH) > seen(t, MMS_TLB_SAW_ASKED_ANY)) {
		*why = "self-test: both programs on the tracepoint tlb_flush saw the same flush; a newer mmscope may know this kernel";
		return -EIO;
	}
	return 0;
}

/**
 * mms_tlb_self_test() - let a child do what the programs are to see
 * @t: attached, not armed
 * @why: the program that saw nothing, on error
 * With one CPU nothing is ever sent to another, and the programs for that stay untried.
 * Return: 0 or -errno; -EIO: a program did not see it.
 */
int mms_tlb_self_test(struct mms_tlb *t, const char **why)
{
	struct mms_tlb_marks *marks = &t->skel->data_marks->marks;
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct mms_actor a = {.pid = -1};
	int err = page == MAP_FAILED ? -errno : mms_actor_start(&a, act, page);

	if (!err) {
		marks->test_start = (uintptr_t)page;
		marks->test_end = (uintptr_t)page + PAGE;
		marks->test_tgid = (__u32)a.pid;
		err = judge(t, watch(t, &a), why);
		mms_actor_end(&a);
	} else {
		*why = "the self-test could not begin";
	}
	if (page != MAP_FAILED)
		munmap(page, PAGE);
	return err;
}
