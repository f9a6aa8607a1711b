/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions of one ELF file by offset in the file. Owns elfutils; knows nothing
 * of processes.
 */
#ifndef _MMS_ELFSYMS_H
#define _MMS_ELFSYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mms_elfsyms;

/**
 * mms_elfsyms_read() - take in a file's symbols
 * @fd: the file; taken over in any case
 * @path: its name
 * @build_id: what the file's build-id must be; NULL = anything
 * @build_id_len: its bytes
 * @keep: keep the file open for mms_elfsyms_call_before()
 * @result: to mms_elfsyms_free()
 *
 * Symbols of a stripped file are taken from /usr/lib/debug by its build-id, if they are there;
 * nothing is fetched from a network.
 * Return: 0; -ESTALE, another build-id; -ENOEXEC, no ELF file that can be read; -ENOMEM.
 */
int mms_elfsyms_read(int fd, const char *path, const uint8_t *build_id, size_t build_id_len,
		     bool keep, struct mms_elfsyms **result);
void mms_elfsyms_free(struct mms_elfsyms *e);

/* Name of the function at an offset of the file, which lives as long as @e; NULL if there is
 * none. */
const char *mms_elfsyms_find(const struct mms_elfsyms *e, uint64_t offset);
/*
 * Does a call instruction end at this offset? So it is before every address that a function returns
 * to. Return: 1 yes, 0 no, -1 not known: the file is not kept open.
 */
int mms_elfsyms_call_before(const struct mms_elfsyms *e, uint64_t offset);
/* Memory that it takes. */
size_t mms_elfsyms_bytes(const struct mms_elfsyms *e);

#endif
