// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs programs and counts what the kernel answered, by file and error. An error
 * that the ABI does not name is wrong. Must not know where programs come from.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include "fuzz.h"

#define ROOT "/sys/kernel/debug/mmscope"
#define ROOM (1 << 20)
#define PG   4096

long counts[OPS], per_file[FILES], per_errno[FILES][200], wrong;
char first_wrong[256];

static const char *const files[FILES] = {
	"status",   "walk",   "ranges",	 "maps",   "census", "idle",   "wss",
	"entries",  "tables", "tlb",	 "faults", "cow",    "shared", "control",
	"features", "stats",  "no-such", "param",  "-",
};
static const char *const params[PARAMS] = {"max_targets", "hold_entries", "suspend_s", "cow_events",
					   "time_every"};
static struct {
	int fd;
	int file;
} slot[SLOTS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* A buffer with nothing behind its end; one that cannot be written; nothing. */
static __thread char *room;
static char *readonly, *nothing;

static char *make_room(void)
{
	char *p = mmap(NULL, ROOM + PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || munmap(p + ROOM, PG))
		abort();
	return p;
}

const char *file_name(int file)
{
	return files[file];
}

/* Errors that the ABI, or the kernel before us, has for an operation. */
#define ERRORS 14
static const int allowed[OPS][ERRORS] = {
	[OP_OPEN] = {ENOENT, EIO},
	[OP_CLOSE] = {EBADF},
	[OP_READ] = {EINVAL, EFAULT, EIO, EBADF, ENOMEM, EOVERFLOW},
	[OP_PREAD] = {EINVAL, EFAULT, EIO, EBADF, ENOMEM, EOVERFLOW},
	[OP_READV] = {EINVAL, EFAULT, EIO, EBADF, ENOMEM, EOVERFLOW},
	[OP_WRITE] = {EINVAL, EFAULT, EIO, EBADF, ERANGE, E2BIG, ESRCH, EEXIST, ENOSPC, EBUSY,
		      EOVERFLOW, EFBIG},
	[OP_SEEK] = {EINVAL, EBADF, EOVERFLOW, ESPIPE, EIO, ENXIO},
	[OP_MMAP] = {ENODEV, EBADF, EINVAL, EACCES, EOVERFLOW},
	[OP_POLL] = {0},
	[OP_IOCTL] = {ENOTTY, EBADF, EINVAL, EIO, EFAULT},
	[OP_STAT] = {EBADF},
	[OP_CONTROL] = {EINVAL, EFAULT, ERANGE, E2BIG, ESRCH, EEXIST, ENOSPC, EBUSY, EIO},
	[OP_PARAM] = {EINVAL, ERANGE, EFAULT},
};

static void note(const struct op *o, int file, long ret)
{
	int err = ret < 0 ? errno : 0, i;

	__atomic_fetch_add(&counts[o->kind], 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&per_file[file], 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&per_errno[file][err < 200 ? err : 199], 1, __ATOMIC_RELAXED);
	if (!err)
		return;
	for (i = 0; i < ERRORS; i++)
		if (allowed[o->kind][i] == err)
			return;
	if (!__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED))
		snprintf(first_wrong, sizeof(first_wrong), "operation %u on %s: %s", o->kind,
			 files[file], strerror(err));
}

/* What is written, with the pids and addresses that it names. Returns its length. */
static size_t expand(const struct op *o, char *to, size_t max)
{
	size_t n = 0;
	int rep, i;

	for (rep = 0; rep < o->rep; rep++) {
		for (i = 0; i < o->size && n + 24 < max; i++) {
			char c = o->text[i], next = i + 1 < o->size ? o->text[i + 1] : 0;

			if (c != '$' || !next || !strchr("0123sab", next)) {
				to[n++] = c;
				continue;
			}
			i++;
			if (next == 'a' || next == 'b')
				n += sprintf(to + n, "0x%lx",
					     TARGET_MAP + (next == 'b' ? 64UL * PG : 0));
			else
				n += sprintf(to + n, "%d",
					     target_pid(next == 's' ? TARGETS : next - '0'));
		}
	}
	return n;
}

/* An address for @len bytes that is as good as @o says. */
static char *place(const struct op *o, size_t len)
{
	switch (o->where) {
	case AT_EDGE:
		return room + ROOM - len / 2;
	case AT_NOTHING:
		return nothing;
	case AT_NULL:
		return NULL;
	case AT_KERNEL:
		return (char *)(o->whence & 1 ? 0xffff888000000000 : 0x8000000000000000);
	case AT_READONLY:
		return readonly;
	default:
		return room;
	}
}

static void do_open(const struct op *o)
{
	static const int flags[] = {O_RDONLY,
				    O_RDONLY,
				    O_RDWR,
				    O_RDWR,
				    O_WRONLY,
				    O_RDWR | O_TRUNC,
				    O_RDONLY | O_NONBLOCK};
	int fd, old, file = o->file, how = flags[o->whence % 7];
	char path[128];

	/* what is 0400 opens for writing too, for root */
	if (file < FILES_TARGET)
		snprintf(path, sizeof(path), ROOT "/%d/%s", target_pid(o->target), files[file]);
	else
		snprintf(path, sizeof(path), ROOT "/%s", files[file]);
	fd = open(path, how | O_CLOEXEC);
	note(o, file, fd);
	if (fd < 0)
		return;
	pthread_mutex_lock(&lock);
	old = slot[o->slot].fd;
	slot[o->slot].fd = fd;
	slot[o->slot].file = file;
	pthread_mutex_unlock(&lock);
	if (old >= 0)
		close(old);
}

static void do_write(const struct op *o, int fd, int file)
{
	static __thread char text[1 << 17];
	size_t n = expand(o, text, 8192);
	char *p = place(o, n);

	if (p == room || o->where == AT_EDGE)
		memcpy(p, text, o->where == AT_EDGE ? n / 2 : n);
	note(o, file, write(fd, p, n));
}

/* Does what was read make sense? Only of what begins at the beginning. */
static void look(int file, const char *p, long n)
{
	if (file == 5 && n >= 48 && *(const uint32_t *)p != 48 && !wrong++)
		snprintf(first_wrong, sizeof(first_wrong), "idle begins with %u",
			 *(const uint32_t *)p);
	if (file == 0 && n > 4 && memcmp(p, "pid ", 4) && !wrong++)
		snprintf(first_wrong, sizeof(first_wrong), "status begins with %.20s", p);
}

static void do_read(const struct op *o, int fd, int file)
{
	uint32_t len = o->len < ROOM ? o->len : ROOM;
	char *p = place(o, len);
	struct iovec v[3] = {{p, len / 3}, {p, o->whence}, {room, len}};
	ssize_t n;

	if (o->kind == OP_READ) {
		n = read(fd, p, len);
	} else if (o->kind == OP_PREAD) {
		n = pread(fd, p, len, o->off);
		if (n > 0 && !o->off && o->where == AT_GOOD)
			look(file, p, n);
	} else {
		n = readv(fd, v, 1 + o->whence % 3);
	}
	note(o, file, n);
}

static void do_fd(const struct op *o)
{
	struct pollfd pfd = {.events = POLLIN | POLLOUT};
	struct stat st;
	int fd, file;
	void *p;

	pthread_mutex_lock(&lock);
	fd = slot[o->slot].fd;
	file = slot[o->slot].file;
	if (o->kind == OP_CLOSE)
		slot[o->slot].fd = -1;
	pthread_mutex_unlock(&lock);
	if (fd < 0) {
		counts[o->kind]++;
		return;
	}
	switch (o->kind) {
	case OP_CLOSE:
		note(o, file, close(fd));
		break;
	case OP_READ:
	case OP_PREAD:
	case OP_READV:
		do_read(o, fd, file);
		break;
	case OP_WRITE:
		do_write(o, fd, file);
		break;
	case OP_SEEK:
		note(o, file, lseek(fd, o->off, o->whence % 6) < 0 ? -1 : 0);
		break;
	case OP_MMAP:
		p = mmap(NULL, PG, o->whence & 1 ? PROT_READ : PROT_READ | PROT_WRITE,
			 o->whence & 2 ? MAP_SHARED : MAP_PRIVATE, fd, o->off & ~4095L);
		note(o, file, p == MAP_FAILED ? -1 : 0);
		if (p != MAP_FAILED && !wrong++)
			snprintf(first_wrong, sizeof(first_wrong), "%s was mapped", files[file]);
		break;
	case OP_POLL:
		pfd.fd = fd;
		note(o, file, poll(&pfd, 1, 0));
		break;
	case OP_IOCTL:
		note(o, file, ioctl(fd, o->len, place(o, 8)));
		break;
	case OP_STAT:
		note(o, file, fstat(fd, &st));
	}
}

/* Parameters and control are written by whole files: opened, written, closed. */
static void do_file(const struct op *o, const char *path, int file)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0) {
		note(o, file, fd);
		return;
	}
	do_write(o, fd, file);
	close(fd);
}

static void run_op(const struct op *o)
{
	char path[128];

	if (!room)
		room = make_room();
	switch (o->kind) {
	case OP_OPEN:
		do_open(o);
		break;
	case OP_CONTROL:
		do_file(o, ROOT "/control", FILE_CONTROL);
		break;
	case OP_PARAM:
		snprintf(path, sizeof(path), "/sys/module/mmscope/parameters/%s",
			 params[o->whence % PARAMS]);
		do_file(o, path, FILE_PARAM);
		break;
	case OP_TARGET:
		counts[OP_TARGET]++;
		per_file[FILE_NONE]++;
		if (target_do(o->target, o->whence) && !wrong++)
			snprintf(first_wrong, sizeof(first_wrong),
				 "a process that is looked at has ended");
		break;
	default:
		do_fd(o);
	}
}

static void *run_beside(void *arg)
{
	run_op(arg);
	munmap(room, ROOM);
	return NULL;
}

void run_init(void)
{
	for (int i = 0; i < SLOTS; i++)
		slot[i].fd = -1;
	readonly = mmap(NULL, ROOM, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	nothing = mmap(NULL, ROOM, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

void run_prog(const struct prog *p)
{
	pthread_t t;
	int i;

	for (i = 0; i < p->nr; i++) {
		const struct op *o = &p->op[i];

		if (!o->beside || o->kind == OP_TARGET || i + 1 == p->nr ||
		    pthread_create(&t, NULL, run_beside, (void *)o)) {
			run_op(o);
			continue;
		}
		run_op(&p->op[++i]);
		pthread_join(t, NULL);
	}
}

void run_end(void)
{
	for (int i = 0; i < SLOTS; i++)
		if (slot[i].fd >= 0)
			close(slot[i].fd);
}
