// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linked to the tool that counts, which does so after all else, in the tool's own process: what a
 * test took from the tool until here, calls (tests/cli/bad_calls.c), memory (no_memory.c) or the
 * size of files, is given back. Must not know the tool.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/resource.h>

__attribute__((destructor)) static void end(void)
{
	void (*test_end)(void) = (void (*)(void))dlsym(RTLD_DEFAULT, "mms_test_end");
	struct rlimit size;

	if (test_end)
		test_end();
	if (!getrlimit(RLIMIT_FSIZE, &size)) {
		size.rlim_cur = size.rlim_max;
		setrlimit(RLIMIT_FSIZE, &size);
	}
}
