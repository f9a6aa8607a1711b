// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded: memory runs out at a place of the program's, where a place is the chain of callers of
 * an allocation, of any library.
 *
 * MMS_PLACES=FILE	write the number of each place, as it is first come by
 * MMS_FAIL=NUMBER	no memory there, the first time, with MMS_FOR_GOOD=1 and ever after
 * MMS_TELL=1		who the callers are, on stderr
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEPTH	   4
#define MAX_PLACES 4096

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t nr, size_t size);
void *__libc_realloc(void *p, size_t size);

static bool ready, for_good;
static atomic_bool gone;
static int places = -1;
static uint64_t fail_at;
static atomic_uint_least64_t seen[MAX_PLACES];
static __thread bool inside;

__attribute__((constructor)) static void start(void)
{
	const char *file = getenv("MMS_PLACES"), *at = getenv("MMS_FAIL");
	void *first[2];

	inside = true;
	backtrace(first, 2); /* loads what it needs */
	if (file)
		places = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (at)
		fail_at = strtoull(at, NULL, 16);
	for_good = getenv("MMS_FOR_GOOD") != NULL;
	unsetenv("LD_PRELOAD"); /* a command of its own has memory */
	inside = false;
	ready = true;
}

/* What counts (tests/coverage/end.c) has its memory. */
void mms_test_end(void);
void mms_test_end(void)
{
	ready = false;
}

/* The same for each run: addresses count from where their object begins. */
static uint64_t place_of(void)
{
	void *at[DEPTH + 2];
	int nr = backtrace(at, DEPTH + 2), i;
	uint64_t hash = 0xcbf29ce484222325;

	for (i = 2; i < nr; i++) {
		Dl_info of;
		uintptr_t base = dladdr(at[i], &of) ? (uintptr_t)of.dli_fbase : 0;

		hash = (hash ^ ((uintptr_t)at[i] - base)) * 0x100000001b3;
	}
	return hash ? hash : 1;
}

static bool first_time(uint64_t place)
{
	unsigned int i;

	for (i = 0; i < MAX_PLACES; i++) {
		uint64_t was = 0;

		if (atomic_compare_exchange_strong(&seen[i], &was, place))
			return true;
		if (was == place)
			return false;
	}
	return false;
}

static void tell(void)
{
	void *at[32];

	if (getenv("MMS_TELL"))
		backtrace_symbols_fd(at, backtrace(at, 32), STDERR_FILENO);
}

static bool fails(void)
{
	bool no = false;
	uint64_t place;

	if (!ready || inside)
		return false;
	if (gone && for_good)
		return true;
	inside = true;
	place = place_of();
	if (places >= 0 && first_time(place))
		dprintf(places, "%llx\n", (unsigned long long)place);
	if (place == fail_at && !atomic_exchange(&gone, true)) {
		no = true;
		tell();
	}
	inside = false;
	if (no)
		errno = ENOMEM;
	return no;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t nr, size_t size)
{
	return fails() ? NULL : __libc_calloc(nr, size);
}

void *realloc(void *p, size_t size)
{
	return fails() ? NULL : __libc_realloc(p, size);
}

void *reallocarray(void *p, size_t nr, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(nr, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return fails() ? NULL : __libc_realloc(p, bytes);
}
