// SPDX-License-Identifier: GPL-2.0-only
/* Random reads with O_DIRECT, timed one by one. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "collect/latency.h"

#define MAX_READS 2000
#define MAX_NS	  2000000000ULL

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static int by_size(const void *x, const void *y)
{
	uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;

	return a < b ? -1 : a > b;
}

static int read_all(int fd, void *buf, struct mms_latency *l, uint64_t *took)
{
	uint64_t begin = now_ns(), blocks = l->bytes / MMS_LATENCY_BYTES, at = begin | 1;

	for (l->reads = 0; l->reads < MAX_READS; l->reads++) {
		uint64_t start;
		ssize_t n;

		at = at * 6364136223846793005ULL + 1442695040888963407ULL;
		start = now_ns();
		n = pread(fd, buf, MMS_LATENCY_BYTES, (at >> 16) % blocks * MMS_LATENCY_BYTES);
		took[l->reads] = now_ns() - start;
		if (n != MMS_LATENCY_BYTES)
			return n < 0 ? -errno : -EIO;
		if (now_ns() - begin > MAX_NS) {
			l->reads++;
			break;
		}
	}
	return 0;
}

static int measure(int fd, struct mms_latency *l)
{
	uint64_t *took = malloc(MAX_READS * sizeof(*took));
	void *buf = NULL;
	int err = -ENOMEM;

	if (took && !posix_memalign(&buf, MMS_LATENCY_BYTES, MMS_LATENCY_BYTES))
		err = read_all(fd, buf, l, took);
	if (!err) {
		qsort(took, l->reads, sizeof(*took), by_size);
		l->median_ns = took[l->reads / 2];
		l->p99_ns = took[l->reads * 99 / 100];
	}
	free(buf);
	free(took);
	return err;
}

int mms_latency_measure(const char *path, struct mms_latency *l)
{
	struct stat st;
	off_t bytes;
	int fd, err = 0;

	*l = (struct mms_latency){0};
	if (!stat(path, &st) && !S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return -ENOTBLK; /* open() would blame its file system for O_DIRECT */
	fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	bytes = lseek(fd, 0, SEEK_END);
	if (fstat(fd, &st) || bytes < 0)
		err = -errno;
	else if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		err = -ENOTBLK;
	else if (bytes < MMS_LATENCY_BYTES)
		err = -ENODATA;
	if (!err) {
		dev_t dev = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;

		l->bytes = bytes;
		l->major = major(dev);
		l->minor = minor(dev);
		err = measure(fd, l);
	}
	close(fd);
	return err;
}
