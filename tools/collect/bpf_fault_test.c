// SPDX-License-Identifier: GPL-2.0-only
/*
 * The self-test of the fault programs: a child makes one event of each sort, and
 * every program must have seen its own. A kernel function that was renamed, split or
 * is called by another way gives an error here, never a zero later.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "collect/bpf_fault_impl.h"

#define PAGES 3
#define PAGE  4096UL

/* The pages: to be written, to be asked of user space, not to be touched; then what the child says.
 */
struct stage {
	char *area;
	struct told {
		volatile int userfault; /* the page was registered, and touched */
		volatile int exec;
		volatile int move; /* to the cgroup where it is: the kernel tells of that, too */
	} * told;
	int go[2];
};

static sigjmp_buf back;

static void on_signal(int sig)
{
	siglongjmp(back, sig);
}

static void touch(volatile char *p)
{
	if (!sigsetjmp(back, 1))
		*p = 1;
}

/* The fault is answered by a signal: nobody has to resolve it. Return: 1 if there was one. */
static int take_userfault(char *page)
{
	struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_SIGBUS};
	struct uffdio_register reg = {
		.range = {.start = (uintptr_t)page, .len = PAGE},
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &reg))
		return 0;
	touch(page);
	return 1;
}

/* Without a signal at its end: who called us need not know of it. */
static pid_t silent_fork(void)
{
	return (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
}

/* A program that ends at once, of one segment: exec without a file that could be missing. */
static void exec_nothing(struct told *told)
{
	static const unsigned char elf[] = {
		0x7f, 'E',  'L',  'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* 64 bits, LSB */
		2,    0,    62,	  0,   1, 0, 0, 0,			   /* EXEC, x86-64 */
		0x78, 0,    0x40, 0,   0, 0, 0, 0,			   /* entry: 0x400078 */
		64,   0,    0,	  0,   0, 0, 0, 0,			   /* program headers */
		0,    0,    0,	  0,   0, 0, 0, 0, 0, 0, 0, 0,		   /* no sections */
		64,   0,    56,	  0,   1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0,
		5,    0,    0,	  0,		   /* LOAD, readable and executable */
		0,    0,    0,	  0,   0, 0, 0, 0, /* from the beginning */
		0,    0,    0x40, 0,   0, 0, 0, 0, /* to 0x400000 */
		0,    0,    0x40, 0,   0, 0, 0, 0, /* */
		0x84, 0,    0,	  0,   0, 0, 0, 0, /* of this size */
		0x84, 0,    0,	  0,   0, 0, 0, 0, /* */
		0,    0x10, 0,	  0,   0, 0, 0, 0, /* aligned to a page */
		0x6a, 60,   0x58,		   /* push 60; pop rax: exit(2) */
		0x31, 0xff,			   /* xor edi, edi */
		0x0f, 0x05,			   /* syscall */
		0,    0,    0,	  0,   0,
	};
	char *const argv[] = {(char *)"mmscope", NULL}, *const envp[] = {NULL};
	int fd = memfd_create("mmscope-self-test", MFD_CLOEXEC);

	if (fd < 0 || write(fd, elf, sizeof(elf)) != (ssize_t)sizeof(elf))
		return;
	told->exec = 1;
	syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH);
	told->exec = 0;
}

static int move_nowhere(void)
{
	char line[512], path[600] = "";
	FILE *f = fopen("/proc/self/cgroup", "re");
	int fd, moved;

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "0::", 3))
			snprintf(path, sizeof(path), "/sys/fs/cgroup%s/cgroup.procs", line + 3);
	}
	if (f)
		fclose(f);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	moved = write(fd, "0", 1) == 1;
	close(fd);
	return moved;
}

/* Never returns. */
static void act(struct stage *st)
{
	struct sigaction sa = {.sa_handler = on_signal};
	sigset_t mine;
	pid_t pid;
	char c;

	sigemptyset(&mine);
	sigaddset(&mine, SIGSEGV);
	sigaddset(&mine, SIGBUS);
	sigprocmask(SIG_UNBLOCK, &mine, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	close(st->go[1]);
	if (read(st->go[0], &c, 1) != 1)
		_exit(1);
	touch(st->area);
	st->told->userfault = take_userfault(st->area + PAGE);
	touch(st->area + 2 * PAGE);
	pid = silent_fork();
	if (!pid)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, __WALL);
	st->told->move = move_nowhere();
	exec_nothing(st->told);
	_exit(0);
}

static int write_proof(struct mms_faults *f, const struct mms_fault_proof *p)
{
	__u32 zero = 0;

	__atomic_store_n(&f->marks->armed_ns, 0, __ATOMIC_SEQ_CST);
	return bpf_map_update_elem(mms_faults_map(f, ".data.proof"), &zero, p, BPF_ANY);
}

static int stage_set(struct stage *st)
{
	*st = (struct stage){.go = {-1, -1}};
	st->told = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	st->area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			0);
	if (st->told == MAP_FAILED || st->area == MAP_FAILED)
		return -ENOMEM;
	madvise(st->area, PAGES * PAGE, MADV_NOHUGEPAGE);
	if (mprotect(st->area + 2 * PAGE, PAGE, PROT_NONE) || pipe2(st->go, O_CLOEXEC))
		return -errno;
	return 0;
}

static void stage_clear(struct stage *st)
{
	if (st->told && st->told != MAP_FAILED)
		munmap(st->told, PAGE);
	if (st->area && st->area != MAP_FAILED)
		munmap(st->area, PAGES * PAGE);
	if (st->go[0] >= 0)
		close(st->go[0]);
	if (st->go[1] >= 0)
		close(st->go[1]);
}

/* Return: the child's wait status, or -errno. */
static int play(struct mms_faults *f, struct stage *st)
{
	struct mms_fault_proof proof = {.addr = (uintptr_t)st->area, .kind = MMS_FAULT_NR_KINDS};
	pid_t pid = silent_fork();
	int err, status = 0;

	if (!pid)
		act(st);
	if (pid < 0)
		return -errno;
	proof.tgid = (__u32)pid;
	err = write_proof(f, &proof);
	close(st->go[0]);
	st->go[0] = -1;
	if (!err && write(st->go[1], "g", 1) != 1)
		err = -errno;
	close(st->go[1]);
	st->go[1] = -1;
	while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
		;
	return err ? err : status;
}

struct expectation {
	const char *program;
	const char *where;
	enum mms_fault_proof_id proof;
};

static const struct expectation others[] = {
	{"on_userfault", "handle_userfault()", MMS_PROOF_USERFAULT},
	{"on_signal", "the tracepoint signal_generate", MMS_PROOF_SIGNAL},
	{"on_fork", "the tracepoint sched_process_fork", MMS_PROOF_FORK},
	{"on_new_exec", "begin_new_exec()", MMS_PROOF_NEW_EXEC},
	{"on_exec", "the tracepoint sched_process_exec", MMS_PROOF_EXEC},
	{"on_exit", "the tracepoint sched_process_exit", MMS_PROOF_EXIT},
	{"on_move", "the tracepoint cgroup_attach_task", MMS_PROOF_MOVE},
};

static int blind(const char **why, const char *program, const char *where)
{
	static char text[160];

	snprintf(text, sizeof(text),
		 "self-test: %s at %s did not see an event that was made for it", program, where);
	return mms_faults_fail(why, -EIO, text);
}

/* Some events cannot be made everywhere. */
static bool was_made(const struct stage *st, enum mms_fault_proof_id proof)
{
	if (proof == MMS_PROOF_USERFAULT)
		return st->told->userfault;
	if (proof == MMS_PROOF_EXEC || proof == MMS_PROOF_NEW_EXEC)
		return st->told->exec;
	return proof != MMS_PROOF_MOVE || st->told->move;
}

static int check(struct mms_faults *f, const struct stage *st, const struct mms_fault_proof *p,
		 const char **why)
{
	size_t i;

	if (!p->seen[MMS_PROOF_ENTRY])
		return blind(why, f->entry_program, "the entry of handle_mm_fault()");
	if (!p->seen[MMS_PROOF_RETURN])
		return blind(why, f->return_program, "the return of handle_mm_fault()");
	if (!f->cfg.no_kinds && p->kind != MMS_FAULT_ANON_ZERO_FILL)
		return mms_faults_fail(
			why, -EIO,
			"self-test: a first write to memory was not told as anon-zero-fill: the page tables are read wrongly");
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		const struct expectation *e = &others[i];

		if (bpf_program__autoload(mms_faults_program(f, e->program)) &&
		    was_made(st, e->proof) && !p->seen[e->proof])
			return blind(why, e->program, e->where);
	}
	return 0;
}

int mms_faults_self_test(struct mms_faults *f, const char **why)
{
	struct mms_fault_proof proof = {};
	struct stage st;
	__u32 zero = 0;
	int ret = stage_set(&st);

	if (!ret)
		ret = play(f, &st);
	if (ret < 0)
		ret = mms_faults_fail(why, ret, "self-test: no child process");
	else if (ret)
		ret = mms_faults_fail(why, -EIO, "self-test: the child failed");
	else
		ret = bpf_map_lookup_elem(mms_faults_map(f, ".data.proof"), &zero, &proof);
	if (!ret)
		ret = check(f, &st, &proof, why);
	stage_clear(&st);
	return ret;
}
