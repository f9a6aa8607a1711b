/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Short arrays as vectors: 16 numbers of 32 bits, 64 of 8 bits, 64 of 16 bits. One text for each
 * set of instructions; which one is decided by the file that includes this.
 */
#ifndef _MMS_LANES_H
#define _MMS_LANES_H

#include <stdint.h>

#include "model/replay/curve_impl.h"

#if defined(__AVX512F__)
#include "model/replay/lanes_avx512.h"
#elif defined(__AVX2__)
#include "model/replay/lanes_avx2.h"
#else
#include "model/replay/lanes_scalar.h"
#endif

#endif
