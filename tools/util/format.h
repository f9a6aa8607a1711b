/* SPDX-License-Identifier: GPL-2.0-only */
/* The output formats, apart from render/out.h so that util/ can parse their names. */
#ifndef _MMS_FORMAT_H
#define _MMS_FORMAT_H

enum out_format {
	OUT_TEXT,
	OUT_JSON,   /* one object per line */
	OUT_CSV,    /* one header line per table, then rows */
	OUT_FOLDED, /* stacks for flamegraph.pl: what text is for them, not a format to ask for */
};

#endif
