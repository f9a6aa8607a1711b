// SPDX-License-Identifier: GPL-2.0-only
/* The steps of the curves in plain C. */
#include "model/replay/fifo_step.h"
#include "model/replay/lru_step.h"
#include "model/replay/opt_step.h"

const struct mms_steps mms_steps_scalar = {
	.lru = lru_steps,
	.opt = opt_steps,
	.fifo = fifo_steps,
};
