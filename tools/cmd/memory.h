/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Amounts of memory: those that are asked about, and what the tool itself may take. The kernel
 * promises more than there is, and ends whoever uses it: so that is looked at before.
 */
#ifndef _MMS_CMD_MEMORY_H
#define _MMS_CMD_MEMORY_H

#include "util/args.h"

/**
 * memory_pages() - an amount in pages
 * @nr_pages: what percent is of; rounded up
 * @page_shift: of bytes; rounded down
 * Return: 0, or -ERANGE if that is none.
 */
int memory_pages(const struct args_amount *a, uint64_t nr_pages, unsigned int page_shift,
		 uint64_t *pages);

/**
 * memory_parse() - what is given to --max-memory
 * @cmd: for the message
 * @bytes: a number, or one with K, M, G, T, or % of what is available
 * Return: an exit code, the line is printed.
 */
int memory_parse(const char *cmd, const char *text, uint64_t *bytes);

/* What may be used: @asked, or if that is 0, nine tenths of what is available. */
uint64_t memory_limit(uint64_t asked);

/**
 * memory_fits() - does so much fit?
 * @bytes: so much
 * @limit: into that
 * @what: takes it: "a.refs: the string"
 * @fix: what to do about it, besides --max-memory
 * Return: an exit code, the line is printed.
 */
int memory_fits(uint64_t bytes, uint64_t limit, const char *what, const char *fix);

#endif
