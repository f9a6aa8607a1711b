/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions of one ELF file by offset in the file. Owns elfutils; knows nothing
 * of processes.
 */
#ifndef _MMS_ELFSYMS_H
#define _MMS_ELFSYMS_H

#include <stddef.h>
#include <stdint.h>

struct mms_elfsyms;

/**
 * mms_elfsyms_read() - take in a file's symbols; the file is not needed afterwards
 * @fd: the file; closed in any case
 * @path: its name
 * @build_id: what the file's build-id must be; NULL = anything
 * @build_id_len: its bytes
 * @result: to mms_elfsyms_free()
 *
 * Symbols of a stripped file are taken from /usr/lib/debug by its build-id, if they are there;
 * nothing is fetched from a network.
 * Return: 0; -ESTALE, another build-id; -ENOEXEC, no ELF file that can be read; -ENOMEM.
 */
int mms_elfsyms_read(int fd, const char *path, const uint8_t *build_id, size_t build_id_len,
		     struct mms_elfsyms **result);
void mms_elfsyms_free(struct mms_elfsyms *e);

/* Name of the function at an offset of the file, which lives as long as @e; NULL if there is
 * none. */
const char *mms_elfsyms_find(const struct mms_elfsyms *e, uint64_t offset);
/* Memory that it takes. */
size_t mms_elfsyms_bytes(const struct mms_elfsyms *e);

#endif
