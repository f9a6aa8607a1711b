// SPDX-License-Identifier: GPL-2.0-only
/*
 * strain WHAT N: one strain on mmscope.ko, N times, and an account of it.
 *   deaths	a process dies while one of its files is being read
 *   readers	64 processes read all files of one that changes, N reads each
 *   writers	16 processes write N commands each about the same four
 *   stopped	a reader is stopped in the midst, or is not, its target forgotten
 *   bomb	a followed process forks a tree of 63, all of which end
 *   execs	a followed process execs, its files are read
 *   reuse	the number of a target that ended is given to another process
 *   storm	mmap, munmap, mprotect, madvise and mremap, N each, from 4 threads
 *   uffd	64 pages that wait for a userfaultfd while they are looked at
 * Status 1 if an error came that the ABI does not name, or it was done less often.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "../args.h"
#include "strain.h"

struct shared *sh;

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		bool (*run)(long n);
	} strains[] = {{"deaths", deaths},   {"readers", readers}, {"writers", writers},
		       {"stopped", stopped}, {"bomb", bomb},	   {"execs", execs},
		       {"reuse", reuse},     {"storm", storm},	   {"uffd", uffd}};
	const size_t nr = sizeof(strains) / sizeof(strains[0]);
	size_t i;
	bool fine;

	if (argc == 5 && !strcmp(argv[1], "again"))
		exec_again(argv);
	for (i = 0; argc == 3 && i < nr && strcmp(argv[1], strains[i].name); i++)
		;
	if (argc != 3 || i == nr || !arg_number(argv[2])) {
		fputs("usage: strain", stderr);
		for (i = 0; i < nr; i++)
			fprintf(stderr, "%c%s", i ? '|' : ' ', strains[i].name);
		fputs(" N\n", stderr);
		return 2;
	}
	need_module("strain");
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	fine = strains[i].run(arg_number(argv[2]));
	if (sh->wrong)
		printf("# %ld wrong; first: %s\n", sh->wrong, sh->why);
	return !fine || sh->wrong;
}
