/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that have no place in the tool, made compile errors. Included in
 * front of every file by the Makefile; it brings their declarations in first,
 * so that only uses fail.
 */
#ifndef _MMS_POISON_H
#define _MMS_POISON_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MMS_POISON(name) sorry_##name##_is_a_poisoned_function

#undef strcpy
#define strcpy(d, s) MMS_POISON(strcpy) /* snprintf() */
#undef strcat
#define strcat(d, s) MMS_POISON(strcat)
#undef strncpy
#define strncpy(d, s, n) MMS_POISON(strncpy) /* may leave out the NUL */
#undef strncat
#define strncat(d, s, n) MMS_POISON(strncat)
#undef sprintf
#define sprintf(...) MMS_POISON(sprintf)
#undef vsprintf
#define vsprintf(...) MMS_POISON(vsprintf)
#undef strtok
#define strtok(s, d) MMS_POISON(strtok) /* strtok_r(), strsep() */
#undef atoi
#define atoi(s) MMS_POISON(atoi) /* args_*() */
#undef atol
#define atol(s) MMS_POISON(atol)
#undef localtime
#define localtime(t) MMS_POISON(localtime) /* localtime_r() */
#undef system
#define system(s) MMS_POISON(system)

#endif
