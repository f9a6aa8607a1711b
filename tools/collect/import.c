// SPDX-License-Identifier: GPL-2.0-only
/* What all formats of traces share. Must not know any of them. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collect/import_in.h"

#define ENTRY(variable) &variable,
static const struct mms_import_format *const formats[] = {MMS_IMPORT_FORMATS(ENTRY)};
#undef ENTRY

const struct mms_import_format *mms_import_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (!strcmp(formats[i]->name, name))
			return formats[i];
	return NULL;
}

int mms_import_bad(struct mms_import *im, const char **why, const char *what)
{
	static char text[256];

	snprintf(text, sizeof(text), "%s %" PRIu64 ": %s", im->format->record, im->count.records,
		 what);
	*why = text;
	return -EINVAL;
}

int mms_import_failed(struct mms_import *im, int err, const char **why)
{
	char text[128];

	if (err != -EINTR)
		im->count.records++; /* the one that cannot be had */
	switch (err) {
	case -ENODATA:
		snprintf(text, sizeof(text),
			 "the trace is cut off within it: %s%s%scopy or record it again",
			 im->format->text ? "" : "is it ", im->format->text ? "" : im->format->name,
			 im->format->text ? "" : " at all? Else ");
		return mms_import_bad(im, why, text);
	case -EFBIG:
		return mms_import_bad(
			im, why,
			"zstd packed it with a window above 128 MiB (--long=28 or more): "
			"give it unpacked, by zstd -d --long=31");
	case -E2BIG:
		return mms_import_bad(
			im, why,
			"longer than a line of any trace: not this format (-h: those there are)");
	case -EBADMSG:
		return mms_import_bad(im, why,
				      "the packed trace is damaged there: copy or pack it again");
	}
	*why = strerror(-err);
	return err;
}

static int begin(struct mms_import *im, int fd, const char *name, const char **why)
{
	int err = mms_in_open(&im->in, fd, name, im->format->text);

	if (err)
		*why = strerror(-err);
	else if (im->format->begin)
		err = im->format->begin(im, why);
	return err;
}

static int open_named(struct mms_import **out, const struct mms_import_format *f, int fd,
		      const char *name, const struct mms_import_opts *opts, const char **why)
{
	struct mms_import *im = calloc(1, sizeof(*im));
	int err;

	*out = NULL;
	if (!im) {
		close(fd);
		*why = strerror(ENOMEM);
		return -ENOMEM;
	}
	im->format = f;
	im->opts = opts;
	im->ids = f->numbers && !opts->addresses;
	err = begin(im, fd, name, why);
	if (err)
		mms_import_close(im);
	else
		*out = im;
	return err;
}

int mms_import_fd(struct mms_import **im, const struct mms_import_format *f, int fd,
		  const struct mms_import_opts *opts, const char **why)
{
	return open_named(im, f, fd, "", opts, why);
}

void mms_import_writer(struct mms_import *im, int writer)
{
	mms_in_writer(im->in, writer);
}

int mms_import_open(struct mms_import **im, const struct mms_import_format *f, const char *path,
		    const struct mms_import_opts *opts, const char **why)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC)
				   : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);

	*im = NULL;
	if (fd < 0) {
		int err = -errno;

		*why = strerror(-err);
		return err;
	}
	return open_named(im, f, fd, path, opts, why);
}

ssize_t mms_import_next(struct mms_import *im, struct mms_import_ref *refs, size_t max,
			const char **why)
{
	return im->format->next(im, refs, max, why);
}

const struct mms_import_count *mms_import_count(const struct mms_import *im)
{
	return &im->count;
}

bool mms_import_ids(const struct mms_import *im)
{
	return im->ids;
}

pid_t mms_import_pid(const struct mms_import *im)
{
	return im->pid;
}

void mms_import_close(struct mms_import *im)
{
	if (!im)
		return;
	mms_in_close(im->in);
	free(im->priv);
	free(im);
}
