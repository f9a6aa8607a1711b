// SPDX-License-Identifier: GPL-2.0-only
/*
 * loop N M [r|w] [MS]: map M pages, write them all once, then touch the same N
 * of them (spread evenly) again and again, with MS milliseconds of rest after
 * each lap. Prints "region START M" and "lap" after the first lap. Its working
 * set in that region is N by construction.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	unsigned long n = strtoul(argv[1], NULL, 0), m = strtoul(argv[2], NULL, 0);
	int wr = argc > 3 && argv[3][0] == 'w', ms = argc > 4 ? atoi(argv[4]) : 1;
	volatile char *p, sink;

	p = mmap(NULL, m * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED || !n || n > m)
		return 1;
	madvise((void *)p, m * 4096, MADV_NOHUGEPAGE);
	memset((void *)p, 7, m * 4096);
	printf("region %p %lu\n", (void *)p, m);
	for (unsigned long lap = 0;; lap++) {
		for (unsigned long i = 0; i < n; i++) {
			if (wr)
				p[i * (m / n) * 4096]++;
			else
				sink = p[i * (m / n) * 4096];
		}
		if (!lap) {
			puts("lap");
			fflush(stdout);
		}
		usleep(ms * 1000);
	}
	(void)sink;
}
