// SPDX-License-Identifier: GPL-2.0-only
/* Lines "ADDRESS TYPE NAME [MODULE]". Must not know who asks. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/kallsyms.h"
#include "collect/read_end.h"

/*
 * Symbols have no size: one ends at the next. No function is larger than this, so what is
 * farther behind the last one (of a module, a BPF program) is code that came later.
 */
#define MAX_FUNCTION (1ULL << 18)

/* Return: 1 if the line told an address that is not 0, 0 if not, or -errno. */
static int add_line(struct mms_symtab *t, char *line)
{
	uint64_t addr;
	char *p, *name;
	int err;

	addr = strtoull(line, &p, 16);
	if (p == line || p[0] != ' ' || !p[1] || p[2] != ' ')
		return 0;
	if (!addr)
		return 0;
	if (!strchr("tTwW", p[1]))
		return 1;
	name = p + 3;
	err = mms_symtab_add(t, addr, addr, addr + MAX_FUNCTION, p[1] == 'T', name,
			     strcspn(name, " \t\n"));
	return err && err != -E2BIG ? err : 1;
}

int mms_kallsyms_read(const char *path, struct mms_symtab **t)
{
	bool seen = false, lines = false;
	char *line = NULL;
	size_t sz = 0;
	int err = 0;
	FILE *f;

	*t = NULL;
	f = fopen(path, "re");
	if (!f)
		return -errno;
	*t = mms_symtab_new(MMS_SYMTAB_NEAREST);
	if (!*t)
		err = -ENOMEM;
	while (!err && getline(&line, &sz, f) > 0) {
		int ret = add_line(*t, line);

		lines = true;
		seen |= ret > 0;
		err = ret < 0 ? ret : 0;
	}
	if (!err)
		err = mms_read_end(f);
	free(line);
	fclose(f);
	/* kptr_restrict: every address reads as 0. */
	if (!err && !seen)
		err = lines ? -EACCES : -ENODATA;
	if (err) {
		mms_symtab_free(*t);
		*t = NULL;
		return err;
	}
	mms_symtab_finish(*t);
	return 0;
}
