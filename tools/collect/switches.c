// SPDX-License-Identifier: GPL-2.0-only
/*
 * Root can switch kprobes and ftrace off under a program that hangs there: its link stays, it
 * runs no more, and the kernel counts nothing as missed. Must not know who hangs where.
 */
#include <stdbool.h>
#include <stdio.h>

#include "collect/switches.h"

static bool is_off(const char *path)
{
	FILE *f = fopen(path, "re");
	bool off = f && fgetc(f) == '0';

	if (f)
		fclose(f);
	return off;
}

/**
 * mms_switched_off() - is what programs hang on switched off by hand?
 * Of this moment alone: the kernel does not remember that it was.
 */
const char *mms_switched_off(void)
{
	if (is_off("/sys/kernel/debug/kprobes/enabled"))
		return "kprobes are switched off, what they would see is not counted; "
		       "fix: echo 1 > /sys/kernel/debug/kprobes/enabled";
	if (is_off("/proc/sys/kernel/ftrace_enabled"))
		return "ftrace is switched off, what hangs on it sees nothing; "
		       "fix: sysctl kernel.ftrace_enabled=1";
	return NULL;
}
