// SPDX-License-Identifier: GPL-2.0-only
/*
 * trace: the one place where the code of the trace events is made. No logic.
 */
#define CREATE_TRACE_POINTS
#include "trace.h"
