/* SPDX-License-Identifier: GPL-2.0-only */
/* mmscope doctor --cost. Private to that command. */
#ifndef _MMS_DOCTOR_COST_H
#define _MMS_DOCTOR_COST_H

#include "render/out.h"

/* What it costs here and now to be watched: a table of the open object. Return: 0 or -errno. */
int doctor_cost(struct out *o);

#endif
