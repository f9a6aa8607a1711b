// SPDX-License-Identifier: GPL-2.0-only
/*
 * What was mapped at an address (mmaps), whether that file is still the same, and
 * its symbols (elfsyms), kept for a bounded number of files. Must not know of
 * stacks or counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "collect/elfsyms.h"
#include "collect/jitmap.h"
#include "collect/kallsyms.h"
#include "collect/names.h"
#include "collect/symbols.h"

#define NR_FILES  1024
#define MAX_OPEN  256	       /* files kept open */
#define MAX_BYTES (256U << 20) /* of all files together, then they are read anew */
#define VSYSCALL  0xffffffffff600000ULL

/* Modules and BPF programs are here, the kernel itself begins below: they come and go. */
#define MODULES	  0xffffffffa0000000ULL
#define REREAD_NS 5000000000ULL

/* The symbols of one file, or that they cannot be had. */
struct slot {
	uint64_t id; /* of struct mms_mapped_file; 0 = free */
	struct mms_elfsyms *elf;
	pid_t tried; /* without success: another process may still lead to the file */
};

struct mms_symbols {
	const struct mms_mmaps *mmaps;
	struct mms_names *names;
	struct mms_jitmaps *jit;
	struct slot files[NR_FILES];
	size_t bytes, nr_open; /* of these files */
	struct mms_symtab *kernel;
	uint64_t kernel_ns; /* when it was read; 0 = not yet */
	const char *lack;
};

int mms_symbols_open(struct mms_symbols **result, const struct mms_mmaps *m)
{
	struct mms_symbols *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->mmaps = m;
	s->names = mms_names_new();
	s->jit = mms_jitmaps_new();
	if (!s->names || !s->jit) {
		mms_symbols_close(s);
		return -ENOMEM;
	}
	*result = s;
	return 0;
}

static void forget_files(struct mms_symbols *s)
{
	size_t i;

	for (i = 0; i < NR_FILES; i++)
		mms_elfsyms_free(s->files[i].elf);
	memset(s->files, 0, sizeof(s->files));
	s->bytes = 0;
	s->nr_open = 0;
}

void mms_symbols_close(struct mms_symbols *s)
{
	if (!s)
		return;
	forget_files(s);
	mms_symtab_free(s->kernel);
	mms_jitmaps_free(s->jit);
	mms_names_free(s->names);
	free(s);
}

/* Only a regular file is opened for reading: a device may do anything then. */
static int open_regular(const char *path, struct stat *st)
{
	int at = open(path, O_PATH | O_CLOEXEC), fd = -1;
	char self[64];

	if (at < 0)
		return -1;
	if (!fstat(at, st) && S_ISREG(st->st_mode)) {
		snprintf(self, sizeof(self), "/proc/self/fd/%d", at);
		fd = open(self, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	}
	close(at);
	return fd;
}

/* Is it the file that was mapped, unchanged? What has a build-id is checked by that later. */
static bool same_file(const struct mms_mapped_file *f, const struct stat *st)
{
	uint64_t changed =
		(uint64_t)st->st_ctim.tv_sec * 1000000000ULL + (uint64_t)st->st_ctim.tv_nsec;

	if (f->build_id_len)
		return true;
	return f->ino == st->st_ino && f->maj == major(st->st_dev) && f->min == minor(st->st_dev) &&
	       changed <= f->seen_ns;
}

static struct mms_elfsyms *read_file(struct mms_symbols *s, const char *path,
				     const struct mms_mapped_file *f, bool mapped)
{
	struct mms_elfsyms *elf = NULL;
	struct stat st;
	int fd = open_regular(path, &st);

	if (fd < 0)
		return NULL;
	/* What the process has mapped now is the file even if the device is told otherwise. */
	if (mapped && !f->build_id_len ? f->ino != st.st_ino : !same_file(f, &st)) {
		close(fd);
		return NULL;
	}
	if (mms_elfsyms_read(fd, f->path, f->build_id_len ? f->build_id : NULL, f->build_id_len,
			     s->nr_open < MAX_OPEN, &elf))
		return NULL;
	s->nr_open++;
	return elf;
}

/* The file by what the process still has mapped (deleted, or in another mount), then by name. */
static struct mms_elfsyms *find_file(struct mms_symbols *s, pid_t tgid, const struct mms_mapping *m)
{
	struct mms_elfsyms *elf;
	char *path;

	if (asprintf(&path, "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, tgid, m->start, m->end) < 0)
		return NULL;
	elf = read_file(s, path, m->file, true);
	free(path);
	if (elf || m->file->path[0] != '/')
		return elf;
	elf = read_file(s, m->file->path, m->file, false);
	if (elf || asprintf(&path, "/proc/%d/root%s", tgid, m->file->path) < 0)
		return elf;
	elf = read_file(s, path, m->file, false);
	free(path);
	return elf;
}

static struct mms_elfsyms *elf_of(struct mms_symbols *s, pid_t tgid, const struct mms_mapping *m)
{
	struct slot *slot = &s->files[m->file->id % NR_FILES];

	if (slot->id == m->file->id && (slot->elf || slot->tried == tgid))
		return slot->elf;
	if (s->bytes > MAX_BYTES)
		forget_files(s);
	if (slot->elf) {
		s->bytes -= mms_elfsyms_bytes(slot->elf);
		mms_elfsyms_free(slot->elf);
		s->nr_open--;
	}
	slot->id = m->file->id;
	slot->tried = tgid;
	slot->elf = find_file(s, tgid, m);
	if (slot->elf)
		s->bytes += mms_elfsyms_bytes(slot->elf);
	return slot->elf;
}

static const char *number(struct mms_symbols *s, uint64_t ip)
{
	char text[32];

	snprintf(text, sizeof(text), "0x%" PRIx64, ip);
	return mms_names_get(s->names, text);
}

/* "[libc.so.6]" of "/usr/lib/libc.so.6 (deleted)"; "[anon]" of "//anon"; "[vdso]" as it is. */
static const char *file_name(struct mms_symbols *s, const char *path)
{
	static const char gone[] = " (deleted)";
	const char *base = strrchr(path, '/');
	size_t len;
	char name[300];

	base = base ? base + 1 : path;
	len = strlen(base);
	if (len >= sizeof(gone) && !strcmp(base + len - sizeof(gone) + 1, gone))
		len -= sizeof(gone) - 1;
	if (base[0] == '[')
		return mms_names_get(s->names, base);
	snprintf(name, sizeof(name), "[%.*s]", len < 256 ? (int)len : 256, base);
	return mms_names_get(s->names, name);
}

static const char *jit_name(struct mms_symbols *s, pid_t tgid, uint64_t ip)
{
	struct mms_jit_owner owner = {.pid = tgid};
	const char *name;

	if (!mms_mmaps_owner(s->mmaps, tgid, &owner.uid, &owner.since_ns))
		return NULL;
	name = mms_jitmaps_find(s->jit, &owner, ip);
	return name ? mms_names_get(s->names, name) : NULL;
}

const char *mms_symbols_user_at(struct mms_symbols *s, pid_t tgid, uint64_t ns, uint64_t ip)
{
	struct mms_mapping m;
	struct mms_elfsyms *elf = NULL;
	const char *name = NULL;

	if ((ip & ~0xfffULL) == VSYSCALL)
		return "[vsyscall]";
	if (mms_mmaps_find(s->mmaps, tgid, ns, ip, &m)) {
		name = jit_name(s, tgid, ip);
		return name ? name : number(s, ip);
	}
	if (!strcmp(m.file->path, "[vdso]"))
		return "[vdso]";
	if (m.file->ino || m.file->build_id_len)
		elf = elf_of(s, tgid, &m);
	if (elf)
		name = mms_elfsyms_find(elf, ip - m.start + m.pgoff);
	else
		name = jit_name(s, tgid, ip);
	return name ? mms_names_get(s->names, name) : file_name(s, m.file->path);
}

const char *mms_symbols_user(struct mms_symbols *s, pid_t tgid, uint64_t ip)
{
	return mms_symbols_user_at(s, tgid, UINT64_MAX, ip);
}

int mms_symbols_returns_to(struct mms_symbols *s, pid_t tgid, uint64_t ns, uint64_t ip)
{
	struct mms_elfsyms *elf = NULL;
	struct mms_mapping m;
	int err;

	/* The call may be the last instruction of a mapping. */
	err = mms_mmaps_find(s->mmaps, tgid, ns, ip - 1, &m);
	if (err)
		return err == -ENOENT && mms_mmaps_whole(s->mmaps) ? 0 : -1;
	if (m.file->ino || m.file->build_id_len)
		elf = elf_of(s, tgid, &m);
	return elf ? mms_elfsyms_call_before(elf, ip - m.start + m.pgoff) : -1;
}

static void read_kernel(struct mms_symbols *s)
{
	int err;

	mms_symtab_free(s->kernel);
	err = mms_kallsyms_read("/proc/kallsyms", &s->kernel);
	s->lack = NULL;
	if (err == -EACCES)
		s->lack = "functions of the kernel are not named: their addresses are hidden "
			  "(kernel.kptr_restrict)";
	else if (err)
		s->lack = "functions of the kernel are not named: /proc/kallsyms cannot be read";
}

const char *mms_symbols_kernel(struct mms_symbols *s, uint64_t ip)
{
	struct timespec now;
	const char *name;
	uint64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
	if (!s->kernel_ns || (ip >= MODULES && ns - s->kernel_ns > REREAD_NS)) {
		read_kernel(s);
		s->kernel_ns = ns;
	}
	name = s->kernel ? mms_symtab_find(s->kernel, ip) : NULL;
	return name ? mms_names_get(s->names, name) : number(s, ip);
}

const char *mms_symbols_lack(const struct mms_symbols *s)
{
	return s->lack;
}
