// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds cgroups and reads their memory files. Owns the names of those files;
 * must not know why anyone asks.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "collect/cgroup.h"
#include "collect/keyed.h"
#include "collect/read_end.h"

#ifndef FILEID_KERNFS
#define FILEID_KERNFS 0xfe /* linux/exportfs.h: a 64-bit kernfs node id */
#endif

static char *join(const char *dir, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

/* Of three octal digits; -1 if they are none. */
static int octal(const char *s)
{
	int c = 0, i;

	for (i = 0; i < 3; i++) {
		if (s[i] < '0' || s[i] > '7')
			return -1;
		c = c * 8 + s[i] - '0';
	}
	return c;
}

/* Reads the mount point out of a line of mountinfo; octal escapes are undone. Return: malloc'ed or
 * NULL. */
static char *mount_point(const char *line)
{
	char point[PATH_MAX], *out = point, *in = point;

	if (!strstr(line, " - cgroup2 ") || sscanf(line, "%*s %*s %*s %*s %4095s", point) != 1)
		return NULL;
	while (*in) {
		int c = in[0] == '\\' ? octal(in + 1) : -1;

		if (c > 0 && c < 256) {
			*out++ = (char)c;
			in += 4;
		} else {
			*out++ = *in++;
		}
	}
	*out = '\0';
	return strdup(point);
}

const char *mms_cgroup_root(void)
{
	static char *root;
	char *line = NULL;
	size_t sz = 0;
	FILE *f;

	if (root)
		return root;
	f = fopen("/proc/self/mountinfo", "re");
	if (!f)
		return NULL;
	while (!root && getline(&line, &sz, f) >= 0)
		root = mount_point(line);
	free(line);
	fclose(f);
	return root;
}

/* The root may be mounted once more, elsewhere. */
static bool is_root(const char *dir)
{
	const char *root = mms_cgroup_root();
	struct stat first, here;

	if (!root)
		return false;
	return strcmp(dir, root) == 0 ||
	       (!stat(root, &first) && !stat(dir, &here) && first.st_dev == here.st_dev &&
		first.st_ino == here.st_ino);
}

static bool has_file(const char *dir, const char *name)
{
	char *path = join(dir, name);
	bool has = path && access(path, F_OK) == 0;

	free(path);
	return has;
}

/* The root has no memory.current, but its memory is managed if memory.stat is there. */
static bool has_memory(const char *dir)
{
	return has_file(dir, "memory.current") || (is_root(dir) && has_file(dir, "memory.stat"));
}

static int check_cgroup(const char *dir, const char **why)
{
	struct statfs fs;
	struct stat st;

	if (stat(dir, &st) || !S_ISDIR(st.st_mode)) {
		*why = "no such cgroup";
		return -ENOENT;
	}
	if (statfs(dir, &fs) || fs.f_type != CGROUP2_SUPER_MAGIC) {
		*why = "not a cgroup of version 2 (cgroup2)";
		return -EINVAL;
	}
	if (!has_memory(dir)) {
		*why = "the memory controller is off for this cgroup: echo +memory > cgroup.subtree_control of its parent";
		return -EOPNOTSUPP;
	}
	return 0;
}

/* A path that exists as it stands is meant as it stands. */
static char *guess_dir(const char *name)
{
	const char *root = mms_cgroup_root();
	char *real, *dir;

	real = realpath(name, NULL);
	if (real && (name[0] != '/' || mms_cgroup_within(real, root)))
		return real;
	dir = join(root, name + strspn(name, "/"));
	if (dir && access(dir, F_OK) != 0 && real) {
		free(dir);
		return real;
	}
	free(real);
	if (dir && dir[strlen(dir) - 1] == '/')
		dir[strlen(dir) - 1] = '\0';
	return dir;
}

/*
 * There is one hierarchy, but it may be mounted more than once: counts and limits know a cgroup by
 * its directory in the first mount. Takes over @dir. Return: that, or @dir if it cannot be had.
 */
static char *in_first_mount(char *dir)
{
	uint64_t id = mms_cgroup_id(dir);
	char *same;

	if (mms_cgroup_within(dir, mms_cgroup_root()) || mms_cgroup_by_id(id, &same))
		return dir;
	if (mms_cgroup_id(same) != id) {
		free(same);
		return dir;
	}
	free(dir);
	return same;
}

int mms_cgroup_find(const char *name, char **dir, const char **why)
{
	char *guess;
	int err;

	if (!mms_cgroup_root()) {
		*why = "cgroup2 is not mounted: mount -t cgroup2 cgroup2 /sys/fs/cgroup";
		return -EOPNOTSUPP;
	}
	if (!*name) {
		*why = "its name is empty";
		return -EINVAL;
	}
	guess = guess_dir(name);
	if (!guess) {
		*why = "out of memory";
		return -ENOMEM;
	}
	err = check_cgroup(guess, why);
	if (err)
		free(guess);
	else
		*dir = in_first_mount(guess);
	return err;
}

/* Cuts the last part off. Return: false at the root, be it another mount's. */
static bool go_up(char *dir)
{
	char *slash = strrchr(dir, '/');

	if (is_root(dir) || !slash || slash == dir)
		return false;
	*slash = '\0';
	if (is_root(dir) || has_file(dir, "cgroup.controllers"))
		return true;
	*slash = '/';
	return false;
}

int mms_cgroup_of_pid(pid_t pid, char **dir)
{
	const char *root = mms_cgroup_root();
	char path[64], *line = NULL, *found = NULL;
	size_t sz = 0;
	int err = 0;
	FILE *f;

	if (!root)
		return -EOPNOTSUPP;
	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? -ESRCH : -errno;
	while (!found && !err) {
		if (getline(&line, &sz, f) < 0) {
			err = mms_read_end(f);
			err = err ? err : -EOPNOTSUPP;
		} else if (strncmp(line, "0::/", 4) == 0) {
			line[strcspn(line, "\n")] = '\0';
			found = line[4] ? join(root, line + 4) : strdup(root);
			err = found ? 0 : -ENOMEM;
		}
	}
	free(line);
	fclose(f);
	if (err)
		return err;
	while (!has_memory(found) && go_up(found))
		;
	*dir = found;
	return 0;
}

/* On 64-bit machines the inode number of a kernfs directory is its id. */
uint64_t mms_cgroup_id(const char *dir)
{
	struct stat st;

	return stat(dir, &st) ? 0 : st.st_ino;
}

int mms_cgroup_by_id(uint64_t id, char **dir)
{
	struct {
		struct file_handle handle;
		uint64_t id;
	} fh = {.handle = {.handle_bytes = sizeof(uint64_t), .handle_type = FILEID_KERNFS}};
	char link[64], path[PATH_MAX];
	int mount, fd, err = 0;
	ssize_t len;

	if (!mms_cgroup_root())
		return -EOPNOTSUPP;
	memcpy(fh.handle.f_handle, &id, sizeof(id));
	mount = open(mms_cgroup_root(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mount < 0)
		return -errno;
	fd = open_by_handle_at(mount, &fh.handle, O_PATH | O_CLOEXEC);
	if (fd < 0)
		err = -errno;
	close(mount);
	if (err)
		return err;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len < 0)
		err = -errno;
	close(fd);
	if (err)
		return err;
	path[len] = '\0';
	if (access(path, F_OK) != 0)
		return errno == ENOENT ? -ESTALE : -errno;
	*dir = strdup(path);
	return *dir ? 0 : -ENOMEM;
}

const char *mms_cgroup_name(const char *dir)
{
	const char *root = mms_cgroup_root();

	if (!root || !mms_cgroup_within(dir, root))
		return dir;
	dir += strlen(root);
	return *dir ? dir : "/";
}

bool mms_cgroup_within(const char *dir, const char *above)
{
	size_t len = strlen(above);

	return strncmp(dir, above, len) == 0 && (dir[len] == '\0' || dir[len] == '/');
}

/* The limit that @dir itself sets. Return: bytes or MMS_NO_VALUE. */
static uint64_t own_limit(const char *dir)
{
	static const char *const files[] = {"memory.max", "memory.high"};
	uint64_t least = MMS_NO_VALUE, v;
	size_t i;

	for (i = 0; i < 2; i++) {
		char *path = join(dir, files[i]);

		if (path && mms_number_read(path, &v) == 0 && v < least)
			least = v;
		free(path);
	}
	return least;
}

int mms_cgroup_limit(const char *dir, uint64_t *bytes, char **holder)
{
	const char *root = mms_cgroup_root();
	char *at = strdup(dir), *best = strdup(root ? root : dir);
	uint64_t used, v;
	int err;

	err = at && best ? mms_machine_memory(bytes, &used) : -ENOMEM;
	if (err)
		goto out;
	do {
		v = own_limit(at);
		if (v >= *bytes)
			continue;
		*bytes = v;
		free(best);
		best = strdup(at);
		if (!best) {
			err = -ENOMEM;
			goto out;
		}
	} while (go_up(at));
	if (holder) {
		*holder = best;
		best = NULL;
	}
out:
	free(at);
	free(best);
	return err;
}

int mms_cgroup_usage(const char *dir, uint64_t *bytes)
{
	uint64_t total;
	char *path;
	int err;

	if (is_root(dir))
		return mms_machine_memory(&total, bytes);
	path = join(dir, "memory.current");
	if (!path)
		return -ENOMEM;
	err = mms_number_read(path, bytes);
	free(path);
	return err;
}

/* File pages and slabs that reclaim could have, also as MemAvailable counts them. */
static uint64_t reclaimable(const char *dir)
{
	static const char *const keys[] = {"active_file", "inactive_file", "slab_reclaimable"};
	uint64_t v[3], sum = 0;
	char *path = join(dir, "memory.stat");
	size_t i;
	int err = path ? mms_keyed_read(path, keys, v, 3) : -ENOMEM;

	free(path);
	for (i = 0; i < 3 && !err; i++)
		if (v[i] != MMS_NO_VALUE && __builtin_add_overflow(sum, v[i], &sum))
			return 0; /* cannot be */
	return sum;
}

/* What @dir alone leaves. In a namespace of cgroups the root has limits too, and its own use.
 * Return: bytes or MMS_NO_VALUE. */
static uint64_t own_room(const char *dir)
{
	uint64_t limit = own_limit(dir), used, idle;
	char *path;
	int err;

	if (limit == MMS_NO_VALUE)
		return MMS_NO_VALUE;
	path = join(dir, "memory.current");
	err = path ? mms_number_read(path, &used) : -ENOMEM;
	free(path);
	if (err)
		return MMS_NO_VALUE;
	idle = reclaimable(dir);
	used -= idle < used ? idle : used;
	return limit > used ? limit - used : 0;
}

int mms_cgroup_room(const char *dir, uint64_t *bytes)
{
	char *at = strdup(dir);

	if (!at)
		return -ENOMEM;
	*bytes = MMS_NO_VALUE;
	do {
		uint64_t room = own_room(at);

		if (room < *bytes)
			*bytes = room;
	} while (go_up(at));
	free(at);
	return 0;
}

int mms_cgroup_cpu_ns(const char *dir, uint64_t *ns)
{
	static const char *const keys[] = {"usage_usec"};
	char *path = join(dir, "cpu.stat");
	uint64_t us;
	int err;

	if (!path)
		return -ENOMEM;
	err = mms_keyed_read(path, keys, &us, 1);
	free(path);
	if (err)
		return err;
	if (us == MMS_NO_VALUE)
		return -EOPNOTSUPP;
	return __builtin_mul_overflow(us, (uint64_t)1000, ns) ? -EBADMSG : 0;
}
