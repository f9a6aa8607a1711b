// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmscope.ko's debugfs files: where they are, whether we may use them, reading
 * them whole. Knows nothing of targets (module_target.c) or of what is in files.
 */
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collect/keyed.h"
#include "collect/module.h"
#include "collect/module_file.h"
#include "collect/proc.h"

/** mms_debugfs_dir() - where debugfs is mounted, NULL if nowhere */
const char *mms_debugfs_dir(void)
{
	static char dir[MMS_MODULE_PATH];
	struct mntent *m;
	FILE *f;

	if (dir[0])
		return dir;
	f = setmntent("/proc/self/mounts", "re");
	if (!f)
		return NULL;
	while ((m = getmntent(f)))
		if (!strcmp(m->mnt_type, "debugfs") && strlen(m->mnt_dir) < sizeof(dir)) {
			snprintf(dir, sizeof(dir), "%s", m->mnt_dir);
			break;
		}
	endmntent(f);
	return dir[0] ? dir : NULL;
}

void mms_module_path(char *path, const char *name)
{
	const char *dir = mms_debugfs_dir();

	snprintf(path, MMS_MODULE_PATH, "%s/mmscope/%s", dir ? dir : "/sys/kernel/debug", name);
}

static bool locked_down(void)
{
	char line[128];

	if (mms_file_line("/sys/kernel/security/lockdown", line, sizeof(line)))
		return false;
	mms_file_choice(line);
	return !strcmp(line, "integrity") || !strcmp(line, "confidentiality");
}

/* debugfs is there, our directory is not. */
static enum mms_module_state why_absent(void)
{
	if (!access("/sys/module/mmscope", F_OK))
		return MMS_MODULE_NO_DEBUGFS;
	return locked_down() ? MMS_MODULE_LOCKED_OUT : MMS_MODULE_NOT_LOADED;
}

/** mms_module_probe() - is the module usable by us, and if not, why */
enum mms_module_state mms_module_probe(void)
{
	char path[MMS_MODULE_PATH];
	int fd;

	if (!mms_debugfs_dir())
		return access("/sys/module/mmscope", F_OK) && geteuid() ? MMS_MODULE_NO_RIGHTS
									: MMS_MODULE_NO_DEBUGFS;
	mms_module_path(path, "control");
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		close(fd);
		return MMS_MODULE_OK;
	}
	if (errno == EPERM && !geteuid()) {
		/* Root that may not open: lockdown refuses writable debugfs files, or capabilities
		 * are gone. */
		mms_module_path(path, "features");
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return MMS_MODULE_NO_RIGHTS;
		close(fd);
		return MMS_MODULE_LOCKDOWN;
	}
	/* ENXIO: it is being removed at this moment. */
	if (errno != ENOENT && errno != ENXIO)
		return MMS_MODULE_NO_RIGHTS;
	return errno == ENXIO ? MMS_MODULE_NOT_LOADED : why_absent();
}

/** mms_module_why() - what is the matter */
const char *mms_module_why(enum mms_module_state state)
{
	static const char *const text[] = {
		[MMS_MODULE_OK] = "the module is usable",
		[MMS_MODULE_NO_RIGHTS] = "the module's files need root with CAP_SYS_ADMIN",
		[MMS_MODULE_NO_DEBUGFS] = "debugfs is not mounted",
		[MMS_MODULE_NOT_LOADED] = "mmscope.ko is not loaded",
		[MMS_MODULE_LOCKDOWN] = "kernel lockdown refuses the module's control file",
		[MMS_MODULE_LOCKED_OUT] = "mmscope.ko is not loaded, and kernel lockdown would "
					  "refuse its control file",
	};

	return text[state];
}

#define UNLOCK "boot with Secure Boot off and without lockdown="

/** mms_module_fix() - what to do about it */
const char *mms_module_fix(enum mms_module_state state)
{
	static const char *const text[] = {
		[MMS_MODULE_OK] = "",
		[MMS_MODULE_NO_RIGHTS] = "run it with sudo",
		[MMS_MODULE_NO_DEBUGFS] =
			"mount -t debugfs none /sys/kernel/debug; modprobe mmscope",
		[MMS_MODULE_NOT_LOADED] = "modprobe mmscope",
		[MMS_MODULE_LOCKDOWN] = UNLOCK,
		[MMS_MODULE_LOCKED_OUT] = UNLOCK ", modprobe mmscope",
	};

	return text[state];
}

/* The rest of @fd, with a NUL behind, to free(). */
int mms_module_read_fd(int fd, char **text, size_t *len)
{
	size_t max = 65536, nr = 0;
	char *buf = NULL, *bigger;
	ssize_t n;
	int err;

	for (;;) {
		if (!buf || nr + 1 == max) {
			max *= 2;
			bigger = realloc(buf, max);
			if (!bigger) {
				err = -ENOMEM;
				break;
			}
			buf = bigger;
		}
		n = read(fd, buf + nr, max - nr - 1);
		if (n > 0) {
			nr += n;
		} else if (!n) {
			buf[nr] = '\0';
			*text = buf;
			*len = nr;
			return 0;
		} else if (errno != EINTR) {
			err = -errno;
			break;
		}
	}
	free(buf);
	return err;
}

/**
 * mms_module_read() - a file of the module, whole
 * @name: below the module's directory
 * @text: contents and a NUL, to free()
 * @len: bytes without the NUL
 * Return: 0 or -errno.
 */
int mms_module_read(const char *name, char **text, size_t *len)
{
	char path[MMS_MODULE_PATH];
	int fd, err;

	mms_module_path(path, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = mms_module_read_fd(fd, text, len);
	close(fd);
	return err;
}

/* "KEY VALUE" on a line of its own; the module escapes newlines in names. */
int mms_module_key(const char *text, const char *key, uint64_t *v)
{
	size_t len = strlen(key);
	const char *p = text;

	while (p) {
		if (!strncmp(p, key, len) && p[len] == ' ')
			return mms_keyed_number(p + len, v) ? -EBADMSG : 0;
		p = strchr(p, '\n');
		p = p ? p + 1 : NULL;
	}
	return -EBADMSG;
}

/**
 * mms_module_stat() - a figure of the module's own cost
 * @name: key of the stats file
 * Return: the value, 0 if there is none.
 */
uint64_t mms_module_stat(const char *name)
{
	uint64_t v = 0;
	size_t len;
	char *text;

	if (mms_module_read("stats", &text, &len))
		return 0;
	mms_module_key(text, name, &v);
	free(text);
	return v;
}
