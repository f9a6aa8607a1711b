/* SPDX-License-Identifier: GPL-2.0-only */
/* Between module.c and module_target.c only: a file of the module, and its "key value" lines. */
#ifndef _MMS_MODULE_FILE_H
#define _MMS_MODULE_FILE_H

#include <stddef.h>
#include <stdint.h>

#define MMS_MODULE_PATH 256

/* Path of a file of the module's directory; @path is MMS_MODULE_PATH bytes. */
void mms_module_path(char *path, const char *name);
/* The rest of @fd, with a NUL behind, to free(). Return: 0 or -errno. */
int mms_module_read_fd(int fd, char **text, size_t *len);
/* Value of a line "KEY NUMBER". Return: 0 or -EBADMSG. */
int mms_module_key(const char *text, const char *key, uint64_t *v);

#endif
