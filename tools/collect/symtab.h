/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses to names: a table that is filled, sorted once, then asked. Knows
 * nothing of where symbols come from. Pure.
 */
#ifndef _MMS_SYMTAB_H
#define _MMS_SYMTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mms_symtab;

/* Which of several symbols names an address that all of them hold. */
enum mms_symtab_rule {
	MMS_SYMTAB_NEAREST, /* the one that begins last, then the one of the higher rank */
	MMS_SYMTAB_NEWEST,  /* the one added last */
};

/* Return: the table, NULL without memory. */
struct mms_symtab *mms_symtab_new(enum mms_symtab_rule rule);
void mms_symtab_free(struct mms_symtab *t);

/**
 * mms_symtab_add() - one more symbol
 * @t: table, not finished yet
 * @addr: where it begins
 * @end: address after it; @addr itself if its size is not known
 * @limit: with no size, it ends at the next symbol, but not after this
 * @rank: a greater one is the better name for the same address
 * @name: copied, @len bytes
 * Return: 0, -ENOMEM, or -E2BIG: the table is full.
 */
int mms_symtab_add(struct mms_symtab *t, uint64_t addr, uint64_t end, uint64_t limit,
		   unsigned int rank, const char *name, size_t len);

/* Sorts; nothing can be added afterwards. */
void mms_symtab_finish(struct mms_symtab *t);

/* Return: the name, which lives as long as the table, or NULL if no symbol holds the address. */
const char *mms_symtab_find(const struct mms_symtab *t, uint64_t addr);

size_t mms_symtab_nr(const struct mms_symtab *t);
/* Memory that it takes. */
size_t mms_symtab_bytes(const struct mms_symtab *t);

#endif
