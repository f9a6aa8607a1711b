/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small kernel files: a number, or lines of "key value". Knows nothing of what
 * the keys mean.
 */
#ifndef _MMS_KEYED_H
#define _MMS_KEYED_H

#include <stddef.h>
#include <stdint.h>

/* A value that the file does not have. */
#define MMS_NO_VALUE UINT64_MAX

/**
 * mms_keyed_number() - the number that a text begins with
 * @text: blanks, digits, and then a blank, a newline or the end
 * @v: result
 * Return: 0, -EINVAL not a number, -ERANGE above 2^64 - 2: the last is MMS_NO_VALUE.
 */
int mms_keyed_number(const char *text, uint64_t *v);
/* The same of "12 kB", in bytes. */
int mms_keyed_kb(const char *text, uint64_t *bytes);

/**
 * mms_keyed_read() - values of some keys of a "key value" file
 * @path: /proc/vmstat, memory.stat, /proc/meminfo, ...
 * @keys: names, without the colon of /proc/meminfo
 * @values: one per key; MMS_NO_VALUE where the file has no such key, or no number behind it; of
 * several lines with a key the first with a number counts
 * @nr: number of keys
 * Return: 0 or -errno of the file.
 */
int mms_keyed_read(const char *path, const char *const *keys, uint64_t *values, size_t nr);
/* The same of lines "key: 12 kB", in bytes. */
int mms_keyed_read_kb(const char *path, const char *const *keys, uint64_t *bytes, size_t nr);

/**
 * mms_number_read() - a file that holds one number, or "max"
 * @v: the number; MMS_NO_VALUE for "max"
 * Return: 0, -EINVAL if it is neither, or -errno of the file.
 */
int mms_number_read(const char *path, uint64_t *v);

/* Bytes of memory the kernel manages, and of these not free; 0, -EINVAL, or -errno of the file. */
int mms_machine_memory(uint64_t *total, uint64_t *used);

/* Bytes that can be had without swapping, as the kernel estimates; UINT64_MAX: it does not say. */
uint64_t mms_memory_available(void);

#endif
