/* SPDX-License-Identifier: GPL-2.0-only */
/* The end of what open_memstream() began. */
#ifndef MMS_MEMSTREAM_H
#define MMS_MEMSTREAM_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/**
 * memstream_end() - close the stream
 * @f: of open_memstream()
 * @text: that it was given
 * Memory that ran out is told by what was written, not by fclose(), and may leave no text at all.
 * Return: @text, to be freed, which is whole; NULL without memory.
 */
static inline char *memstream_end(FILE *f, char **text)
{
	bool failed = fflush(f) || ferror(f);

	if (fclose(f) || failed) {
		free(*text);
		*text = NULL;
	}
	return *text;
}

#endif
