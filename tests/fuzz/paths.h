/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files below /proc and /sys that the fuzzed code opens by their paths: a fuzzer says what is in
 * them. Linked with --wrap=fopen,--wrap=open.
 */
#ifndef _MMS_FUZZ_PATHS_H
#define _MMS_FUZZ_PATHS_H

#include <stddef.h>
#include <stdint.h>

/*
 * The next part of the input: up to a form feed, or the rest.
 * @data, @len: what is left of it
 */
const uint8_t *fuzz_part(const uint8_t **data, size_t *len, size_t *part);

/* From now on a path of /proc or /sys that ends so is a file of these bytes; others are not there.
 */
void fuzz_path(const char *end, const uint8_t *data, size_t len);
/* Paths are those of the machine again. */
void fuzz_paths_clear(void);

#endif
