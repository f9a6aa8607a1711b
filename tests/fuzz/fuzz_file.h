/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes of a fuzzer as a file. */
#ifndef _MMS_FUZZ_FILE_H
#define _MMS_FUZZ_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* What must hold, else the fuzzer has found something. */
#define MUST(condition) ((condition) ? (void)0 : abort())

/* A file without a name, read from its begin. */
static inline int fuzz_file(const uint8_t *data, size_t len)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	MUST(fd >= 0);
	MUST(write(fd, data, len) == (ssize_t)len);
	MUST(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

#endif
