// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded: what a program calls of the kernel to write a file fails, or is the last that it does.
 *
 * MMS_CALLS=FILE	write the name of each such call, in their order
 * MMS_AT=N		at the Nth, from 1: MMS_ERRNO, or without that the end by SIGKILL
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_uint calls;
static unsigned int at;
static int err, list = -1;

__attribute__((constructor)) static void start(void)
{
	const char *file = getenv("MMS_CALLS"), *n = getenv("MMS_AT"), *e = getenv("MMS_ERRNO");

	if (file)
		list = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	at = n ? atoi(n) : 0;
	err = e ? atoi(e) : 0;
	unsetenv("LD_PRELOAD");
}

/* Does this call fail? */
static bool bad(const char *name)
{
	unsigned int nr = ++calls;

	if (list >= 0) {
		syscall(SYS_write, list, name, strlen(name));
		syscall(SYS_write, list, "\n", 1);
	}
	if (nr != at)
		return false;
	if (!err)
		syscall(SYS_kill, getpid(), SIGKILL);
	errno = err;
	return true;
}

/* What counts (tests/coverage/end.c) has its files. */
void mms_test_end(void);
void mms_test_end(void)
{
	at = 0;
	list = -1;
}

#define NEXT(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *p, size_t n)
{
	return fd != STDERR_FILENO && bad("write") ? -1 : syscall(SYS_write, fd, p, n);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t where)
{
	return bad("pwrite") ? -1 : syscall(SYS_pwrite64, fd, p, n, where);
}

int fsync(int fd)
{
	return bad("fsync") ? -1 : NEXT(fsync)(fd);
}

int linkat(int from, const char *a, int to, const char *b, int flags)
{
	return bad("linkat") ? -1 : NEXT(linkat)(from, a, to, b, flags);
}

int rename(const char *from, const char *to)
{
	return bad("rename") ? -1 : NEXT(rename)(from, to);
}

int fchmod(int fd, mode_t mode)
{
	return bad("fchmod") ? -1 : NEXT(fchmod)(fd, mode);
}

int fchown(int fd, uid_t uid, gid_t gid)
{
	return bad("fchown") ? -1 : NEXT(fchown)(fd, uid, gid);
}

/* The descriptor is gone whatever is said. */
int close(int fd)
{
	bool no = bad("close");
	int ret = syscall(SYS_close, fd);

	if (no)
		errno = err;
	return no ? -1 : ret;
}

int open(const char *path, int flags, ...)
{
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	return (flags & O_ACCMODE) != O_RDONLY && bad("open")
		       ? -1
		       : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
