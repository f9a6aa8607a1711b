/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines and words of the module's text files, between the module_text*.c only. Pure. */
#ifndef _MMS_TEXT_H
#define _MMS_TEXT_H

#include "model/table.h"

/* Next line of *text, its newline cut off; NULL at the end. */
char *text_line(char **text);
/* Next word of *p; NULL at the end. */
char *text_word(char **p);
/* Copy a word that must fit: a cut one would be a different word. Return: 0 or -EBADMSG. */
int text_copy(char *to, size_t sz, const char *from);
/* Is the word "key=value"? */
bool text_key_is(const char *word, const char *key, const char **value);
/* Add to names separated by blanks; @flags is MMS_FLAGS bytes. Return: 0 or -EBADMSG. */
int text_add_flag(char *flags, const char *name);
/* "START-END PERMS OFFSET NAME"; @dev: "DEV INODE" stand before the name. Return: 0 or -errno. */
int text_vma(char *line, bool dev, struct mms_vma *vma);

#endif
