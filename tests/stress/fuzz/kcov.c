// SPDX-License-Identifier: GPL-2.0-only
/*
 * What of the module the latest program ran, where the kernel has KCOV and the
 * module was built for it.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include "fuzz.h"

#define COVER	      (1 << 17)
#define KCOV_INIT     _IOR('c', 1, unsigned long)
#define KCOV_ENABLE   _IO('c', 100)
#define KCOV_TRACE_PC 0

static uint64_t *cover;
static uint8_t seen[1 << 16];
static unsigned int total;

bool kcov_start(void)
{
	int fd = open("/sys/kernel/debug/kcov", O_RDWR);

	if (fd < 0 || ioctl(fd, KCOV_INIT, COVER))
		return false;
	cover = mmap(NULL, COVER * sizeof(*cover), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (cover == MAP_FAILED || ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC)) {
		cover = NULL;
		return false;
	}
	return true;
}

void kcov_reset(void)
{
	if (cover)
		__atomic_store_n(&cover[0], 0, __ATOMIC_RELAXED);
}

/* How many places no program reached before. */
unsigned int kcov_news(void)
{
	uint64_t n = cover ? __atomic_load_n(&cover[0], __ATOMIC_RELAXED) : 0, i;
	unsigned int news = 0;

	for (i = 1; i <= n && i < COVER; i++) {
		uint8_t *s = &seen[(cover[i] * 0x9e3779b97f4a7c15) >> 48];

		news += !*s;
		*s = 1;
	}
	total += news;
	return news;
}

unsigned int kcov_total(void)
{
	return total;
}
