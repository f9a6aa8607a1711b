/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's own functions by address: /proc/kallsyms. */
#ifndef _MMS_KALLSYMS_H
#define _MMS_KALLSYMS_H

#include "collect/symtab.h"

/**
 * mms_kallsyms_read() - all functions of the kernel and its modules
 * @path: /proc/kallsyms, or a file like it
 * @t: result, to mms_symtab_free()
 * Return: 0; -EACCES, the addresses are hidden; -ENODATA, there are none; -ENOMEM; -errno of the
 * file.
 */
int mms_kallsyms_read(const char *path, struct mms_symtab **t);

#endif
