// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reference strings for others: oracleGeneral of libCacheSim, csv, plain numbers. Repeats come
 * apart again: one record per reference. Must not know who reads them.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/new_file.h"
#include "store/refs_export.h"

#define REFS_PER_SECOND 1000000 /* oracleGeneral has a time in seconds */

/* As oracleGeneral has it: 24 bytes, no gaps. */
struct oracle {
	uint32_t time;
	uint64_t id;
	uint32_t size;
	int64_t next;
} __attribute__((packed));

static int put(FILE *f, const void *p, size_t len, const char **why)
{
	if (fwrite(p, len, 1, f) == 1)
		return 0;
	*why = strerror(errno);
	return -errno;
}

/*
 * At each entry, the reference at which its page comes next, or -1: from the end. @last: of each
 * page, filled with -1.
 */
static void fill_next(const struct mms_refs *r, int64_t *next, int64_t *last)
{
	uint64_t i, at = r->nr_refs;

	for (i = r->nr; i-- > 0;) {
		at -= 1 + mms_refs_more(r, i);
		next[i] = last[r->page[i]];
		last[r->page[i]] = at;
	}
}

static int put_oracle(const struct mms_refs *r, const int64_t *next, FILE *f, const char **why)
{
	uint64_t i, at = 0, k;
	int err = 0;

	for (i = 0; i < r->nr && !err; i++) {
		struct oracle o = {.id = (uint64_t)r->page[i] + 1, .size = 1};
		uint64_t more = mms_refs_more(r, i);

		for (k = 0; k <= more && !err; k++, at++) {
			o.time = at / REFS_PER_SECOND;
			o.next = k < more ? (int64_t)at + 1 : next[i];
			err = put(f, &o, sizeof(o), why);
		}
	}
	return err;
}

static int write_oracle(struct mms_refs_reader *r, FILE *f, const char **why)
{
	struct mms_refs refs;
	int64_t *next, *last;
	int err = mms_refs_load(r, &refs, why);

	if (err)
		return err;
	next = calloc(refs.nr, sizeof(*next));
	last = malloc(refs.nr_pages * sizeof(*last));
	if (next && last) {
		memset(last, 0xff, refs.nr_pages * sizeof(*last));
		fill_next(&refs, next, last);
		err = put_oracle(&refs, next, f, why);
	} else {
		*why = strerror(ENOMEM);
		err = -ENOMEM;
	}
	free(next);
	free(last);
	mms_refs_unload(&refs);
	return err;
}

static int write_u32(struct mms_refs_reader *r, FILE *f, const char **why)
{
	struct mms_refs c;
	uint64_t i, k;
	int ret, err = 0;

	while (!err && (ret = mms_refs_next(r, &c, why)) > 0)
		for (i = 0; i < c.nr && !err; i++)
			for (k = 0; k <= mms_refs_more(&c, i) && !err; k++)
				err = put(f, &c.page[i], sizeof(c.page[i]), why);
	return err ? err : ret;
}

/**
 * struct lines - csv on its way
 * @entry, @ref: number of the next
 * @mark: the next interval that begins; of sampled strings the last column is how many have
 */
struct lines {
	const struct mms_refs_info *info;
	FILE *f;
	uint64_t entry, ref, mark;
};

static bool put_entry(struct lines *l, uint32_t page, uint64_t more, char rw)
{
	const struct mms_refs_info *info = l->info;
	uint32_t proc = info->proc_of ? info->proc_of[page] : 0;
	int n = 1;

	while (l->mark < info->nr_marks && info->marks[l->mark] <= l->entry)
		l->mark++;
	l->entry++;
	for (more++; more && n > 0; more--) {
		n = fprintf(l->f, "%" PRIu64 ",%" PRIu32 ",%" PRIu32 ",%" PRIu64 ",%c", l->ref++,
			    proc, info->procs[proc].pid, info->vpn[page], rw);
		if (n > 0 && info->sampled)
			n = fprintf(l->f, ",%" PRIu64, l->mark);
		if (n > 0)
			n = fputc('\n', l->f) == EOF ? -1 : 1;
	}
	return n > 0;
}

static int write_csv(struct mms_refs_reader *r, FILE *f, const char **why)
{
	struct lines l = {.info = mms_refs_info(r), .f = f};
	struct mms_refs c;
	uint64_t i;
	int ret;
	bool ok = fprintf(f, "index,proc,pid,%s,rw%s\n", l.info->ids ? "id" : "vpn",
			  l.info->sampled ? ",interval" : "") > 0;

	while (ok && (ret = mms_refs_next(r, &c, why)) > 0)
		for (i = 0; i < c.nr && ok; i++)
			ok = put_entry(&l, c.page[i], mms_refs_more(&c, i),
				       mms_refs_write(&c, i) ? 'w' : 'r');
	if (ok)
		return ret;
	*why = strerror(errno);
	return -errno;
}

static const struct mms_export_format formats[] = {
	{"oracleGeneral", write_oracle},
	{"csv", write_csv},
	{"u32", write_u32},
};

uint64_t mms_export_bytes(const struct mms_export_format *f, const struct mms_refs_info *info)
{
	if (f->write != write_oracle)
		return 0;
	return mms_refs_bytes(info) + info->nr * sizeof(int64_t) + info->nr_pages * sizeof(int64_t);
}

const struct mms_export_format *mms_export_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	return NULL;
}

/* All of it, out of the buffers. */
static int write_all(const struct mms_export_format *f, struct mms_refs_reader *r, FILE *to,
		     const char **why)
{
	int err;

	mms_refs_rewind(r);
	err = f->write(r, to, why);
	if (!err && fflush(to)) {
		*why = strerror(errno);
		err = -errno;
	}
	return err;
}

/* What is no plain file gets it as it is made. */
static int write_plain(const struct mms_export_format *f, struct mms_refs_reader *r, FILE *to,
		       const char **why)
{
	int err;

	if (!to) {
		*why = strerror(errno);
		return -errno;
	}
	err = write_all(f, r, to, why);
	if (to != stdout && fclose(to) && !err) {
		*why = strerror(errno);
		err = -errno;
	}
	return err;
}

static int write_file(const struct mms_export_format *f, struct mms_refs_reader *r,
		      const char *path, const char **why)
{
	struct mms_new_file file;
	int err = mms_new_file_open(&file, path), fd;
	FILE *to = NULL;

	if (!err) {
		fd = fcntl(file.fd, F_DUPFD_CLOEXEC, 3);
		to = fd < 0 ? NULL : fdopen(fd, "w");
		err = to ? 0 : -errno;
	}
	if (err) {
		*why = strerror(-err);
	} else {
		err = write_all(f, r, to, why);
		fclose(to);
	}
	if (err) {
		mms_new_file_abort(&file);
		return err;
	}
	err = mms_new_file_commit(&file);
	if (err)
		*why = strerror(-err);
	return err;
}

int mms_export(const struct mms_export_format *f, struct mms_refs_reader *r, const char *path,
	       const char **why)
{
	struct stat st;

	if (!strcmp(path, "-"))
		return write_plain(f, r, stdout, why);
	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return write_plain(f, r, fopen(path, "we"), why);
	return write_file(f, r, path, why);
}
