// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file without a name (O_TMPFILE) that is linked when it is whole; where the file system has no
 * such thing, one with another name. Must not know what is in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/new_file.h"

#define TRIES 100
#define LINKS 40

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? strndup(path, slash - path + 1) : strdup(".");
}

/* In a folder where everybody may put links, as /tmp, one of somebody else is not followed: the
 * rule of fs.protected_symlinks, which the kernel has for open(2). */
static bool may_follow(const char *path, const struct stat *link)
{
	char *name = folder_of(path);
	struct stat folder;
	bool known = name && !stat(name, &folder);

	free(name);
	if (!known || link->st_uid == geteuid())
		return known;
	return (folder.st_mode & (S_ISVTX | S_IWOTH)) != (S_ISVTX | S_IWOTH) ||
	       folder.st_uid == link->st_uid;
}

/* As readlink(2), of a link that may be followed; -1 with EINVAL: no link. */
static ssize_t read_link(const char *path, char *link, size_t room)
{
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC), err = EINVAL;
	struct stat st;
	ssize_t n = -1;

	if (fd < 0)
		return -1;
	if (!fstat(fd, &st) && S_ISLNK(st.st_mode)) {
		err = EACCES;
		if (may_follow(path, &st)) {
			n = readlinkat(fd, "", link, room);
			err = errno;
		}
	}
	close(fd);
	errno = err;
	return n;
}

/* What a link leads to, also if that is not there yet: the file is what is replaced, not the link.
 * Return: NULL with errno. */
static char *target_of(const char *path)
{
	char *at = strdup(path), *next, link[PATH_MAX];
	unsigned int i;
	ssize_t n = 0;

	for (i = 0; at && i < LINKS && (n = read_link(at, link, sizeof(link) - 1)) >= 0; i++) {
		char *slash = strrchr(at, '/');
		int folder = *link != '/' && slash ? (int)(slash - at + 1) : 0;

		link[n] = '\0';
		if (asprintf(&next, "%.*s%s", folder, at, link) < 0)
			next = NULL;
		free(at);
		at = next;
	}
	if (at && i < LINKS && errno != EACCES)
		return at;
	free(at);
	errno = i < LINKS ? errno : ELOOP;
	return NULL;
}

static int open_nameless(const char *path)
{
	char *folder = folder_of(path);
	int fd = folder ? open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666) : -1;

	free(folder);
	return fd;
}

static int open_named(struct mms_new_file *f)
{
	mode_t mask;

	if (asprintf(&f->temp, "%s.XXXXXX", f->path) < 0) {
		f->temp = NULL;
		return -ENOMEM;
	}
	f->fd = mkostemp(f->temp, O_CLOEXEC);
	if (f->fd < 0) {
		int err = -errno;

		free(f->temp);
		f->temp = NULL;
		return err;
	}
	mask = umask(0);
	umask(mask);
	return fchmod(f->fd, 0666 & ~mask) ? -errno : 0;
}

/* Of the plain file that is replaced, as if it were written to: its rights, and its owner and group
 * where that is permitted. A group that cannot be kept leaves ours no more than everybody has. */
static int take_rights(struct mms_new_file *f)
{
	struct stat was;
	mode_t mode;

	if (lstat(f->path, &was) || !S_ISREG(was.st_mode))
		return 0;
	mode = was.st_mode & 0777;
	if (fchown(f->fd, was.st_uid, was.st_gid) && fchown(f->fd, -1, was.st_gid))
		mode &= ~070 | (mode & 07) << 3;
	return fchmod(f->fd, mode) ? -errno : 0;
}

int mms_new_file_open(struct mms_new_file *f, const char *path)
{
	int err = 0;

	*f = (struct mms_new_file){.fd = -1, .path = target_of(path)};
	if (!f->path)
		return -errno;
	f->fd = open_nameless(f->path);
	if (f->fd < 0)
		err = open_named(f);
	if (!err)
		err = take_rights(f);
	if (err)
		mms_new_file_abort(f);
	return err;
}

/* link(2) replaces nothing: a name beside, which a rename takes at once. */
static int give_name(struct mms_new_file *f)
{
	char from[32];
	unsigned int i;

	snprintf(from, sizeof(from), "/proc/self/fd/%d", f->fd);
	for (i = 0; i < TRIES; i++) {
		if (asprintf(&f->temp, "%s.%d.%u", f->path, (int)getpid(), i) < 0) {
			f->temp = NULL;
			return -ENOMEM;
		}
		if (!linkat(AT_FDCWD, from, AT_FDCWD, f->temp, AT_SYMLINK_FOLLOW))
			return 0;
		free(f->temp);
		f->temp = NULL;
		if (errno != EEXIST)
			break;
	}
	return -errno;
}

int mms_new_file_commit(struct mms_new_file *f)
{
	int err = fsync(f->fd) ? -errno : 0; /* else a crash may leave a name with nothing in it */

	if (!err && !f->temp)
		err = give_name(f);
	if (close(f->fd) && !err)
		err = -errno;
	f->fd = -1;
	if (!err && rename(f->temp, f->path))
		err = -errno;
	if (!err) {
		free(f->temp);
		f->temp = NULL;
	}
	mms_new_file_abort(f);
	return err;
}

void mms_new_file_abort(struct mms_new_file *f)
{
	if (!f->path)
		return;
	if (f->fd >= 0)
		close(f->fd);
	if (f->temp)
		unlink(f->temp);
	free(f->temp);
	free(f->path);
	*f = (struct mms_new_file){.fd = -1};
}

bool mms_same_file(const char *from, const char *to)
{
	struct stat a, b;

	if (strcmp(from, "-") ? stat(from, &a) : fstat(STDIN_FILENO, &a))
		return false;
	return S_ISREG(a.st_mode) && strcmp(to, "-") && !stat(to, &b) && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}
