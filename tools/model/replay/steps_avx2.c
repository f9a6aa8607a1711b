// SPDX-License-Identifier: GPL-2.0-only
/* The steps of the curves with AVX2. */
#ifdef __x86_64__
#pragma GCC target("avx2,popcnt,bmi,bmi2")

#include "model/replay/fifo_step.h"
#include "model/replay/lru_step.h"
#include "model/replay/opt_step.h"

const struct mms_steps mms_steps_avx2 = {
	.lru = lru_steps,
	.opt = opt_steps,
	.fifo = fifo_steps,
};
#endif
